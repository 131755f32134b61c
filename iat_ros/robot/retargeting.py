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

"""From a person's limb directions to a robot's joint angles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.arms import RobotArm, arms_of
from iat_ros.robot.compiled import linearization, path_search, smoothing
from iat_ros.robot.model import RobotModel

Array = NDArray[np.float64]

SMOOTH_STEPS, PACE_STEPS = 10, 6
SLOWER = (1.0, 1.4, 2.0)
"""How many times slower an answer may become so that a slow robot keeps its shape; tried in this order."""
GROSS = np.radians(45.0)
"""A limb that is off by more [rad] in some frame looks wrong; a way that jumps to avoid that is tried, too."""
GROSS_WEIGHTS = (2.0, 8.0)
"""How dear that is made for the ways that are tried then."""
ENOUGH = np.radians(5.0)
"""A mean direction error [rad] below which nothing slower is tried."""


@dataclass(frozen=True)
class RetargetResult:
    """Joint angles that make the robot's limbs point where the given limbs point.

    Attributes:
        positions: (T, J) joint angles [rad] in the order of ``model.joint_names``, inside the safe limits.
        error_rad: (T, L_used) angle between the wanted and the robot's direction of each limb used.
        limb_names: The L_used limbs that both the robot and the given motion have.
    """

    positions: Array
    error_rad: Array
    limb_names: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.positions.ndim != 2 or self.error_rad.shape != (len(self.positions), len(self.limb_names)):
            raise RobotError(
                f"RetargetResult: positions {self.positions.shape} and error_rad {self.error_rad.shape} do not fit "
                f"{len(self.limb_names)} limbs"
            )


def retarget(
    model: RobotModel,
    limbs_in_body: NDArray[np.floating],
    limb_names: Sequence[str],
    start: Array | None = None,
    duration_s: float | None = None,
) -> RetargetResult:
    """Find joint angles whose limb directions come nearest to the given ones, smoothly over time.

    Limbs that the robot lacks are ignored; limbs of the robot that are not given stay at rest. Where a direction is
    out of reach, the nearest one within the limits is taken. A joint's jump to another branch is avoided where a
    continuous way is nearly as good.

    Args:
        model: The robot.
        limbs_in_body: (T, L, 3) unit vectors in the body frame (x forward, y left, z up); not modified.
        limb_names: The L names.
        start: (J,) pose [rad] before the first frame, which decides between equally good ways; rest if None.
        duration_s: Time from the first frame to the last [s]. Given, the joints are kept near the speed and
            acceleration that the robot can do in that time, at the price of direction, or in up to twice that time
            where the price would be high. None: any speed will do.

    Raises:
        RobotError: On wrong shapes, NaN, vectors without a direction, or when no limb is the robot's.
    """
    names = tuple(limb_names)
    limbs = np.array(limbs_in_body, dtype=np.float64)
    if limbs.ndim != 3 or limbs.shape[1:] != (len(names), 3) or len(limbs) == 0:
        raise RobotError(
            f"limbs_in_body: expected shape (T > 0, {len(names)}, 3) for {len(names)} names, got {limbs.shape}"
        )
    used = tuple(name for name in model.limb_names if name in names)
    if not used or len(set(names)) < len(names):
        raise RobotError(
            f"limbs: expected distinct names with one of {', '.join(model.limb_names)}, got {', '.join(names)}"
        )
    target = np.zeros((len(limbs), len(model.limb_names), 3))
    target[..., 0] = 1.0
    weight = np.zeros(len(model.limb_names))
    for k, name in enumerate(model.limb_names):
        if name in names:
            target[:, k] = limbs[:, names.index(name)]
            weight[k] = 1.0
    length = np.linalg.norm(target, axis=-1, keepdims=True)
    if not np.all((length > 0.1) & (length < 10.0)):  # also false for NaN and infinity
        t, k, _ = np.argwhere(~((length > 0.1) & (length < 10.0)))[0]
        raise RobotError(
            f"limbs_in_body: expected unit vectors, got {np.round(target[t, k], 3).tolist()} for "
            f"'{model.limb_names[k]}' in frame {t}; drop frames that were not tracked"
        )
    target /= length
    before = model.rest if start is None else np.asarray(start, dtype=np.float64)
    if before.shape != model.rest.shape or not np.all(np.isfinite(before)):
        raise RobotError(f"start: expected {len(model.rest)} finite joint angles, got shape {before.shape}")

    if duration_s is not None and not (np.isfinite(duration_s) and duration_s > 0.0):
        raise RobotError(f"duration_s: expected seconds above 0, got {duration_s!r}")
    frame_s = None if duration_s is None or len(limbs) < 2 else duration_s / (len(limbs) - 1)

    tasks = [
        _Task(arm, np.ascontiguousarray(target[:, arm.limbs]), weight[arm.limbs], before[arm.joints])
        for arm in arms_of(model)
        if weight[arm.limbs].any()
    ]
    found = [task.find_paths() for task in tasks]
    slowness = (np.inf,) if frame_s is None else tuple(frame_s * slower for slower in SLOWER)
    for pace_s in slowness:
        steps = SMOOTH_STEPS if frame_s is None else PACE_STEPS
        paths = [
            min((task.smooth(path, steps, pace_s) for path in ways), key=task.badness)
            for task, ways in zip(tasks, found, strict=True)
        ]
        if _mean_error(tasks, paths) < ENOUGH:
            break
    return _result(model, tasks, paths, len(target), used)


@dataclass(frozen=True)
class _Task:
    """What one arm shall do: targets (T, m, 3), their weights (m,) and the pose before (n,) [rad]."""

    arm: RobotArm
    target: Array
    weight: Array
    before: Array

    def find_paths(self) -> list[Array]:
        """Return paths (T, n) [rad] from the pose before, their steps not yet limited.

        One that avoids jumps, and, where that is grossly off in some frame, others that would sooner jump. Which of
        them is better is seen only when the robot's speed is known: a quick arm swings over in a few frames.
        """
        plain = self._find_path(0.0)
        if (self.error(plain) * (self.weight > 0.0)).max() < GROSS:
            return [plain]
        return [plain, *(self._find_path(gross) for gross in GROSS_WEIGHTS)]

    def _find_path(self, gross: float) -> Array:
        path: Array = path_search.find_path(self.arm.arm, self.target, self.weight, self.before, gross)
        return path

    def badness(self, path: Array) -> float:
        """Return the mean squared error of a path (T, n) [rad^2]: what is grossly off counts most."""
        return float((self.error(path)[:, self.weight > 0.0] ** 2).mean())

    def smooth(self, path: Array, iterations: int, frame_s: float) -> Array:
        """Return a path (T, n) bent to what the joints can do with so long between frames [s]."""
        step, bend = self.arm.max_velocity * frame_s, self.arm.max_acceleration * frame_s**2
        path = smoothing.smooth(self.arm.arm, self.target, self.weight, path, iterations, step, bend)
        return path

    def error(self, path: Array) -> Array:
        """Return the angles (T, m) [rad] between wanted and reached directions."""
        error: Array = linearization.errors(self.arm.arm, self.target, path)
        return error


def _mean_error(tasks: list[_Task], paths: list[Array]) -> float:
    errors = [task.error(path)[:, task.weight > 0.0] for task, path in zip(tasks, paths, strict=True)]
    return float(np.concatenate(errors, axis=1).mean())


def _result(
    model: RobotModel, tasks: list[_Task], paths: list[Array], frames: int, used: tuple[str, ...]
) -> RetargetResult:
    positions = np.tile(model.rest, (frames, 1))
    error = np.zeros((frames, len(model.limb_names)))
    for task, path in zip(tasks, paths, strict=True):
        positions[:, task.arm.joints] = path
        error[:, task.arm.limbs] = task.error(path)
    return RetargetResult(positions, error[:, [model.limb_names.index(name) for name in used]], used)
