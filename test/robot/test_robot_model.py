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

"""The robot's model: equal to Pinocchio, and one clear line for a URDF that does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest

from iat_ros.errors import RobotError
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.description import RobotConfig, find_urdf
from iat_ros.robot.model import RobotModel


def toy_urdf(limit: str = 'lower="-1" upper="1" velocity="2" effort="1"', kind: str = "revolute") -> str:
    """A torso with one arm of two joints, whose second joint has the given type and limits."""
    return f"""<robot name="toy"><link name="base"/><link name="upper"/><link name="lower"/><link name="hand"/>
    <link name="head"/>
    <joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/><axis xyz="0 1 0"/>
      <limit lower="-2" upper="2" velocity="3" effort="1"/></joint>
    <joint name="elbow" type="{kind}"><parent link="upper"/><child link="lower"/><axis xyz="0 1 0"/>
      <origin xyz="0 0 -0.3"/><limit {limit}/></joint>
    <joint name="wrist" type="fixed"><parent link="lower"/><child link="hand"/><origin xyz="0 0 -0.3"/></joint>
    <joint name="neck" type="fixed"><parent link="base"/><child link="head"/><origin xyz="0 0 0.3"/></joint>
    </robot>"""


def soft(limits: str) -> str:
    """The same, whose elbow has these soft limits."""
    return toy_urdf().replace('<limit lower="-1"', f'<safety_controller k_velocity="1" {limits}/><limit lower="-1"')


TOY = RobotConfig(
    name="toy",
    urdf="toy.urdf",
    torso="base",
    joints=("elbow", "shoulder"),
    limbs={"left_upper_arm": ("upper", "lower"), "left_forearm": ("lower", "hand")},
    source="toy.yaml",
)


def pinocchio_directions(model: RobotModel, q: np.ndarray) -> np.ndarray:
    """Limb directions of one pose, computed on the full URDF by Pinocchio alone."""
    full = pin.buildModelFromUrdf(str(find_urdf(model.config)))
    data, pose = full.createData(), pin.neutral(full)
    for name, angle in {**model.config.rest, **dict(zip(model.joint_names, q, strict=True))}.items():
        pose[full.joints[full.getJointId(name)].idx_q] = angle
    pin.framesForwardKinematics(full, data, pose)
    place = {f.name: data.oMf[i] for i, f in enumerate(full.frames) if f.type == pin.FrameType.BODY}
    body = place[model.config.torso].rotation @ pin.rpy.rpyToMatrix(*model.config.torso_rpy)
    spans = [place[end].translation - place[start].translation for start, end in model.config.limbs.values()]
    return np.array([body.T @ span / np.linalg.norm(span) for span in spans])


def test_directions_equal_pinocchio(robot: RobotModel) -> None:
    """The batched kinematics give what Pinocchio gives on the whole URDF."""
    poses = np.random.default_rng(0).uniform(robot.lower, robot.upper, (10, len(robot.rest)))
    # A wrist that turns a limb by less than 0.02 rad/rad is taken to be at rest: allow for its rounding in the URDF.
    idle = sorted(set(range(len(robot.rest))) - {int(j) for c in robot.chains for j in c.joint_columns.ravel()})
    poses[:, idle] = robot.rest[idle]
    expected = np.array([pinocchio_directions(robot, q) for q in poses])
    np.testing.assert_allclose(robot.limb_directions(poses), expected, atol=1e-9)


def test_jacobians_equal_finite_differences(robot: RobotModel) -> None:
    """The derivatives of the limb directions equal central differences."""
    q = np.random.default_rng(1).uniform(robot.lower, robot.upper, (4, len(robot.rest)))
    h = 1e-6
    steps = h * np.eye(len(robot.rest))
    columns = [(robot.limb_directions(q + s) - robot.limb_directions(q - s)) / (2 * h) for s in steps]
    np.testing.assert_allclose(robot.limb_jacobians(q), np.stack(columns, axis=-1), atol=1e-7)


def test_jacobian_of_a_limb_whose_ends_ride_on_different_joints() -> None:
    """A limb from the torso to the hand, whose start stands still, has the right derivative too."""
    model = RobotModel(replace(TOY, limbs={"left_forearm": ("head", "hand")}), toy_urdf())
    q, h = np.array([[0.4, -0.7]]), 1e-6
    steps = h * np.eye(2)
    columns = [(model.limb_directions(q + s) - model.limb_directions(q - s)) / (2 * h) for s in steps]
    np.testing.assert_allclose(model.limb_jacobians(q), np.stack(columns, axis=-1), atol=1e-8)


def test_rest_lets_arms_hang(robot: RobotModel) -> None:
    """At rest upper arms hang down and forearms hang down, a little to the front."""
    down = robot.limb_directions(robot.rest)[0, :, 2]
    assert np.all(down < -0.85)


def test_limits_come_from_urdf_and_caps() -> None:
    """Positions are the URDF's, speeds the lower of URDF and cap, in the order of the configuration."""
    config = replace(TOY, max_velocity={"shoulder": 2.5}, max_acceleration=7.0, position_margin=0.1)
    model = RobotModel(config, toy_urdf())
    np.testing.assert_allclose(model.lower, [-1, -2])
    np.testing.assert_allclose(model.safe_upper, [0.9, 1.9])
    np.testing.assert_allclose(model.max_velocity, [2.0, 2.5])
    np.testing.assert_allclose(model.max_acceleration, [7.0, 7.0])


