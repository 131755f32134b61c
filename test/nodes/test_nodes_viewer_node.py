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

"""The viewer's node: what it shows of what goes by, over DDS."""

from __future__ import annotations

import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import nullcontext
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
from iat_ros.errors import MessageError
from iat_ros.nodes.answer_message import encode_joints
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.markers import body_bones
from iat_ros.nodes.page_control import PageControl
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.viewer import ViewerNode
from iat_ros.resources import find_config
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import JointMotion

viewer_page = pytest.importorskip("iat_ros.nodes.viewer_page")
pytestmark = pytest.mark.ros

DEFINITION = load_skeleton("utd_mhad")
CLIP = make_clips(people=1, trials=1, actions=("wave",))[0]
G1 = find_config("robots", "g1")


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
            show_alternatives=lambda _: None, take_refused=dict,
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
            show_alternatives=lambda _: None, take_refused=dict,
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
    with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as read:
        assert b"<html" in read.read()
    reason = "dropped: a request to the page by another site's page"
    foreign = urllib.request.Request(f"http://127.0.0.1:{port}", headers={"Origin": "http://example.com"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(foreign, timeout=5)
    assert rig.until(lambda: rig.counts.get("/viewer", {}).get(reason) == "1"), rig.counts
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


def test_a_page_that_other_sites_could_use_has_no_buttons(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where viser starts its server in a way that the guard does not know; one line says so."""
    monkeypatch.setattr("iat_ros.nodes.page_server.asked_first", lambda _: nullcontext())
    node = ViewerNode(context=rig.context, namespace="open", parameter_overrides=[Parameter("port", value=0)])
    try:
        assert bring_up(node)
        assert not node._page.panel._buttons
        assert rig.until(lambda: any("the page has no buttons: pages of other sites" in line for line in rig.log)), (
            rig.log
        )
    finally:
        node.destroy_node()


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
