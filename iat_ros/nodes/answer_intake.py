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

"""Answers as they come to be performed: read, refused where they are old, and held against the robot's joints."""

from __future__ import annotations

from collections.abc import Callable

from iat_ros.errors import MessageError
from iat_ros.nodes.answer_message import AnswerMessage, AnswerReader
from iat_ros.nodes.clouds import stamp_s
from iat_ros.robot.joint_answer import Answer, unmatched
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.joint_motion import JointMotion


class AnswerIntake:
    """Reads answers for a robot.

    Args:
        model: The robot.
        limbs: L, of answers that are no joints'.
        now_s: Tells the time [s].
        newest_s: Tells the stamp of the newest skeletons, once those that wait were looked at [s].
        warn: Told once which joints of answers go unused, or which of the robot they leave at rest.
    """

    def __init__(
        self,
        model: RobotModel,
        limbs: int,
        now_s: Callable[[], float],
        newest_s: Callable[[], float],
        warn: Callable[[str], object],
    ) -> None:
        self.read = AnswerReader(limbs).read
        self._model, self._now_s, self._newest_s, self._warn = model, now_s, newest_s, warn
        self._told_joints: tuple[str, ...] = ()

    def take(self, message: AnswerMessage, limit_s: float) -> Answer:
        """Read an answer that is to be performed.

        Args:
            message: It.
            limit_s: As for `refuse_old`.

        Raises:
            MessageError: It is too old, or does not hold what it should.
            SkeletonError: Its motion cannot be one.
        """
        self.refuse_old(stamp_s(message.header.stamp), limit_s)
        answer = self.read(message)
        if isinstance(answer, JointMotion) and answer.joint_names != self._told_joints:
            self._told_joints = answer.joint_names
            if said := unmatched(self._model, answer.joint_names):
                self._warn(f"joint_responses: {said}")
        return answer

    def refuse_old(self, ended_s: float, limit_s: float) -> None:
        """Refuse an answer to an action that ended at a time [s] long ago, as after a machine was suspended.

        Stamps may be of a recording, or of another machine's clock; so is the newest of people then.

        Args:
            ended_s: 0 where it is not known.
            limit_s: So long before the newest skeletons an action may have ended [s]; 0: any time.

        Raises:
            MessageError: It ended longer before.
        """
        if not limit_s or not ended_s or self._now_s() - ended_s <= limit_s:
            return
        if self._newest_s() - ended_s > limit_s:
            raise MessageError(
                f"answer to an action that ended more than {limit_s:g} s before the newest skeletons (answer_timeout)"
            )
