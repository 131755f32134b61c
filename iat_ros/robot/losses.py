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

"""Joints whose controllers gave up, or never knew, what runs, and hold them, and when the others are to be stopped."""

from __future__ import annotations

import math

import numpy as np

from iat_ros.robot.drivers import Mask
from iat_ros.robot.observer import Observer
from iat_ros.robot.performer import Performer

_TOGETHER_S = 0.1
"""What befell one controller may be told of the others so much later [s]; they are stopped only then."""


class Losses:
    """Takes out of what runs what controllers do not follow, and back in what they follow after all.

    Args:
        performer: What it performs is changed.
        observer: Tells where the robot is, and what is followed after all.

    Attributes:
        stop_due_s: When what the other controllers follow is to be stopped on its path [s]; inf: never.
    """

    def __init__(self, performer: Performer, observer: Observer) -> None:
        self._performer, self._observer = performer, observer
        self.stop_due_s = math.inf
        self._joints = np.zeros(len(performer.model.joint_names), bool)
        self._until_s = -math.inf  # when the plan ends that they gave up [s]

    def lose(self, joints: Mask, now_s: float) -> Mask:
        """Take joints (J,) out of what runs: a stop on it, or the rest of it, would be a jerk to them.

        Returns:
            Those whose controllers are sent nothing from now on (J,); one that has others, too, is sent their stop.
        """
        timeline, before = self._performer.timeline, self.held(now_s)
        seen = self._observer.last(now_s)
        self._until_s = max(self._until_s, timeline.ends_s)
        if joints.all():
            timeline.held(now_s, seen)
            timeline.give_up(joints)
            self._joints, self.stop_due_s = joints, math.inf
            return joints
        timeline.hold(joints, timeline.commanded(now_s).position if seen is None else self._observer.told_at())
        alone = joints & timeline.left_alone
        self._joints = before | alone
        if timeline.moving(now_s):
            self.stop_due_s = min(self.stop_due_s, now_s + _TOGETHER_S)
        return alone

    def take_back(self, now_s: float, sending: bool) -> str:
        """Take in what is seen to be followed after all; say why that is to be stopped at once, nothing if nothing is.

        What others follow must have been told to stop before: it is left alone from then on. Where something is about
        to be sent, less must do.
        """
        followed = None if math.isfinite(self.stop_due_s) else self._observer.followed_after_all(now_s, sending)
        if followed is None:
            return ""
        timeline = followed.ran.copy()
        timeline.leave_to(self._performer.timeline, ~followed.joints)
        self._performer.timeline = timeline
        self._joints = self._joints & ~followed.joints
        self.stop_due_s = now_s
        self._observer.halt(followed.why)
        return followed.why

    def held(self, now_s: float) -> Mask:
        """Tell which joints (J,) are held so while what ran would still run."""
        return self._joints & (now_s < self._until_s)

    def begun(self, now_s: float) -> None:
        """Take note that something was sent."""
        self.stop_due_s = math.inf
        if not self._performer.timeline.left_out(now_s).any():
            self._until_s = -math.inf

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._until_s += by_s
        self.stop_due_s += by_s
