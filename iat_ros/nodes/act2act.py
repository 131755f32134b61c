# Copyright 2026 iat_ros maintainers
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Act2Act: answers each window with a generated response; what is sure enough, before the action ends."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import ModelError
from iat_ros.model.early import SURE
from iat_ros.model.responder import DEVICES, Responder
from iat_ros.nodes.answer_message import encode_answers
from iat_ros.nodes.answered import AnsweredActions
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, stamp_s
from iat_ros.nodes.hand_over import Inlet, Outlet
from iat_ros.nodes.once_more import OnceMore
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import LIMBS, SKELETON
from iat_ros.nodes.prepared import PreparedAnswer, PreparedAnswers
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion, MotionArray

_Window = tuple[Header, Motion]


class Act2ActNode(IatNode):
    """Subscribes ``windows`` and ``partial_windows``, publishes ``responses`` with the stamp and frame of their window.

    A model that answers in a robot's own joints publishes ``joint_responses`` and ``coming_joint_responses`` instead.

    An action that may be over comes in ``coming_windows`` first: its answer is made at once, published in
    ``coming_responses``, and given when the very same window comes.

    Windows that come together or wait in the queue go through the generator as one batch. The action of a partial
    window is answered once it is sure enough; its whole window then gets no second answer. `OnceMore` answers on
    request.

    Attributes:
        windows, coming_windows, partial_windows: Where a perception of the same process hands them over.
        outlet: Hands answers on to a trajectory node of the same process.
    """

    PARAMETERS = (
        SKELETON,
        LIMBS,
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
        self._joint_responses = self.create_lifecycle_publisher(JointTrajectory, "joint_responses", RESULT_QOS)
        self._once_more = OnceMore(self)
        self._responder: Responder | None = None
        self.outlet = Outlet()
        self.windows = Inlet(self, PointCloud2, "windows", self._on_windows, RESULT_QOS)
        self.partial_windows = Inlet(self, PointCloud2, "partial_windows", self._on_partial_windows, RESULT_QOS)
        self._coming_responses = self.create_lifecycle_publisher(PointCloud2, "coming_responses", RESULT_QOS)
        self._coming_joint_responses = self.create_lifecycle_publisher(
            JointTrajectory, "coming_joint_responses", RESULT_QOS
        )
        self.coming_windows = Inlet(self, PointCloud2, "coming_windows", self._on_coming_windows, RESULT_QOS)

    def setup(self, values: dict[str, Any]) -> None:
        """Load the model, check that it fits the skeleton, warm it up."""
        torch.set_num_threads(1)  # one answer is too small to gain from more
        responder = Responder.load(find_model(values["model"]), values["device"])
        responder.require_limbs(load_skeleton(values["skeleton"], values["limbs"]))
        responder.warm_up()
        seed = values["noise_seed"]
        self._rng = np.random.default_rng(None if seed < 0 else seed)
        self._noise = None if seed < 0 else responder.sample_noise(1, self._rng)
        self._early_confidence = values["early_confidence"]
        self._answered = AnsweredActions()
        self._prepared = PreparedAnswers()
        in_joints = responder.card.joints is not None
        self._given = self._joint_responses if in_joints else self._responses
        self._coming = self._coming_joint_responses if in_joints else self._coming_responses
        self._once_more.start(responder, self._rng, partial(self.outlet.publish, self._given))
        self._responder = responder
        kind = f", answers in {len(responder.card.joints.names)} joints" if responder.card.joints is not None else ""
        self.get_logger().info(f"model '{values['model']}' on {responder.device}{kind}")

    def teardown(self) -> None:
        """Free the model."""
        self._responder = None
        self._once_more.stop()

    def _on_windows(self, messages: Sequence[PointCloud2]) -> None:
        responder = self._responder
        if responder is None:
            return
        now_s = time.monotonic()
        ready: list[PreparedAnswer] = []
        others: list[PointCloud2] = []
        for message in messages:
            prepared = self._prepared.take(message)
            if prepared is None:
                others.append(message)
            else:
                ready.append(prepared)
        self._give(ready, now_s)
        started = time.perf_counter()
        windows = self._decode(others, responder)
        wanted = [window for window in windows if self._answered.end(*_action(window), now_s)]
        if len(wanted) < len(windows):
            self.counts["actions answered before their end"] += len(windows) - len(wanted)
            for window in windows:
                self._once_more.ended(window[0].frame_id, window[1], _action(window)[1])
        if wanted:
            answers = responder.answer(_stack(wanted), self._draw(len(wanted), responder))
            self._publish(responder, wanted, answers, started)

    def _give(self, ready: Iterable[PreparedAnswer], now_s: float) -> None:
        """Give answers that are ready, but for those of actions that were answered before their end."""
        given = []
        for each in ready:
            body = each.response.header.frame_id
            if self._answered.end(body, each.start_s, now_s):
                given.append(each.response)
                self._once_more.answered(each.motion, each.start_s, each.response)
                self.counts["answers"] += 1
                self.counts["answers that were ready"] += 1
            else:
                self.counts["actions answered before their end"] += 1
                self._once_more.ended(body, each.motion, each.start_s)
        self.outlet.publish(self._given, given)

    def _on_coming_windows(self, messages: Sequence[PointCloud2]) -> None:
        responder = self._responder
        if responder is None:
            return
        now_s = time.monotonic()
        windows = self._decode(messages, responder)
        by_header = {id(each.header): each for each in messages}
        wanted = [window for window in windows if self._answered.may_come_early(*_action(window), now_s)]
        if not wanted:
            return
        answers = responder.answer(_stack(wanted), self._draw(len(wanted), responder))
        responses = encode_answers(responder, [header for header, _ in wanted], answers)
        for window, response in zip(wanted, responses, strict=True):
            self._prepared.put(PreparedAnswer(by_header[id(window[0])], window[1], _action(window)[1], response))
        self.outlet.publish(self._coming, responses)

    def _on_partial_windows(self, messages: Sequence[PointCloud2]) -> None:
        responder = self._responder
        if responder is None:
            return
        started, now_s = time.perf_counter(), time.monotonic()
        self.counts["partial windows"] += len(messages)
        newest = {window[0].frame_id: window for window in self._decode(messages, responder)}
        open_ = [window for window in newest.values() if self._answered.may_come_early(*_action(window), now_s)]
        if not open_ or self._early_confidence >= 1.0:
            return
        answers, confidence = responder.answer_early(_stack(open_), self._draw(len(open_), responder))
        sure = np.flatnonzero(confidence > self._early_confidence)
        if len(sure):
            self.counts["early answers"] += len(sure)
            self._publish(responder, [open_[k] for k in sure], answers[sure], started, partial=True)
            for k in sure:
                self._answered.answered_early(*_action(open_[k]))

    def _decode(self, messages: Iterable[PointCloud2], responder: Responder) -> list[_Window]:
        """Read windows; each that cannot be read is a counted drop, and the others go on."""
        dims = responder.card.dimensions
        windows: list[_Window] = []

        def read(message: PointCloud2) -> None:
            """Keep a window that fits the model."""
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

    def _publish(
        self,
        responder: Responder,
        windows: Sequence[_Window],
        answers: MotionArray,
        started: float,
        partial: bool = False,
    ) -> None:
        responses = encode_answers(responder, [header for header, _ in windows], answers)
        self._once_more.answered(windows[-1][1], _action(windows[-1])[1], responses[-1], partial)
        self.counts["answers"] += len(windows)
        self.counts["batches"] += 1
        self.counts["last answer took us"] = round(1e6 * (time.perf_counter() - started))
        self.outlet.publish(self._given, responses)


def _action(window: _Window) -> tuple[str, float]:
    """What makes an action that action: whose it is, and when it started [s]."""
    header, motion = window
    return header.frame_id, stamp_s(header.stamp) - motion.duration_s


def _stack(windows: Sequence[_Window]) -> MotionArray:
    motions = [motion for _, motion in windows]
    return MotionArray(
        np.stack([motion.limbs_in_body for motion in motions]), np.array([motion.duration_s for motion in motions])
    )
