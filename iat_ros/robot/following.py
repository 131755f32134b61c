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

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from iat_ros.robot.drivers import Joints, Mask, name_some
from iat_ros.robot.given_up import (
    AWAY_RAD,
    TRAILS_RAD,
    HeldJoints,
    HoldingControllers,
    RestartedDrivers,
    off_band,
)
from iat_ros.robot.joint_path import Array
from iat_ros.robot.performer import Performer
from iat_ros.robot.timeline import Timeline


@dataclass(frozen=True)
class Lost:
    """What controllers gave up, or never knew; or what they follow, though that was taken to be so.

    Attributes:
        why: How that shows.
        joints: Theirs (J,).
        ran: What ran, or what they follow.
        at: Where they were held then, or should be instead (J,) [rad].
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
        held: Tells where controllers have held joints since a time [s].
    """

    def __init__(self, performer: Performer, held: Callable[[float], HeldJoints]) -> None:
        self._performer = performer
        self._restarted = RestartedDrivers(performer)
        self._holding = HoldingControllers(performer, held)
        self._lost: list[Lost] = []
        self._followed: list[Lost] = []  # once the robot was seen on its way

    def driver_came(self, now_s: float) -> bool:
        """Take note that somebody new tells where joints are from now on [s]; return whether a silence ended so."""
        return self._restarted.drivers.came(now_s)

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
        anew = self._restarted.drivers.heard(received_s, joints, position)
        for lost in tuple(self._lost):
            if not lost.ran.moving(received_s) or self._replaced(lost):
                self._lost.remove(lost)
            elif self._is_followed(lost, received_s, lag_s):
                self._lost.remove(lost)
                self._followed.append(lost)
        return anew

    def saw(self, position: Array, band: tuple[Array, Array] | None) -> None:
        """Take note of where the joints are (J,), and of where they may be while they trail the command [rad]."""
        self._restarted.saw(position, band)

    def _is_followed(self, lost: Lost, now_s: float, lag_s: float) -> bool:
        """Tell whether joints came nearer to where they should be by now than if they stood."""
        position, joints = self._restarted.drivers.position, lost.joints
        if float(np.abs(position - lost.at)[joints].max()) <= AWAY_RAD:
            return False
        band = lost.ran.band(now_s, lag_s)
        off, off_there = off_band(band, position), off_band(band, lost.at)
        return float(off[joints].max()) <= TRAILS_RAD and float((off_there - off)[joints].max()) > AWAY_RAD

    def _replaced(self, lost: Lost) -> bool:
        """Tell whether its controllers were sent something since, which they follow or not."""
        return bool((self._performer.timeline.sent_s > lost.ran.sent_s)[lost.joints].any())

    def followed_after_all(self, now_s: float) -> Lost | None:
        """Return what was taken to be given up, still runs and is followed, as was seen since; None: nothing is."""
        while self._followed:
            first = self._followed[0]
            together = [each for each in self._followed if each.ran is first.ran]
            self._followed = [each for each in self._followed if each.ran is not first.ran]
            on = [each for each in together if not self._replaced(each) and not self._holding.holds(each.joints, now_s)]
            if on and first.ran.moving(now_s):
                joints = np.logical_or.reduce([each.joints for each in on])
                self._restarted.clear(joints)
                self._holding.clear()
                return replace(first, joints=joints, why="what was sent seemed to be given up, and is followed")
        return None

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._restarted.drivers.shift(by_s)
        self._holding.clear()
        for ran in {id(lost.ran): lost.ran for lost in [*self._lost, *self._followed]}.values():
            ran.shift(by_s)

    @property
    def told_at(self) -> Array:
        """Where each joint was told to be last (J,) [rad]."""
        return self._restarted.drivers.position

    def given_up(self, now_s: float, lag_s: float, sending: bool = False) -> Lost | None:
        """Say what the controllers do not follow, and keep that in mind; None if they do, or if nobody knows.

        Args:
            now_s: Time [s].
            lag_s: How far the robot may trail its command [s].
            sending: Whether something is about to be sent, so that less must do.
        """
        timeline = self._performer.timeline
        if not timeline.moving(now_s):
            self._holding.clear()
            return None
        eager = bool(timeline.given_up.any())
        parts, who = self._holding.lost(now_s, lag_s, eager, sending), "a controller that gave up what ran"
        if not parts:
            parts, who = (
                self._restarted.lost(now_s, lag_s, eager, sending),
                "a driver that was started anew in mid-motion",
            )
        if not parts:
            return None
        joints = np.logical_or.reduce(parts)
        what = "the robot" if joints.all() else name_some(self._performer.model.joint_names, joints)
        found = Lost(f"{who} holds {what}", joints, timeline.copy(), self._restarted.drivers.position.copy())
        self._lost = [each for each in self._lost if not (each.joints & joints).any()]
        self._lost += [replace(found, joints=part) for part in parts]
        return found
