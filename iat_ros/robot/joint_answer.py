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

"""Answers in joint space: what the robot's own joints shall do, without retargeting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.joint_motion import JointMotion
from iat_ros.skeleton.motion import Motion

Array = NDArray[np.float64]

Answer = Motion | JointMotion
"""What a robot can be asked to perform: limb directions, or its own joints."""


def joint_frames(model: RobotModel, motion: JointMotion) -> tuple[Array, float]:
    """Take the joints that the robot commands out of an answer; those that are not in it stay at rest.

    Args:
        model: The robot.
        motion: The answer; joints that the robot does not command are left out.

    Returns:
        (T, J) joint angles [rad] inside the safe limits, and how far that is from what was asked for, as a mean over
        frames and joints [rad].

    Raises:
        RobotError: The robot commands none of the joints.
    """
    given_names = motion.joint_names
    columns = [(k, given_names.index(name)) for k, name in enumerate(model.joint_names) if name in given_names]
    if not columns:
        raise RobotError(
            f"answer for joints {_names(given_names)}, none of which robot '{model.config.name}' commands; it has "
            f"{_names(model.joint_names)}: choose the robot whose joints the model has learned"
        )
    mine, given = (list(each) for each in zip(*columns, strict=True))
    asked = np.tile(model.rest, (len(motion.positions), 1))
    asked[:, mine] = motion.positions[:, given]
    frames = np.clip(asked, model.safe_lower, model.safe_upper)
    return frames, float(np.abs(frames - asked)[:, mine].mean())


def unmatched(model: RobotModel, joint_names: tuple[str, ...]) -> str:
    """Say which joints of an answer the robot does not command, and which of its own stay at rest; empty if none."""
    extra = tuple(name for name in joint_names if name not in model.joint_names)
    still = tuple(name for name in model.joint_names if name not in joint_names)
    said = [f"{_names(extra)} of the answers are not commanded by robot '{model.config.name}'"] if extra else []
    said += [f"{_names(still)} are not in the answers and stay at rest"] if still else []
    return "; ".join(said)


def same_answer(one: Answer, other: Answer) -> bool:
    """Tell whether two answers are the same to the bit."""
    if isinstance(one, JointMotion) and isinstance(other, JointMotion):
        same = one.joint_names == other.joint_names and np.array_equal(one.positions, other.positions)
    elif isinstance(one, Motion) and isinstance(other, Motion):
        same = np.array_equal(one.limbs_in_body, other.limbs_in_body)
    else:
        return False
    return same and one.duration_s == other.duration_s


def _names(names: tuple[str, ...], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
