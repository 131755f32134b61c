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

"""Where a person stands, from landmarks on the person and in the picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from iat_ros.nodes.camera.identities import Identities
from iat_ros.nodes.camera.place import focal_length_px, stand

CENTRE = (320.0, 240.0)
FOCAL = focal_length_px(640, math.radians(65.0))


def seen(body: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Project landmarks of a person who stands somewhere, shape (J, 2) [px]."""
    at = body + place
    return FOCAL * at[:, :2] / at[:, 2:] + CENTRE


@pytest.fixture
def body() -> np.ndarray:
    """Landmarks as wide and high as a person, shape (33, 3) [m]."""
    return np.random.default_rng(1).uniform((-0.4, -0.8, -0.2), (0.4, 0.8, 0.2), (33, 3))


@pytest.mark.parametrize("place", [(0.0, 0.0, 2.0), (-0.8, 0.3, 1.2), (1.5, -0.5, 6.0)])
def test_the_place_is_found(body: np.ndarray, place: tuple[float, float, float]) -> None:
    """Exact landmarks give the exact place, at the side of the picture, too."""
    found = stand(body, seen(body, np.array(place)), np.ones(33), FOCAL, CENTRE)
    np.testing.assert_allclose(found, place, atol=1e-9)


def test_a_person_taller_than_assumed_seems_as_much_nearer(body: np.ndarray) -> None:
    """What a picture cannot tell: who is 10 % taller than the landmarks say is placed about 10 % too near."""
    found = stand(body, seen(1.1 * body, np.array((0.0, 0.0, 3.0))), np.ones(33), FOCAL, CENTRE)
    assert found is not None
    assert found[2] == pytest.approx(3.0 / 1.1, rel=0.02)


def test_a_known_distance_is_kept(body: np.ndarray) -> None:
    """With the distance given, only the place across the picture is found."""
    found = stand(body, seen(body, np.array((0.4, 0.1, 2.0))), np.ones(33), FOCAL, CENTRE, distance_m=2.0)
    np.testing.assert_allclose(found, (0.4, 0.1, 2.0), atol=1e-9)


def test_landmarks_that_cannot_be_seen_do_not_count(body: np.ndarray) -> None:
    """Weight 0, NaN in either place."""
    place = np.array((0.2, 0.0, 2.5))
    pixels, weights = seen(body, place), np.ones(33)
    pixels[3], weights[3] = (0.0, 0.0), 0.0
    pixels[5], body[6] = np.nan, np.nan
    np.testing.assert_allclose(stand(body, pixels, weights, FOCAL, CENTRE), place, atol=1e-9)


def test_landmarks_count_as_much_as_they_can_be_relied_upon(body: np.ndarray) -> None:
    """Ten landmarks far from where they should be, hardly visible, move nobody more than some centimetres."""
    place = np.array((0.2, 0.0, 2.5))
    pixels, weights = seen(body, place), np.ones(33)
    pixels[:10] += 60.0
    weights[:10] = 0.05
    found = stand(body, pixels, weights, FOCAL, CENTRE)
    assert found is not None
    assert np.linalg.norm(found - place) < 0.02


def test_no_place_is_better_than_a_wrong_one(body: np.ndarray) -> None:
    """Five landmarks are too few; behind the camera, far away and in one point is nowhere."""
    pixels, weights = seen(body, np.array((0.0, 0.0, 2.0))), np.ones(33)
    few = np.where(np.arange(33) < 5, 1.0, 0.0)
    assert stand(body, pixels, few, FOCAL, CENTRE) is None
    assert stand(-body, pixels, weights, FOCAL, CENTRE) is None
    assert stand(body, seen(body, np.array((0.0, 0.0, 50.0))), weights, FOCAL, CENTRE) is None
    assert stand(body, np.full((33, 2), 320.0), weights, FOCAL, CENTRE) is None


def test_people_keep_their_ids_when_the_detector_swaps_them() -> None:
    """Who is near to where somebody was is that somebody; who comes after a second is somebody else."""
    left, right = np.array((-1.0, 0.0, 2.0)), np.array((1.0, 0.0, 2.0))
    identities = Identities()
    assert identities.match(0.0, np.array([left, right])) == [0, 1]
    assert identities.match(0.1, np.array([right - 0.1, left + 0.1])) == [1, 0]
    assert identities.match(0.2, np.array([right])) == [1]
    assert identities.match(0.9, np.array([left, right])) == [0, 1]
    assert identities.match(2.5, np.array([left])) == [2]
    assert identities.match(2.6, np.array([left + 0.9])) == [3]
    assert identities.match(2.7, np.empty((0, 3))) == []
