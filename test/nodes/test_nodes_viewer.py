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

"""The viewer: its page without ROS, and its geometry."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import IatError
from iat_ros.nodes.answer_stages import Stage
from iat_ros.nodes.clouds import SkeletonCloud
from iat_ros.nodes.markers import PersonInView, body_bones
from iat_ros.nodes.robot_figure import simplify
from iat_ros.nodes.viewer_status import Status
from iat_ros.resources import find_config
from iat_ros.robot.description import load_robot_config
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limb_chain import LimbChain

viewer_page = pytest.importorskip("iat_ros.nodes.viewer_page")

DEFINITION = load_skeleton("utd_mhad")
CLIP = make_clips(people=1, trials=1, actions=("wave",))[0]
G1 = find_config("robots", "g1")


def get(url: str) -> str:
    """Read a page."""
    with urllib.request.urlopen(url, timeout=5) as page:
        return str(page.read().decode())


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page with the G1."""
    bones = viewer_page.Bones(body_bones(DEFINITION), DEFINITION.joints.index("head"))
    answer = viewer_page.Bones(LimbChain(DEFINITION).bones)
    page = viewer_page.ViewerPage(load_robot_config(G1), bones, answer, port=0, model="<b>m</b>")
    yield page
    page.stop()


def test_page_shows_everything(page: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """The page takes people, untracked joints, answers, poses and a status, and serves viser's page."""
    person = PersonInView(DEFINITION)
    person.push(SkeletonCloud(0.0, "camera", np.array([3]), CLIP.positions[:1]), 0.0)
    page.show_person(person.joints)
    page.show_person(np.where(np.arange(20)[:, None] == 7, np.nan, person.joints))
    page.show_person(None)
    motion = cut_action(DEFINITION, CLIP, 32).motion
    page.show_answer(LimbChain(DEFINITION).place(motion.limbs_in_body[9], person.limb_lengths_m))
    page.show_answer(None)
    page.show_robot({"left_elbow_joint": 0.3, "no_such_joint": 1.0, "right_elbow_joint": float("nan")})
    assert page._robot_root.visible
    page.show_robot(None)
    assert not page._robot_root.visible
    page.show_alternatives(
        [LimbChain(DEFINITION).place(motion.limbs_in_body[k], person.limb_lengths_m) for k in (3, 9)]
    )
    assert [figure._root.visible for figure in page._alternatives] == [True, True, False]
    page.show_alternatives([])
    assert not any(figure._root.visible for figure in page._alternatives)
    assert page.robot_note is None
    assert page.clients == 0
    assert "<html" in get(page.url)
    assert capfd.readouterr().out == ""


def test_panel_tells_what_goes_on(page: Any) -> None:
    """State, why the robot may not move, times, and what came of a button; nothing of it is taken for HTML."""
    panel = page.panel

    def told(**values: Any) -> str:
        panel.show(Status(**{"state": "answering", **values}))
        return str(panel._top.content + panel._below.content)

    assert "no joint_states come" in told()
    assert "no joint_states come" not in told(measured=True)
    assert "&lt;b&gt;m&lt;/b&gt;" in told()
    assert "<b>m</b>" not in told()
    assert "nobody in view" in told()
    assert "nobody in view" not in told(people=2)
    assert "42 ms" in told(stages=[Stage("trajectory", 11.0, 41.7), Stage("robot moves", None, None)])
    assert "&lt;i&gt;" in told(note="halt: <i>")
    assert "12.5 s ago: answering" in told(ago_s=12.5)
    assert not panel._live.disabled
    told()
    assert panel._live.disabled
    for trouble, text, may_resume in (
        (None, "the trajectory node is silent", True),
        ("", "may move", False),
        ("halted: on request; call resume", "halted: on request", True),
        ("no skeletons for 1 s", "no skeletons for 1 s", False),
    ):
        assert f"robot: {text}" in told(trouble=trouble)
        assert panel._buttons["resume"].disabled != may_resume
        assert not panel._buttons["halt"].disabled, "halt must work whatever the page believes"


def test_page_that_only_shows_has_no_buttons() -> None:
    """Without controls nobody who sees the page can ask anything of the nodes."""
    bones = viewer_page.Bones(np.array([[0, 1]]))
    page = viewer_page.ViewerPage(load_robot_config(G1), bones, bones, port=0, controls=False)
    try:
        assert not page.panel._buttons
        page.panel.show(Status(trouble="halted: on request"))
    finally:
        page.stop()


def test_robot_is_light_and_stands_on_the_floor(page: Any) -> None:
    """The G1's 14 MB of meshes are cut to 2 MB at most, its height and its feet on the floor are kept."""
    robot = page.robot
    assert sum(vertices.size * 4 + faces.size * 4 for *_, vertices, faces in robot._meshes) < 2e6
    assert 1.25 < robot.height_m < 1.40
    assert robot._root.act(robot._data.oMi[robot._model.getJointId("left_ankle_roll_joint")]).translation[2] > 0.02


def test_robot_without_meshes_is_drawn_as_lines(tmp_path: Any) -> None:
    """A URDF without visuals and with a floating base is drawn as rods between its joints."""
    (tmp_path / "arm.urdf").write_text(
        '<robot name="arm"><link name="world"/><link name="base"/><link name="upper"/><link name="hand"/>'
        '<joint name="free" type="floating"><parent link="world"/><child link="base"/></joint>'
        '<joint name="j" type="revolute"><parent link="base"/><child link="upper"/><origin xyz="0 0 0.5"/>'
        '<axis xyz="0 1 0"/><limit lower="-1" upper="1" velocity="1" effort="1"/></joint>'
        '<joint name="tip" type="fixed"><parent link="upper"/><child link="hand"/><origin xyz="0.4 0 0"/></joint>'
        "</robot>"
    )
    config = tmp_path / "arm.yaml"
    config.write_text("{name: arm, urdf: arm.urdf, torso: base, joints: [j], limbs: {forearm: [upper, hand]}}")
    page = viewer_page.ViewerPage(
        load_robot_config(config), viewer_page.Bones(np.array([[0, 1]])), viewer_page.Bones(np.array([[0, 1]])), port=0
    )
    try:
        assert "no visual geometry" in page.robot_note
        page.show_robot({"j": 0.5})
        assert 0.5 <= page.robot.height_m < 0.6
    finally:
        page.stop()


def test_addresses_that_cannot_be_listened_on() -> None:
    """A port that is taken and a host that is not ours are refused in one line; no other port is taken instead."""
    bones = viewer_page.Bones(np.array([[0, 1]]))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host, number in (("127.0.0.1", port), ("192.0.2.1", 0), ("no such host", 0)):
            with pytest.raises(IatError, match=rf"cannot listen on {host}:{number} .*'port' or 'host'") as refusal:
                viewer_page.ViewerPage(load_robot_config(G1), bones, bones, host=host, port=number)
            assert "\n" not in str(refusal.value)


def test_what_a_round_of_simplifying_left_nothing_of_may_be_simplified_again() -> None:
    """A part smaller than a cell vanishes; with robots of many triangles more rounds follow."""
    vertices, faces = simplify(np.array([[0.0, 0, 0], [1e-4, 0, 0], [0, 1e-4, 0]]), np.array([[0, 1, 2]]), 0.002)
    assert len(faces) == 0
    again, left = simplify(vertices, faces, 0.0028)
    assert (len(again), len(left)) == (0, 0)


def test_simplifying_keeps_the_shape() -> None:
    """Merging vertices keeps every point within a cell of where it was, and a flat face flat."""
    side = np.arange(60) * 0.001
    x, y = (axis.ravel() for axis in np.meshgrid(side, side))
    vertices = np.stack([x, y, np.zeros_like(x)], axis=1)
    corner = (np.arange(59)[:, None] * 60 + np.arange(59)).ravel()
    faces = np.concatenate([corner[:, None] + [0, 1, 61], corner[:, None] + [0, 61, 60]])
    fewer, left = simplify(vertices, faces, 0.005)
    assert len(left) < len(faces) / 10
    assert left.max() < len(fewer)
    assert np.abs(fewer[:, 2]).max() == 0.0
    assert np.abs(fewer.min(axis=0) - vertices.min(axis=0)).max() < 0.005
    assert np.abs(fewer.max(axis=0) - vertices.max(axis=0)).max() < 0.005


def test_person_stands_upright_for_any_camera() -> None:
    """Turning and moving the camera changes nothing: feet on the floor, head up, front to x; NaN stays NaN."""
    turn, _ = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))
    turn *= np.linalg.det(turn)
    shown = []
    for positions in (CLIP.positions, CLIP.positions @ turn.T + [3.0, -1.0, 0.5]):
        person = PersonInView(DEFINITION)
        for time_s, pose in zip(CLIP.times_s, positions, strict=True):
            hidden = pose.copy()
            hidden[DEFINITION.joints.index("left_hand")] = np.nan
            person.push(SkeletonCloud(time_s, "camera", np.array([7]), hidden[None]), time_s)
        shown.append(person.joints)
        assert person.leave(CLIP.times_s[-1] + 0.5) is False
        assert person.leave(CLIP.times_s[-1] + 5.0) is True
        assert person.joints is None
    np.testing.assert_allclose(shown[0], shown[1], atol=1e-9)
    joints = dict(zip(DEFINITION.joints, shown[0], strict=True))
    assert abs(joints["left_foot"][2]) < 0.05
    assert 1.3 < joints["head"][2] < 1.9
    assert joints["left_shoulder"][1] > joints["right_shoulder"][1]
    assert np.isnan(joints["left_hand"]).all()


def test_chained_answer_has_the_limbs_directions() -> None:
    """The joints of a chained answer span its limb vectors, with the lengths asked for."""
    chain, motion = LimbChain(DEFINITION), cut_action(DEFINITION, CLIP, 32).motion
    lengths = np.linspace(0.1, 0.4, 8)
    joints = chain.place(motion.limbs_in_body[12], lengths)
    spans = joints[chain.bones[:, 1]] - joints[chain.bones[:, 0]]
    np.testing.assert_allclose(spans, lengths[:, None] * motion.limbs_in_body[12], atol=1e-12)
