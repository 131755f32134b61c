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
from iat_ros.robot.performer import Performer
from iat_ros.robot.timeline import Timeline

_SILENT_S = 0.08
"""A driver that is started anew is silent for so long at least [s]."""
_STARTS_S = 1.0
"""So long after a driver can be heard its controllers may still come up [s]; what was sent before may be lost."""
_TOLD_LATE_S = 0.2
"""So long after its first joint states the middleware may tell of a new driver [s]."""
_STAYS_S = 0.1
"""So long a robot must be seen to stand, or be told to be held [s]."""
_TRAILS_RAD = 0.3
"""A robot no farther than this from where it may trail its command is on its way, where it is not held."""
_STANDS_RAD = 0.015
"""A robot that moves by no more stands."""
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
    - The driver was started anew: its joint states stopped for a while, somebody new tells of them, and all that tell
      of them have them stand.

    Whatever the signs, what ran is kept in mind until its end: a robot that is seen on its way follows it after all.

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
        self._stood_at, self._stood_since_s = self._off, math.inf  # by everybody who tells of it
        self._given_up: tuple[Timeline, Array] | None = None  # what ran, and where the robot was held then
        self._followed: Timeline | None = None  # what ran, once the robot was seen on its way

    def driver_came(self, now_s: float) -> bool:
        """Take note that somebody new tells where the joints are from now on [s]; return whether a silence ended so."""
        self._came_s = now_s
        return self._anew

    def heard(self, received_s: float, position: Array, lag_s: float) -> bool:
        """Take note of each message that tells where the joints are.

        Args:
            received_s: When it came [s].
            position: Where it has them (J,) [rad].
            lag_s: How far they may trail their command [s].

        Returns:
            Whether a new driver told of them first just now.
        """
        silent = received_s - self._heard_s > _SILENT_S and math.isfinite(self._heard_s)
        hitch = self._anew and received_s - self._silence_s[1] < _STARTS_S  # of a driver that is new, on a busy machine
        if silent and not hitch:
            self._silence_s, self._off_before = (self._heard_s, received_s), self._off
        if not math.isfinite(self._stood_since_s) or np.abs(position - self._stood_at).max() > _STANDS_RAD:
            self._stood_at, self._stood_since_s = position, received_s
        self._heard_s = received_s
        self._look_for_followers(received_s, position, lag_s)
        return silent and self._anew

    def _look_for_followers(self, received_s: float, position: Array, lag_s: float) -> None:
        if self._given_up is None:
            return
        ran, held_at = self._given_up
        if not ran.moving(received_s) or self._performer.timeline.sent_s > ran.sent_s:
            self._given_up = None
            return
        on_its_way = float(_off(ran.band(received_s, lag_s), position).max()) <= _TRAILS_RAD
        if on_its_way and float(np.abs(position - held_at).max()) > _AWAY_RAD:
            self._given_up, self._followed = None, ran

    def followed_after_all(self, now_s: float) -> Timeline | None:
        """Return what was taken to be given up, still runs and is followed, as was seen since; None: nothing is."""
        followed, self._followed = self._followed, None
        if followed is None or not followed.moving(now_s) or self._performer.timeline.sent_s > followed.sent_s:
            return None
        return followed

    def saw(self, position: Array, band: tuple[Array, Array] | None) -> None:
        """Take note of where the joints are (J,), and of where they may be while they trail the command [rad]."""
        self._off = np.zeros_like(position) if band is None else np.maximum(_off(band, position), 0.0)

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._came_s += by_s
        self._heard_s += by_s
        self._silence_s = self._silence_s[0] + by_s, self._silence_s[1] + by_s
        self._stood_since_s += by_s
        self._held_off_s = None
        for ran in (self._followed, self._given_up and self._given_up[0]):
            if ran is not None:
                ran.shift(by_s)

    def given_up(self, now_s: float, lag_s: float) -> str:
        """Say why the controllers do not follow what runs, and keep that in mind; empty if they do, or if nobody knows.

        Args:
            now_s: Time [s].
            lag_s: How far the robot may trail its command [s].
        """
        why = self._why_given_up(now_s, lag_s)
        if why:
            self._given_up = self._performer.timeline.copy(), self._stood_at
        return why

    def _why_given_up(self, now_s: float, lag_s: float) -> str:
        timeline = self._performer.timeline
        if not timeline.moving(now_s):
            self._held_off_s = None
            return ""
        if self._hold_elsewhere(now_s, lag_s):
            return "the robot's controllers gave up the trajectory, and hold it"
        ends_s = self._silence_s[1]
        if not self._anew or timeline.sent_s > ends_s + _STARTS_S:
            return ""
        if self._heard_s - self._stood_since_s < _STAYS_S or float((self._off - self._off_before).max()) <= _AWAY_RAD:
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
        if held is not None and float(_off(timeline.band(now_s, lag_s), held).max()) > _AWAY_RAD:
            self._held_off_s = now_s if self._held_off_s is None else self._held_off_s
            return now_s - self._held_off_s >= _STAYS_S
        self._held_off_s = None
        return False


def _off(band: tuple[Array, Array], position: Array) -> Array:
    """Return how far joints are outside of a band, (J,) [rad]; below 0 inside of it."""
    return np.maximum(band[0] - position, position - band[1])
