"""Inverse kinematics of limb directions: many frames from many starts in one array.

On a `ChainStack` of A chains with n joints and m limbs, arrays are (A, n, N), poses last. The error of a limb is the
chord between two unit vectors, |d - target|^2 = 2 - 2 cos(angle); a problem's cost is their weighted sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.kinematics import ChainStack

Array = NDArray[np.float64]

REST_WEIGHT = 1e-5
"""Price of a squared distance from rest [1/rad^2], against a squared chord."""


@dataclass(frozen=True)
class Problem:
    """N sets of limb directions wanted of a stack of chains, and what the joints may do.

    Attributes:
        chains: The kinematics.
        target: (A, m, 3, N) unit vectors in the body frame.
        weight: (A, m) of each limb's squared chord; 0 for a limb that isn't given.
        lower, upper, rest: (A, n, 1) limits and rest pose [rad].
    """

    chains: ChainStack
    target: Array
    weight: Array
    lower: Array
    upper: Array
    rest: Array

    def take(self, columns: NDArray[np.intp]) -> Problem:
        """Return the problem of the given columns (of N), which may repeat."""
        return replace(self, target=self.target[..., columns])

    def linearize(self, q: Array) -> tuple[Array, Array, Array]:
        """Return cost (A, N), half its gradient (A, n, N) and its Gauss-Newton Hessian (A, n, n, N) at q (A, n, N)."""
        d, J = self.chains.linearize(q)
        A, m, n, _, N = J.shape
        scale = np.sqrt(self.weight)
        residual = ((d - self.target) * scale[:, :, None, None]).reshape(A, m * 3, N)
        J = np.swapaxes(J * scale[:, :, None, None, None], 1, 2).reshape(A, n, m * 3, N)
        away = q - self.rest
        cost = (residual * residual).sum(axis=1) + REST_WEIGHT * (away * away).sum(axis=1)
        gradient = (J * residual[:, None]).sum(axis=2) + REST_WEIGHT * away
        hessian = np.empty((A, n, n, N))
        for i in range(n):
            hessian[:, i, : i + 1] = hessian[:, : i + 1, i] = (J[:, : i + 1] * J[:, i : i + 1]).sum(axis=2)
            hessian[:, i, i] += REST_WEIGHT
        return cost, gradient, hessian

    def held(self, q: Array, gradient: Array) -> NDArray[np.bool_]:
        """Return which joints (A, n, N) stand at a limit and are pushed against it."""
        return ((q <= self.lower) & (gradient > 0.0)) | ((q >= self.upper) & (gradient < 0.0))

    def step(self, q: Array, gradient: Array, hessian: Array, damping: Array | float) -> Array:
        """Return the pose (A, n, N) after one Newton step inside the limits; ``damping`` is (A, N) or a number."""
        held = self.held(q, gradient)
        matrix = hold(hessian, held)
        n = q.shape[1]
        matrix[:, np.arange(n), np.arange(n)] += damping[:, None] if isinstance(damping, np.ndarray) else damping
        change = _solve_positive(matrix, np.where(held, 0.0, gradient))
        return np.clip(q - np.clip(change, -0.7, 0.7), self.lower, self.upper)


def refine(problem: Problem, q: Array, iterations: int) -> tuple[Array, Array]:
    """Levenberg-Marquardt inside the limits, every pose by itself.

    Returns:
        Poses (A, n, N) no worse than those given, and their costs (A, N).
    """
    cost, gradient, hessian = problem.linearize(q)
    damping = np.full(cost.shape, 1e-2)
    for _ in range(iterations):
        trial = problem.step(q, gradient, hessian, damping)
        new_cost, new_gradient, new_hessian = problem.linearize(trial)
        better = new_cost < cost
        damping *= np.where(better, 0.1, 10.0)
        cost = np.where(better, new_cost, cost)
        q = np.where(better[:, None], trial, q)
        gradient = np.where(better[:, None], new_gradient, gradient)
        hessian = np.where(better[:, None, None], new_hessian, hessian)
    return q, cost


def hold(hessian: Array, held: NDArray[np.bool_]) -> Array:
    """Copy Hessians (A, n, n, N) with the rows and columns of held joints (A, n, N) replaced by the identity's."""
    free = ~held
    matrix = hessian * free[:, :, None] * free[:, None]
    n = held.shape[1]
    matrix[:, np.arange(n), np.arange(n)] += held
    return matrix


def _solve_positive(matrix: Array, right: Array) -> Array:
    """Solve symmetric positive definite systems (A, n, n, N) for (A, n, N), all at once; the matrix is used up."""
    n = right.shape[1]
    x = right.copy()
    for k in range(n):
        inverse = 1.0 / matrix[:, k, k]
        for i in range(k + 1, n):
            factor = matrix[:, i, k] * inverse
            matrix[:, i, k + 1 :] -= factor[:, None] * matrix[:, k, k + 1 :]
            x[:, i] -= factor * x[:, k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            x[:, k] -= matrix[:, k, j] * x[:, j]
        x[:, k] /= matrix[:, k, k]
    return x
