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

"""Joints as unit vectors: there and back, whatever kind of joint it is, and never beyond what was recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.errors import SkeletonError
from iat_ros.skeleton.joint_motion import SPAN_RAD, JointMotion, JointScale

SCALE = JointScale(
    ("elbow", "turntable", "gripper", "stuck"), (-0.4, -20.0, 0.0, 0.7), (0.6, 3.0, 0.08, 0.7)
)  # an ordinary joint, one that turns several times, one that slides, one that never moved


def test_positions_come_back() -> None:
    """Turning more than once around, sliding and standing still all survive; every vector has length 1."""
    rng = np.random.default_rng(0)
    positions = rng.uniform(SCALE.lowest, SCALE.highest, (50, 32, 4))
    vectors = SCALE.to_vectors(positions)
    assert vectors.shape == (50, 32, 4, 3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-12)
    np.testing.assert_allclose(SCALE.to_positions(vectors), positions, atol=1e-9)


def test_a_joint_counts_as_much_as_it_moves() -> None:
    """A joint within 2 rad keeps its true angles; one that goes further is compressed to them, middle to middle."""
    angle = np.arctan2(*SCALE.to_vectors(np.array([SCALE.lowest, SCALE.highest]))[..., (1, 0)].transpose(2, 0, 1))
    np.testing.assert_allclose(np.ptp(angle, axis=0), [1.0, 2.0 * SPAN_RAD, 0.08, 0.0], atol=1e-9)
    np.testing.assert_allclose(angle.sum(axis=0), 0.0, atol=1e-9)


def test_nothing_goes_beyond_what_was_recorded() -> None:
    """Whatever a network gives, also vectors of no length, backwards, or out of the plane, stays inside."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(1000, 4, 3)) * rng.choice([1e-9, 1.0, 100.0], (1000, 1, 1))
    vectors[0] = 0.0
    positions = SCALE.to_positions(vectors)
    assert (positions >= SCALE.lowest).all()
    assert (positions <= SCALE.highest).all()
    beyond = SCALE.to_vectors(np.array([[5.0, 50.0, 1.0, 2.0]]))
    assert (SCALE.to_positions(beyond) <= SCALE.highest).all()


def test_a_mean_of_vectors_is_nearly_the_mean_of_positions() -> None:
    """What answers are blended by keeps its meaning: within 8.5 % of the range, for any two positions and share."""
    rng = np.random.default_rng(2)
    first, second = rng.uniform(SCALE.lowest, SCALE.highest, (2, 500, 4))
    share = rng.uniform(size=(500, 1))
    blended = SCALE.to_positions(
        share[..., None] * SCALE.to_vectors(first) + (1 - share[..., None]) * SCALE.to_vectors(second)
    )
    off = np.abs(blended - (share * first + (1 - share) * second))
    assert (off <= 0.085 * (np.array(SCALE.highest) - SCALE.lowest) + 1e-12).all()


def test_the_range_is_that_of_all_recordings() -> None:
    """Lowest and highest are taken over every recording."""
    scale = JointScale.of(["a", "b"], [np.array([[0.0, 1.0], [0.5, 2.0]]), np.array([[-1.0, 1.5], [0.2, 1.0]])])
    assert (scale.lowest, scale.highest) == ((-1.0, 1.0), (0.5, 2.0))


@pytest.mark.parametrize(
    ("names", "lowest", "highest", "problem"),
    [
        ((), (), (), "need names"),
        (("a", "a"), (0.0, 0.0), (1.0, 1.0), "twice"),
        (("a",), (1.0,), (0.0,), "lies above"),
        (("a",), (0.0,), (float("nan"),), "as numbers"),
        (("a",), (0.0,), (1e9,), "as numbers"),
        (("a", "b"), (0.0,), (1.0, 1.0), "as many"),
        (("a",), ("0",), (1.0,), "as numbers"),
    ],
)
def test_a_scale_that_cannot_be_is_refused(names: Any, lowest: Any, highest: Any, problem: str) -> None:
    """A model file from a stranger cannot bring a robot anywhere strange."""
    with pytest.raises(SkeletonError, match=problem):
        JointScale(names, lowest, highest)


@pytest.mark.parametrize(
    ("names", "positions", "duration_s", "problem"),
    [
        (("a", "a"), np.zeros((4, 2)), 1.0, "distinct"),
        (("a",), np.zeros((1, 1)), 1.0, "T >= 2"),
        (("a",), np.zeros((4, 2)), 1.0, "of 1 joints"),
        (("a",), np.full((4, 1), np.nan), 1.0, "NaN"),
        (("a",), np.full((4, 1), 1e4), 1.0, "beyond 1000"),
        (("a",), np.zeros((4, 1)), 0.0, "duration"),
    ],
)
def test_a_motion_that_cannot_be_is_refused(names: Any, positions: Any, duration_s: float, problem: str) -> None:
    """Names, shape, numbers and duration are checked."""
    with pytest.raises(SkeletonError, match=problem):
        JointMotion(names, positions, duration_s)