@pytest.mark.parametrize(
    ("limits", "safe"),
    [
        ("", (-0.98, 0.98)),
        ('soft_lower_limit="-0.7" soft_upper_limit="0.8"', (-0.7, 0.8)),
        ('soft_lower_limit="-3" soft_upper_limit="3"', (-0.98, 0.98)),
        ('soft_upper_limit="0.5"', (0.0, 0.5)),
        ('k_position="0" soft_lower_limit="0" soft_upper_limit="0"', (-0.98, 0.98)),
    ],
)
def test_answers_stay_inside_soft_limits(limits: str, safe: tuple[float, float]) -> None:
    """Beyond them a robot's own controllers brake; what the URDF calls the position limits stays what it is."""
    model = RobotModel(TOY, soft(limits))
    elbow = model.joint_names.index("elbow")
    np.testing.assert_allclose((model.safe_lower[elbow], model.safe_upper[elbow]), safe)
    np.testing.assert_allclose((model.lower[elbow], model.upper[elbow]), (-1.0, 1.0))


def test_body_frame_may_be_turned_against_the_torso_link() -> None:
    """``torso_rpy`` turns directions from the torso link's frame into the body frame."""
    turned = RobotModel(replace(TOY, torso_rpy=(0.0, 0.0, np.pi / 2)), toy_urdf())
    x, y, z = RobotModel(TOY, toy_urdf()).limb_directions(np.array([0.3, 0.5]))[0, 0]
    np.testing.assert_allclose(turned.limb_directions(np.array([0.3, 0.5]))[0, 0], [y, -x, z], atol=1e-12)


