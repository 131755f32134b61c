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

"""The viewer: its page without ROS, its geometry, and the node in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from lifecycle_msgs.msg import State, Transition
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import Marker, MarkerArray

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import IatError, MessageError
from iat_ros.nodes.answer_message import encode_joints
from iat_ros.nodes.answer_stages import Stage
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import SkeletonCloud, encode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.markers import PersonInView, body_bones
from iat_ros.nodes.page_control import PageControl
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.robot_figure import simplify
from iat_ros.nodes.viewer import ViewerNode
from iat_ros.nodes.viewer_status import Status
from iat_ros.resources import find_config
from iat_ros.robot.description import load_robot_config
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import JointMotion
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


@pytest.mark.ros
def test_robot_is_shown_where_it_was_measured_not_where_it_was_told_to_go(rig: Any) -> None:
    """A trajectory alone shows no robot; joint_states do, also while a trajectory runs; old ones and others' do not."""
    node = ViewerNode(context=rig.context, namespace="here", parameter_overrides=[Parameter("port", value=0)])
    try:
        assert bring_up(node)
        shown: list[dict[str, float] | None] = []
        told: list[Any] = []
        page = node._page
        node._page = SimpleNamespace(
            clients=1, show_person=lambda _: None, show_answer=lambda *_: None, show_robot=shown.append,
            show_alternatives=lambda _: None,
            panel=SimpleNamespace(show=told.append, take_clicks=list), stop=page.stop,
        )  # fmt: skip
        node._control, now = PageControl(node._page, node._figure, node._requests), [1000.0]
        node._now_s = lambda: now[0]

        def tick() -> Any:
            node._control.refresh()
            node._on_tick()
            return shown[-1]

        point = JointTrajectoryPoint(positions=[1.0], time_from_start=Duration(sec=5))
        node._on_trajectory(JointTrajectory(joint_names=["left_elbow_joint"], points=[point]))
        assert tick() is None
        assert (told[-1].state, told[-1].measured) == ("answering", False)
        node._on_joint_states(JointState(name=["left_elbow_joint"], position=[0.25]))
        with pytest.raises(MessageError, match="NaN"):
            node._on_joint_states(JointState(name=["left_elbow_joint"], position=[np.nan]))
        assert tick() == {"left_elbow_joint": 0.25}
        assert told[-1].measured
        now[0] += 4.0
        node._on_joint_states(JointState(name=["left_hand_of_another"], position=[0.5]))
        assert tick() is None
        for number in range(50):
            node._on_joint_states(JointState(name=[f"joint_{number}", "left_elbow_joint"], position=[0.0, 0.5]))
        assert tick() == {"left_elbow_joint": 0.5}, "joints that the robot does not have are kept"
        with pytest.raises(MessageError, match="no points"):
            node._on_trajectory(JointTrajectory())
    finally:
        node.destroy_node()


@pytest.mark.ros
def test_the_past_is_shown_as_it_was(rig: Any) -> None:
    """The slider shows where the robot was, while it moves on; live shows where it is; a service nobody has is told."""
    node = ViewerNode(context=rig.context, namespace="past", parameter_overrides=[Parameter("port", value=0)])
    try:
        assert bring_up(node)
        shown: list[dict[str, float] | None] = []
        told: list[Any] = []
        clicks: list[tuple[str, float]] = []
        page, now = node._page, [1000.0]
        panel = SimpleNamespace(
            LIVE="live", SLIDER="slider", show=told.append, go_live=lambda: None,
            take_clicks=lambda: [clicks.pop(0) for _ in list(clicks)],
        )  # fmt: skip
        node._page = SimpleNamespace(
            clients=1, show_person=lambda _: None, show_answer=lambda *_: None, show_robot=shown.append,
            show_alternatives=lambda _: None,
            panel=panel, stop=page.stop,
        )  # fmt: skip
        node._control = PageControl(node._page, node._figure, node._requests)
        node._now_s = lambda: now[0]

        def pass_time(seconds: float) -> float:
            for _ in range(round(10 * seconds)):
                now[0] += 0.1
                node._on_joint_states(JointState(name=["left_elbow_joint"], position=[(now[0] - 1000.0) / 100.0]))
                node._on_tick()
            return float((shown[-1] or {})["left_elbow_joint"])

        assert pass_time(20.0) == pytest.approx(0.20)
        clicks.append(("slider", 12.0))
        assert pass_time(0.5) == pytest.approx(0.081, abs=0.002)
        assert told[-1].ago_s == 12.0
        assert pass_time(5.0) == pytest.approx(0.081, abs=0.002), "the past moves"
        clicks.append(("slider", 2.0))
        assert pass_time(0.1) == pytest.approx(0.181, abs=0.002)
        clicks.append(("live", 0.0))
        assert pass_time(0.5) == pytest.approx(0.261)
        clicks.append(("halt", 0.0))
        pass_time(0.5)
        assert told[-1].note == "halt: nobody offers the service /past/halt"
        assert node.counts["button in vain: halt"] == 1
    finally:
        node.destroy_node()


