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

"""All frames of a path together, bent to the directions asked for within what the robot's limits allow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.cache import compiled
from iat_ros.robot.compiled.linearization import Arm, State, linearize, make_state, make_work
from iat_ros.robot.compiled.movement import restrain, restraint, step_length
from iat_ros.robot.compiled.solver import is_held, solve_band

Array = NDArray[np.float64]

NEWTON_STEPS = 4
"""Steps towards the best path for one linearisation of the directions, at most."""


@compiled
def _descend(arm: Arm, state: State, damping: float, step: Array, bend: Array, enough: float, new: Array) -> None:
    """Find the path ``new`` (T, n) of least cost, the directions linearised: Newton's method inside the limits."""
    q, gradient, hessian, lower, upper = state.q, state.gradient, state.hessian, arm.lower, arm.upper
    for t in range(len(q)):
        for i in range(q.shape[1]):
            for j in range(i):
                hessian[t, j, i] = hessian[t, i, j]
    T, n = q.shape
    reach = 2 * n if np.isfinite(bend).any() else n
    band, slope = np.empty((T * n, 2 * n + 1)), np.empty((T, n))
    change, own = np.empty(T * n), np.empty((T, n))
    for t in range(T):
        for i in range(n):
            new[t, i] = q[t, i]
    for _ in range(NEWTON_STEPS):
        for t in range(T):
            for i in range(n):
                total = gradient[t, i] + damping * (new[t, i] - q[t, i])
                for j in range(n):
                    total += hessian[t, i, j] * (new[t, j] - q[t, j])
                own[t, i] = slope[t, i] = total
                row = t * n + i
                for d in range(2 * n + 1):
                    band[row, d] = hessian[t, i, i + d] if i + d < n else 0.0
                band[row, 0] += damping
        restrain(new, step, bend, slope, band)
        for t in range(T):
            for i in range(n):
                row = t * n + i
                change[row] = -slope[t, i]
                if not is_held(new[t, i], slope[t, i], lower[i], upper[i]):
                    continue
                change[row] = 0.0
                band[row, 0] = 1.0
                for d in range(1, 2 * n + 1):
                    band[row, d] = 0.0
                    if d <= row:
                        band[row - d, d] = 0.0
        if not solve_band(band, reach, change):  # rounding on an all but singular matrix: go downhill a little
            for t in range(T):
                for i in range(n):
                    change[t * n + i] = -0.1 * slope[t, i]
        along, curvature, decrease = 0.0, 0.0, 0.0
        moves = change.reshape(T, n)
        for t in range(T):
            for i in range(n):
                along += own[t, i] * moves[t, i]
                decrease -= slope[t, i] * moves[t, i]
                curvature += damping * moves[t, i] ** 2
                for j in range(n):
                    curvature += hessian[t, i, j] * moves[t, i] * moves[t, j]
        share = step_length(new, moves, along, curvature, step, bend)
        for t in range(T):
            for i in range(n):
                new[t, i] = min(max(new[t, i] + share * moves[t, i], lower[i]), upper[i])
        if decrease <= enough:
            break


@compiled
def smooth(arm: Arm, target: Array, weight: Array, start: Array, iterations: int, step: Array, bend: Array) -> Array:
    """Gauss-Newton inside the limits over all frames of a path (T, n) together; returns the new path.

    A person moves an arm faster than many a robot can, and near a singular pose a small turn of a limb asks for a large
    turn of a joint. Slowing the whole answer down until its fastest joint keeps its limit would make it unrecognisable;
    so what is beyond the limits is priced, and the path bends where that costs the least direction. Where the
    directions leave a joint undetermined (a straight arm's yaw), the path interpolates through it.

    Args:
        arm: The arm.
        target: (T, m, 3) unit vectors.
        weight: (m,) of each limb's squared chord.
        start: (T, n) path to begin with [rad], not modified.
        iterations: How many at most.
        step: (n,) largest change between two frames [rad]; infinity where any will do.
        bend: (n,) largest second difference [rad]; infinity where any will do.
    """
    T, n = start.shape
    work, idle, frames = make_work(arm), np.zeros(T, np.bool_), np.arange(T)
    best, new = make_state(T, n), make_state(T, n)
    for t in range(T):
        for i in range(n):
            new.q[t, i] = start[t, i]
    cost, damping, enough = np.inf, 1e-3, 0.0
    for iteration in range(iterations + 1):
        if iteration > 0:
            _descend(arm, best, damping, step, bend, enough, new.q)
        linearize(arm, target, weight, new, frames, idle, work)
        new_cost = restraint(new.q, step, bend)
        for t in range(T):
            new_cost += new.cost[t]
        settled = iteration > 0 and abs(cost - new_cost) <= enough
        if new_cost < cost:
            best, new, cost = new, best, new_cost
            enough = 1e-4 * cost + 1e-7
            damping *= 0.1
        else:
            damping *= 30.0
        if settled:
            break
    return best.q
