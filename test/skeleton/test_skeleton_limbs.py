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

"""Limb vectors in the body frame: independent of the camera, of body size, and of joints that nobody needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from iat_ros.data.made_up import make_clips
from iat_ros.errors import SkeletonError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import body_axes, limb_vectors, limbs_in_body
from iat_ros.skeleton.resampling import resample
from iat_ros.stream.window import make_window

DEFINITION = load_skeleton("utd_mhad")
CLIP = make_clips(1, 1, actions=("throw",))[0]


@settings(max_examples=50, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-3.1, 3.1)] * 3),
    move=st.tuples(*[st.floats(-5.0, 5.0)] * 3),
    size=st.floats(0.3, 3.0),
)
def test_camera_and_size_change_nothing(
    turn: tuple[float, float, float], move: tuple[float, float, float], size: float
) -> None:
    """A camera turned and moved anyhow, and a person of any size, give the same window within 1e-5."""
    seen = size * CLIP.positions @ Rotation.from_rotvec(turn).as_matrix().T + np.array(move)
    window = make_window(DEFINITION, CLIP.times_s, CLIP.positions, 32)
    other = make_window(DEFINITION, CLIP.times_s, seen, 32)
    assert np.abs(window.limbs_in_body - other.limbs_in_body).max() < 1e-5
    assert other.duration_s == window.duration_s


def test_body_frame_is_forward_left_up() -> None:
    """In a camera frame with y up that the person faces: x is towards the camera, y to smaller x, z up."""
    joints = {name: [0.0, 0.0, 3.0] for name in DEFINITION.joints}
    joints |= {"spine": [0, 0, 3.0], "shoulder_center": [0, 0.4, 3.0]}
    joints |= {"left_shoulder": [-0.2, 0.4, 3.0], "right_shoulder": [0.2, 0.4, 3.0], "head": [0, 0.6, 3.0]}
    for side, x in (("left", -0.2), ("right", 0.2)):
        joints |= {f"{side}_elbow": [x, 0.1, 3.0], f"{side}_wrist": [x, 0.1, 2.7]}  # forearms towards the camera
    positions = np.array([[joints[name] for name in DEFINITION.joints]] * 2)
    np.testing.assert_allclose(body_axes(DEFINITION, positions), [[0, 0, -1], [-1, 0, 0], [0, 1, 0]], atol=1e-12)
    limbs = dict(zip(DEFINITION.limb_names, limbs_in_body(DEFINITION, positions)[0], strict=True))
    np.testing.assert_allclose(limbs["left_upper_arm"], [0, 0, -1], atol=1e-12)
    np.testing.assert_allclose(limbs["left_forearm"], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(limbs["left_clavicle"], [0, 1, 0], atol=1e-12)


def test_limbs_are_unit_vectors_and_inputs_stay() -> None:
    """Every limb has length 1, and the caller's array is not written to."""
    before = CLIP.positions.copy()
    limbs = limb_vectors(DEFINITION, CLIP.positions)
    assert limbs.shape == (len(before), 8, 3)
    np.testing.assert_allclose(np.linalg.norm(limbs, axis=-1), 1.0)
    np.testing.assert_array_equal(CLIP.positions, before)


@pytest.mark.parametrize(
    ("joint", "value", "says"),
    [
        ("left_elbow", np.nan, "joint 'left_elbow' is not tracked in frame 3"),
        ("head", np.inf, "joint 'head' is not tracked in frame 3"),
    ],
)
def test_an_untracked_joint_is_named(joint: str, value: float, says: str) -> None:
    """A missing joint gives its name and its frame."""
    positions = CLIP.positions.copy()
    positions[3, DEFINITION.joints.index(joint)] = value
    with pytest.raises(SkeletonError, match=says):
        limbs_in_body(DEFINITION, positions)


def test_a_joint_that_no_limb_needs_may_be_missing() -> None:
    """Feet out of view change nothing."""
    positions = CLIP.positions.copy()
    positions[:, DEFINITION.joints.index("left_foot")] = np.nan
    np.testing.assert_array_equal(limbs_in_body(DEFINITION, positions), limbs_in_body(DEFINITION, CLIP.positions))


def test_a_limb_without_length_is_refused() -> None:
    """Two joints in one place have no direction."""
    positions = CLIP.positions.copy()
    positions[0, DEFINITION.joints.index("left_elbow")] = positions[0, DEFINITION.joints.index("left_shoulder")]
    with pytest.raises(SkeletonError, match="limb 'left_upper_arm' has no length in frame 0"):
        limb_vectors(DEFINITION, positions)


def test_wrong_shape_names_the_expected_one() -> None:
    """A skeleton with another number of joints is refused."""
    with pytest.raises(SkeletonError, match=r"expected positions of shape \(T, 20, 3\), got \(4, 19, 3\)"):
        limb_vectors(DEFINITION, np.zeros((4, 19, 3)))


@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(st.floats(0.01, 0.2), min_size=3, max_size=30),
    slope=st.floats(-5, 5),
    frames=st.integers(2, 64),
)
def test_resampling_keeps_straight_lines(steps: list[float], slope: float, frames: int) -> None:
    """Values that change linearly in time come out linear, however uneven the stamps."""
    times = np.cumsum(steps)
    out = resample(times, np.stack([slope * times, 1 - times], axis=1), frames)
    wanted = np.linspace(times[0], times[-1], frames)
    np.testing.assert_allclose(out, np.stack([slope * wanted, 1 - wanted], axis=1), atol=1e-9)


@pytest.mark.parametrize(
    ("times", "frames"), [([0.0], 8), ([0.0, 0.0], 8), ([0.0, 1.0, 0.5], 8), ([0.0, 1.0], 1), ([0.0, np.nan], 4)]
)
def test_resampling_refuses_what_has_no_answer(times: list[float], frames: int) -> None:
    """Too few values, and times that do not increase, are refused."""
    with pytest.raises(SkeletonError, match="cannot resample"):
        resample(np.array(times), np.zeros((len(times), 2)), frames)
