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

"""What the movement of a path costs: steps and bends that exceed what the limits allow, and restlessness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.cache import compiled

Array = NDArray[np.float64]

SMOOTH_WEIGHT = 5e-3
"""Price of a squared movement between two frames [1/rad^2], against a squared chord."""
LIMIT_WEIGHT = 5.0
"""Price of the squared share by which a step or a bend exceeds what the limits allow, against a squared chord."""
ALLOWED = 0.9
"""Share of the limits that is free of charge; the rest leaves room for what the price does not hold back."""


@compiled
def _charge(value: float, most: float) -> tuple[float, float, float]:
    """Charge for what exceeds the most allowed: cost, half its slope, half its curvature."""
    excess = abs(value) / most - ALLOWED
    if not excess > 0.0:
        return 0.0, 0.0, 0.0
    pull = LIMIT_WEIGHT * excess / most
    return LIMIT_WEIGHT * excess * excess, pull if value > 0.0 else -pull, LIMIT_WEIGHT / (most * most)


@compiled
def _charge_step(move: float, ends: int, step: float, bend: float) -> tuple[float, float, float]:
    """Charge for a move between two frames; ``ends`` of it begin or end at rest, which makes it a bend, too."""
    cost, pull, price = _charge(move, step)
    more_cost, more_pull, more_price = _charge(move, bend)
    return (
        cost + SMOOTH_WEIGHT * move * move + ends * more_cost,
        pull + SMOOTH_WEIGHT * move + ends * more_pull,
        price + SMOOTH_WEIGHT + ends * more_price,
    )


@compiled
def restrain(q: Array, step: Array, bend: Array, gradient: Array, band: Array) -> float:
    """Return the cost of a path's movement (T, n); add half its gradient, and its Hessian to a `solve_band`."""
    T, n = q.shape
    cost = 0.0
    for t in range(1, T):
        for j in range(n):
            row = t * n + j
            move = q[t, j] - q[t - 1, j]
            charged, pull, price = _charge_step(move, (t == 1) + (t == T - 1), step[j], bend[j])
            cost += charged
            gradient[t, j] += pull
            gradient[t - 1, j] -= pull
            band[row, 0] += price
            band[row - n, 0] += price
            band[row - n, n] -= price
            if t < 2:
                continue
            charged, pull, price = _charge(move - q[t - 1, j] + q[t - 2, j], bend[j])
            if price > 0.0:
                cost += charged
                gradient[t, j] += pull
                gradient[t - 1, j] -= 2.0 * pull
                gradient[t - 2, j] += pull
                band[row, 0] += price
                band[row - n, 0] += 4.0 * price
                band[row - 2 * n, 0] += price
                band[row - n, n] -= 2.0 * price
                band[row - 2 * n, n] -= 2.0 * price
                band[row - 2 * n, 2 * n] += price
    return cost


@compiled
def restraint(q: Array, step: Array, bend: Array) -> float:
    """Return the cost of a path's movement (T, n)."""
    T, n = q.shape
    cost = 0.0
    for t in range(1, T):
        for j in range(n):
            move = q[t, j] - q[t - 1, j]
            cost += _charge_step(move, (t == 1) + (t == T - 1), step[j], bend[j])[0]
            if t > 1:
                cost += _charge(move - q[t - 1, j] + q[t - 2, j], bend[j])[0]
    return cost


@compiled
def _slope(q: Array, change: Array, share: float, step: Array, bend: Array) -> float:
    """Return half the slope of the cost of movement along a change (T, n), after a share of it."""
    T, n = q.shape
    slope = 0.0
    for t in range(1, T):
        for j in range(n):
            turn = change[t, j] - change[t - 1, j]
            move = q[t, j] - q[t - 1, j] + share * turn
            slope += turn * _charge_step(move, (t == 1) + (t == T - 1), step[j], bend[j])[1]
            if t > 1:
                before = change[t - 1, j] - change[t - 2, j]
                bent = move - q[t - 1, j] + q[t - 2, j] - share * before
                slope += (turn - before) * _charge(bent, bend[j])[1]
    return slope


@compiled
def step_length(q: Array, change: Array, gradient: float, curvature: float, step: Array, bend: Array) -> float:
    """Return the share of a change (T, n) that costs least; the directions' part has this half slope and curvature.

    What exceeds a limit is charged from a threshold on, so that a full step overshoots where it passes thresholds.
    """
    low, high = 0.0, 1.0
    if gradient + curvature + _slope(q, change, 1.0, step, bend) <= 0.0:
        return 1.0
    for _ in range(5):
        middle = 0.5 * (low + high)
        if gradient + middle * curvature + _slope(q, change, middle, step, bend) > 0.0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)