@pytest.mark.ros
def test_node_shows_what_goes_by(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """A taken port is refused; then the page is on localhost only, markers come out, and NaN does no harm."""
    assert next(p for p in ViewerNode.PARAMETERS if p.name == "host").default == "127.0.0.1"
    markers = rig.listen(MarkerArray, "markers")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("viewer", "--no-autostart", "--ros-args", "-p", f"port:={port}")
        assert rig.state("viewer") == State.PRIMARY_STATE_UNCONFIGURED
        assert rig.until(lambda: rig.node.count_publishers("/rosout") >= 2)
        assert not rig.change("viewer", Transition.TRANSITION_CONFIGURE)
        assert rig.until(lambda: any(f"cannot listen on 127.0.0.1:{port}" in line for line in rig.log), 5.0), rig.log
        assert rig.state("viewer") == State.PRIMARY_STATE_UNCONFIGURED
    assert rig.change("viewer", Transition.TRANSITION_CONFIGURE), "the port is free now"
    assert rig.change("viewer", Transition.TRANSITION_ACTIVATE)
    assert "<html" in get(f"http://127.0.0.1:{port}")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=2)
    people = rig.node.create_publisher(PointCloud2, "skeletons", 10)
    answers = rig.node.create_publisher(PointCloud2, "responses", RESULT_QOS)
    assert rig.until(lambda: people.get_subscription_count() and answers.get_subscription_count())

    def seen(name: str) -> list[Marker]:
        return [marker for message in markers for marker in message.markers if marker.ns == name]

    def show(pose: np.ndarray) -> None:
        people.publish(encode_skeletons(rig.node.get_clock().now().to_msg(), "camera", np.array([5]), pose[None]))

    pose = CLIP.positions[0].copy()
    pose[DEFINITION.joints.index("left_wrist")] = np.nan
    bones = len(body_bones(DEFINITION))
    assert rig.until(lambda: show(pose) or any(len(m.points) == 2 * (bones - 2) for m in seen("person")))
    assert rig.until(lambda: show(CLIP.positions[0]) or any(len(m.points) == 2 * bones for m in seen("person")))
    assert {marker.header.frame_id for marker in seen("person")} == {"camera"}
    people.publish(encode_skeletons(Header().stamp, "camera", np.array([5]), np.zeros((1, 3, 3))))
    header = Header(frame_id="body_5", stamp=rig.node.get_clock().now().to_msg())
    answers.publish(encode_motion(header, cut_action(DEFINITION, CLIP, 32).motion))
    assert rig.until(lambda: len(seen("answer")) > 3)
    assert seen("answer")[0].header.frame_id == "body_5"
    assert len(seen("answer")[0].points) == 2 * len(DEFINITION.limbs)
    assert rig.until(lambda: rig.counts.get("/viewer", {}).get("answers") == "1")
    assert rig.counts["/viewer"]["dropped: cloud: expected width 20, got 3: is it of another skeleton?"] == "1"

    assert rig.change("viewer", Transition.TRANSITION_DEACTIVATE)
    assert rig.change("viewer", Transition.TRANSITION_CLEANUP)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    assert process.poll() is None


@pytest.mark.ros
def test_an_answer_in_joints_takes_the_figure_away(rig: Any) -> None:
    """Its stages are told as those of any answer, and no figure of an older one stays beside the robot."""
    node = ViewerNode(context=rig.context, namespace="joints", parameter_overrides=[Parameter("port", value=0)])
    try:
        assert bring_up(node)
        node._on_response(encode_motion(Header(frame_id="body_1"), cut_action(DEFINITION, CLIP, 32).motion))
        assert node._scene.answer is not None
        answer = encode_joints(Header(), JointMotion(("left_elbow_joint",), np.zeros((32, 1)), 1.0))
        answer.header.stamp = to_stamp(node._now_s() - 0.1)
        node._on_joint_response(answer)
        assert node._scene.answer is None
        node._on_tick()
        point = JointTrajectoryPoint(positions=[1.0], time_from_start=Duration(sec=5))
        node._on_trajectory(JointTrajectory(joint_names=["left_elbow_joint"], points=[point]))
        assert node._scene.stages.latency_ms == pytest.approx(100.0, abs=90.0)
        assert node.counts["answers"] == 2
    finally:
        node.destroy_node()
