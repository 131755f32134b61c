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

"""A mapping is proposed from a URDF alone: for one arm or two, with 4 to 7 joints, whatever else the robot has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest

from iat_ros.errors import RobotError
from iat_ros.robot.chains import side_of
from iat_ros.robot.check import RobotCheck, check_mapping, check_urdf
from iat_ros.robot.description import find_urdf, load_robot_config
from iat_ros.robot.link_tree import LinkTree
from iat_ros.robot.mapping_file import to_yaml
from iat_ros.robot.model import RobotModel
from iat_ros.robot.proposal import propose
from iat_ros.robot.urdf import locate_urdf, missing_meshes, parse_urdf, read_urdf

EXAMPLES = "package://example-robot-data/robots/"
KNOWN = {
    "talos_data/robots/talos_full_v2.urdf": ("torso_2_link", "arm_left_2_link", "arm_left_4_link", "arm_left_6_link"),
    "tiago_description/robots/tiago_dual.urdf": (
        "torso_lift_link", "arm_left_2_link", "arm_left_4_link", "arm_left_6_link"
    ),
    "g1_description/urdf/g1_29dof_with_hand_rev_1_0.urdf": (
        "torso_link", "left_shoulder_roll_link", "left_elbow_link", "left_wrist_pitch_link"
    ),
    "icub_description/robots/icub_reduced.urdf": ("chest", "l_shoulder_2", "l_elbow_1", "l_wrist_1"),
    "baxter_description/urdf/baxter.urdf": ("torso", "left_lower_shoulder", "left_lower_elbow", "left_lower_forearm"),
    "romeo_description/urdf/romeo.urdf": ("torso", "LShoulderYawLink", "LElbowYawLink", "LWristYawLink"),
    "pr2_description/urdf/pr2.urdf": (
        "torso_lift_link", "l_shoulder_lift_link", "l_elbow_flex_link", "l_wrist_flex_link"
    ),
    "panda_description/urdf/panda.urdf": ("panda_link0", "panda_link2", "panda_link4", "panda_link6"),
    "ur_description/urdf/ur5_robot.urdf": ("base_link", "upper_arm_link", "forearm_link", "wrist_1_link"),
}  # fmt: skip


def proposed(urdf: str) -> RobotModel:
    """The model of a URDF with the mapping that is proposed for it."""
    return RobotModel(propose(LinkTree(parse_urdf(urdf, "it"), "it"), "", urdf, "it"), urdf)


def checked(tmp_path: Path, urdf: str) -> RobotCheck:
    """The check of a URDF."""
    (tmp_path / "it.urdf").write_text(urdf)
    return check_urdf(tmp_path / "it.urdf")


@pytest.mark.parametrize("joints", [4, 5, 6, 7])
@pytest.mark.parametrize(
    "body", [{}, {"waist": False, "head": False, "legs": False}, {"lift": True}, {"nameless": True}]
)
def test_arms_are_found(robot_urdf: Callable[..., str], joints: int, body: dict[str, bool]) -> None:
    """Both arms, at the right links, with all joints from the torso to the hand, and they hang in the rest pose."""
    urdf = robot_urdf(joints=joints, **body)
    model = proposed(urdf)
    config = model.config
    assert list(config.arms) == ["left", "right"]
    assert len(config.joints) == 2 * joints
    assert config.torso == ("torso_lift_link" if body.get("lift") else config.torso)
    down = model.limb_directions(model.rest)[0]
    assert np.all(down[:, 2] < -0.85)
    assert down[0, 1] > 0.1 > -0.1 > down[2, 1], "upper arms a little away from the body, each to its side"
    if not body.get("nameless"):
        wrist = {4: "hand", 5: "wrist_roll"}.get(joints, "wrist_pitch")
        for side, arm in config.arms.items():
            assert (arm.shoulder, arm.elbow) == (f"{side}_shoulder_roll_link", f"{side}_elbow_link")
            assert arm.wrist == f"{side}_{wrist}_link"


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("joints", [4, 7])
def test_one_arm_imitates_its_side(tmp_path: Path, robot_urdf: Callable[..., str], side: str, joints: int) -> None:
    """One arm follows the person's arm of its side, well; the other arm has nothing that follows it."""
    found = checked(tmp_path, robot_urdf(sides=(side,), joints=joints, legs=False))
    assert list(found.config.arms) == [side]
    assert set(found.trial.limbs) == {f"{side}_upper_arm", f"{side}_forearm"}
    assert all(each.mean_deg < 5.0 for each in found.trial.limbs.values())
    other = "right" if side == "left" else "left"
    assert f"{other}_forearm" in found.trial.lacking
    assert any(line.startswith("one arm") for line in found.missing)


