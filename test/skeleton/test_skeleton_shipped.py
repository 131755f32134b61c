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

"""The skeleton definitions that ship: the orders of the trackers, and the same limbs from each of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton
from iat_ros.skeleton.limbs import body_axes, limbs_in_body

SHIPPED = sorted(path.stem for path in (Path(__file__).parents[2] / "config" / "skeletons").glob("*.yaml"))
COUNTS = {
    "utd_mhad": 20, "kinect_v1": 20, "kinect_v2": 25, "ntu": 25, "azure_kinect": 32, "zed_18": 18, "zed_34": 34,
    "zed_38": 38, "nuitrack": 25, "openni": 15, "sbu": 15, "mediapipe": 33, "coco": 17, "ros4hri": 16,
}  # fmt: skip
LIMBS = load_skeleton("utd_mhad").limb_names

# Where joints of somebody are who stands upright with hanging arms: forward, to the left, up [m]; the left ones.
BODY = {
    "head|head_center": (0.0, 0.0, 1.62), "nose": (0.1, 0.0, 1.6), "mouth": (0.08, 0.02, 1.55),
    "eye.*": (0.08, 0.03, 1.64), "ear": (0.0, 0.08, 1.62), "neck": (0.0, 0.0, 1.47), "clavicle|collar": (0.0, 0.0, 1.4),
    "shoulder": (0.0, 0.18, 1.4), "elbow": (0.0, 0.2, 1.12), "wrist": (0.0, 0.2, 0.86),
    "hand|thumb|index|pinky": (0.0, 0.2, 0.78), "hand_?tip|fingertip|hand_.*": (0.0, 0.2, 0.7),
    "hip": (0.0, 0.1, 0.95), "knee": (0.0, 0.1, 0.5),
    "ankle": (0.0, 0.1, 0.1), "heel": (-0.05, 0.1, 0.03), "foot|foot_index|big_toe|small_toe": (0.15, 0.1, 0.03),
    "shoulder_center|spine_shoulder": (0.0, 0.0, 1.4), "spine_chest|chest_spine|spine_3": (0.0, 0.0, 1.3),
    "spine|spine_mid|spine_navel|naval_spine|torso|spine_1|spine_2|waist": (0.0, 0.0, 1.15),
    "hip_center|spine_base|pelvis|body": (0.0, 0.0, 0.95),
}  # fmt: skip


def standing(definition: SkeletonDefinition) -> np.ndarray:
    """Somebody who stands, as the definition's tracker sends it, in a camera's frame, shape (1, sent, 3) [m]."""
    places = []
    for joint in definition.sent:
        side = re.match(r"(left|right|l|r)_|.*_(left|right)$", joint)
        bare = re.sub(r"^(left|right|l|r)_|_(left|right)$", "", joint)
        found = [place for names, place in BODY.items() if re.fullmatch(names, bare)]
        assert found or joint == "none", joint
        forward, left, up = found[0] if found else (np.nan,) * 3
        if side and (side[1] or side[2]).startswith("r"):
            left = -left
        places.append((left, -up, 3.0 - forward))  # optical: x right, y down, z away; the person faces the camera
    return np.array([places])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_same_limbs_come_from_every_tracker(name: str) -> None:
    """So the model that ships works with all of them: its limbs, in its order, pointing where the body's do."""
    definition = load_skeleton(name)
    assert definition.name == name
    assert len(definition.sent) == COUNTS[name]
    assert definition.limb_names == LIMBS
    positions = definition.complete(standing(definition))
    axes = body_axes(definition, positions)
    np.testing.assert_allclose(axes, [[0, 0, -1], [1, 0, 0], [0, -1, 0]], atol=1e-9)
    limbs = dict(zip(LIMBS, limbs_in_body(definition, positions)[0], strict=True))
    up, left, right = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0]), np.array([0.0, -1.0, 0.0])
    for limb, points in {
        "neck": up, "torso": up, "left_clavicle": left, "right_clavicle": right, "left_upper_arm": -up,
        "left_forearm": -up, "right_upper_arm": -up, "right_forearm": -up,
    }.items():  # fmt: skip
        assert limbs[limb] @ points > 0.9, limb


@pytest.mark.parametrize("name", SHIPPED)
def test_other_limbs_are_those_of_the_legs_and_hands(name: str) -> None:
    """Legs are there for every tracker, and point down; hands where the tracker has some beyond the wrist."""
    definition = load_skeleton(name)
    others = [limb.name for limb in definition.other_limbs]
    assert {"left_thigh", "right_thigh", "left_shin", "right_shin"} <= set(others) <= {
        "left_thigh", "right_thigh", "left_shin", "right_shin", "left_hand", "right_hand",
    }  # fmt: skip
    with_legs = definition.with_limbs(others)
    down = limbs_in_body(with_legs, with_legs.complete(standing(with_legs)))[0]
    assert (down[:, 2] < -0.9).all()


def test_ntu_is_kinect_v2_by_another_name() -> None:
    """One of them is there to be found by who looks for the data set."""
    ntu, kinect = load_skeleton("ntu"), load_skeleton("kinect_v2")
    assert (ntu.joints, ntu.limbs, ntu.body_frame, ntu.other_limbs) == (
        kinect.joints, kinect.limbs, kinect.body_frame, kinect.other_limbs,
    )  # fmt: skip


def test_kinect_v1_and_utd_mhad_have_the_same_joints() -> None:
    """In another order."""
    assert set(load_skeleton("kinect_v1").joints) == set(load_skeleton("utd_mhad").joints)
