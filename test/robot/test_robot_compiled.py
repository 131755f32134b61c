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

"""The compiled arithmetic: equal to the model's, and compiled before the first answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solveh_banded

from iat_ros.robot.arms import arms_of
from iat_ros.robot.compiled import linearization, movement, path_search, smoothing
from iat_ros.robot.compiled.solver import solve_band
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget


def linearize(robot: RobotModel, number: int, target: np.ndarray, q: np.ndarray) -> linearization.State:
    """Linearise poses (T, n) of one arm against their targets (T, m, 3)."""
    arm = arms_of(robot)[number].arm
    state = linearization.make_state(len(q), q.shape[1])
    state.q[:] = q
    frames, idle = np.arange(len(q)), np.zeros(len(q), bool)
    linearization.linearize(arm, target, np.ones(target.shape[1]), state, frames, idle, linearization.make_work(arm))
    return state


def test_kinematics_equal_the_models(robot: RobotModel) -> None:
    """Cost, gradient and Gauss-Newton Hessian are those of the model's directions and Jacobians; so are the angles."""
    rng = np.random.default_rng(0)
    poses = rng.uniform(robot.safe_lower, robot.safe_upper, (20, len(robot.rest)))
    target = rng.normal(size=(20, len(robot.limb_names), 3))
    target /= np.linalg.norm(target, axis=-1, keepdims=True)
    for number, part in enumerate(arms_of(robot)):
        wanted, q = np.ascontiguousarray(target[:, part.limbs]), np.ascontiguousarray(poses[:, part.joints])
        full = np.tile(robot.rest, (20, 1))
        full[:, part.joints] = q
        directions = robot.limb_directions(full)[:, part.limbs]
        jacobian = robot.limb_jacobians(full)[:, part.limbs][..., part.joints].reshape(20, -1, q.shape[1])
        residual, away = (directions - wanted).reshape(20, -1), q - robot.rest[part.joints]
        state = linearize(robot, number, wanted, q)
        cost = (residual**2).sum(axis=1) + linearization.REST_WEIGHT * (away**2).sum(axis=1)
        np.testing.assert_allclose(state.cost, cost, rtol=1e-10)
        gradient = np.einsum("tri,tr->ti", jacobian, residual) + linearization.REST_WEIGHT * away
        np.testing.assert_allclose(state.gradient, gradient, atol=1e-10)
        hessian = np.einsum("tri,trj->tij", jacobian, jacobian) + linearization.REST_WEIGHT * np.eye(q.shape[1])
        np.testing.assert_allclose(np.tril(state.hessian), np.tril(hessian), atol=1e-10)
        angles = np.arccos(np.clip((directions * wanted).sum(axis=-1), -1.0, 1.0))
        np.testing.assert_allclose(linearization.errors(part.arm, wanted, q), angles, atol=1e-6)


@pytest.mark.parametrize("width", [0, 3, 8])
def test_band_solver_equals_scipy(width: int) -> None:
    """A positive definite band is solved as SciPy does it; one that isn't positive is refused."""
    rng = np.random.default_rng(width)
    band, right = rng.uniform(-1.0, 1.0, (40, width + 1)), rng.normal(size=40)
    band[:, 0] += 2.0 * width + 1.0
    lower = band.T.copy()  # SciPy's lower form: row d holds the entries d below the diagonal
    expected = solveh_banded(lower, right, lower=True)
    solution = right.copy()
    assert solve_band(band.copy(), width, solution)
    np.testing.assert_allclose(solution, expected, rtol=1e-9, atol=1e-12)
    band[7, 0] = -1.0
    assert not solve_band(band, width, right.copy())


def test_movement_has_the_gradient_of_its_cost() -> None:
    """What exceeds speed and acceleration has the slope and the curvature that finite differences of its cost have."""
    rng = np.random.default_rng(3)
    T, n, h = 6, 2, 1e-6
    q, step, bend = rng.normal(size=(T, n)), np.array([0.3, 0.6]), np.array([0.2, 0.5])

    def slope(path: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gradient, band = np.zeros((T, n)), np.zeros((T * n, 2 * n + 1))
        cost = movement.restrain(path, step, bend, gradient, band)
        assert cost == pytest.approx(movement.restraint(path, step, bend))
        return gradient.ravel(), band

    gradient, band = slope(q)
    for i in range(T * n):
        moved = h * np.eye(T * n)[i].reshape(T, n)
        above, below = movement.restraint(q + moved, step, bend), movement.restraint(q - moved, step, bend)
        assert gradient[i] == pytest.approx((above - below) / (4 * h), rel=1e-5, abs=1e-6)
        row = (slope(q + moved)[0] - slope(q - moved)[0]) / (2 * h)
        for d in range(min(2 * n + 1, T * n - i)):
            assert band[i, d] == pytest.approx(row[i + d], rel=1e-4, abs=1e-4)
    change = rng.normal(size=(T, n))
    assert movement._slope(q, change, 0.0, step, bend) == pytest.approx(gradient @ change.ravel(), rel=1e-9)


def test_nothing_is_compiled_after_the_first_answer(g1: RobotModel) -> None:
    """Whatever is asked after the node's warm-up meets code that is there: an answer never waits for the compiler."""
    down = np.tile([0.0, 0.0, -1.0], (32, 4, 1))
    retarget(g1, down, g1.limb_names, None, 2.0)
    entries = (path_search.find_path, smoothing.smooth, linearization.errors)
    before = [len(entry.signatures) for entry in entries]
    assert before == [1, 1, 1]
    wanted = np.asfortranarray(down.astype(np.float32))
    wanted.flags.writeable = False
    start = np.asfortranarray(np.tile(g1.rest, (2, 1)).T)[:, 0]
    retarget(g1, wanted, g1.limb_names, start, 1)
    retarget(g1, wanted[:1, :2], g1.limb_names[:2])
    assert [len(entry.signatures) for entry in entries] == before