@pytest.mark.parametrize("name", KNOWN)
def test_real_robots(name: str) -> None:
    """What is proposed for real robots is what people who know them choose."""
    file = locate_urdf(EXAMPLES + name, "test")
    root = parse_urdf(read_urdf(file), name, file)
    config = propose(LinkTree(root, name), str(file), read_urdf(file), name)
    arm = config.arms.get("left") or config.arms["right"]
    assert (config.torso, arm.shoulder, arm.elbow, arm.wrist) == KNOWN[name]


@pytest.mark.parametrize(
    "name",
    [
        "anymal_c_simple_description/urdf/anymal.urdf",
        "allegro_hand_description/urdf/allegro_left_hand.urdf",
        "bolt_description/robots/bolt.urdf",
    ],
)
def test_what_has_no_arm_is_refused(name: str) -> None:
    """Legs and fingers are no arms."""
    with pytest.raises(RobotError, match="no arm found"):
        check_urdf(locate_urdf(EXAMPLES + name, "test"))


def test_a_torso_frame_that_is_turned(robot_urdf: Callable[..., str]) -> None:
    """The chest of iCub has z to its side: the body frame is x forward, y left, z up all the same."""
    file = locate_urdf(EXAMPLES + "icub_description/robots/icub_reduced.urdf", "test")
    model = proposed(read_urdf(file))
    assert model.config.torso_rpy == pytest.approx((-np.pi / 2, 0.0, 0.0), abs=1e-4)
    down = model.limb_directions(model.rest)[0]
    assert np.all(down[:, 2] < -0.85)


def test_the_mapping_is_read_back(tmp_path: Path, robot_urdf: Callable[..., str]) -> None:
    """What is written is what was proposed, in about ten lines and the rest pose."""
    found = checked(tmp_path, robot_urdf(joints=5))
    text = to_yaml(found.config, ["a comment"])
    (tmp_path / "it.yaml").write_text(text)
    again = load_robot_config(tmp_path / "it.yaml")
    for key in ("name", "urdf", "torso", "torso_rpy", "arms", "rest", "limbs", "splay", "controller"):
        assert getattr(again, key) == getattr(found.config, key), key
    assert len(text.splitlines()) - len(again.rest) <= 12
    trial = check_mapping(tmp_path / "it.yaml").trial
    assert trial.limbs == found.trial.limbs


def test_what_is_missing_is_told(tmp_path: Path, robot_urdf: Callable[..., str]) -> None:
    """Velocity limits, position limits, meshes: each in one line; the robot is tried all the same."""
    urdf = robot_urdf()
    at = urdf.index('name="left_elbow_joint"')
    urdf = urdf[:at] + urdf[at:].replace('velocity="4"', 'velocity="0"', 1)
    mesh = '<visual><geometry><mesh filename="package://no_such_meshes/a.stl"/></geometry></visual>'
    urdf = urdf.replace(
        '<link name="base_link"/>', f'<link name="base_link">{mesh}{mesh.replace("visual", "collision")}</link>'
    )
    found = checked(tmp_path, urdf)
    (velocity,) = [line for line in found.missing if "velocity limit" in line]
    assert velocity.startswith("left_elbow_joint: ")
    meshes = [line for line in found.missing if "no_such_meshes" in line]
    assert len(meshes) == 2
    assert all("ROS_PACKAGE_PATH" in line for line in meshes)
    assert found.trial.touching is None
    assert "no_such_meshes" in found.trial.unchecked
    assert found.trial.answered == found.trial.motions == 10


