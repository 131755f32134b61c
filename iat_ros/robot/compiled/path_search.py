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

"""A path that reaches the directions asked for: the ways there are, and the best way through all frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.cache import compiled
from iat_ros.robot.compiled.linearization import Arm, Work, linearize, make_state, make_work
from iat_ros.robot.compiled.solver import is_held, solve_band

Array = NDArray[np.float64]

KEY_FRAMES, WAYS = 16, 4
"""At most so many frames apart the whole table is searched; so many ways are followed from there."""
SEED_STEPS, TRACK_STEPS = 5, 2
"""Steps that refine a pose out of the table, and one that was taken over from the frame beside."""
NEAR = 1e-4
"""Cost below which a pose is refined no further by itself: half a degree."""
APART = 0.3
"""Poses that differ by less in every joint [rad] are one way, not two."""
JUMP, JUMP_WEIGHT = 0.4, 3.0
"""A change between two frames [rad] is a jump above this plus what the directions turn; its price is squared."""
TOLERABLE = 0.2
"""Cost beyond which a frame looks wrong: one limb is off by 26 degrees."""
NEAR_REST, NEAR_START, MOVE = 1e-5, 1e-3, 1e-2
"""Prices of squared distances [1/rad^2] from rest, of the first frame from the start, and between frames."""


@compiled
def _refine(
    arm: Arm, target: Array, weight: Array, q: Array, frames: NDArray[np.int64], cost: Array, steps: int, work: Work
) -> None:
    """Levenberg-Marquardt inside the limits: improve poses q (P, n) for the targets of their frames in place.

    Their costs (P,) are filled in.
    """
    P, n = q.shape
    band, change, lower, upper = work.band, work.change, arm.lower, arm.upper
    trial, gradient, hessian = make_state(P, n), np.empty((P, n)), np.empty((P, n, n))
    idle, damping = np.zeros(P, np.bool_), np.full(P, 1e-1)
    cost.fill(np.inf)
    for p in range(P):
        for i in range(n):
            trial.q[p, i] = q[p, i]
    for step in range(steps + 1):
        linearize(arm, target, weight, trial, frames, idle, work)
        for p in range(P):
            if idle[p]:
                continue
            if trial.cost[p] < cost[p]:
                idle[p] = trial.cost[p] < NEAR or cost[p] - trial.cost[p] < 1e-3 * trial.cost[p]
                cost[p] = trial.cost[p]
                damping[p] *= 0.1
                for i in range(n):
                    q[p, i], gradient[p, i] = trial.q[p, i], trial.gradient[p, i]
                    for j in range(i + 1):
                        hessian[p, i, j] = trial.hessian[p, i, j]
            else:
                damping[p] *= 10.0
            if idle[p] or step == steps:
                continue
            for i in range(n):
                held = is_held(q[p, i], gradient[p, i], lower[i], upper[i])
                change[i] = 0.0 if held else gradient[p, i]
                for j in range(i):
                    free = not held and not is_held(q[p, j], gradient[p, j], lower[j], upper[j])
                    band[j, i - j] = hessian[p, i, j] if free else 0.0
                band[i, 0] = 1.0 if held else hessian[p, i, i] + damping[p]
            solve_band(band, n - 1, change)
            for i in range(n):
                move = min(max(change[i], -0.7), 0.7)
                trial.q[p, i] = min(max(q[p, i] - move, lower[i]), upper[i])


@compiled
def _add_way(ways: Array, costs: Array, t: int, most: int, q: Array, p: int, cost: float) -> None:
    """Keep pose p of q (P, n) among the ways (T, W, n) of frame t, if there is room or a worse one.

    Of two that are alike in all joints, the better one is kept.
    """
    n = q.shape[1]
    place = 0
    for w in range(most):
        apart = 0.0 if costs[t, w] < np.inf else np.inf
        for j in range(n):
            apart = max(apart, abs(ways[t, w, j] - q[p, j]))
        if apart < APART:
            place = w
            break
        if costs[t, w] > costs[t, place]:
            place = w
    if cost < costs[t, place]:
        costs[t, place] = cost
        for j in range(n):
            ways[t, place, j] = q[p, j]


@compiled
def _pick_seeds(arm: Arm, target: Array, t: int, weight: Array, seeds: Array, first: int) -> None:
    """Fill R rows of seeds (P, n) with the pose of each region of the table that fits the target of frame t best."""
    regions, size, n = arm.seeds.shape
    table, likeness = arm.seed_directions, np.empty(size)
    for region in range(regions):
        likeness.fill(0.0)
        for k in range(weight.size):
            for r in range(3):
                factor = weight[k] * target[t, k, r]
                for i in range(size):
                    likeness[i] += factor * table[region, 3 * k + r, i]
        best = 0
        for i in range(size):
            if likeness[i] > likeness[best]:
                best = i
        for j in range(n):
            seeds[first + region, j] = arm.seeds[region, best, j]


@compiled
def find_path(arm: Arm, target: Array, weight: Array, start: Array, gross: float) -> Array:
    """Return a path (T, n) whose directions fit targets (T, m, 3), from the pose ``start`` (n,) [rad].

    An arm often reaches the same directions in several ways, and must not jump between them. At key frames a search
    from all over joint space finds the ways there are; each is followed to the key frames before and after. The path
    through all of them with the least error and no jump is found by dynamic programming. What a direction is off beyond
    `TOLERABLE` counts ``gross`` times more: the higher, the sooner a jump is taken instead.
    """
    T, n = len(target), arm.rest.size
    work = make_work(arm)
    sections = max(1, (T - 1 + KEY_FRAMES - 1) // KEY_FRAMES)
    K, R = sections + 1, len(arm.seeds)
    seeds, seed_frames, seed_costs = np.empty((K * R, n)), np.empty(K * R, np.int64), np.empty(K * R)
    for k in range(K):
        key = k * (T - 1) // sections
        _pick_seeds(arm, target, key, weight, seeds, k * R)
        for r in range(R):
            seed_frames[k * R + r] = key
    # np.int64: a constant would be a type of its own to Numba, and the function would be compiled for each.
    _refine(arm, target, weight, seeds, seed_frames, seed_costs, np.int64(SEED_STEPS), work)
    ways, costs = np.empty((T, 2 * WAYS, n)), np.full((T, 2 * WAYS), np.inf)
    for s in range(K * R):
        _add_way(ways, costs, seed_frames[s], np.int64(WAYS), seeds, s, seed_costs[s])
    # Where there are fewer ways than room, the first is followed several times: that adds nothing.
    P = 2 * K * WAYS
    followed, frames, directions = np.empty((P, n)), np.empty(P, np.int64), np.empty(P, np.int64)
    for p in range(P):
        key, w = (p // (2 * WAYS)) * (T - 1) // sections, (p // 2) % WAYS
        w = w if costs[key, w] < np.inf else 0
        frames[p], directions[p] = key, 1 - 2 * (p % 2)
        for j in range(n):
            followed[p, j] = ways[key, w, j]
    followed_costs = np.empty(P)
    for _ in range((T - 1 + sections - 1) // sections):
        for p in range(P):
            frames[p] = min(max(frames[p] + directions[p], 0), T - 1)
        _refine(arm, target, weight, followed, frames, followed_costs, np.int64(TRACK_STEPS), work)
        for p in range(P):
            _add_way(ways, costs, frames[p], np.int64(2 * WAYS), followed, p, followed_costs[p])
    return _best_path(arm, target, weight, start, gross, ways, costs)


@compiled
def _best_path(arm: Arm, target: Array, weight: Array, start: Array, gross: float, ways: Array, costs: Array) -> Array:
    """Choose one of the ways (T, W, n) per frame: least error along the path, no jump where one without exists."""
    T, W, n = ways.shape
    came_from = np.zeros((T, W), np.int64)
    total, before = np.empty(W), np.empty(W)
    for t in range(T):
        allowed = JUMP
        for k in range(weight.size):
            chord = 0.0
            for r in range(3):
                chord += (target[t, k, r] - target[max(t - 1, 0), k, r]) ** 2
            allowed += weight[k] * np.sqrt(chord)
        for w in range(W):
            before[w] = total[w]
        for w in range(W):
            price, total[w] = costs[t, w] + gross * max(0.0, costs[t, w] - TOLERABLE), np.inf
            if price == np.inf:
                continue
            for j in range(n):
                price += NEAR_REST * (ways[t, w, j] - arm.rest[j]) ** 2
                if t == 0:
                    price += NEAR_START * (ways[t, w, j] - start[j]) ** 2
            if t == 0:
                total[w] = price
                continue
            for v in range(W):
                if before[v] == np.inf:
                    continue
                along = before[v] + price
                for j in range(n):
                    move = abs(ways[t, w, j] - ways[t - 1, v, j])
                    jump = max(0.0, move - allowed)
                    along += MOVE * move * move + JUMP_WEIGHT * jump * jump
                if along < total[w]:
                    total[w], came_from[t, w] = along, v
    path = np.empty((T, n))
    w = 0
    for v in range(W):
        w = v if total[v] < total[w] else w
    for t in range(T - 1, -1, -1):
        for j in range(n):
            path[t, j] = ways[t, w, j]
        w = came_from[t, w]
    return path
