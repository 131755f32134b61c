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

"""Answers on request: the action that was answered last, once more, with the same or with new noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.errors import IatError, ModelError
from iat_ros.model.responder import Responder
from iat_ros.nodes.answer_message import AnswerMessage, encode_answers
from iat_ros.nodes.answered import SAME_S
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.skeleton.motion import Motion, MotionArray

ALTERNATIVES = 3
"""So many answers ``~/alternatives`` publishes."""
_IN_VAIN = "a robot that is halted or held does not perform it"


@dataclass(frozen=True)
class _Answered:
    window: Motion
    partial: bool
    start_s: float
    response: AnswerMessage


class OnceMore:
    """Services of act2act about the action that it answered last.

    ``~/again`` gives the same answer, ``~/other_noise`` another one; ``~/alternatives`` publishes three others with one
    stamp on ``alternatives``, for the eye only. Whatever is asked for has the time of the request as its stamp, so that
    nobody takes it for a late answer.
    """

    def __init__(self, node: IatNode) -> None:
        """Offer the services.

        Args:
            node: Act2act.
        """
        self._node = node
        self._publish: Callable[[Sequence[AnswerMessage]], None] = lambda _: None
        self._alternatives = node.create_lifecycle_publisher(PointCloud2, "alternatives", RESULT_QOS)
        self._responder: Responder | None = None
        self._last: _Answered | None = None
        for name, do in (
            ("again", self._again),
            ("other_noise", self._other_noise),
            ("alternatives", self._three),
        ):
            self._offer(name, do)

    def start(
        self, responder: Responder, rng: np.random.Generator, publish: Callable[[Sequence[AnswerMessage]], None]
    ) -> None:
        """Take the model that answers, and what publishes its answers; nothing has been answered yet."""
        self._responder, self._rng, self._last, self._publish = responder, rng, None, publish

    def stop(self) -> None:
        """Let go of the model."""
        self._responder = self._last = None

    def answered(self, window: Motion, start_s: float, response: AnswerMessage, partial: bool = False) -> None:
        """Take note of an answer.

        Args:
            window: The action.
            start_s: When it started [s].
            response: Its answer as it was sent.
            partial: Whether the action was still going on.
        """
        self._last = _Answered(window, partial, start_s, response)

    def ended(self, body: str, window: Motion, start_s: float) -> None:
        """Take note of the whole of an action that may have been answered before its end."""
        last = self._last
        same = last is not None and last.response.header.frame_id == body and abs(last.start_s - start_s) <= SAME_S
        if last is not None and last.partial and same:
            self._last = replace(last, window=window, partial=False)

    def _offer(self, name: str, do: Callable[[Responder, _Answered], str]) -> None:
        def call(_request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
            """Do it for the last action, or say why that cannot be."""
            if self._responder is None or not self._node.active:
                response.message = "not active"
            elif self._last is None:
                response.message = "no action has been answered yet"
            else:
                try:
                    response.message = do(self._responder, self._last)
                    response.success = True
                    self._node.counts[f"requests: {name}"] += 1
                except IatError as error:
                    response.message = str(error)
                    self._node.drop(f"request '{name}': {error}")
            return response

        self._node.create_service(Trigger, f"~/{name}", call)

    def _again(self, _responder: Responder, last: _Answered) -> str:
        response = deepcopy(last.response)
        response.header = self._header(last)
        self._publish([response])
        return f"the same answer again; {_IN_VAIN}"

    def _other_noise(self, responder: Responder, last: _Answered) -> str:
        (response,) = encode_answers(responder, [self._header(last)], self._answers(responder, last, 1))
        self._publish([response])
        self._last = replace(last, response=response)
        return f"another answer to the same action; {_IN_VAIN}"

    def _three(self, responder: Responder, last: _Answered) -> str:
        header = self._header(last)
        if responder.card.joints is not None:
            raise ModelError("answers in a robot's joints have no figure to be shown; ask for other_noise")
        for message in encode_answers(responder, [header] * ALTERNATIVES, self._answers(responder, last, ALTERNATIVES)):
            self._alternatives.publish(message)
        return f"{ALTERNATIVES} answers to the same action, for the eye only"

    def _header(self, last: _Answered) -> Header:
        return Header(stamp=self._node.get_clock().now().to_msg(), frame_id=last.response.header.frame_id)

    def _answers(self, responder: Responder, last: _Answered, count: int) -> MotionArray:
        """Answer an action so many times, each with new noise, whatever ``noise_seed`` says."""
        stimuli = MotionArray(np.stack([last.window.limbs_in_body] * count), np.full(count, last.window.duration_s))
        noise = responder.sample_noise(count, self._rng)
        return responder.answer_early(stimuli, noise)[0] if last.partial else responder.answer(stimuli, noise)
