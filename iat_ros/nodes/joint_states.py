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

"""Joint states: where a message says that the robot's joints are."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import JointState

from iat_ros.errors import MessageError
from iat_ros.nodes.joint_states_decoder import JointsTold
from iat_ros.robot.spline import State
from iat_ros.skeleton.joint_motion import LARGEST

_TOGETHER_S = 0.2
"""What messages of so long tell is put together [s]."""
_LACKING_S = 1.0
"""So long joints may lack before that is said [s]."""
_MOST_KINDS = 16
"""So many lists of names are kept; a robot's parts may each have one."""
_MOST_RAD_S = 100.0
"""No joint is as fast; a plan from such a state could not even be worked out."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which of the robot's joints a message tells of, and where in it; whether it names any joint twice."""

    mine: NDArray[np.int_]
    theirs: NDArray[np.int_]
    doubled: bool


class JointStatesReader:
    """Reads where a robot's joints are, also where one message tells of some of them and the next of the others.

    Args:
        joint_names: The J joints, in the order of what is returned.

    Attributes:
        why: Why what was read last tells nothing that can be used by itself; empty if it does.
        told: Of which joints it tells, by number (K,), and where it has them (K,) [rad]; None: of none that can be.
    """

    def __init__(self, joint_names: tuple[str, ...]) -> None:
        self._names = joint_names
        self.why = ""
        self.told: tuple[NDArray[np.int_], NDArray[np.float64]] | None = None
        self._columns: dict[tuple[str, ...], _Columns] = {}  # of names that were told before
        self._stamps_s: dict[tuple[str, ...], float] = {}  # when they were told last [s]
        self._position = np.zeros(len(joint_names))
        self._velocity = np.zeros(len(joint_names))
        self._told_s = np.full(len(joint_names), -math.inf)
        self._lacking_since_s = math.inf

    def read(self, told: JointsTold, now_s: float) -> State | None:
        """Return where all joints are now; None while some are not known, or if it is of another part of the robot.

        None, too, for what has the stamp of the message before; `why` tells.

        Velocities that are missing or NaN, as of a joint without a sensor for it, count as 0; accelerations are never
        told.

        Args:
            told: What a message tells of any joints, in any order.
            now_s: When it came [s]; what was told longer than `_TOGETHER_S` before is not known.

        Raises:
            MessageError: Joints named twice, another number of positions than names, NaN, a speed that no joint has, or
                joints of which nobody tells.
        """
        self.why, self.told = "", None
        columns = self._find(told.names)
        if not len(columns.mine):
            self.why = f"those that come name none of this robot's joints, as '{self._names[0]}'; is its driver there?"
            return None
        if not len(told.position):
            self.why = "they hold no positions"
            return None
        if columns.doubled or len(told.names) != len(told.position):
            raise MessageError("joint_states name a joint twice, or have another number of positions than names")
        if told.stamp_s and told.stamp_s == self._stamps_s.get(told.names):
            self.why = "they repeat their stamp, as of a driver that is stuck"
            return None
        self._stamps_s[told.names] = told.stamp_s
        position = told.position[columns.theirs]
        velocity = np.zeros(len(position))
        if len(told.velocity) == len(told.names):
            velocity = told.velocity[columns.theirs]
            velocity[np.isnan(velocity)] = 0.0
        if not np.isfinite(position).all():
            joint = self._names[columns.mine[int(np.argmin(np.isfinite(position)))]]
            raise MessageError(f"joint_states hold NaN or infinity for '{joint}'")
        if np.abs(velocity).max() > _MOST_RAD_S:
            raise MessageError(f"joint_states hold a speed above {_MOST_RAD_S:g} rad/s")
        mine = columns.mine
        self._position[mine], self._velocity[mine], self._told_s[mine] = position, velocity, now_s
        self.told = mine, position
        if len(position) < len(self._names):
            if not self._complete(now_s):
                return None
            position, velocity = self._position.copy(), self._velocity.copy()
        return State(position, velocity, np.zeros(len(self._names)))

    def _find(self, names: tuple[str, ...]) -> _Columns:
        found = self._columns.get(names)
        if found is None:
            index = {name: number for number, name in enumerate(names)}
            mine = np.array([number for number, name in enumerate(self._names) if name in index], int)
            theirs = np.array([index[self._names[number]] for number in mine], int)
            found = _Columns(mine, theirs, len(index) < len(names))
            if len(self._columns) >= _MOST_KINDS:
                self._columns.clear()
                self._stamps_s.clear()
            self._columns[names] = found
        return found

    def _complete(self, now_s: float) -> bool:
        unknown = np.abs(now_s - self._told_s) > _TOGETHER_S  # a clock that was set makes all unknown
        if not unknown.any():
            self._lacking_since_s = math.inf
            return True
        self._lacking_since_s = min(self._lacking_since_s, now_s)
        names = ", ".join(name for name, each in zip(self._names, unknown, strict=True) if each)
        self.why = f"they lack {names}; expected all joints of the robot's file within {_TOGETHER_S:g} s"
        if now_s - self._lacking_since_s > _LACKING_S:
            raise MessageError(f"joint_states cannot be used: {self.why}")
        return False


def read_known_joints(message: JointState, joint_names: Collection[str]) -> dict[str, float]:
    """Return where those of some joints are that a message tells of [rad] or [m].

    What else is told is of another robot, or nonsense.

    Args:
        message: It may hold any joints.
        joint_names: The joints.

    Raises:
        MessageError: Another number of positions than names, or positions of these joints that cannot be.
    """
    if len(message.name) != len(message.position):
        raise MessageError("joint_states: expected as many positions as names")
    told = {name: at for name, at in zip(message.name, message.position, strict=True) if name in joint_names}
    if not all(abs(at) <= LARGEST for at in told.values()):
        raise MessageError(f"joint_states: hold NaN, infinity or positions beyond {LARGEST:g}")
    return told
