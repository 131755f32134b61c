"""Smoothing a path of poses: directions, movement and the robot's speed and acceleration, over all frames at once.

A person moves an arm faster than many a robot can, and near a singular pose a small turn of a limb asks for a large
turn of a joint. Slowing the whole answer down until its fastest joint keeps its limit would make it unrecognisable; so
what is beyond the limits is priced here, and the path bends where that costs the least direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, solveh_banded

from iat_ros.robot.solver import Problem, hold

Array = NDArray[np.float64]

SMOOTH_WEIGHT = 5e-3
"""Price of a squared movement between two frames [1/rad^2], against a squared chord."""
LIMIT_WEIGHT = 5.0
"""Price of the squared share by which a step or a bend exceeds what the limits allow, against a squared chord."""
ALLOWED = 0.9
"""Share of the limits that is free of charge; the rest leaves room for what the price does not hold back."""


@dataclass(frozen=True)
class Pace:
    """What A chains of n joints may do between frames.

    Attributes:
        step: (A, n, 1) largest change between two frames [rad]: velocity limit times frame time.
        bend: (A, n, 1) largest second difference [rad]: acceleration limit times squared frame time.
    """

    step: Array
    bend: Array


def smooth(problem: Problem, q: Array, iterations: int, pace: Pace | None = None) -> Array:
    """Gauss-Newton inside the limits over all N frames of a path q (A, n, N) together.

    The cost is that of the directions, plus `SMOOTH_WEIGHT` times the squared movement between frames, plus
    `LIMIT_WEIGHT` times what exceeds the pace. Where the directions leave a joint undetermined (a straight arm's yaw),
    the path interpolates through it.
    """
    cost, gradient, hessian, ahead = _linearize(problem, q, pace)
    damping = np.full(len(q), 1e-4)
    for _ in range(iterations):
        held = problem.held(q, gradient)
        right = np.where(held, 0.0, gradient)
        change = _solve(hold(hessian, held), ahead, ~held, right, damping)
        trial = np.clip(q - change, problem.lower, problem.upper)
        new_cost, new_gradient, new_hessian, new_ahead = _linearize(problem, trial, pace)
        better = new_cost < cost
        done = np.all(np.abs(cost - new_cost) <= 1e-4 * cost + 1e-7)
        damping *= np.where(better, 0.1, 30.0)
        cost = np.where(better, new_cost, cost)
        q = np.where(better[:, None, None], trial, q)
        gradient = np.where(better[:, None, None], new_gradient, gradient)
        hessian = np.where(better[:, None, None, None], new_hessian, hessian)
        ahead = tuple(np.where(better[:, None, None], new, old) for new, old in zip(new_ahead, ahead, strict=True))
        if done:
            break
    return q


def _linearize(problem: Problem, q: Array, pace: Pace | None) -> tuple[Array, Array, Array, tuple[Array, ...]]:
    """Return cost (A,), half its gradient (A, n, N), the Hessian's blocks and its parts one and two frames ahead.

    The blocks are (A, n, n, N); the parts join a joint with itself one and two frames later, (A, n, N), the last one
    or two of them 0.
    """
    costs, gradient, hessian = problem.linearize(q)
    cost = costs.sum(axis=1)
    eye = np.arange(q.shape[1])
    ahead = np.zeros_like(q), np.zeros_like(q)
    steps = np.diff(q, axis=2)
    price = np.full_like(steps, SMOOTH_WEIGHT)
    pull = SMOOTH_WEIGHT * steps
    cost += (pull * steps).sum(axis=(1, 2))
    if pace is not None:
        cost += _charge(steps, pace.step, price, pull)
        for end in (slice(0, 1), slice(-1, None)):  # from rest and to rest: the first and the last step are bends too
            cost += _charge(steps[..., end], pace.bend, price[..., end], pull[..., end])
    gradient[..., 1:] += pull
    gradient[..., :-1] -= pull
    hessian[:, eye, eye, 1:] += price
    hessian[:, eye, eye, :-1] += price
    ahead[0][..., :-1] -= price
    if pace is not None and q.shape[2] > 2:
        bends = np.diff(steps, axis=2)
        price, pull = np.zeros_like(bends), np.zeros_like(bends)
        cost += _charge(bends, pace.bend, price, pull)
        for shift, share in ((0, 1.0), (1, -2.0), (2, 1.0)):
            rows = slice(shift, shift + bends.shape[2])
            gradient[..., rows] += share * pull
            hessian[:, eye, eye, rows] += share * share * price
        ahead[0][..., :-2] -= 2.0 * price
        ahead[0][..., 1:-1] -= 2.0 * price
        ahead[1][..., :-2] += price
    return cost, gradient, hessian, ahead


def _charge(values: Array, most: Array, price: Array, pull: Array) -> Array:
    """Charge (A, n, M) values for what exceeds the most allowed; add to price and pull; return the cost (A,)."""
    excess = np.abs(values) / most - ALLOWED
    over = excess > 0.0
    excess = np.where(over, excess, 0.0)
    price += LIMIT_WEIGHT * over / (most * most)
    pull += LIMIT_WEIGHT * excess * np.sign(values) / most
    cost: Array = LIMIT_WEIGHT * (excess * excess).sum(axis=(1, 2))
    return cost


def _solve(blocks: Array, ahead: tuple[Array, ...], free: NDArray[np.bool_], right: Array, damping: Array) -> Array:
    """Solve for the change (A, n, N); unknowns run frame by frame, so the matrix is a band 2 n wide."""
    A, n, N = right.shape
    eye = np.arange(n)
    blocks[:, eye, eye] += damping[:, None, None]
    band = np.zeros((A, 2 * n + 1, N, n))  # rows are subdiagonals
    for offset in range(n):
        band[:, offset, :, : n - offset] = np.swapaxes(blocks[:, eye[offset:], eye[: n - offset]], 1, 2)
    for frames, part in enumerate(ahead, start=1):
        joined = free[..., frames:] & free[..., :-frames]
        band[:, frames * n, :-frames] = np.swapaxes(part[..., :-frames] * joined, 1, 2)
    flat = np.swapaxes(right, 1, 2).reshape(A, N * n)
    change = np.empty_like(flat)
    for a in range(A):
        try:
            change[a] = solveh_banded(band[a].reshape(2 * n + 1, N * n), flat[a], lower=True, check_finite=False)
        except LinAlgError:  # rounding on an all but singular matrix: go downhill, damped more next time
            change[a] = flat[a]
    return np.swapaxes(change.reshape(A, N, n), 1, 2)
