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

"""A mapping by arms: joints, controllers, whose arm is followed, and one line for what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from iat_ros.errors import MessageError, RobotError
from iat_ros.robot.clearance import mirror
from iat_ros.robot.description import RobotConfig
from iat_ros.robot.joint_path import JointPath
from iat_ros.robot.model import RobotModel
from iat_ros.robot.simulated import SimulatedRobot

LEFT = {"shoulder": "left_shoulder_roll_link", "elbow": "left_elbow_link", "wrist": "left_wrist_pitch_link"}
RIGHT = {key: link.replace("left", "right") for key, link in LEFT.items()}
NOW = 10**9


def config(**changes: Any) -> RobotConfig:
    """The mapping of the robot with two arms, with changes."""
    content = {"name": "it", "torso": "waist_yaw_link", "arms": {"left": LEFT, "right": RIGHT}, "source": "it.yaml"}
    return RobotConfig(**{**content, **changes})


def test_joints_come_from_the_urdf(robot_urdf: Callable[..., str]) -> None:
    """From the torso to the hand, neither waist nor fingers, left first; or those that the mapping names."""
    model = RobotModel(config(), robot_urdf())
    parts = ["shoulder_pitch", "shoulder_roll", "shoulder_yaw", "elbow", "wrist_roll", "wrist_pitch", "wrist_yaw"]
    assert list(model.joint_names) == [f"{side}_{part}_joint" for side in ("left", "right") for part in parts]
    named = [f"left_{part}_joint" for part in parts[:4]]
    few = RobotModel(config(arms={"left": {**LEFT, "joints": named}}), robot_urdf())
    assert list(few.joint_names) == named


def test_a_joint_that_turns_without_end_turns_once(robot_urdf: Callable[..., str]) -> None:
    """A continuous joint gets limits, and is moved like any other."""
    urdf = robot_urdf().replace(
        'name="left_wrist_roll_joint" type="revolute"', 'name="left_wrist_roll_joint" type="continuous"'
    )
    model = RobotModel(config(), urdf)
    column = model.joint_names.index("left_wrist_roll_joint")
    assert (model.lower[column], model.upper[column]) == pytest.approx((-np.pi, np.pi))


def test_each_arm_may_have_its_controller(robot_urdf: Callable[..., str]) -> None:
    """One for all, one for each, or one for an arm and another for the rest."""
    both = RobotModel(config(controller="arms/joint_trajectory"), robot_urdf())
    assert both.config.controllers() == {"arms/joint_trajectory": both.joint_names}
    arms = {
        "left": {**LEFT, "controller": "l/joint_trajectory"},
        "right": {**RIGHT, "controller": "r/joint_trajectory"},
    }
    each = RobotModel(config(arms=arms), robot_urdf()).config.controllers()
    assert each == {"l/joint_trajectory": both.joint_names[:7], "r/joint_trajectory": both.joint_names[7:]}
    mixed = RobotModel(config(arms={**arms, "right": RIGHT}), robot_urdf()).config.controllers()
    assert list(mixed) == ["l/joint_trajectory", "joint_trajectory"]


def test_the_simulated_robot_has_all_controllers(robot_urdf: Callable[..., str]) -> None:
    """Each takes its joints and refuses the others'; the robot moves with both."""
    arms = {
        "left": {**LEFT, "controller": "l/joint_trajectory"},
        "right": {**RIGHT, "controller": "r/joint_trajectory"},
    }
    model = RobotModel(config(arms=arms), robot_urdf())
    robot = SimulatedRobot(model)
    left, right = model.joint_names[:7], model.joint_names[7:]

    def path(joints: tuple[str, ...], away_rad: float) -> JointPath:
        rest = model.rest[[model.joint_names.index(name) for name in joints]]
        return JointPath.from_points(joints, [NOW], [rest + away_rad], [np.zeros(len(joints))])

    robot.accept(path(left, 0.1), 0, NOW, "l/joint_trajectory")
    with pytest.raises(MessageError, match="left_shoulder_pitch_joint' is not of this robot"):
        robot.accept(path(left, 0.1), 0, NOW, "r/joint_trajectory")
    robot.update(NOW, 0)
    robot.accept(path(right, -0.2), 0, NOW, "r/joint_trajectory")
    for step in range(1, 1100):
        positions, _, _ = robot.update(NOW + step * 10**6, 10**6)
    np.testing.assert_allclose(positions[:7], model.rest[:7] + 0.1, atol=1e-9)
    np.testing.assert_allclose(positions[7:], model.rest[7:] - 0.2, atol=1e-9)


def test_an_arm_follows_the_persons_other_one_as_in_a_mirror() -> None:
    """The person's right hand to the right is the robot's left hand to the left; who is not named is left alone."""
    assert config().mirrored() == {}
    assert config(arms={"left": {**LEFT, "person": "left"}}).mirrored() == {}
    mirrored = config(arms={"left": {**LEFT, "person": "right"}}).mirrored()
    names = ("left_upper_arm", "left_forearm", "right_upper_arm", "right_forearm")
    limbs = np.random.default_rng(0).normal(size=(3, 4, 3))
    before = limbs.copy()
    followed = mirror(limbs, names, mirrored)
    np.testing.assert_array_equal(followed[:, :2], limbs[:, 2:] * (1, -1, 1))
    np.testing.assert_array_equal(followed[:, 2:], limbs[:, 2:])
    np.testing.assert_array_equal(limbs, before)
    with pytest.raises(RobotError, match="right_upper_arm"):
        mirror(limbs[:, :2], names[:2], mirrored)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arms": {"middle": LEFT}}, "'arms' names 'middle'; expected left, right"),
        ({"arms": {"left": {"shoulder": "a", "elbow": "b"}}}, "'arms.left' must name three links"),
        ({"arms": {"left": {**LEFT, "hand": "c"}}}, "unknown key 'arms.left.hand'"),
        ({"arms": {"left": {**LEFT, "wrist": 3}}}, "'arms.left.wrist' must be a name"),
        ({"arms": {"left": {**LEFT, "wrist": LEFT["elbow"]}}}, "three different links"),
        ({"arms": {"left": {**LEFT, "person": "both"}}}, "'arms.left.person' must be left or right"),
        ({"arms": {"left": {**LEFT, "joints": ["a", "a"]}}}, "names a joint twice"),
        ({"arms": {"left": {**LEFT, "controller": "a b"}}}, "'arms.left.controller' must be a topic"),
        ({"controller": "joint trajectory"}, "'controller' must be a topic"),
        ({"arms": {}}, "'arms'"),
        ({"limbs": {"left_forearm": ["a", "b"]}}, "'limbs.left_forearm' and 'arms.left' name different links"),
        ({"arms": {"left": {**LEFT, "wrist": "left_wrst_pitch_link"}}}, "did you mean 'left_wrist_pitch_link'"),
        ({"torso": "chest"}, "needs link 'chest'"),
        ({"max_velocity": {"left_elbow": 3.0}}, "'max_velocity' names 'left_elbow'"),
    ],
)
def test_what_is_wrong_is_one_line(robot_urdf: Callable[..., str], changes: dict[str, Any], says: str) -> None:
    """Each names the file and the key."""
    with pytest.raises(RobotError) as error:
        RobotModel(config(**changes), robot_urdf())
    assert says in str(error.value)
    assert "it.yaml" in str(error.value)
