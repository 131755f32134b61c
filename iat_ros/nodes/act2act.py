"""Act2Act: answers each window with a generated response; what is sure enough, before the action ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from rclpy.subscription import Subscription
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.errors import IatError, ModelError
from iat_ros.model.early import SURE
from iat_ros.model.responder import DEVICES, Responder
from iat_ros.nodes.answered import SAME_S, AnsweredActions
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, encode_motion, stamp_s
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import SKELETON
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion, MotionArray

ALTERNATIVES = 3
"""So many answers ``~/alternatives`` publishes."""
_Window = tuple[Header, Motion]


@dataclass(frozen=True)
class _Answered:
    """What was answered last, to be answered once more on request."""

    window: _Window
    partial: bool
    answer: Motion


class Act2ActNode(IatNode):
    """Subscribes ``windows`` and ``partial_windows``, publishes ``responses`` with the stamp and frame of their window.

    Windows that wait in the queue at the same time go through the generator as one batch. The action of a partial
    window is answered once it is sure enough; its whole window then gets no second answer.

    On request (``~/again``, ``~/other_noise``) the action that was answered last gets an answer once more: the same
    one, or one with new noise. Its stamp is the time of the request. ``~/alternatives`` publishes three answers with
    one stamp on ``alternatives``, for the eye only.
    """

    PARAMETERS = (
        SKELETON,
        Parameter("model", "utd_mhad", "Model directory, or the name of a model that ships."),
        Parameter("device", "auto", "Where to compute; auto takes CUDA where there is one.", choices=DEVICES),
        Parameter(
            "noise_seed", -1, "Seed of one noise vector used for all answers; -1: new noise each.", -1, 2**31 - 1
        ),
        Parameter(
            "early_confidence",
            SURE,
            "Partial windows are answered when the confidence lies above this; 1: never.",
            0.0,
            1.0,
        ),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("act2act", **options)
        self._responses = self.create_lifecycle_publisher(PointCloud2, "responses", RESULT_QOS)
        self._alternatives = self.create_lifecycle_publisher(PointCloud2, "alternatives", RESULT_QOS)
        self._responder: Responder | None = None
        self._last: _Answered | None = None
        self._windows = self.create_subscription(PointCloud2, "windows", self.guarded(self._on_window), RESULT_QOS)
        self._partial_windows = self.create_subscription(
            PointCloud2, "partial_windows", self.guarded(self._on_partial_window), RESULT_QOS
        )
        self._offer("again", self._answer_again)
        self._offer("other_noise", self._answer_with_other_noise)
        self._offer("alternatives", self._publish_alternatives)

    def setup(self, values: dict[str, Any]) -> None:
        """Load the model, check that it fits the skeleton, warm it up."""
        torch.set_num_threads(1)  # one answer is too small to gain from more
        responder = Responder.load(find_model(values["model"]), values["device"])
        responder.require_limbs(load_skeleton(values["skeleton"]).limb_names)
        responder.warm_up()
        seed = values["noise_seed"]
        self._rng = np.random.default_rng(None if seed < 0 else seed)
        self._noise = None if seed < 0 else responder.sample_noise(1, self._rng)
        self._early_confidence = values["early_confidence"]
        self._answered = AnsweredActions()
        self._last = None
        self._responder = responder
        self.get_logger().info(f"model '{values['model']}' on {responder.device}")

    def teardown(self) -> None:
        """Free the model."""
        self._responder = None

    def _on_window(self, message: PointCloud2) -> None:
        responder = self._responder
        if responder is None:
            return
        started, now_s = time.perf_counter(), time.monotonic()
        windows = self._decode([message, *_waiting(self._windows)], responder)
        wanted = [window for window in windows if self._answered.end(*_action(window), now_s)]
        if len(wanted) < len(windows):
            self.counts["actions answered before their end"] += len(windows) - len(wanted)
            self._complete(windows)
        if wanted:
            answers = responder.answer(_stack(wanted), self._draw(len(wanted), responder))
            self._publish(wanted, answers, started)

    def _on_partial_window(self, message: PointCloud2) -> None:
        responder = self._responder
        if responder is None:
            return
        started, now_s = time.perf_counter(), time.monotonic()
        newest = {window[0].frame_id: window for window in self._decode(self._partial(message), responder)}
        open_ = [window for window in newest.values() if self._answered.may_come_early(*_action(window), now_s)]
        if not open_ or self._early_confidence >= 1.0:
            return
        answers, confidence = responder.answer_early(_stack(open_), self._draw(len(open_), responder))
        sure = np.flatnonzero(confidence > self._early_confidence)
        if len(sure):
            self.counts["early answers"] += len(sure)
            self._publish([open_[k] for k in sure], answers[sure], started, partial=True)
            for k in sure:
                self._answered.answered_early(*_action(open_[k]))

    def _partial(self, message: PointCloud2) -> list[PointCloud2]:
        messages = [message, *_waiting(self._partial_windows)]
        self.counts["partial windows"] += len(messages)
        return messages

    def _decode(self, messages: Iterable[PointCloud2], responder: Responder) -> list[_Window]:
        """Read windows; each that cannot be read is a counted drop, and the others go on."""
        dims = responder.card.dimensions
        windows: list[_Window] = []

        def read(message: PointCloud2) -> None:
            motion = decode_motion(message, dims.limbs)
            if len(motion.limbs_in_body) != dims.frames:
                raise ModelError(f"window: expected {dims.frames} frames, got {len(motion.limbs_in_body)}")
            windows.append((message.header, motion))

        for message in messages:
            self.guarded(read)(message)
        return windows

    def _draw(self, count: int, responder: Responder) -> np.ndarray:
        """Noise for count answers, shape (count, noise)."""
        return responder.sample_noise(count, self._rng) if self._noise is None else self._noise.repeat(count, axis=0)

    def _publish(self, windows: Sequence[_Window], answers: MotionArray, started: float, partial: bool = False) -> None:
        motions = _unstack(answers)
        for (header, _), motion in zip(windows, motions, strict=True):
            self._responses.publish(encode_motion(header, motion))
        self._last = _Answered(windows[-1], partial, motions[-1])
        self.counts["answers"] += len(windows)
        self.counts["batches"] += 1
        self.counts["last answer took us"] = round(1e6 * (time.perf_counter() - started))

    def _complete(self, windows: Sequence[_Window]) -> None:
        """Take the whole window of the action that was answered early, now that it is here."""
        for window in windows:
            if self._last is not None and self._last.partial and _same_action(window, self._last.window):
                self._last = replace(self._last, window=window, partial=False)

    def _offer(self, name: str, do: Callable[[Responder, _Answered], str]) -> None:
        """Offer a service that does something about the last answer and says what; without one it says so."""

        def call(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            if self._responder is None or not self.active:
                response.message = "not active"
            elif self._last is None:
                response.message = "no action has been answered yet"
            else:
                try:
                    response.message = do(self._responder, self._last)
                    response.success = True
                    self.counts[f"requests: {name}"] += 1
                except IatError as error:
                    response.message = str(error)
                    self.drop(f"request '{name}': {error}")
            return response

        self.create_service(Trigger, f"~/{name}", call)

    def _header_of_request(self, last: _Answered) -> Header:
        return Header(stamp=self.get_clock().now().to_msg(), frame_id=last.window[0].frame_id)

    def _answer_again(self, _responder: Responder, last: _Answered) -> str:
        self._responses.publish(encode_motion(self._header_of_request(last), last.answer))
        return "the same answer again"

    def _answer_with_other_noise(self, responder: Responder, last: _Answered) -> str:
        (answer,) = self._answers_to(responder, last, 1)
        self._responses.publish(encode_motion(self._header_of_request(last), answer))
        self._last = replace(last, answer=answer)
        return "another answer to the same action"

    def _publish_alternatives(self, responder: Responder, last: _Answered) -> str:
        header = self._header_of_request(last)
        for answer in self._answers_to(responder, last, ALTERNATIVES):
            self._alternatives.publish(encode_motion(header, answer))
        return f"{ALTERNATIVES} answers to the same action, for the eye only"

    def _answers_to(self, responder: Responder, last: _Answered, count: int) -> list[Motion]:
        """Answer an action count times, each with new noise, whatever ``noise_seed`` says."""
        stimuli, noise = _stack([last.window] * count), responder.sample_noise(count, self._rng)
        return _unstack(responder.answer_early(stimuli, noise)[0] if last.partial else responder.answer(stimuli, noise))


def _waiting(subscription: Subscription) -> Iterator[PointCloud2]:
    """Take what else waits in a subscription's queue; the executor then finds it empty."""
    for _ in range(RESULT_QOS.depth):
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        if taken is None:
            return
        yield taken[0]


def _action(window: _Window) -> tuple[str, float]:
    """What makes an action that action: whose it is, and when it started [s]."""
    header, motion = window
    return header.frame_id, stamp_s(header.stamp) - motion.duration_s


def _same_action(one: _Window, other: _Window) -> bool:
    (body, start_s), (other_body, other_start_s) = _action(one), _action(other)
    return body == other_body and abs(start_s - other_start_s) <= SAME_S


def _unstack(motions: MotionArray) -> list[Motion]:
    pairs = zip(motions.limbs_in_body, motions.durations_s, strict=True)
    return [Motion(limbs, float(duration_s)) for limbs, duration_s in pairs]


def _stack(windows: Sequence[_Window]) -> MotionArray:
    motions = [motion for _, motion in windows]
    return MotionArray(
        np.stack([motion.limbs_in_body for motion in motions]), np.array([motion.duration_s for motion in motions])
    )
