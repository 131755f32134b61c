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

"""Slowing a running plan down on its own path, to a standstill or to a lower tempo.

The path of a plan keeps the position limits and stays clear of the robot itself; so a robot that must stop stays on
it, and only runs through it ever slower: q(t) = P(s(t)), where s' falls smoothly from 1 to the tempo asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot import spline
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import ROUNDING, JointPlan, check
from iat_ros.robot.spline import State

Array = NDArray[np.float64]

DT_S = 0.02
_MOST_KNOTS = 1500
BRAKING_SHARE = 0.95
"""Share of the acceleration limit that may be used; the rest is for the controller, which hears of it a little late."""
_PATIENCE = 1.5
"""So many times as long may it take where the whole limit is not used."""
_SOON_S = 0.5
"""What is slowed down within this is not tried at another instant [s]."""
SHORTEST_S, LONGEST_S = 0.1, 3.0
"""Range of the times in which a plan is slowed down [s]; the shortest that the limits allow is taken."""


def slow_down(
    model: RobotModel, running: JointPlan, instants_s: Sequence[float], tempo: float = 0.0
) -> tuple[JointPlan, int]:
    """Plan how a running plan goes on ever slower, as fast as the limits allow.

    At some instants the limits leave little room; then it begins at a later one, if it ends sooner so.

    Args:
        model: The robot.
        running: What it performs.
        instants_s: Times in the running plan at which the new one may begin [s], ascending.
        tempo: What s' falls to: 0 stops, 0.5 performs the rest in twice the time.

    Returns:
        A plan that begins in the running one's state without a step in position, velocity or acceleration, and
        follows its path; and the number of the instant at which it begins.

    Raises:
        RobotError: From none of them on, a time within `LONGEST_S` keeps the limits.
    """
    if not 0.0 <= tempo < 1.0:
        raise RobotError(f"tempo: expected 0 to below 1, got {tempo!r}")
    best: tuple[JointPlan, int] | None = None
    longest_s = LONGEST_S
    for number, at_s in enumerate(instants_s):
        later_s = at_s - instants_s[0]
        if later_s >= longest_s:
            break
        found = _slow_down_at(model, running, at_s, tempo, longest_s - later_s)
        if found is not None:
            best, longest_s = (found[0], number), later_s + found[1]
            if longest_s <= _SOON_S:
                break
    if best is None:
        raise RobotError(f"the running trajectory cannot be slowed down within {LONGEST_S:g} s inside the limits")
    check(model, best[0])
    return best


def stop(model: RobotModel, moving: State) -> JointPlan:
    """Plan how a robot that moves on no known path comes to rest: straight on, as fast as the limits allow.

    Raises:
        RobotError: No time within `LONGEST_S` keeps the limits.
    """
    fall_s = SHORTEST_S
    while fall_s <= LONGEST_S:
        steps = math.ceil(fall_s / DT_S)
        end = np.clip(moving.position + moving.velocity * steps * DT_S / 2.0, *_reach(model, moving))
        way = spline.quintic(moving, State.at_rest(end), DT_S, steps)[1:]
        control = np.concatenate([spline.opening(moving, DT_S), way, np.repeat(end[None], 3, axis=0)])
        result = JointPlan(model.joint_names, control, DT_S)
        if _keeps_limits(model, result):
            return result
        fall_s *= 1.15
    raise RobotError(f"the robot moves, and cannot be stopped within {LONGEST_S:g} s inside the limits")


def _reach(model: RobotModel, moving: State) -> tuple[Array, Array]:
    """Where a robot may come to rest: inside the safe limits; one that is outside need not go back."""
    here = np.clip(moving.position, model.lower, model.upper)
    return np.minimum(model.safe_lower, here), np.maximum(model.safe_upper, here)


def _slow_down_at(
    model: RobotModel, running: JointPlan, at_s: float, tempo: float, longest_s: float
) -> tuple[JointPlan, float] | None:
    """Plan it from one instant on; return also how long s' falls [s]. None: not within so long inside the limits."""
    begin = running.state(at_s)
    fall_s, hard = SHORTEST_S, None
    while fall_s <= longest_s:
        result = _on_path(running, begin, at_s, tempo, fall_s)
        if _keeps_limits(model, result, BRAKING_SHARE):
            return result, fall_s
        # What runs may itself use more than its share, where it began in a brake; better so than much later.
        if hard is None and _keeps_limits(model, result, 1.0):
            hard = result, fall_s
        if hard is not None and fall_s > _PATIENCE * hard[1]:
            break
        fall_s *= 1.15
    return hard


def _on_path(running: JointPlan, begin: State, at_s: float, tempo: float, fall_s: float) -> JointPlan:
    dt_s = DT_S
    if tempo > 0.0:  # the rest of a long answer, ever so slow, in no more points than a controller takes in time
        dt_s = max(DT_S, (running.duration_s - at_s) / tempo / _MOST_KNOTS)
    fall = math.ceil(fall_s / dt_s)
    left_s = running.duration_s - at_s - fall * dt_s * (1.0 + tempo) / 2.0
    knots = fall
    if tempo > 0.0 and left_s > 0.0:
        knots += math.ceil(left_s / tempo / dt_s)
    t = np.arange(2, knots + 1) * dt_s
    u = np.minimum(t / (fall * dt_s), 1.0)
    span = fall * dt_s
    # s' = 1 - (1 - tempo) (3 u^2 - 2 u^3): begins and ends without a step in acceleration
    s = at_s + t - (1.0 - tempo) * (span * (u**3 - u**4 / 2.0) + np.maximum(t - span, 0.0))
    rate = 1.0 - (1.0 - tempo) * (3.0 * u**2 - 2.0 * u**3)
    bend = -(1.0 - tempo) * 6.0 * u * (1.0 - u) / span
    position, velocity, acceleration = running.sample(s)
    second = acceleration * rate[:, None] ** 2 + velocity * bend[:, None]
    points = position - second * dt_s**2 / 6.0
    end = running.sample(s[-1])[0]
    control = np.concatenate([spline.opening(begin, dt_s), points[:-1], np.repeat(end, 3, axis=0)])
    return JointPlan(running.joint_names, control, dt_s)


def _keeps_limits(model: RobotModel, result: JointPlan, share: float = BRAKING_SHARE) -> bool:
    low, high = spline.reach(result.control)
    return bool(
        np.all(low >= model.lower - ROUNDING)
        and np.all(high <= model.upper + ROUNDING)
        and np.all(spline.fastest(result.control, result.dt_s) <= model.max_velocity * (1.0 + ROUNDING))
        and np.all(spline.hardest(result.control, result.dt_s) <= share * model.max_acceleration)
    )
