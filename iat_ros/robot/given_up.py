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

"""Two signs that controllers do not follow what runs, and hold their joints, though no goal of an action says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from iat_ros.robot.drivers import STARTS_S, Drivers, Mask
from iat_ros.robot.joint_path import Array
from iat_ros.robot.performer import Performer

AWAY_RAD = 0.1
"""So far the command must have gone on, farther than the robot trails it [rad]."""
EAGER_RAD = 0.01
"""So far it need only have gone on where another controller gave up already: whatever befell that may be at work."""
TRAILS_RAD = 0.3
"""A robot no farther than this from where it may trail its command is on its way, where it is not held."""
_STAYS_S = 0.1
"""So long joints must be seen to stand, or be told to be held [s]."""
_FRESH_S = 0.2
"""What is older tells nothing of now [s]."""
_LATE_S = 0.05
"""A controller may hear of what runs so much later than it was sent [s]."""
_LATE_UNTOLD_S = 0.1
"""The same where nothing was lost yet: a clock that is so much behind does no harm [s]."""
_TOGETHER_S = 0.02
"""Silences that began, and ended, no farther apart were one driver's [s]."""


@dataclass(frozen=True)
class HeldJoints:
    """Where controllers hold joints.

    Attributes:
        position: (J,) [rad]; NaN where none says that it does.
        told_s: When that was told (J,) [s].
    """

    position: Array
    told_s: Array


def off_band(band: tuple[Array, Array], position: Array) -> Array:
    """Return how far joints are outside of a band, (J,) [rad]; below 0 inside of it."""
    return np.maximum(band[0] - position, position - band[1])


class RestartedDrivers:
    """Finds drivers that were started anew: they were silent, somebody new tells of their joints, and those stand.

    Args:
        performer: Knows what runs.
    """

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self.drivers = Drivers(len(performer.model.joint_names))

    def saw(self, position: Array, band: tuple[Array, Array] | None) -> None:
        """Take note of where the joints are (J,), and of where they may be while they trail the command [rad]."""
        anew, by = self.drivers.anew, self.drivers.ended_by
        if band is None or not anew.any():
            return
        off = np.maximum(off_band(band, position), 0.0)
        nearer = off_band(band, self.drivers.back_at) - off
        for each in np.unique(by[anew & (nearer > AWAY_RAD) & (off <= TRAILS_RAD)]):
            anew[by == each] = False  # only its broadcaster was: the controller follows

    def clear(self, joints: Mask) -> None:
        """Forget what was found of joints (J,): they follow."""
        self.drivers.anew[joints] = False

    def lost(self, now_s: float, lag_s: float, eager: bool, sending: bool) -> list[Mask]:
        """Return the joints (J,) of each driver that was started anew, if they stand while their command goes on.

        Args:
            now_s: Time [s].
            lag_s: How far the robot may trail its command [s].
            eager: Whether something was lost before.
            sending: Whether something is about to be sent, so that there is no time to see how long they stand.
        """
        drivers, timeline = self.drivers, self._performer.timeline
        known = timeline.sent_s > drivers.silent_until_s + STARTS_S
        anew = drivers.anew & ~known & ~timeline.given_up & ~timeline.left_alone
        if not anew.any():
            return []
        stands = (drivers.stood_s >= _STAYS_S) | (drivers.stood_since_back & sending)
        parts = [anew & (drivers.ended_by == each) for each in np.unique(drivers.ended_by[anew])]
        stand = [part for part in parts if stands[part].all()]
        lag_s = min(lag_s, _LATE_S) if sending else lag_s
        least_rad = EAGER_RAD if eager or sending else AWAY_RAD
        lost = [part for part in stand if self._gone_rad(part, now_s, lag_s) > least_rad]
        # A driver may tell in several messages, of which some are of joints that hardly move.
        return [part for part in stand if any(self._of_one(part, each) for each in lost)]

    def _gone_rad(self, part: Mask, now_s: float, lag_s: float) -> float:
        """Return by how much farther joints are off their command than before their silence, as is told of them."""
        drivers, timeline = self.drivers, self._performer.timeline
        before = off_band(timeline.band(float(drivers.silent_from_s[part][0]), lag_s), drivers.before_at)
        off = np.maximum(off_band(timeline.band(now_s, lag_s), drivers.position), 0.0) - np.maximum(before, 0.0)
        return float(off[part].max())

    def _of_one(self, part: Mask, other: Mask) -> bool:
        times = (self.drivers.silent_from_s, self.drivers.silent_until_s)
        return all(abs(float(each[part][0] - each[other][0])) <= _TOGETHER_S for each in times)


class HoldingControllers:
    """Finds controllers that say that they hold their joints while the command of those goes on.

    Args:
        performer: Knows what runs.
        held: Tells where controllers have held joints since a time [s].
    """

    def __init__(self, performer: Performer, held: Callable[[float], HeldJoints]) -> None:
        self._performer, self._held = performer, held
        self._since_s = np.full(len(performer.model.controlled), math.inf)  # when each was first told to do so

    def clear(self) -> None:
        """Forget since when controllers were told to hold their joints: they must have done so for a while anew."""
        self._since_s[:] = math.inf

    def holds(self, joints: Mask, now_s: float) -> bool:
        """Tell whether any of some joints (J,) is held now [s], by what its controller says."""
        return bool(np.isfinite(self._held(now_s - _FRESH_S).position[joints]).any())

    def lost(self, now_s: float, lag_s: float, eager: bool, sending: bool) -> list[Mask]:
        """Return the joints (J,) of each controller that has held them for a while elsewhere than their command is.

        Args:
            now_s: Time [s].
            lag_s: How far the robot may trail its command [s].
            eager: Whether something was lost before.
            sending: Whether something is about to be sent, so that a little must do, told once.
        """
        timeline = self._performer.timeline
        held = self._held(max(float(timeline.sent_s.max()), now_s - _FRESH_S))
        near, lost = [], eager
        for number, joints in enumerate(self._performer.model.controlled):
            out_of_it = (timeline.given_up | timeline.left_alone)[joints].all()
            at, told_s = held.position, float(held.told_s[joints[0]])
            if out_of_it or np.isnan(at[joints]).any():
                self._since_s[number] = math.inf
                continue
            late_s = _LATE_S if eager else _LATE_UNTOLD_S
            if float(off_band(timeline.band(told_s, late_s), at)[joints].max()) > EAGER_RAD:
                near.append(np.isin(np.arange(len(at)), joints))
            far = float(off_band(timeline.band(now_s, lag_s), at)[joints].max()) > AWAY_RAD
            self._since_s[number] = min(float(self._since_s[number]), now_s) if far else math.inf
            lost = lost or now_s - float(self._since_s[number]) >= _STAYS_S
        return near if lost or sending else []
