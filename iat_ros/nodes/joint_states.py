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

from collections.abc import Collection

import numpy as np
from sensor_msgs.msg import JointState

from iat_ros.errors import MessageError
from iat_ros.robot.spline import State
from iat_ros.skeleton.joint_motion import LARGEST

_MOST_RAD_S = 100.0
"""No joint is as fast; a plan from such a state could not even be worked out."""


def read_joint_states(message: JointState, joint_names: tuple[str, ...]) -> State | None:
    """Return where the joints are; None if the message is of another part of the robot, or holds no positions.

    Velocities that are missing or NaN, as of a joint without a sensor for it, count as 0; accelerations are never told.

    Args:
        message: It may hold other joints too, in any order.
        joint_names: The J joints, in the order of the result.

    Raises:
        MessageError: Joints named twice, another number of positions than names, NaN, or a speed that no joint has.
    """
    index = {name: number for number, name in enumerate(message.name)}
    if not message.position or not all(name in index for name in joint_names):
        return None
    if not len(index) == len(message.name) == len(message.position):
        raise MessageError("joint_states name a joint twice, or have another number of positions than names")
    columns = [index[name] for name in joint_names]
    position = np.array(message.position)[columns]
    velocity = np.zeros(len(joint_names))
    if len(message.velocity) == len(message.name):
        velocity = np.array(message.velocity)[columns]
        velocity[np.isnan(velocity)] = 0.0
    if not np.isfinite(position).all():
        raise MessageError("joint_states hold NaN")
    if np.abs(velocity).max() > _MOST_RAD_S:
        raise MessageError(f"joint_states hold a speed above {_MOST_RAD_S:g} rad/s")
    return State(position, velocity, np.zeros(len(joint_names)))


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
