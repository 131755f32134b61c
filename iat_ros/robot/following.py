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

"""Whether the robot's controllers still follow what was sent to them, or hold the robot and know nothing of it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from iat_ros.robot.joint_path import Array
from iat_ros.robot.measurement import Measurement
from iat_ros.robot.performer import Performer

_SILENT_S = 0.08
"""A driver that is started anew is silent for so long at least [s]."""
_STARTS_S = 1.0
"""So long after a driver can be heard its controllers may still come up [s]; what was sent before may be lost."""
_TOLD_LATE_S = 0.2
"""So long after its first joint states the middleware may tell of a new driver [s]."""
_STAYS_S = 0.1
"""So long a robot must be seen to stand, or be told to be held [s]."""
_FRESH_S = 0.2
"""What is older tells nothing of now [s]."""
_AWAY_RAD = 0.1
"""So far the command must have gone on, farther than the robot trails it [rad]."""


class Following:
    """Tells of a controller that gave up what runs, or never knew it, though no goal of an action says so.

    To such a controller, which holds the robot, a stop on the path would be a jerk: it begins where the robot would be
    by now. A robot that stands for another reason, as one whose motors are off, has a controller that goes on, and must
    be sent a stop. So it takes one of two signs, while the command goes on:

    - The controllers say that they hold the robot (``held``), as after they found it too far from its path.
    - The driver was started anew: its joint states stopped for a while, somebody new tells of them, and they stand.

    Args:
        performer: Knows what was sent.
        held: Tells where the controllers have held the robot since a time [s] (J,) [rad]; None: they do not say, or it
            moves.
    """

    def __init__(self, performer: Performer, held: Callable[[float], Array | None]) -> None:
        self._performer, self._held = performer, held
        self._came_s = -math.inf  # when somebody new began to tell where the joints are
        self._heard_s = -math.inf  # when the joints were told last
        self._silence_s = (-math.inf, -math.inf)  # the last one's begin and end
        self._off = np.zeros(len(performer.model.joint_names))  # of the joints from where they may trail the command
        self._off_before = self._off  # the silence
        self._held_off_s: float | None = None  # since when controllers hold the robot away from its command

    def driver_came(self, now_s: float) -> None:
        """Take note that somebody new tells where the joints are from now on [s]."""
        self._came_s = now_s

    def heard(self, received_s: float) -> bool:
        """Take note that the joints were told at a time [s]; return whether a new driver told them first just then."""
        silent = received_s - self._heard_s > _SILENT_S and math.isfinite(self._heard_s)
        hitch = self._anew and received_s - self._silence_s[1] < _STARTS_S  # of a driver that is new, on a busy machine
        if silent and not hitch:
            self._silence_s, self._off_before = (self._heard_s, received_s), self._off
        self._heard_s = received_s
        return silent and self._anew

    def saw(self, position: Array, band: tuple[Array, Array] | None) -> None:
        """Take note of where the joints are (J,), and of where they may be while they trail the command [rad]."""
        still = np.zeros_like(self._off)
        self._off = still if band is None else np.maximum(np.maximum(band[0] - position, position - band[1]), still)

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._came_s += by_s
        self._heard_s += by_s
        self._silence_s = self._silence_s[0] + by_s, self._silence_s[1] + by_s
        self._held_off_s = None

    def given_up(self, now_s: float, measured: Measurement, lag_s: float) -> str:
        """Say why the controllers do not follow what runs; empty if they do, or if nobody knows.

        Args:
            now_s: Time [s].
            measured: Where the robot was measured last.
            lag_s: How far it may trail its command [s].
        """
        timeline = self._performer.timeline
        if not timeline.moving(now_s):
            self._held_off_s = None
            return ""
        if self._hold_elsewhere(now_s, lag_s):
            return "the robot's controllers gave up the trajectory, and hold it"
        ends_s = self._silence_s[1]
        if not self._anew or timeline.sent_s > ends_s + _STARTS_S:
            return ""
        if measured.stands_for_s < _STAYS_S or float((self._off - self._off_before).max()) <= _AWAY_RAD:
            return ""
        return "the robot's driver was started anew in mid-motion, and holds it"

    @property
    def _anew(self) -> bool:
        """Whether somebody new told of the joints after their last silence."""
        begins_s, ends_s = self._silence_s
        return begins_s < self._came_s <= ends_s + _TOLD_LATE_S

    def _hold_elsewhere(self, now_s: float, lag_s: float) -> bool:
        """Tell whether the controllers have held the robot for a while away from where it may trail its command."""
        timeline = self._performer.timeline
        held = self._held(max(timeline.sent_s, now_s - _FRESH_S))
        if held is not None:
            lowest, highest = timeline.band(now_s, lag_s)
            if float(np.maximum(lowest - held, held - highest).max()) > _AWAY_RAD:
                self._held_off_s = now_s if self._held_off_s is None else self._held_off_s
                return now_s - self._held_off_s >= _STAYS_S
        self._held_off_s = None
        return False
