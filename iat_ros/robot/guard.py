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

"""The guard: whether the robot may move now, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


_AHEAD_S = 0.15
"""A controller whose clock is farther ahead begins what it is sent where the robot should be only later [s]."""
_SEEN_S = 0.1
"""So long that must be seen [s]."""
_REMEMBERED_S = 1.0
"""So long that is kept in mind [s]: messages that were held up do not show it."""


class Leave(Enum):
    """What the robot may do."""

    MOVE = "move"
    SLOW = "slow"
    HOLD = "hold"
    HALT = "halt"


@dataclass(frozen=True)
class Verdict:
    """What the robot may do, and why not more."""

    leave: Leave
    reason: str = ""


@dataclass(frozen=True)
class GuardConfig:
    """When the robot must not move.

    Attributes:
        joint_states_timeout_s: Joint states older than this halt a moving robot; 0: they are not needed. Where another
            process on the machine starts or is killed, Fast DDS may hold the robot's driver up for 0.33 s (its shared
            memory's health check, eProsima/Fast-DDS#6535), which must not halt a robot for good.
        following_tolerance_rad: A joint this far from its command halts the robot; 0: not compared.
        following_lag_s: How far a robot may trail its command, and how long a difference must last [s].
        stream_timeout_s: Without skeletons for so long the running answer ends, and before the first ones none begins;
            0: not watched.
        stop_distance_m: A person nearer than this holds the robot; 0: not watched.
        slow_distance_m: A person nearer than this slows it down; 0: not watched.
    """

    joint_states_timeout_s: float = 0.5
    following_tolerance_rad: float = 0.3
    following_lag_s: float = 0.2
    stream_timeout_s: float = 1.0
    stop_distance_m: float = 0.5
    slow_distance_m: float = 1.0


class Guard:
    """Watches joint states, the stream of skeletons and people's distance, and latches halts.

    Times are in seconds of one clock, that of receipt.
    """

    def __init__(self, config: GuardConfig) -> None:
        self.config = config
        self._halted = ""
        self._measured_s = -np.inf
        self._differs_since_s: float | None = None
        self._differs = ""
        self._stream_s: float | None = None
        self._stamp_s = 0.0
        self._repeats = False
        self._distance_m = np.inf
        self._doubt = ""
        self._unreadable = ""
        self._joints_unreadable = ""
        self._joints_unreadable_s = -np.inf
        self._ahead_s = 0.0  # by how much the robot's clock is ahead
        self._ahead_from_s, self._ahead_until_s = np.inf, -np.inf  # when that was seen first and last

    @property
    def halted(self) -> str:
        """Why the robot is halted; empty if it is not."""
        return self._halted

    def halt(self, reason: str, instead: bool = False) -> None:
        """Forbid all movement until `resume`. The first reason is kept, unless this one is to stand instead."""
        self._halted = reason if instead else self._halted or reason

    def resume(self, now_s: float) -> str:
        """Lift the halt; return why that is not possible, or nothing."""
        timeout_s = self.config.joint_states_timeout_s
        if timeout_s and not self.measured_lately(now_s):
            if why := self._why_unmeasured(now_s):
                return f"no joint_states that can be read within {timeout_s:g} s: {why}"
            return f"no joint_states within {timeout_s:g} s; start the robot's joint state broadcaster first"
        self._halted = ""
        self._differs_since_s = None
        return ""

    def measured_lately(self, now_s: float) -> bool:
        """Tell whether joint states are fresh."""
        return 0.0 <= now_s - self._measured_s <= (self.config.joint_states_timeout_s or np.inf)

    def saw_joints(self, now_s: float, pose: Array, band: tuple[Array, Array] | None, names: tuple[str, ...]) -> None:
        """Take note of a measured pose.

        Args:
            now_s: Time [s].
            pose: Measured joint angles (J,) [rad].
            band: Lowest and highest commanded angles of the last moments; None if nothing was commanded.
            names: The J joints.
        """
        self._measured_s = now_s
        tolerance = self.config.following_tolerance_rad
        if band is None or not tolerance:
            self._differs_since_s = None
            return
        off = np.maximum(band[0] - pose, pose - band[1])
        joint = int(np.argmax(off))
        if off[joint] <= tolerance:
            self._differs_since_s = None
        elif self._differs_since_s is None:
            self._differs_since_s = now_s
            self._differs = f"joint '{names[joint]}' is {off[joint]:.2f} rad from its command"

    def saw_stamp(self, now_s: float, stamp_s: float) -> None:
        """Take note of the time that joint states tell [s], by the robot's clock; 0 if they tell none.

        A simulated clock stands still while this process is at work, or has a coarse step: so it must be seen for a
        while of this process's own clock.
        """
        if not stamp_s or stamp_s - now_s <= _AHEAD_S:
            self._ahead_from_s = np.inf
        else:
            self._ahead_s, self._ahead_from_s = stamp_s - now_s, min(self._ahead_from_s, now_s)
            self._ahead_until_s = now_s if now_s - self._ahead_from_s >= _SEEN_S else self._ahead_until_s

    def could_not_read_joints(self, now_s: float, why: str) -> None:
        """Take note of joint states that do not tell where the robot is; without others, that is unknown.

        Args:
            now_s: Time [s].
            why: What is wrong with them.
        """
        self._joints_unreadable_s, self._joints_unreadable = now_s, why

    def _why_unmeasured(self, now_s: float) -> str:
        """Say what is wrong with the joint states that come; empty if none do."""
        lately = 0.0 <= now_s - self._joints_unreadable_s <= (self.config.joint_states_timeout_s or np.inf)
        return self._joints_unreadable if lately else ""

    def saw_people(self, now_s: float, distance_m: float, doubt: str = "", stamp_s: float = 0.0) -> None:
        """Take note of a skeleton message; one with the stamp of the last one tells nothing new, so is no stream.

        Args:
            now_s: Time [s].
            distance_m: How far the nearest person is [m]; infinite when nobody is there.
            doubt: Why that distance cannot be believed; empty if it can.
            stamp_s: Its time [s]; 0 if that is not known.
        """
        self._repeats = stamp_s != 0.0 and stamp_s == self._stamp_s
        if not self._repeats:
            self._stream_s, self._stamp_s = now_s, stamp_s
        self._distance_m, self._doubt = distance_m, doubt

    def could_not_read_people(self, why: str) -> None:
        """Take note of a skeleton message that tells nothing; if there are no others, the stream has not begun."""
        self._unreadable = why

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]; what was received stays as old as it was."""
        self._measured_s += by_s
        self._joints_unreadable_s += by_s
        self._ahead_from_s, self._ahead_until_s = np.inf, -np.inf
        self._stream_s = None if self._stream_s is None else self._stream_s + by_s
        self._differs_since_s = None if self._differs_since_s is None else self._differs_since_s + by_s

    def verdict(self, now_s: float, moving: bool) -> Verdict:
        """Decide what the robot may do now; a moving robot that isn't observed well is halted."""
        config = self.config
        if not self._halted and moving:
            if config.joint_states_timeout_s and not self.measured_lately(now_s):
                why = self._why_unmeasured(now_s)
                which, cause = (" that can be read", f": {why}") if why else ("", "")
                self.halt(f"no joint_states{which} for {config.joint_states_timeout_s:g} s while moving{cause}")
            elif self._differs_since_s is not None and now_s - self._differs_since_s >= config.following_lag_s:
                self.halt(self._differs)
        if self._halted:
            return Verdict(Leave.HALT, f"halted: {self._halted}; call resume")
        if config.joint_states_timeout_s and not self.measured_lately(now_s):
            why = self._why_unmeasured(now_s)
            told = f"no joint_states that can be read: {why}" if why else "no joint_states"
            return Verdict(Leave.HOLD, f"{told}: where the robot is, is unknown")
        if now_s - self._ahead_until_s <= _REMEMBERED_S:
            return Verdict(
                Leave.HOLD, f"joint_states are stamped {self._ahead_s:.2f} s ahead of this node's clock: set them alike"
            )
        if self._stream_s is None and config.stream_timeout_s:
            why = f"none that can be read: {self._unreadable}" if self._unreadable else "none came yet"
            return Verdict(Leave.HOLD, f"no skeletons: {why}")
        if self._stream_s is not None and not now_s - self._stream_s <= (config.stream_timeout_s or np.inf):
            new = "new skeletons, the last ones repeated," if self._repeats else "skeletons"
            return Verdict(Leave.HOLD, f"no {new} for {config.stream_timeout_s:g} s")
        if self._doubt and max(config.stop_distance_m, config.slow_distance_m) > 0.0:
            return Verdict(Leave.HOLD, f"how near people are is unknown: {self._doubt}")
        if self._distance_m < config.stop_distance_m:
            return Verdict(Leave.HOLD, f"a person is nearer than {config.stop_distance_m:g} m")
        if self._distance_m < config.slow_distance_m:
            return Verdict(Leave.SLOW, f"a person is nearer than {config.slow_distance_m:g} m")
        return Verdict(Leave.MOVE)