@pytest.mark.parametrize(
    ("config", "urdf", "words"),
    [
        (replace(TOY, joints=("shouldr", "elbow")), toy_urdf(), ["'shouldr'", "did you mean 'shoulder'"]),
        (replace(TOY, joints=("wrist",)), toy_urdf(), ["'wrist'", "is fixed"]),
        (replace(TOY, rest={"knee": 0.1}), toy_urdf(), ["'knee'", "valid names"]),
        (replace(TOY, rest={"elbow": 1.5}), toy_urdf(), ["rest of 'elbow'", "-1 to 1"]),
        (replace(TOY, torso="bas"), toy_urdf(), ["torso", "did you mean 'base'"]),
        (replace(TOY, torso="upper"), toy_urdf(), ["torso 'upper' moves with joint 'shoulder'"]),
        (replace(TOY, limbs={"neck": ("base", "haed")}), toy_urdf(), ["limb 'neck'", "'head'"]),
        (replace(TOY, limbs={"neck": ("base", "head")}), toy_urdf(), ["limb 'neck'", "moves with none"]),
        (replace(TOY, limbs={"arm": ("base", "upper")}), toy_urdf(), ["limb 'arm'", "same origin"]),
        (replace(TOY, position_margin=0.99), toy_urdf('lower="0" upper="1" velocity="1" effort="1"'), ["margin"]),
        (TOY, toy_urdf('velocity="2" effort="1"'), ["'elbow'", "limits 0 to 0"]),
        (TOY, toy_urdf('lower="1" upper="-1" velocity="2" effort="1"'), ["'elbow'", "limits 1 to -1"]),
        (TOY, toy_urdf('lower="-1" upper="1e9" velocity="2" effort="1"'), ["'elbow'", "finite"]),
        (TOY, toy_urdf('lower="-1" upper="1" velocity="0" effort="1"'), ["'elbow'", "velocity limit 0"]),
        (TOY, toy_urdf(kind="continuous").replace('velocity="2"', 'velocity="0"'), ["'elbow'", "velocity limit 0"]),
        (TOY, toy_urdf(kind="prismatic"), ["'elbow'", "does not turn"]),
        (TOY, soft('soft_lower_limit="0.5" soft_upper_limit="0.2"'), ["'elbow'", "soft limits 0.5 to 0.2"]),
        (TOY, soft('soft_lower_limit="low"'), ["'elbow'", "soft limits low to None"]),
        (TOY, soft('soft_lower_limit="" soft_upper_limit="0.2"'), ["'elbow'", "soft limits  to 0.2"]),
        (
            replace(TOY, rest={"elbow": 0.8}),
            soft('soft_lower_limit="-0.3" soft_upper_limit="0.3"'),
            ["rest of 'elbow' is 0.8 rad", "the nearest is 0.3"],
        ),
        (TOY, soft('soft_lower_limit="1.1" soft_upper_limit="2"'), ["'elbow'", "leave nothing"]),
        (TOY, toy_urdf().replace('<limit lower="-1"', '<mimic joint="shoulder"/><limit lower="-1"'), ["copies"]),
        (TOY, toy_urdf()[:300], ["damaged"]),
        (TOY, "", ["damaged"]),
        (TOY, "<sdf/>", ["<robot>", "<sdf>"]),
        (TOY, '<robot name="x"/>', ["refuses"]),
        (TOY, toy_urdf().replace('child link="upper"', 'child link="lower"'), ["refuses"]),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(config: RobotConfig, urdf: str, words: list[str]) -> None:
    """Each way in which URDF and configuration can disagree gives one line that says where."""
    with pytest.raises(RobotError) as error:
        RobotModel(config, urdf)
    message = str(error.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_joint_and_a_link_may_share_a_name() -> None:
    """URDF allows it; Pinocchio, left alone, does not tell them apart where a joint is locked."""
    urdf = toy_urdf().replace('"lower"', '"elbow"').replace('"hand"', '"wrist"')
    shared = replace(TOY, joints=("shoulder",), limbs={"arm": ("upper", "elbow"), "forearm": ("elbow", "wrist")})
    plain = replace(TOY, joints=("shoulder",), limbs={"arm": ("upper", "lower"), "forearm": ("lower", "hand")})
    pose = np.array([[0.4]])
    directions = RobotModel(shared, urdf).limb_directions(pose)
    np.testing.assert_allclose(directions, RobotModel(plain, toy_urdf()).limb_directions(pose))


def test_damaged_file_is_named(tmp_path: Path) -> None:
    """A URDF file that was cut short is named in the message."""
    (tmp_path / "toy.urdf").write_text(toy_urdf()[:400])
    with pytest.raises(RobotError, match=r"toy\.urdf: is damaged"):
        RobotModel(replace(TOY, urdf=str(tmp_path / "toy.urdf")))


@pytest.mark.parametrize("size", ["0.2 0.3 1e-320", "0 0 0", "0.2 0.3 1e-9", "0.2 0.3 1e30"])
def test_collision_geometry_without_a_size_is_refused(size: str) -> None:
    """Qhull would end the whole process over a flat or enormous body."""
    body = f'<link name="base"><collision><geometry><box size="{size}"/></geometry></collision></link>'
    urdf = toy_urdf().replace('<link name="base"/>', body)
    assert body in urdf
    with pytest.raises(RobotError) as error:
        RobotModel(TOY, urdf).collision_geometry()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("points", "thickness_m", "usable"),
    [(8, 0.0, False), (200, 0.0, False), (3, 0.0, False), (8, 5e-6, False), (8, 1e-4, True), (8, 0.05, True)],
)
def test_a_mesh_that_is_flat_however_it_is_turned_is_refused(
    tmp_path: Path, points: int, thickness_m: float, usable: bool
) -> None:
    """A tilted plane fills its upright box; Qhull would end the whole process all the same. A thin body is no plane."""
    rng = np.random.default_rng(points)
    flat = rng.uniform(-0.1, 0.1, (points, 3)) * [1.0, 1.0, 5.0 * thickness_m]
    tilted = flat @ np.linalg.qr(rng.normal(size=(3, 3)))[0]
    lines = [f"v {x!r} {y!r} {z!r}" for x, y, z in tilted.tolist()]
    lines += [f"f {k} {k + 1} {k + 2}" for k in range(1, points - 1)]
    (tmp_path / "sheet.obj").write_text("\n".join(lines))
    body = f'<collision><geometry><mesh filename="{tmp_path / "sheet.obj"}"/></geometry></collision>'
    urdf = toy_urdf().replace('<link name="upper"/>', f'<link name="upper">{body}</link>')
    model = RobotModel(TOY, urdf)
    if usable:
        assert CollisionChecker(model).contact_in(model.rest) is None
        return
    with pytest.raises(RobotError, match=r"collision geometry 'upper_0' measures .* m; expected between") as error:
        model.collision_geometry()
    assert "\n" not in str(error.value)
