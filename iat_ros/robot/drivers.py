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

"""Who tells where the joints are: which of them fell silent, were told of by somebody new then, and stand since."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.joint_path import Array

Joints = NDArray[np.int_]
"""Numbers of joints."""
Mask = NDArray[np.bool_]
"""Which of the J joints."""

STARTS_S = 1.0
"""So long after a driver can be heard its controllers may still come up [s]; what was sent before may be lost."""
_SILENT_S = 0.08
"""A driver that is started anew is silent for so long at least [s]."""
_TOLD_LATE_S = 0.2
"""So long after its first joint states the middleware may tell of a new driver [s]."""
_STANDS_RAD = 0.015
"""A joint that moves by no more stands."""


class Drivers:
    """Keeps in mind, joint by joint, what is told of them and when: each arm may have a driver of its own.

    Args:
        joints: How many there are, J.

    Attributes:
        position: Where each was told to be last (J,) [rad].
        anew: Of which somebody new told after their last silence (J,), as a driver that was started anew.
        silent_from_s, silent_until_s: When the last silence of each began and ended (J,) [s].
        before_at, back_at: Where each was before and after it (J,) [rad].
        ended_by: The message that ended it, by number (J,): those of one driver share it.
    """

    def __init__(self, joints: int) -> None:
        self._came_s = -math.inf  # when somebody new began to tell
        self._heard_s = np.full(joints, -math.inf)
        self.silent_from_s = np.full(joints, -math.inf)
        self.silent_until_s = np.full(joints, -math.inf)
        self.before_at, self.back_at = np.zeros(joints), np.zeros(joints)
        self.ended_by, self._endings = np.zeros(joints, int), 0
        self.anew: Mask = np.zeros(joints, bool)
        self.position = np.zeros(joints)
        self._stood_at, self._stood_since_s = np.zeros(joints), np.full(joints, math.inf)

    @property
    def stood_since_back(self) -> Mask:
        """Which joints (J,) have stood since their last silence ended, by all that was told of them."""
        mask: Mask = self._stood_since_s <= self.silent_until_s
        return mask

    @property
    def stood_s(self) -> Array:
        """For how long each joint has stood by all that was told of it (J,) [s]; -inf if nothing was."""
        stood_s: Array = self._heard_s - self._stood_since_s
        return stood_s

    def came(self, now_s: float) -> bool:
        """Take note that somebody new tells where joints are from now on [s]; return whether a silence ended so."""
        self._came_s = now_s
        # The next one to come, as the other arm's driver, takes nothing of this back.
        came = self._came_between(np.arange(len(self.anew)))
        self.anew = self.anew | came
        return bool(came.any())

    def _came_between(self, joints: Joints) -> Mask:
        """Tell of which of some joints the one who came last may have ended the silence."""
        ended: Mask = self.silent_from_s[joints] < self._came_s
        return ended & (self._came_s <= self.silent_until_s[joints] + _TOLD_LATE_S)

    def heard(self, received_s: float, joints: Joints, position: Array) -> bool:
        """Take note of a message.

        Args:
            received_s: When it came [s].
            joints: Of which joints it tells (K,).
            position: Where it has them (K,) [rad].

        Returns:
            Whether a new driver told of any of them first just now.
        """
        heard_s = self._heard_s[joints]
        silent = (received_s - heard_s > _SILENT_S) & np.isfinite(heard_s)
        anew = False
        if silent.any():
            # A hitch of a driver that is new, on a busy machine, hides nothing.
            hitch = self.anew[joints] & (received_s - self.silent_until_s[joints] < STARTS_S)
            ended = joints[silent & ~hitch]
            self.silent_from_s[ended], self.silent_until_s[ended] = self._heard_s[ended], received_s
            self.before_at[ended], self.back_at[ended] = self.position[ended], position[silent & ~hitch]
            self.anew[ended] = self._came_between(ended)
            self._endings += 1
            self.ended_by[ended] = self._endings
            anew = bool(self.anew[joints[silent]].any())
        moved = ~np.isfinite(self._stood_since_s[joints]) | (np.abs(position - self._stood_at[joints]) > _STANDS_RAD)
        self._stood_at[joints[moved]], self._stood_since_s[joints[moved]] = position[moved], received_s
        self._heard_s[joints], self.position[joints] = received_s, position
        return anew

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._came_s += by_s
        for times_s in (self._heard_s, self.silent_from_s, self.silent_until_s, self._stood_since_s):
            times_s += by_s


def name_joints(joint_names: Sequence[str], joints: Mask) -> tuple[str, ...]:
    """Name some joints (J,)."""
    return tuple(name for name, each in zip(joint_names, joints, strict=True) if each)


def name_some(joint_names: Sequence[str], joints: Mask) -> str:
    """Name one of some joints (J,), at least one, and say how many more there are."""
    first, *others = name_joints(joint_names, joints)
    return f"'{first}'" + (f" and {len(others)} more" if others else "")
