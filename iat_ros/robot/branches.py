"""Finding the right branch: an arm often reaches the same directions in several ways, and must not jump between them.

1. A table of poses, in equal regions of joint space, gives starts from everywhere. Refined at every frame, they give
   all the ways there are to reach it.
2. The path through these candidates with the least error and no jump is found by dynamic programming.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.kinematics import ChainStack
from iat_ros.robot.solver import Problem, refine

Array = NDArray[np.float64]

TABLE_SIZE, REGIONS = 4096, 32
SEED_STEPS, WAY_STEPS, WAYS = 5, 1, 10
"""Steps that refine every seed, further steps for the ways that are kept, and how many are kept at each frame."""
APART = 0.3
"""Poses that differ by less in every joint [rad] are one way, not two."""
JUMP, JUMP_WEIGHT = 0.4, 3.0
"""A change between two frames [rad] is a jump above this plus what the directions turn; its price is squared."""
NEAR_REST, NEAR_START, MOVE = 1e-5, 1e-3, 1e-2
"""Prices of squared distances [1/rad^2] from rest, of the first frame from the start, and between frames."""


class SeedTable:
    """Poses spread over the joint limits, in `REGIONS` equal regions of joint space.

    Attributes:
        q: (A, n, S) poses [rad]; consecutive S / REGIONS of them belong to one region.
        directions: (A, m * 3, S) how the limbs then point.
    """

    def __init__(self, chains: ChainStack, lower: Array, upper: Array) -> None:
        """Fill the table; ``lower`` and ``upper`` (A, n, 1) are the limits [rad]."""
        n = lower.shape[1]
        unit = np.random.default_rng(0).uniform(size=(TABLE_SIZE, n))
        sides = (upper - lower)[..., 0].mean(axis=0)
        cells = [np.arange(TABLE_SIZE)]
        for _ in range(int(np.log2(REGIONS))):  # halve every cell across its widest side
            widest = int(np.argmax(sides))
            sides[widest] /= 2
            cells = [
                half
                for cell in cells
                for half in np.array_split(cell[np.argsort(unit[cell, widest], kind="stable")], 2)
            ]
        self.q = lower + unit[np.concatenate(cells)].T * (upper - lower)
        self.directions = chains.directions(self.q).reshape(len(lower), -1, TABLE_SIZE)

    def seeds(self, problem: Problem) -> Array:
        """Return the best pose of each region for each of the problem's N targets, (A, n, N * REGIONS)."""
        A, m, _, N = problem.target.shape
        target = (problem.target * problem.weight[:, :, None, None]).reshape(A, m * 3, N)
        likeness = (np.swapaxes(target, 1, 2) @ self.directions).reshape(A, N, REGIONS, -1)
        best = likeness.argmax(axis=-1) + np.arange(REGIONS) * likeness.shape[-1]
        return np.stack([q[:, rows.ravel()] for q, rows in zip(self.q, best, strict=True)])


def find_path(problem: Problem, table: SeedTable, start: Array) -> Array:
    """Return a path (A, n, T) through the frames of a problem, from the pose ``start`` (A, n) [rad]."""
    frames = np.arange(problem.target.shape[-1])
    q, cost = refine(problem.take(np.repeat(frames, REGIONS)), table.seeds(problem), SEED_STEPS)
    A, n, _ = q.shape
    ways = _distinct(q.reshape(A, n, len(frames), REGIONS), cost.reshape(A, len(frames), REGIONS))
    flat, cost = refine(problem.take(np.repeat(frames, WAYS)), ways.reshape(A, n, -1), WAY_STEPS)
    candidates, costs = flat.reshape(ways.shape), cost.reshape(A, len(frames), WAYS)
    turned = np.linalg.norm(np.diff(problem.target, axis=-1), axis=2)  # (A, m, T-1)
    allowed = JUMP + (turned * problem.weight[..., None]).sum(axis=1)
    return _best_path(candidates, costs, allowed, problem.rest[..., 0], start)


def _distinct(q: Array, cost: Array) -> Array:
    """Keep the best poses that differ, (A, n, N, K) -> (A, n, N, WAYS); the best again where there are fewer."""
    chosen = []
    cost = cost.copy()
    first = None
    for _ in range(WAYS):
        best = cost.argmin(axis=-1)[:, None, :, None]
        spent = np.isinf(np.take_along_axis(cost, best[:, 0], axis=-1))
        pose = np.take_along_axis(q, best, axis=-1)
        first = pose if first is None else first
        chosen.append(np.where(spent[:, None], first, pose))
        cost[np.abs(q - pose).max(axis=1) < APART] = np.inf
    return np.concatenate(chosen, axis=-1)


def _best_path(q: Array, cost: Array, allowed: Array, rest: Array, start: Array) -> Array:
    """Choose one candidate per frame: least error along the path, no jump where a way without one exists.

    Args:
        q: (A, n, T, C) candidates [rad].
        cost: (A, T, C) their costs.
        allowed: (A, T - 1) change of a joint between two frames [rad] above which it is a jump.
        rest: (A, n) rest pose [rad]; near it is slightly better.
        start: (A, n) pose before the first frame [rad]; near it is better.

    Returns:
        (A, n, T) the path.
    """
    A, n, T, C = q.shape
    price = cost + NEAR_REST * ((q - rest[:, :, None, None]) ** 2).sum(axis=1)
    total = price[:, 0] + NEAR_START * ((q[:, :, 0] - start[:, :, None]) ** 2).sum(axis=1)
    moved = np.zeros((A, T - 1, C, C))  # to, from
    for joint in range(n):
        move = np.abs(q[:, joint, 1:, :, None] - q[:, joint, :-1, None])
        moved += MOVE * move * move
        np.maximum(move - allowed[..., None, None], 0.0, out=move)
        moved += JUMP_WEIGHT * move * move
    came_from = np.empty((T, A, C), dtype=np.intp)
    for t in range(1, T):
        ways = total[:, None, :] + moved[:, t - 1]
        came_from[t] = ways.argmin(axis=-1)
        total = ways.min(axis=-1) + price[:, t]
    choice = np.empty((A, T), dtype=np.intp)
    choice[:, -1] = total.argmin(axis=-1)
    chains = np.arange(A)
    for t in range(T - 1, 0, -1):
        choice[:, t - 1] = came_from[t, chains, choice[:, t]]
    return np.stack([q[a][:, np.arange(T), choice[a]] for a in range(A)])
