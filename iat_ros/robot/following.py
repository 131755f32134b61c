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

"""Whether the robot's controllers still follow what was sent to them, or hold it and know nothing of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from iat_ros.robot.drivers import STARTS_S, Drivers, Joints, Mask, name_some
from iat_ros.robot.joint_path import Array
from iat_ros.robot.performer import Performer
from iat_ros.robot.timeline import Timeline

_STAYS_S = 0.1
"""So long a robot must be seen to stand, or be told to be held [s]."""
_TRAILS_RAD = 0.3
"""A robot no farther than this from where it may trail its command is on its way, where it is not held."""
_FRESH_S = 0.2
"""What is older tells nothing of now [s]."""
_AWAY_RAD = 0.1
"""So far the command must have gone on, farther than the robot trails it [rad]."""


@dataclass(frozen=True)
class Lost:
    """What controllers gave up, or never knew.

    Attributes:
        why: How that shows.
        joints: What they hold (J,).
        ran: What ran.
        at: Where it was held then (J,) [rad].
    """

    why: str
    joints: Mask
    ran: Timeline
    at: Array


class Following:
    """Tells of controllers that gave up what runs, or never knew it, though no goal of an action says so.

    To such a controller, which holds its joints, a stop on the path would be a jerk: it begins where they would be by
    now. Joints that stand for another reason, as those whose motors are off, have a controller that goes on, and must
    be sent a stop. So it takes one of two signs, while the command goes on:

    - A controller says that it holds its joints (``held``), as after it found them too far from their path.
    - A driver was started anew: the joint states of its joints stopped for a while, somebody new tells of them, and all
      that tell of them have them stand.

    Whatever the signs, what ran is kept in mind until its end: joints that are seen on their way follow it after all.

    Args:
        performer: Knows what was sent.
        held: Tells where controllers have held joints since a time [s] (J,) [rad]; NaN where they do not say, or move.
    """

    def __init__(self, performer: Performer, held: Callable[[float], Array]) -> None:
        self._performer, self._held = performer, held
        count = len(performer.model.joint_names)
        self._drivers = Drivers(count)
        self._told = np.zeros(count, bool)  # since `saw`
        self._off = np.zeros(count)  # of the joints from where they may trail the command
        self._off_before = np.zeros(count)  # their silence
        self._held_off_since_s = np.full(count, math.inf)  # when controllers were first told to hold them off it
        self._lost: list[Lost] = []
        self._followed: Lost | None = None  # once the robot was seen on its way

    def driver_came(self, now_s: float) -> bool:
        """Take note that somebody new tells where joints are from now on [s]; return whether a silence ended so."""
        return self._drivers.came(now_s)

    def heard(self, received_s: float, joints: Joints, position: Array, lag_s: float) -> bool:
        """Take note of each message that tells where joints are.

        Args:
            received_s: When it came [s].
            joints: Of which it tells (K,).
            position: Where it has them (K,) [rad].
            lag_s: How far they may trail their command [s].

        Returns:
            Whether a new driver told of them first just now.
        """
        ended, anew = self._drivers.heard(received_s, joints, position)
        self._off_before[ended] = self._off[ended]
        self._told[joints] = True
        self._look_for_followers(received_s, lag_s)
        return anew

    def _look_for_followers(self, received_s: float, lag_s: float) -> None:
        for lost in tuple(self._lost):
            if not lost.ran.moving(received_s) or self._replaced(lost):
                self._lost.remove(lost)
                continue
            position, joints = self._drivers.position, lost.joints
            on_its_way = float(_off(lost.ran.band(received_s, lag_s), position)[joints].max()) <= _TRAILS_RAD
            if on_its_way and float(np.abs(position - lost.at)[joints].max()) > _AWAY_RAD:
                self._lost.remove(lost)
                self._followed = lost

    def _replaced(self, lost: Lost) -> bool:
        """Tell whether its controllers were sent something since, which they follow or not."""
        return bool((self._performer.timeline.sent_s > lost.ran.sent_s)[lost.joints].any())

    def followed_after_all(self, now_s: float) -> Lost | None:
        """Return what was taken to be given up, still runs and is followed, as was seen since; None: nothing is."""
        followed, self._followed = self._followed, None
        if followed is None or not followed.ran.moving(now_s) or self._replaced(followed):
            return None
        return followed

    def saw(self, position: Array, band: tuple[Array, Array] | None) -> None:
        """Take note of where the joints are (J,), and of where they may be while they trail the command [rad]."""
        off = np.zeros_like(position) if band is None else np.maximum(_off(band, position), 0.0)
        self._off[self._told] = off[self._told]  # of others this is where they were before
        self._told[:] = False

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._drivers.shift(by_s)
        self._held_off_since_s[:] = math.inf
        for lost in self._lost if self._followed is None else [*self._lost, self._followed]:
            lost.ran.shift(by_s)

    def given_up(self, now_s: float, lag_s: float) -> Lost | None:
        """Say what the controllers do not follow, and keep that in mind; None if they do, or if nobody knows.

        Args:
            now_s: Time [s].
            lag_s: How far the robot may trail its command [s].
        """
        timeline = self._performer.timeline
        if not timeline.moving(now_s):
            self._held_off_since_s[:] = math.inf
            return None
        lost, who = self._hold_elsewhere(now_s, lag_s), "a controller that gave up what ran"
        if not lost.any():
            lost, who = self._started_anew(now_s), "a driver that was started anew in mid-motion"
        if not lost.any():
            return None
        what = "the robot" if lost.all() else name_some(self._performer.model.joint_names, lost)
        found = Lost(f"{who} holds {what}", lost, timeline.copy(), self._drivers.position.copy())
        self._lost = [each for each in self._lost if not (each.joints & lost).any()] + [found]
        return found

    def _started_anew(self, now_s: float) -> Mask:
        """Return the joints (J,) whose driver was started anew, and stand while their command goes on."""
        drivers, timeline = self._drivers, self._performer.timeline
        lost = np.zeros(len(self._off), bool)
        known = timeline.sent_s > drivers.silent_until_s + STARTS_S
        anew = drivers.anew & ~known & ~timeline.left_out(now_s)
        for ended_s in np.unique(drivers.silent_until_s[anew]):  # those of one driver, told of together
            joints = anew & (drivers.silent_until_s == ended_s)
            gone = float((self._off - self._off_before)[joints].max()) > _AWAY_RAD
            if gone and float(drivers.stood_s[joints].min()) >= _STAYS_S:
                lost |= joints
        return lost

    def _hold_elsewhere(self, now_s: float, lag_s: float) -> Mask:
        """Return the joints (J,) that controllers have held for a while elsewhere than their command has them."""
        timeline = self._performer.timeline
        held = self._held(max(float(timeline.sent_s.max()), now_s - _FRESH_S))
        lost = np.zeros(len(held), bool)
        band = timeline.band(now_s, lag_s) if np.isfinite(held).any() else None
        for joints in self._performer.model.controlled:
            off = -math.inf if band is None else float(_off(band, held)[joints].max())  # NaN of one that does not say
            if not off > _AWAY_RAD or timeline.left_out(now_s)[joints].all():
                self._held_off_since_s[joints] = math.inf
                continue
            self._held_off_since_s[joints] = np.minimum(self._held_off_since_s[joints], now_s)
            lost[joints] = now_s - float(self._held_off_since_s[joints][0]) >= _STAYS_S
        return lost


def _off(band: tuple[Array, Array], position: Array) -> Array:
    """Return how far joints are outside of a band, (J,) [rad]; below 0 inside of it."""
    return np.maximum(band[0] - position, position - band[1])
