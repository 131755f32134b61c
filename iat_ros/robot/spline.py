"""Uniform cubic B-splines: the one curve that a robot follows from rest through an answer and back.

With control points c and knots dt apart, the curve at knot i is (c[i-1] + 4 c[i] + c[i+1]) / 6. On each interval
it stays between four neighbouring control points, its velocity between three differences (c[i+1] - c[i]) / dt, and
its acceleration between two second differences / dt^2. So limits on these hold at every instant.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def knot_states(control: Array, dt_s: float) -> tuple[Array, Array, Array]:
    """Return position, velocity, acceleration (M - 2, J) at the knots of control points (M, J), dt_s apart."""
    before, here, after = control[:-2], control[1:-1], control[2:]
    position = (before + 4.0 * here + after) / 6.0
    return position, (after - before) / (2.0 * dt_s), (before - 2.0 * here + after) / dt_s**2


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


def strain(control: Array, dt_s: float, max_velocity: Array, max_acceleration: Array) -> float:
    """Return by how much time must be stretched for the limits (J,) to hold; at most 1 when they do."""
    fastest = np.abs(np.diff(control, axis=0)).max(axis=0) / dt_s
    hardest = np.abs(np.diff(control, n=2, axis=0)).max(axis=0, initial=0.0) / dt_s**2
    return float(max(np.max(fastest / max_velocity), np.sqrt(np.max(hardest / max_acceleration))))


def quintic(start: tuple[Array, Array], end: tuple[Array, Array], steps: int) -> Array:
    """Return points (steps - 1, J) between two states, on the quintic without acceleration at its ends.

    Args:
        start: Position (J,) and movement per step (J,).
        end: The same at the other end.
        steps: Number of intervals between the two.
    """
    u = np.arange(1, steps)[:, None] / steps
    (p, v), (q, w) = start, end
    v, w = v * steps, w * steps
    rise = u**3 * (10.0 - 15.0 * u + 6.0 * u**2)
    leave = u - 6.0 * u**3 + 8.0 * u**4 - 3.0 * u**5
    arrive = -4.0 * u**3 + 7.0 * u**4 - 3.0 * u**5
    points: Array = p + rise * (q - p) + leave * v + arrive * w
    return points
