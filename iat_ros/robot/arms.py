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

"""The arms of a robot as the compiled arithmetic takes them: geometry, limits, and poses to start from."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.linearization import END, START, WHOLE, Arm
from iat_ros.robot.kinematics import ChainStack
from iat_ros.robot.model import RobotModel

Array = NDArray[np.float64]

TABLE_SIZE, REGIONS = 2048, 16
"""How many poses are spread over joint space to start from, and in how many regions."""


@dataclass(frozen=True)
class RobotArm:
    """A chain of n joints and m limbs that shares no joint with the others.

    Attributes:
        arm: What the compiled arithmetic takes.
        joints: (n,) column of each joint in the robot's joint vector.
        limbs: (m,) row of each limb among the robot's limbs.
        max_velocity, max_acceleration: (n,) of the joints [rad/s], [rad/s^2].
    """

    arm: Arm
    joints: NDArray[np.intp]
    limbs: NDArray[np.intp]
    max_velocity: Array
    max_acceleration: Array


_ARMS: WeakKeyDictionary[RobotModel, tuple[RobotArm, ...]] = WeakKeyDictionary()


def arms_of(model: RobotModel) -> tuple[RobotArm, ...]:
    """Return the arms of a robot, made at the first call for it."""
    if model not in _ARMS:
        _ARMS[model] = tuple(
            _read(model, chains, index) for chains in model.chains for index in range(len(chains.joint_columns))
        )
    return _ARMS[model]


def _read(model: RobotModel, chains: ChainStack, index: int) -> RobotArm:
    joints, limbs = chains.joint_columns[index], chains.limb_columns[index]
    lower, upper = model.safe_lower[joints], model.safe_upper[joints]
    seeds = _spread(lower, upper)
    poses = np.tile(model.rest, (TABLE_SIZE, 1))
    poses[:, joints] = seeds.reshape(TABLE_SIZE, -1)
    directions = model.limb_directions(poses)[:, limbs].reshape(REGIONS, -1, 3 * len(limbs))
    moves = np.zeros((len(limbs), len(joints)))
    for k, (whole, partly) in enumerate(chains.movers):
        moves[k, whole] = WHOLE
        for joint, carries_end in partly:
            moves[k, joint] = END if carries_end else START
    # Every array contiguous and writable: for arrays of another kind Numba would compile everything once more.
    arm = Arm(
        parents=np.array(chains.parents, dtype=np.int64),
        operators=chains.operators[:, index].copy(),
        limb_parents=chains.limb_parents.astype(np.int64),
        limb_offsets=chains.limb_offsets[:, :, index].copy(),
        moves=moves.astype(np.int64),
        lower=lower,
        upper=upper,
        rest=model.rest[joints],
        seeds=seeds,
        seed_directions=np.ascontiguousarray(np.swapaxes(directions, 1, 2)),
    )
    return RobotArm(arm, joints, limbs, model.max_velocity[joints], model.max_acceleration[joints])


def _spread(lower: Array, upper: Array) -> Array:
    """Spread poses (R, S, n) over the limits (n,), in R equal regions of joint space."""
    unit = np.random.default_rng(0).uniform(size=(TABLE_SIZE, len(lower)))
    sides = upper - lower
    cells = [np.arange(TABLE_SIZE)]
    while len(cells) < REGIONS:  # halve every cell across its widest side
        widest = int(np.argmax(sides))
        sides[widest] /= 2
        cells = [
            half for cell in cells for half in np.array_split(cell[np.argsort(unit[cell, widest], kind="stable")], 2)
        ]
    return lower + unit[np.array(cells)] * (upper - lower)
