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

"""Uniform cubic B-splines: the one curve that a robot follows from where it is through an answer and back.

With control points c and knots dt apart, the curve at knot i is (c[i-1] + 4 c[i] + c[i+1]) / 6. Its acceleration is
linear between knots, its jerk constant. On each interval position and velocity lie within their Bezier points, which
follow from four neighbouring control points; so limits on those hold at every instant, not only at the knots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_S = TypeVar("_S", bound="State")


@dataclass(frozen=True)
class State:
    """Where J joints are and how they move.

    Attributes:
        position: (J,) [rad].
        velocity: (J,) [rad/s].
        acceleration: (J,) [rad/s^2].
    """

    position: Array
    velocity: Array
    acceleration: Array

    @classmethod
    def at_rest(cls: type[_S], pose: Array) -> _S:
        """Stand still in a pose (J,) [rad]."""
        return cls(np.array(pose, dtype=np.float64), np.zeros(len(pose)), np.zeros(len(pose)))

    @property
    def moves(self) -> bool:
        """Whether any joint moves."""
        return bool(np.any(self.velocity) or np.any(self.acceleration))


class Held(State):
    """Where a controller says that it holds J joints, at rest; their weight may keep them beside it, as measured."""


def opening(state: State, dt_s: float) -> Array:
    """Return the first three control points (3, J) of a curve that begins in exactly this state."""
    middle = state.position - state.acceleration * dt_s**2 / 6.0
    bend = state.acceleration * dt_s**2 / 2.0
    step = state.velocity * dt_s
    return np.stack([middle - step + bend, middle, middle + step + bend])


def evaluate(control: Array, dt_s: float, times_s: Array) -> tuple[Array, Array, Array]:
    """Return position, velocity, acceleration (N, J) at times (N,) [s] after the first knot; held at the ends."""
    spans = len(control) - 3
    u = np.clip(np.asarray(times_s, dtype=np.float64) / dt_s, 0.0, spans)
    i = np.minimum(u.astype(np.intp), spans - 1)
    u = (u - i)[:, None]
    w = 1.0 - u
    a, b, c, d = (control[i + k] for k in range(4))
    position = (w**3 * a + (3 * u**3 - 6 * u**2 + 4) * b + (3 * w**3 - 6 * w**2 + 4) * c + u**3 * d) / 6.0
    velocity = (w**2 * (b - a) + (1 + 2 * u * w) * (c - b) + u**2 * (d - c)) / (2.0 * dt_s)
    acceleration = (w * (a - 2 * b + c) + u * (b - 2 * c + d)) / dt_s**2
    return position, velocity, acceleration


def positions(control: Array, dt_s: float, times_s: Array) -> Array:
    """The positions alone, shape (N, J), at times of shape (N,) [s]; held at the ends."""
    spans = len(control) - 3
    u = np.clip(times_s / dt_s, 0.0, spans)
    i = np.minimum(u.astype(np.intp), spans - 1)
    u -= i
    w = 1.0 - u
    weights = np.stack([w**3, 3 * u**3 - 6 * u**2 + 4, 3 * w**3 - 6 * w**2 + 4, u**3]) / 6.0
    result: Array = weights[0][:, None] * control[i]
    for k in (1, 2, 3):
        result += weights[k][:, None] * control[i + k]
    return result


def speed_bound(control: Array, dt_s: float) -> Array:
    """Return a bound (J,) on the speed at any instant: the largest Bezier point of the velocity."""
    steps = np.diff(control, axis=0)
    inner = np.abs(steps[1:-1]).max(axis=0, initial=0.0)
    knots: Array = np.maximum(inner, np.abs(steps[1:] + steps[:-1]).max(axis=0) / 2.0)
    return knots / dt_s


def fastest(control: Array, dt_s: float) -> Array:
    """Return the largest speed (J,) at any instant; between knots velocity is a parabola, so this is exact."""
    steps = np.diff(control, axis=0)
    knots = (steps[1:] + steps[:-1]) / 2.0
    middle = steps[1:-1]
    first, last = knots[:-1] - middle, knots[1:] - middle
    turns = first * last > 0.0  # the parabola turns between the two knots
    # differences from the middle, since at even speed the parabola's own coefficients are rounding errors
    vertex = middle + np.divide(first * last, first + last, out=np.zeros_like(middle), where=turns)
    largest: Array = np.maximum(np.abs(knots).max(axis=0), np.abs(vertex).max(axis=0, initial=0.0))
    return largest / dt_s


def hardest(control: Array, dt_s: float) -> Array:
    """Return the largest acceleration (J,); it is linear between knots, so this is exact."""
    pushes: Array = np.abs(control[2:] - 2.0 * control[1:-1] + control[:-2]).max(axis=0)
    return pushes / dt_s**2


def sharpest(control: Array, dt_s: float) -> Array:
    """Return the largest jerk (J,); it is constant between knots, so this is exact."""
    changes: Array = np.abs(np.diff(control, n=3, axis=0)).max(axis=0)
    return changes / dt_s**3


def reach(control: Array) -> tuple[Array, Array]:
    """Return bounds (J,), (J,) on the position at any instant: the lowest and the highest Bezier point."""
    left, right = control[1:-2], control[2:-1]
    inner = (2.0 * left + right) / 3.0, (left + 2.0 * right) / 3.0
    knots = (control[:-2] + 4.0 * control[1:-1] + control[2:]) / 6.0
    points = np.concatenate([*inner, knots])
    return points.min(axis=0), points.max(axis=0)


def strain(control: Array, dt_s: float, max_velocity: Array, max_acceleration: Array) -> float:
    """Return by how much time must be stretched for the limits (J,) to hold; at most 1 when they do."""
    speed = np.max(speed_bound(control, dt_s) / max_velocity)
    return float(max(speed, np.sqrt(np.max(hardest(control, dt_s) / max_acceleration))))


def subdivide(control: Array) -> Array:
    """Halve the time between knots: the same curve from twice as many control points, (M, J) -> (2 M - 3, J)."""
    finer = np.empty((2 * len(control) - 3, control.shape[1]))
    finer[0::2] = (control[:-1] + control[1:]) / 2.0
    finer[1::2] = (control[:-2] + 6.0 * control[1:-1] + control[2:]) / 8.0
    return finer


def quintic(start: State, end: State, dt_s: float, steps: int) -> Array:
    """Return control points (steps - 1, J) of the quintic between two states that lie ``steps`` intervals apart.

    They belong to the knots between the two. A control point differs from its knot's position by a sixth of the
    second difference, so the curve follows the quintic up to its fourth derivative.
    """
    span = steps * dt_s
    u = np.arange(1, steps)[:, None] / steps
    p, v, a = start.position, start.velocity * span, start.acceleration * span**2
    q, w, b = end.position, end.velocity * span, end.acceleration * span**2
    d = q - p
    c2, c3 = a / 2.0, 10.0 * d - 6.0 * v - 4.0 * w - 1.5 * a + 0.5 * b
    c4, c5 = -15.0 * d + 8.0 * v + 7.0 * w + 1.5 * a - b, 6.0 * d - 3.0 * (v + w) - 0.5 * (a - b)
    position = p + u * (v + u * (c2 + u * (c3 + u * (c4 + u * c5))))
    second = 2.0 * c2 + u * (6.0 * c3 + u * (12.0 * c4 + u * 20.0 * c5))
    points: Array = position - second / (6.0 * steps**2)
    return points
