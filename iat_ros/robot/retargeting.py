"""From a person's limb directions to a robot's joint angles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.branches import SeedTable, find_path
from iat_ros.robot.kinematics import ChainStack
from iat_ros.robot.model import RobotModel
from iat_ros.robot.smoothing import Pace, smooth
from iat_ros.robot.solver import Problem

Array = NDArray[np.float64]

SMOOTH_STEPS, PACE_STEPS = 10, 20
SLOWER = (1.0, 1.4, 2.0)
"""How many times slower an answer may become so that a slow robot keeps its shape; tried in this order."""
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
            f"limb_names: expected distinct names with one of {', '.join(model.limb_names)}, got {', '.join(names)}"
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

    def problem_of(chains: ChainStack) -> Problem:
        joints = chains.joint_columns
        return Problem(
            chains=chains,
            target=np.ascontiguousarray(np.moveaxis(target[:, chains.limb_columns], 0, -1)),
            weight=weight[chains.limb_columns],
            lower=model.safe_lower[joints][..., None],
            upper=model.safe_upper[joints][..., None],
            rest=model.rest[joints][..., None],
        )

    problems = [problem_of(chains) for chains in model.chains]
    paths = [
        smooth(problem, find_path(problem, table, before[problem.chains.joint_columns]), SMOOTH_STEPS)
        for problem, table in zip(problems, _tables(model), strict=True)
    ]
    result = _result(model, problems, paths, target, used)
    if frame_s is None:
        return result
    for slower in SLOWER:
        slowed = [
            smooth(problem, path, PACE_STEPS, _pace(model, problem.chains, frame_s * slower))
            for problem, path in zip(problems, paths, strict=True)
        ]
        result = _result(model, problems, slowed, target, used)
        if result.error_rad.mean() < ENOUGH:
            break
    return result


def _pace(model: RobotModel, chains: ChainStack, frame_s: float) -> Pace:
    joints = chains.joint_columns
    return Pace(model.max_velocity[joints][..., None] * frame_s, model.max_acceleration[joints][..., None] * frame_s**2)


def _result(
    model: RobotModel, problems: list[Problem], paths: list[Array], target: Array, used: tuple[str, ...]
) -> RetargetResult:
    positions = np.tile(model.rest, (len(target), 1))
    for problem, path in zip(problems, paths, strict=True):
        given = problem.weight.any(axis=1)
        for columns, values in zip(problem.chains.joint_columns[given], path[given], strict=True):
            positions[:, columns] = values.T
    rows = [model.limb_names.index(name) for name in used]
    chord = np.linalg.norm(model.limb_directions(positions)[:, rows] - target[:, rows], axis=-1)
    return RetargetResult(positions, 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)), used)


_TABLES: WeakKeyDictionary[RobotModel, list[SeedTable]] = WeakKeyDictionary()


def _tables(model: RobotModel) -> list[SeedTable]:
    if model not in _TABLES:
        _TABLES[model] = [
            SeedTable(c, model.safe_lower[c.joint_columns][..., None], model.safe_upper[c.joint_columns][..., None])
            for c in model.chains
        ]
    return _TABLES[model]
