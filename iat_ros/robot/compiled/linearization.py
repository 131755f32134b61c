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

"""One arm at a time, in plain loops: where its limbs point, what that costs, and its slope and curvature.

An arm has n joints and m limbs; an answer T frames. The error of a limb is the chord between two unit vectors,
|d - target|^2 = 2 - 2 cos(angle); the cost of a pose is their weighted sum. What is called for every pose takes arrays
or is inlined, for Numba counts references of every array in an `Arm` that is passed, which took half the time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.cache import compiled, inlined

Array = NDArray[np.float64]

REST_WEIGHT = 1e-5
"""Price of a squared distance from rest [1/rad^2], against a squared chord."""
WHOLE, END, START = 1, 2, 3


class Arm(NamedTuple):
    """A chain of joints, the limbs that it moves, and poses to start from. All arrays are read only by convention.

    Attributes:
        parents: (n,) index of the joint before each joint, -1 for the torso.
        operators: (n, 3, 11) as in `ChainStack`.
        limb_parents: (m, 2) joint that carries the start and the end of each limb, -1 for the torso.
        limb_offsets: (m, 2, 3) where they are in that joint's frame [m].
        moves: (m, n) `WHOLE`, `END`, `START` or 0: what of a limb a joint moves.
        lower, upper, rest: (n,) limits and rest pose [rad].
        seeds: (R, S, n) poses [rad] in R regions of joint space.
        seed_directions: (R, m * 3, S) how the limbs then point.
    """

    parents: NDArray[np.int64]
    operators: Array
    limb_parents: NDArray[np.int64]
    limb_offsets: Array
    moves: NDArray[np.int64]
    lower: Array
    upper: Array
    rest: Array
    seeds: Array
    seed_directions: Array


class Work(NamedTuple):
    """Memory for one pose at a time.

    ``rotation`` (n, 3, 3), ``origin``, ``axis`` (n, 3) of the joints in the body frame; ``ends`` (2, 3) of a limb;
    ``residual`` (m, 3) and ``jacobian`` (m, 3, n), weighted; ``band`` (n, n) and ``change`` (n,) of a step.
    """

    rotation: Array
    origin: Array
    axis: Array
    ends: Array
    residual: Array
    jacobian: Array
    band: Array
    change: Array


class State(NamedTuple):
    """P poses linearised.

    ``q`` (P, n), ``cost`` (P,), ``gradient`` (P, n), half the cost's, and ``hessian`` (P, n, n), Gauss-Newton's, of
    which only the lower half is filled.
    """

    q: Array
    cost: Array
    gradient: Array
    hessian: Array


@compiled
def make_work(arm: Arm) -> Work:
    """Make room for one pose of an arm, not filled."""
    m, n = arm.moves.shape
    return Work(
        np.empty((n, 3, 3)),
        np.empty((n, 3)),
        np.empty((n, 3)),
        np.empty((2, 3)),
        np.empty((m, 3)),
        np.empty((m, 3, n)),
        np.empty((n, n)),
        np.empty(n),
    )


@compiled
def make_state(P: int, n: int) -> State:
    """Make room for P poses of n joints, not filled."""
    return State(np.empty((P, n)), np.empty(P), np.empty((P, n)), np.empty((P, n, n)))


@inlined
def turn(arm: Arm, q: Array, p: int, work: Work) -> None:
    """Turn the joints to pose p of q (P, n): rotation, origin and axis in the body frame, by Rodrigues' formula."""
    operators, R, origin, axis = arm.operators, work.rotation, work.origin, work.axis
    for j in range(q.shape[1]):
        sin, one_minus_cos, parent = np.sin(q[p, j]), 1.0 - np.cos(q[p, j]), arm.parents[j]
        if parent < 0:
            for r in range(3):
                for c in range(3):
                    turn = sin * operators[j, r, 3 + c] + one_minus_cos * operators[j, r, 6 + c]
                    R[j, r, c] = operators[j, r, c] + turn
                origin[j, r], axis[j, r] = operators[j, r, 9], operators[j, r, 10]
            continue
        for c in range(3):
            x = operators[j, 0, c] + sin * operators[j, 0, 3 + c] + one_minus_cos * operators[j, 0, 6 + c]
            y = operators[j, 1, c] + sin * operators[j, 1, 3 + c] + one_minus_cos * operators[j, 1, 6 + c]
            z = operators[j, 2, c] + sin * operators[j, 2, 3 + c] + one_minus_cos * operators[j, 2, 6 + c]
            for r in range(3):
                R[j, r, c] = R[parent, r, 0] * x + R[parent, r, 1] * y + R[parent, r, 2] * z
        x, y, z = operators[j, 0, 9], operators[j, 1, 9], operators[j, 2, 9]
        u, v, w = operators[j, 0, 10], operators[j, 1, 10], operators[j, 2, 10]
        for r in range(3):
            origin[j, r] = origin[parent, r] + R[parent, r, 0] * x + R[parent, r, 1] * y + R[parent, r, 2] * z
            axis[j, r] = R[parent, r, 0] * u + R[parent, r, 1] * v + R[parent, r, 2] * w


