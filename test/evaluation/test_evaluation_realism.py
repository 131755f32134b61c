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

"""Diversity and Frechet distance against closed forms."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.linalg

from iat_ros.evaluation.realism import frechet_distance, mean_distance
from iat_ros.skeleton.motion import MotionArray

AXES = np.eye(3)


def pointing(*directions: int) -> MotionArray:
    """Motions of two limbs over four frames; the first limb points along an axis, the second stays."""
    limbs = np.tile(AXES[2], (len(directions), 4, 2, 1))
    limbs[:, :, 0] = AXES[list(directions)][:, None]
    return MotionArray(limbs, np.ones(len(directions)))


def standard(count: int, features: int, seed: int = 0) -> np.ndarray:
    """Random features with a mean of exactly 0 and a covariance of exactly I."""
    drawn = np.random.default_rng(seed).normal(size=(count, features))
    drawn -= drawn.mean(axis=0)
    return drawn @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(drawn, rowvar=False)))).T


def test_mean_distance_by_hand() -> None:
    """A limb that points elsewhere in all frames is sqrt(2) away, in half of the frames 1; groups count the same."""
    assert mean_distance(pointing(0, 1), np.array([0, 0])) == pytest.approx(np.sqrt(2))
    assert mean_distance(pointing(0, 1, 1), np.zeros(3)) == pytest.approx(2 * np.sqrt(2) / 3)
    assert mean_distance(pointing(0, 1, 2, 2, 2), np.array([0, 0, 1, 1, 1])) == pytest.approx(np.sqrt(2) / 2)
    half = pointing(0, 0)
    half.limbs_in_body[1, :2, 0] = AXES[1]
    assert mean_distance(half, np.array([5, 5])) == pytest.approx(1.0)


def test_groups_of_one_are_left_out() -> None:
    """One motion alone has no distance; where all are alone, there is none at all."""
    assert mean_distance(pointing(0, 1, 2), np.array([0, 0, 1])) == pytest.approx(np.sqrt(2))
    assert mean_distance(pointing(0, 1), np.array([0, 1])) == 0.0


def test_mean_distance_does_not_depend_on_order_or_length() -> None:
    """Motions in another order, or held twice as long, are as far apart."""
    rng = np.random.default_rng(0)
    limbs = rng.normal(size=(12, 8, 3, 3))
    limbs /= np.linalg.norm(limbs, axis=-1, keepdims=True)
    groups = np.arange(12) % 4
    expected = mean_distance(MotionArray(limbs, np.ones(12)), groups)
    order = rng.permutation(12)
    assert mean_distance(MotionArray(limbs[order], np.ones(12)), groups[order]) == pytest.approx(expected)
    assert mean_distance(MotionArray(limbs.repeat(2, axis=1), np.ones(12)), groups) == pytest.approx(expected)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (3.0, 1.0), (0.0, 2.5), (-2.0, 0.3)])
def test_frechet_distance_of_two_normal_distributions(mean: float, deviation: float) -> None:
    """In one dimension it is (m_1 - m_2)^2 + (s_1 - s_2)^2."""
    first, second = standard(50, 1), mean + deviation * standard(80, 1, seed=1)
    expected = mean**2 + (deviation - 1) ** 2
    assert frechet_distance(first, second) == pytest.approx(expected, abs=1e-9)
    assert frechet_distance(second, first) == pytest.approx(expected, abs=1e-9)


def test_frechet_distance_along_separate_axes_adds_up() -> None:
    """Of independent features it is the sum over the features, also after both are turned the same way."""
    means, ones, others = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 0.1]), np.array([3.0, 2.0, 1.0])
    first, second = standard(60, 3) * ones, means + standard(40, 3, seed=1) * others
    expected = np.square(means).sum() + np.square(ones - others).sum()
    assert frechet_distance(first, second) == pytest.approx(expected)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    assert frechet_distance(first @ turn, second @ turn) == pytest.approx(expected)


def test_frechet_distance_of_any_covariances() -> None:
    """With covariances that do not commute, it is what the formula gives with the root of their product."""
    rng = np.random.default_rng(3)
    first, second = standard(50, 4) @ rng.normal(size=(4, 4)), standard(50, 4, 1) @ rng.normal(size=(4, 4)) + 1.0
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    expected = 4.0 + np.trace(one + two - 2 * scipy.linalg.sqrtm(one @ two).real)
    assert frechet_distance(first, second) == pytest.approx(expected)


@pytest.mark.parametrize(("count", "features"), [(200, 4), (20, 64)])
def test_frechet_distance_of_the_same_is_nothing_and_a_shift_is_its_square(count: int, features: int) -> None:
    """Also where features outnumber motions, so that covariances are singular."""
    drawn = np.random.default_rng(0).normal(size=(count, features))
    shift = np.random.default_rng(1).normal(size=features)
    assert frechet_distance(drawn, drawn) == pytest.approx(0.0, abs=1e-4)
    assert frechet_distance(drawn, drawn + shift) == pytest.approx(shift @ shift, rel=1e-4)


def test_frechet_distance_from_a_single_point() -> None:
    """From features that never change it is the squared distance of the means, and the whole spread of the others."""
    drawn = np.random.default_rng(0).normal(size=(100, 5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)  # scipy's root of 0 is 0, with a warning
        found = frechet_distance(np.ones((30, 5)), drawn)
    assert found == pytest.approx(np.square(drawn.mean(axis=0) - 1).sum() + drawn.var(axis=0, ddof=1).sum())
