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
from dataclasses import dataclass, replace

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
_TOLD_AGAIN_S = 0.1
"""So often at least a controller tells where it holds its joints [s]."""
_EAGER_RAD = 0.01
"""So far it need only have gone on where another controller gave up already: whatever befell that may be at work."""


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

    Where one of them did, less will do for the others. Whatever the signs, what ran is kept in mind until its end:
    joints that are seen on their way follow it after all.

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
        self._followed: list[Lost] = []  # once the robot was seen on its way

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
            if float(np.abs(position - lost.at)[joints].max()) <= _AWAY_RAD:
                continue
            if float(_off(lost.ran.band(received_s, lag_s), position)[joints].max()) <= _TRAILS_RAD:
                self._lost.remove(lost)
                self._followed.append(lost)

    def _replaced(self, lost: Lost) -> bool:
        """Tell whether its controllers were sent something since, which they follow or not."""
        return bool((self._performer.timeline.sent_s > lost.ran.sent_s)[lost.joints].any())

    def followed_after_all(self, now_s: float) -> Lost | None:
        """Return what was taken to be given up, still runs and is followed, as was seen since; None: nothing is."""
        while self._followed:
            first = self._followed[0]
            together = [each for each in self._followed if each.ran is first.ran]
            self._followed = [each for each in self._followed if each.ran is not first.ran]
            joints = np.logical_or.reduce([each.joints for each in together if not self._replaced(each)])
            if first.ran.moving(now_s) and joints.any():
                return replace(first, joints=joints)
        return None

    def saw(self, position: Array, band: tuple[Array, Array] | None) -> None:
        """Take note of where the joints are (J,), and of where they may be while they trail the command [rad]."""
        off = np.zeros_like(position) if band is None else np.maximum(_off(band, position), 0.0)
        self._off[self._told] = off[self._told]  # of others this is where they were before
        self._told[:] = False

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._drivers.shift(by_s)
        self._held_off_since_s[:] = math.inf
        for ran in {id(lost.ran): lost.ran for lost in [*self._lost, *self._followed]}.values():
            ran.shift(by_s)

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
        eager = bool(timeline.left_alone.any())
        parts, who = self._hold_elsewhere(now_s, lag_s, eager), "a controller that gave up what ran"
        if not parts:
            parts, who = self._started_anew(now_s, eager), "a driver that was started anew in mid-motion"
        if not parts:
            return None
        joints = np.logical_or.reduce(parts)
        what = "the robot" if joints.all() else name_some(self._performer.model.joint_names, joints)
        found = Lost(f"{who} holds {what}", joints, timeline.copy(), self._drivers.position.copy())
        self._lost = [each for each in self._lost if not (each.joints & joints).any()]
        self._lost += [replace(found, joints=part) for part in parts]
        return found

    def _started_anew(self, now_s: float, eager: bool) -> list[Mask]:
        """Return the joints (J,) of each driver that was started anew, if they stand while their command goes on."""
        drivers, timeline = self._drivers, self._performer.timeline
        known = timeline.sent_s > drivers.silent_until_s + STARTS_S
        anew = drivers.anew & ~known & ~timeline.left_alone
        parts = [anew & (drivers.ended_by == each) for each in np.unique(drivers.ended_by[anew])]
        stand = [part for part in parts if float(drivers.stood_s[part].min()) >= _STAYS_S]
        gone = self._off - self._off_before
        lost = any(float(gone[part].max()) > (_EAGER_RAD if eager else _AWAY_RAD) for part in stand)
        # One driver may tell in several messages, and its joints may be slow: all that it may be that of are taken.
        return stand if lost else []

    def _hold_elsewhere(self, now_s: float, lag_s: float, eager: bool) -> list[Mask]:
        """Return the joints (J,) that each controller has held for a while elsewhere than their command has them."""
        timeline = self._performer.timeline
        held = self._held(max(float(timeline.sent_s.max()), now_s - _FRESH_S))
        if np.isnan(held).all():
            self._held_off_since_s[:] = math.inf
            return []
        off = _off(timeline.band(now_s, min(lag_s, _TOLD_AGAIN_S) if eager else lag_s), held)
        others = [joints for joints in self._performer.model.controlled if not timeline.left_alone[joints].all()]
        # One that says nothing has NaN, which is no more than anything.
        hold = [joints for joints in others if float(off[joints].max()) > _EAGER_RAD]
        for joints in others:
            far = float(off[joints].max()) > (_EAGER_RAD if eager else _AWAY_RAD)
            since_s = np.minimum(self._held_off_since_s[joints], now_s)
            self._held_off_since_s[joints] = since_s if far else math.inf
        for_s = now_s - self._held_off_since_s
        lost = bool((for_s >= (0.0 if eager else _STAYS_S)).any())
        return [np.isin(np.arange(len(held)), joints) for joints in hold] if lost else []


def _off(band: tuple[Array, Array], position: Array) -> Array:
    """Return how far joints are outside of a band, (J,) [rad]; below 0 inside of it."""
    return np.maximum(band[0] - position, position - band[1])
