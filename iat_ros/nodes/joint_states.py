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
from collections.abc import Callable, Collection

import numpy as np
from sensor_msgs.msg import JointState

from iat_ros.errors import MessageError
from iat_ros.robot.spline import State
from iat_ros.skeleton.joint_motion import LARGEST

_TOGETHER_S = 0.2
"""What messages of so long tell is put together [s]."""
_LACKING_S = 1.0
"""So long joints may lack before that is said [s]."""
_MOST_RAD_S = 100.0
"""No joint is as fast; a plan from such a state could not even be worked out."""


class JointStatesReader:
    """Reads where a robot's joints are, also where one message tells of some of them and the next of the others.

    Args:
        joint_names: The J joints, in the order of what is returned.
    """

    def __init__(self, joint_names: tuple[str, ...]) -> None:
        self._names = joint_names
        self._position = np.zeros(len(joint_names))
        self._velocity = np.zeros(len(joint_names))
        self._told_s = np.full(len(joint_names), -math.inf)
        self._lacking_since_s = math.inf

    def read(self, message: JointState, now_s: Callable[[], float]) -> State | None:
        """Return where all joints are now; None while some are not known, or if it is of another part of the robot.

        Velocities that are missing or NaN, as of a joint without a sensor for it, count as 0; accelerations are never
        told.

        Args:
            message: It may hold other joints too, in any order.
            now_s: Tells the time [s], asked where a message holds some of the joints only; what was told longer than
                `_TOGETHER_S` ago is not known.

        Raises:
            MessageError: Joints named twice, another number of positions than names, NaN, a speed that no joint has, or
                joints of which nobody tells.
        """
        index = {name: number for number, name in enumerate(message.name)}
        mine = [number for number, name in enumerate(self._names) if name in index]
        if not message.position or not mine:
            return None
        if not len(index) == len(message.name) == len(message.position):
            raise MessageError("joint_states name a joint twice, or have another number of positions than names")
        columns = [index[self._names[number]] for number in mine]
        position = np.array(message.position)[columns]
        velocity = np.zeros(len(mine))
        if len(message.velocity) == len(message.name):
            velocity = np.array(message.velocity)[columns]
            velocity[np.isnan(velocity)] = 0.0
        if not np.isfinite(position).all():
            raise MessageError("joint_states hold NaN")
        if np.abs(velocity).max() > _MOST_RAD_S:
            raise MessageError(f"joint_states hold a speed above {_MOST_RAD_S:g} rad/s")
        if len(mine) < len(self._names):
            time_s = now_s()
            self._position[mine], self._velocity[mine], self._told_s[mine] = position, velocity, time_s
            if not self._complete(time_s):
                return None
            position, velocity = self._position.copy(), self._velocity.copy()
        return State(position, velocity, np.zeros(len(self._names)))

    def _complete(self, now_s: float) -> bool:
        unknown = np.abs(now_s - self._told_s) > _TOGETHER_S  # a clock that was set makes all unknown
        if not unknown.any():
            self._lacking_since_s = math.inf
            return True
        self._lacking_since_s = min(self._lacking_since_s, now_s)
        if now_s - self._lacking_since_s > _LACKING_S:
            names = ", ".join(name for name, each in zip(self._names, unknown, strict=True) if each)
            raise MessageError(
                f"joint_states lack {names}; expected all joints of the robot's file within {_TOGETHER_S:g} s"
            )
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
