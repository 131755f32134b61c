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

"""What is going on in front of the viewer: person, answer and robot, from what goes through the chain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iat_ros.nodes.answer_stages import AnswerStages
from iat_ros.nodes.clouds import SkeletonCloud
from iat_ros.nodes.last_minute import Moment, PlayedAnswer
from iat_ros.nodes.markers import PersonInView
from iat_ros.nodes.viewer_status import NOT_PERFORMED
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.motion import Motion

_FRESH_S = 1.0  # joint_states older than this no longer tell where the robot is
_ACTING_S = 0.4  # pauses this short belong to an action
_SILENT_S = 3.0  # diagnostics come every second
_AHEAD_S = 1.0  # how far the stamp of a trajectory may be from now; else it counts from its receipt

PERSON, ANSWER = "person", "answer"


class Scene:
    """Keeps what was seen last of everything.

    Times are in seconds of the clock that stamps messages.

    Attributes:
        person: Who is shown.
        answer: The answer that plays, has played or will play; None: none, or one in the robot's joints.
        stages: How long the last answer took.
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        self.person = PersonInView(definition)
        self.answer: PlayedAnswer | None = None
        self.stages = AnswerStages()
        self._performs_until_s = self._measured_s = -np.inf
        self._pose: dict[str, float] = {}
        self._trouble: tuple[float, str] = -np.inf, ""  # when the trajectory node told, and what
        self._playing = False
        self._changed: set[str] = set()

    def saw_people(self, cloud: SkeletonCloud, now_s: float) -> None:
        """Take note of the people of one instant, with all joints of the definition.

        Raises:
            SkeletonError: As `PersonInView.push`.
        """
        self._changed.add(PERSON)
        self.person.push(cloud, now_s)

    def saw_answer(self, stamp_s: float, frame_id: str, motion: Motion, now_s: float) -> None:
        """Take note of an answer: it plays when the robot is free, unless its trajectory has come already."""
        self.stages.saw_response(stamp_s, now_s)
        waits = self._performs(now_s) and self.stages.latency_ms is None
        self.answer = PlayedAnswer(np.inf if waits else now_s, frame_id, motion)
        self._changed.add(ANSWER)

    def saw_joint_answer(self, stamp_s: float, now_s: float) -> None:
        """Take note of an answer in joints: there is no figure to show but the robot itself."""
        self.stages.saw_response(stamp_s, now_s)
        self.answer = None
        self._changed.add(ANSWER)

    def saw_trajectory(self, stamp_s: float, duration_s: float, now_s: float) -> None:
        """Take note of a trajectory."""
        start_s = stamp_s if abs(stamp_s - now_s) < _AHEAD_S else now_s
        self._performs_until_s = start_s + duration_s
        self.stages.saw_trajectory(now_s, self._pose)
        if self.answer is not None and self.answer.since_s > now_s:
            self.answer = PlayedAnswer(now_s, self.answer.frame_id, self.answer.motion)

    def saw_joints(self, pose: Mapping[str, float], now_s: float) -> None:
        """Take note of where some joints of the robot are [rad] or [m]."""
        self._pose = {**self._pose, **pose}  # a new one: moments of the last minute hold the old ones
        self._measured_s = now_s
        self.stages.saw_joints(pose, now_s)

    def saw_trouble(self, trouble: str, now_s: float) -> None:
        """Take note of why the robot may not move; empty: it may."""
        self._trouble = now_s, trouble

    def trouble(self, now_s: float) -> str | None:
        """Return why the robot may not move; empty: it may; None: nobody says."""
        told_s, trouble = self._trouble
        return trouble if abs(now_s - told_s) < _SILENT_S else None

    def measured(self, now_s: float) -> bool:
        """Tell whether it is known where the robot is."""
        return abs(now_s - self._measured_s) < _FRESH_S

    def pass_time(self, now_s: float) -> Moment:
        """Return what is to be seen now; whoever was not seen for long has left."""
        if self.person.leave(now_s):
            self._changed.add(PERSON)
        playing = self.answer is not None and self.answer.plays(now_s)
        if playing or self._playing:
            self._changed.add(ANSWER)
        self._playing = playing
        return Moment(
            now_s,
            self.person.joints,
            self.person.limb_lengths_m,
            self.answer,
            self._pose if self.measured(now_s) else None,
            self._state(now_s, playing),
        )

    def take_changed(self) -> set[str]:
        """Return which of `PERSON` and `ANSWER` look different since this was last asked."""
        changed, self._changed = self._changed, set()
        return changed

    def _state(self, now_s: float, playing: bool) -> str:
        if self.trouble(now_s):  # what a halted or held robot was sent last is its stop
            if playing:
                return NOT_PERFORMED
        elif playing or self._performs(now_s):
            return "answering"
        return "person acting" if now_s - self.person.moved_s < _ACTING_S else "waiting"

    def _performs(self, now_s: float) -> bool:
        return now_s < self._performs_until_s
