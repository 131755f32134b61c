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

"""Bounds on how near the robot's links come to each other along a path, compiled.

Exact distances between hulls are dear. So every moving link is held in a capsule and every standing one in a box; the
distance between those is a lower bound, and from it follows for how long the two links cannot meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.cache import compiled

Array = NDArray[np.float64]

_HALVINGS = 10


@dataclass(frozen=True)
class Capsule:
    """All points within a radius [m] of the line from start (3,) to end (3,) [m], in a joint's frame."""

    start: Array
    end: Array
    radius_m: float

    @staticmethod
    def around(points: Array) -> Capsule:
        """Return a narrow capsule that holds points (N, 3)."""
        centre = points.mean(axis=0)
        _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
        axis = axes[0]
        along = (points - centre) @ axis
        off = np.linalg.norm(points - centre - along[:, None] * axis, axis=1)
        radius_m = float(off.max()) + 1e-6
        cap = np.sqrt(radius_m**2 - off**2)
        first, last = float((along + cap).min()), float((along - cap).max())
        if first > last:  # shorter than wide: a ball
            first = last = (first + last) / 2.0
            radius_m = float(np.linalg.norm(points - centre - first * axis, axis=1).max()) + 1e-6
        return Capsule(centre + first * axis, centre + last * axis, radius_m)


@compiled
def forward(q: Array, parents: NDArray[np.int64], placements: Array, axes: Array) -> tuple[Array, Array]:
    """Return rotations (S, n, 3, 3) and origins (S, n, 3) of n turning joints in the base frame at poses q (S, n).

    Args:
        q: Joint angles [rad], parents before children.
        parents: (n,) index of the joint before each, -1 for the base.
        placements: (n, 3, 4) rotation and origin of each joint in the frame of the one before.
        axes: (n, 3) unit axis of each joint in its own frame.
    """
    S, n = q.shape
    rotations, origins = np.empty((S, n, 3, 3)), np.empty((S, n, 3))
    turned = np.empty((3, 3))
    for s in range(S):
        for j in range(n):
            sin, cos = np.sin(q[s, j]), np.cos(q[s, j])
            x, y, z = axes[j]
            v = 1.0 - cos
            turn = (
                (cos + x * x * v, x * y * v - z * sin, x * z * v + y * sin),
                (y * x * v + z * sin, cos + y * y * v, y * z * v - x * sin),
                (z * x * v - y * sin, z * y * v + x * sin, cos + z * z * v),
            )
            place = placements[j]
            for a in range(3):
                for b in range(3):
                    turned[a, b] = place[a, 0] * turn[0][b] + place[a, 1] * turn[1][b] + place[a, 2] * turn[2][b]
            p = parents[j]
            for a in range(3):
                if p < 0:
                    origins[s, j, a] = place[a, 3]
                    for b in range(3):
                        rotations[s, j, a, b] = turned[a, b]
                else:
                    r = rotations[s, p, a]
                    origins[s, j, a] = origins[s, p, a] + r[0] * place[0, 3] + r[1] * place[1, 3] + r[2] * place[2, 3]
                    for b in range(3):
                        rotations[s, j, a, b] = r[0] * turned[0, b] + r[1] * turned[1, b] + r[2] * turned[2, b]
    return rotations, origins


@compiled
def segments(rotations: Array, origins: Array, joints: NDArray[np.int64], ends: Array) -> Array:
    """Return where the lines of G capsules are, (S, G, 2, 3); ends (G, 2, 3) are in the frames of their joints (G,)."""
    S, G = len(rotations), len(joints)
    out = np.empty((S, G, 2, 3))
    for s in range(S):
        for g in range(G):
            j = joints[g]
            for e in range(2):
                for a in range(3):
                    r = rotations[s, j, a]
                    out[s, g, e, a] = (
                        origins[s, j, a] + r[0] * ends[g, e, 0] + r[1] * ends[g, e, 1] + r[2] * ends[g, e, 2]
                    )
    return out


