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

"""Collisions with the robot's own body: found wherever they are, and bent away."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.robot.clearance import bend, splay
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget
from iat_ros.robot.trajectory import plan


@pytest.fixture(scope="module")
def checker(robot: RobotModel) -> CollisionChecker:
    """The checker of each robot."""
    return CollisionChecker(robot)


def into_the_body(model: RobotModel) -> np.ndarray:
    """Forearms that point into the torso: arms bent inwards, (T, J)."""
    limbs = np.zeros((8, len(model.limb_names), 3))
    for k, name in enumerate(model.limb_names):
        side = 1.0 if name.startswith("left_") else -1.0
        limbs[:, k] = [0.0, -side, 0.0] if name.endswith("forearm") else [0.0, 0.3 * side, -1.0]
    limbs /= np.linalg.norm(limbs, axis=-1, keepdims=True)
    return retarget(model, limbs, model.limb_names).positions


def test_rest_is_clear_and_a_hand_in_the_body_is_not(robot: RobotModel, checker: CollisionChecker) -> None:
    """The rest pose touches nothing; forearms that point through the torso do, and both links are named."""
    assert checker.contact_in(robot.rest) is None
    contact = checker.contact_in(into_the_body(robot)[0])
    assert contact is not None
    assert all(robot.pinocchio.existFrame(link) for link in contact)


def test_a_short_touch_within_a_plan_is_found(robot: RobotModel, checker: CollisionChecker) -> None:
    """A plan that only passes through a contact is found out; one that stays at rest is clear."""
    still = np.tile(robot.rest, (12, 1))
    assert checker.first_contact(plan(robot, still, 2.0)) is None
    touching = still.copy()
    touching[4:7] = into_the_body(robot)[0]
    result = plan(robot, touching, 4.0)
    contact = checker.first_contact(result)
    assert contact is not None
    assert checker.contact_in(result.sample(contact.time_s)[0][0]) is not None
    assert 0.0 < contact.time_s < result.duration_s


def test_nothing_is_missed_between_the_poses_checked(g1: RobotModel, make_motion) -> None:
    """What the search calls clear is clear at every instant of a fine grid."""
    checker, strict = CollisionChecker(g1), CollisionChecker(g1, clearance_m=1e-4)
    clear = 0
    for seed in range(16):
        motion = g1.rest + 0.4 * (make_motion(g1, seed) - g1.rest)
        result = plan(g1, motion, 3.0)
        if checker.first_contact(result) is not None:
            continue
        clear += 1
        for pose in result.sample(np.linspace(0.0, result.duration_s, 1000))[0]:
            assert set(strict.contacts_in(pose)) <= set(checker.ignored)
    assert clear >= 2


def test_frames_that_touch_are_bent(robot: RobotModel, checker: CollisionChecker) -> None:
    """Bent frames are clear, others far from them stay as they were."""
    ahead = np.tile([1.0, 0.0, 0.0], (24, len(robot.limb_names), 1))
    frames = retarget(robot, ahead, robot.limb_names).positions
    frames[12:14] = into_the_body(robot)[0]
    bent = bend(robot, checker, frames)
    np.testing.assert_allclose(bent[:3], frames[:3], atol=1e-12)
    assert all(checker.contact_in(pose) is None for pose in bent)


def test_only_what_touches_is_bent(g1: RobotModel) -> None:
    """Where the left hand is in the body, the right arm goes on as it was."""
    checker = CollisionChecker(g1)
    names = list(g1.joint_names)
    left = np.array([name.startswith("left") for name in names])
    frames = np.tile(g1.rest, (20, 1))
    frames[:, names.index("right_shoulder_pitch_joint")] -= np.linspace(0.0, 1.0, 20)
    frames[8:12, names.index("left_shoulder_roll_joint")] = g1.lower[names.index("left_shoulder_roll_joint")]
    links = checker.contact_in(frames[10])
    assert links is not None
    assert not (checker.joints_between(links) & ~left).any()
    bent = bend(g1, checker, frames)
    assert all(checker.contact_in(frame) is None for frame in bent)
    np.testing.assert_array_equal(bent[:, ~left], frames[:, ~left])
    assert (bent[:, left] != frames[:, left]).any()


def test_hanging_arms_are_held_away() -> None:
    """Straight down becomes the whole angle outwards; raised arms, and limbs of no side, stay as they are."""
    names = ("left_upper_arm", "right_forearm", "torso")
    limbs = np.array([[[0.0, 0.0, -1.0]] * 3, [[1.0, 0.0, 0.0]] * 3])
    turned = splay(limbs, names, 0.3)
    np.testing.assert_allclose(turned[0, 0], [0.0, np.sin(0.3), -np.cos(0.3)], atol=1e-12)
    np.testing.assert_allclose(turned[0, 1], [0.0, -np.sin(0.3), -np.cos(0.3)], atol=1e-12)
    np.testing.assert_array_equal(turned[0, 2], limbs[0, 2])
    np.testing.assert_allclose(turned[1], limbs[1], atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), 1.0)