@inlined
def span(arm: Arm, k: int, work: Work) -> tuple[float, float, float, float]:
    """Put the ends of limb k where the turned joints carry them; return its direction and 1 / length [1/m]."""
    R, offsets, ends = work.rotation, arm.limb_offsets, work.ends
    for end in range(2):
        joint = arm.limb_parents[k, end]
        x, y, z = offsets[k, end, 0], offsets[k, end, 1], offsets[k, end, 2]
        if joint < 0:
            ends[end, 0], ends[end, 1], ends[end, 2] = x, y, z
            continue
        for r in range(3):
            turned = R[joint, r, 0] * x + R[joint, r, 1] * y + R[joint, r, 2] * z
            ends[end, r] = work.origin[joint, r] + turned
    x, y, z = ends[1, 0] - ends[0, 0], ends[1, 1] - ends[0, 1], ends[1, 2] - ends[0, 2]
    inverse = 1.0 / np.sqrt(x * x + y * y + z * z)
    return x * inverse, y * inverse, z * inverse, inverse


@compiled
def linearize(
    arm: Arm,
    target: Array,
    weight: Array,
    state: State,
    frames: NDArray[np.int64],
    idle: NDArray[np.bool_],
    work: Work,
) -> None:
    """Linearise the poses that aren't idle (P,) against the targets (T, m, 3) of their frames (P,), weights (m,)."""
    m, n = arm.moves.shape
    q, J, residual, ends = state.q, work.jacobian, work.residual, work.ends
    for p in range(len(q)):
        if idle[p]:
            continue
        t = frames[p]
        turn(arm, q, p, work)
        cost = 0.0
        for k in range(m):
            x, y, z, inverse = span(arm, k, work)
            scale = np.sqrt(weight[k])
            residual[k, 0], residual[k, 1], residual[k, 2] = (
                scale * (x - target[t, k, 0]),
                scale * (y - target[t, k, 1]),
                scale * (z - target[t, k, 2]),
            )
            cost += residual[k, 0] ** 2 + residual[k, 1] ** 2 + residual[k, 2] ** 2
            for j in range(n):
                how = arm.moves[k, j]
                if how == 0:
                    J[k, 0, j] = J[k, 1, j] = J[k, 2, j] = 0.0
                    continue
                u, v, w, factor = x, y, z, scale
                if how != WHOLE:  # the joint moves one end of the limb
                    e, factor = (1, scale * inverse) if how == END else (0, -scale * inverse)
                    u = ends[e, 0] - work.origin[j, 0]
                    v = ends[e, 1] - work.origin[j, 1]
                    w = ends[e, 2] - work.origin[j, 2]
                a, b, c = work.axis[j, 0], work.axis[j, 1], work.axis[j, 2]
                u, v, w = factor * (b * w - c * v), factor * (c * u - a * w), factor * (a * v - b * u)
                along = u * x + v * y + w * z  # 0 for a limb that turns as a whole
                J[k, 0, j], J[k, 1, j], J[k, 2, j] = u - along * x, v - along * y, w - along * z
        for i in range(n):
            away = q[p, i] - arm.rest[i]
            cost += REST_WEIGHT * away * away
            slope = REST_WEIGHT * away
            for k in range(m):
                slope += J[k, 0, i] * residual[k, 0] + J[k, 1, i] * residual[k, 1] + J[k, 2, i] * residual[k, 2]
            state.gradient[p, i] = slope
            for j in range(i + 1):
                product = REST_WEIGHT if i == j else 0.0
                for k in range(m):
                    product += J[k, 0, i] * J[k, 0, j] + J[k, 1, i] * J[k, 1, j] + J[k, 2, i] * J[k, 2, j]
                state.hessian[p, i, j] = product
        state.cost[p] = cost


@compiled
def errors(arm: Arm, target: Array, q: Array) -> Array:
    """Return the angles (T, m) [rad] between targets (T, m, 3) and the limbs at poses q (T, n)."""
    work = make_work(arm)
    angles = np.empty(target.shape[:2])
    for t in range(len(q)):
        turn(arm, q, t, work)
        for k in range(target.shape[1]):
            x, y, z, _ = span(arm, k, work)
            chord = np.sqrt((x - target[t, k, 0]) ** 2 + (y - target[t, k, 1]) ** 2 + (z - target[t, k, 2]) ** 2)
            angles[t, k] = 2.0 * np.arcsin(min(chord / 2.0, 1.0))
    return angles