@compiled
def first_doubt(
    begin: int, lines: Array, radii: Array, travelled: Array, pair: tuple[int, int], box: Array, margin: float
) -> int:
    """Return the first sample from ``begin`` on at which a pair may be nearer than a margin [m]; S if there is none.

    Args:
        begin: Index of a sample.
        lines: (S, G, 2, 3) lines of the capsules [m].
        radii: (G,) their radii [m].
        travelled: (G, S) how far any point of each link has moved at most since the first sample [m].
        pair: Indices of two capsules; the second is -1 where the partner is the box.
        box: (2, 3) lowest and highest corner of the partner that stands [m].
        margin: How near the pair may come [m].
    """
    S = len(lines)
    first, second = pair
    s = begin
    while s < S:
        if second >= 0:
            apart = _between_lines(lines[s, first], lines[s, second]) - radii[first] - radii[second]
        else:
            apart = _to_box(lines[s, first], box) - radii[first]
        if apart < margin:
            return s
        s = skip(s, apart, travelled, pair, margin)
    return S


@compiled
def first_doubts(
    lines: Array, radii: Array, travelled: Array, pairs: NDArray[np.int64], boxes: Array, margins: Array
) -> NDArray[np.int64]:
    """Return `first_doubt` from the first sample on for each of P pairs (P, 2) with boxes (P, 2, 3), margins (P,)."""
    out = np.empty(len(pairs), np.int64)
    for p in range(len(pairs)):
        pair = pairs[p, 0], pairs[p, 1]
        out[p] = first_doubt(0, lines, radii, travelled, pair, boxes[p], margins[p])
    return out


@compiled
def skip(s: int, apart: float, travelled: Array, pair: tuple[int, int], margin: float) -> int:
    """Return the next sample after s at which a pair that is so far apart [m] at s may be nearer than a margin [m]."""
    first, second = pair
    low, high = s + 1, travelled.shape[1]  # found by halving: what is travelled never falls
    while low < high:
        middle = (low + high) // 2
        moved = travelled[first, middle] - travelled[first, s]
        if second >= 0:
            moved += travelled[second, middle] - travelled[second, s]
        if apart - moved < margin:
            high = middle
        else:
            low = middle + 1
    return low


@compiled
def _between_lines(one: Array, other: Array) -> float:
    """Distance between two line segments (2, 3), (2, 3)."""
    a = e = f = c = b = 0.0
    for k in range(3):
        d1, d2, r = one[1, k] - one[0, k], other[1, k] - other[0, k], one[0, k] - other[0, k]
        a, e, f, c, b = a + d1 * d1, e + d2 * d2, f + d2 * r, c + d1 * r, b + d1 * d2
    tiny = 1e-12
    s = t = 0.0
    if a <= tiny and e > tiny:
        t = min(max(f / e, 0.0), 1.0)
    elif e <= tiny and a > tiny:
        s = min(max(-c / a, 0.0), 1.0)
    elif a > tiny:
        denominator = a * e - b * b
        s = min(max((b * f - c * e) / denominator, 0.0), 1.0) if denominator > tiny else 0.0
        t = (b * s + f) / e
        if t < 0.0:
            s, t = min(max(-c / a, 0.0), 1.0), 0.0
        elif t > 1.0:
            s, t = min(max((b - c) / a, 0.0), 1.0), 1.0
    total = 0.0
    for k in range(3):
        gap = one[0, k] + s * (one[1, k] - one[0, k]) - other[0, k] - t * (other[1, k] - other[0, k])
        total += gap * gap
    return float(np.sqrt(total))


@compiled
def _to_box(line: Array, box: Array) -> float:
    """Lower bound on the distance from a line segment (2, 3) to a box (2, 3); it is convex along the line."""
    low, high = 0.0, 1.0
    best = min(_point_to_box(line, 0.0, box), _point_to_box(line, 1.0, box))
    for _ in range(_HALVINGS):
        one, other = low + (high - low) / 3.0, high - (high - low) / 3.0
        d1, d2 = _point_to_box(line, one, box), _point_to_box(line, other, box)
        best = min(best, d1, d2)
        if d1 < d2:
            high = other
        else:
            low = one
    length = 0.0
    for k in range(3):
        length += (line[1, k] - line[0, k]) ** 2
    return float(max(0.0, best - np.sqrt(length) * (high - low)))


@compiled
def _point_to_box(line: Array, share: float, box: Array) -> float:
    total = 0.0
    for k in range(3):
        x = line[0, k] + share * (line[1, k] - line[0, k])
        gap = max(box[0, k] - x, 0.0, x - box[1, k])
        total += gap * gap
    return float(np.sqrt(total))
