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

"""Stops that their controllers never heard of, or too late: the robot is seen to go on with what ran before."""

from __future__ import annotations

import math

import numpy as np

from iat_ros.robot.drivers import Mask
from iat_ros.robot.following import Lost
from iat_ros.robot.given_up import AWAY_RAD, TRAILS_RAD, off_band
from iat_ros.robot.joint_path import Array
from iat_ros.robot.performer import Performer
from iat_ros.robot.timeline import Timeline

_SEEN_S = 0.1
"""So long joints must be seen on their way, and to come no nearer to where they should be [s]."""
_FRESH_S = 0.3
"""What was seen longer ago tells nothing of now [s]."""
_NOISE_RAD = 1e-3
_WENT_RAD = 0.02
"""Joints that went less far meanwhile may stand [rad]."""
_LAGS = 5
_WHY = "the robot goes on with what it was told to leave: its controller did not hear of that, or too late"


class Unheard:
    """Keeps in mind what plans took over from, until that would be over, and finds joints that never left it.

    Messages are lost, or come when they are of no use any more, and controllers hang. Then joints move, and are not
    where the newest plan has them, but where something that ran before would have them by now: they can be stopped on
    the path of that. Once the newest plan is over, its controller would refuse what still comes of it; before, it may
    come yet, and only what is about to be sent anyway asks for more than this.

    Args:
        performer: Knows what was sent.
    """

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._left: list[Timeline] = []  # what was to be left, the oldest first
        self._followed: Timeline | None = None
        self._over = False  # whether the newest plan is, and joints trail it no more
        self._since_s = np.full(len(performer.model.joint_names), math.inf)  # when each joint was first seen on its way
        self._off_then = np.zeros(len(performer.model.joint_names))  # how far its controller's joints were off then
        self._was_at = np.zeros(len(performer.model.joint_names))  # where it was then [rad]
        self._seen_s, self._is_at = -math.inf, self._was_at  # when any was last, and where all were then
        self._lag_s = 0.0  # how far they may trail a command

    def began(self, before: Timeline, now_s: float) -> None:
        """Take note that something was sent now [s], and what would have gone on without it."""
        self._left = [each for each in self._left if each.moving(now_s)]
        if before.moving(now_s):
            self._left.append(before)
        self._forget()

    def pending(self, now_s: float) -> bool:
        """Tell whether anything that was to be left would still go on."""
        return any(each.moving(now_s) for each in self._left)

    def saw(self, position: Array, band: tuple[Array, Array] | None, moves: Mask, now_s: float, lag_s: float) -> None:
        """Take note of where the joints are.

        Args:
            position: There (J,) [rad].
            band: Where they may be while they trail what runs (J,), (J,) [rad]; None: that is over.
            moves: Which of them move (J,).
            now_s: Time [s].
            lag_s: How far they may trail a command [s].
        """
        self._left = [each for each in self._left if each.moving(now_s)]
        if not self._left:
            self._forget()
            return
        over = band is None
        if band is None:
            ended = self._performer.timeline.commanded(now_s).position
            band = ended, ended
        off = off_band(band, position)
        if off.max() <= AWAY_RAD:
            self._forget()
            return
        worst = self._worst(off)
        before = [np.maximum(off_band(ran.band(now_s, lag_s), position), 0.0) for ran in self._left]
        nearest = int(np.argmin([each[worst > AWAY_RAD].max() for each in before]))
        on_way = self._on_way(before[nearest], off, moves)
        if not on_way.any():
            self._forget()
            return
        anew = on_way & (np.isinf(self._since_s) | (worst < self._off_then - _NOISE_RAD))
        if (
            now_s - self._seen_s > _FRESH_S
        ):  # a driver may have been started anew meanwhile, and have the robot elsewhere
            anew = on_way
        self._since_s = np.where(on_way, np.where(anew, now_s, self._since_s), math.inf)
        self._off_then, self._was_at = np.where(anew, worst, self._off_then), np.where(anew, position, self._was_at)
        self._followed, self._over, self._seen_s, self._is_at = self._left[nearest], over, now_s, position
        self._lag_s = lag_s

    def followed(self, now_s: float, sending: bool) -> Lost | None:
        """Return what still runs and is followed, though something took over from it; None: nothing is.

        Args:
            now_s: Time [s].
            sending: Whether something is about to be sent, which would be a jerk where it begins elsewhere.
        """
        if self._followed is None:
            return None
        joints, timeline = self._went_along(self._followed), self._performer.timeline
        if not (self._over or sending):  # what the newest plan is not for did something else, which may be over
            joints &= timeline.left_alone & (now_s > timeline.others_until_s + self._lag_s)
        if not joints.any() or not self._followed.moving(now_s) or now_s - self._seen_s > _FRESH_S:
            return None
        lost = Lost(_WHY, joints, self._followed, timeline.commanded(now_s).position)
        self._forget()
        return lost

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        for each in self._left:
            each.shift(by_s)
        self._since_s, self._seen_s = self._since_s + by_s, self._seen_s + by_s

    def _forget(self) -> None:
        self._followed, self._over = None, False
        self._since_s = np.full(len(self._since_s), math.inf)

    def _on_way(self, off_before: Array, off: Array, moves: Mask) -> Mask:
        """Tell which joints (J,) move and are near what ran before, and nearer than to what runs, by (J,) [rad].

        All joints of a controller are, or none: it has one trajectory for all.
        """
        found = np.zeros(len(off), bool)
        for joints in self._performer.model.controlled:
            near, nearer = off_before[joints].max() <= TRAILS_RAD, (off - off_before)[joints].max() > AWAY_RAD
            found[joints] = near and nearer and moves[joints].any()
        return found

    def _went_along(self, ran: Timeline) -> Mask:
        """Tell which joints (J,) were seen for long enough to move as something has them move, or had a moment ago."""
        found = np.zeros(len(self._since_s), bool)
        for joints in self._performer.model.controlled:
            since_s = float(self._since_s[joints[0]])
            if self._seen_s - since_s < _SEEN_S:
                continue
            went = (self._is_at - self._was_at)[joints]
            if np.abs(went).max() <= _WENT_RAD:
                continue
            for lag_s in np.linspace(0.0, self._lag_s, _LAGS).tolist():
                would = ran.commanded(self._seen_s - lag_s).position - ran.commanded(since_s - lag_s).position
                found[joints] |= float(went @ would[joints]) > 0.0
        return found

    def _worst(self, off: Array) -> Array:
        """Return for each joint (J,) how far those of its controller are off at most [rad]."""
        worst = np.array(off)
        for joints in self._performer.model.controlled:
            worst[joints] = off[joints].max()
        return worst