def test_a_limb_that_cannot_follow_is_told(tmp_path: Path, robot_urdf: Callable[..., str]) -> None:
    """An elbow that hardly bends shows as an error of its forearm alone."""
    urdf = robot_urdf()
    at = urdf.index('name="right_elbow_joint"')
    urdf = urdf[:at] + urdf[at:].replace('lower="-2.9" upper="2.9"', 'lower="-0.1" upper="0.1"', 1)
    limbs = checked(tmp_path, urdf).trial.limbs
    assert not limbs["right_forearm"].followed
    assert limbs["left_forearm"].followed
    assert limbs["left_upper_arm"].mean_deg < 5.0


def test_meshes_beside_the_urdf_are_found(tmp_path: Path) -> None:
    """A relative mesh counts from the URDF's file; package:// is found in the folders above it."""
    (tmp_path / "my_robot" / "urdf").mkdir(parents=True)
    (tmp_path / "my_robot" / "a.stl").touch()
    file = tmp_path / "my_robot" / "urdf" / "it.urdf"
    for mesh, missing in (("../a.stl", False), ("package://my_robot/a.stl", False), ("../b.stl", True)):
        link = f'<link name="a"><visual><geometry><mesh filename="{mesh}"/></geometry></visual></link>'
        root = parse_urdf(f'<robot name="x">{link}</robot>', "it", file)
        assert bool(missing_meshes(root, "visual", file)) is missing


@pytest.mark.parametrize("name", ["nao", "pepper"])
def test_robots_by_joint_names(naoqi_urdf: str, name: str) -> None:
    """NAO and Pepper: the mapping that ships has no URDF, and fits one that came as text."""
    config = load_robot_config(Path(__file__).parents[2] / "config" / "robots" / f"{name}.yaml")
    with pytest.raises(RobotError, match="robot_description"):
        RobotModel(config)
    model = RobotModel(config, naoqi_urdf)
    assert model.joint_names[:5] == ("LShoulderPitch", "LShoulderRoll", "LElbowYaw", "LElbowRoll", "LWristYaw")
    assert list(model.config.controllers()) == [
        "LeftArm_controller/joint_trajectory", "RightArm_controller/joint_trajectory"
    ]  # fmt: skip
    assert np.all(model.limb_directions(model.rest)[0, :, 2] < -0.85)
    same = proposed(naoqi_urdf).config
    assert {s: (a.shoulder, a.elbow, a.wrist) for s, a in same.arms.items()} == {
        s: (a.shoulder, a.elbow, a.wrist) for s, a in model.config.arms.items()
    }


@pytest.mark.parametrize("name", ["g1", "talos", "tiago_dual", "tiago_pro"])
def test_robots_that_ship_imitate_people(name: str) -> None:
    """Each limb points where the person's does, and every gesture is performed without a touch."""
    trial = check_mapping(Path(__file__).parents[2] / "config" / "robots" / f"{name}.yaml").trial
    assert all(each.mean_deg < 3.0 for each in trial.limbs.values())
    assert trial.answered == trial.motions
    assert trial.unchecked == ""


def test_the_tree_is_pinocchios() -> None:
    """Links are where Pinocchio has them, at angles of all joints."""
    config = load_robot_config(Path(__file__).parents[2] / "config" / "robots" / "talos.yaml")
    file = find_urdf(config)
    tree = LinkTree(parse_urdf(read_urdf(file), "talos", file), "talos")
    model = pin.buildModelFromUrdf(str(file))
    q = np.random.default_rng(0).uniform(-0.5, 0.5, model.nq)
    data = model.createData()
    pin.framesForwardKinematics(model, data, q)
    places = tree.places({name: q[model.joints[k + 1].idx_q] for k, name in enumerate(model.names[1:])})
    for index, frame in enumerate(model.frames):
        if frame.type == pin.FrameType.BODY and frame.name in places:
            np.testing.assert_allclose(places[frame.name][1], data.oMf[index].translation, atol=1e-9)
            np.testing.assert_allclose(places[frame.name][0], data.oMf[index].rotation, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("left_elbow", "left"), ("arm_right_1_joint", "right"), ("LShoulderPitch", "left"), ("r_wrist", "right"),
        ("RARM_JOINT0", "right"), ("larm_shoulder1", "left"), ("elbow", ""), ("lift_joint", ""), ("roll_joint", ""),
    ],
)  # fmt: skip
def test_sides_are_read_from_names(name: str, side: str) -> None:
    """As the makers of robots write them."""
    assert side_of(name) == side
