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

"""config/sros2/policy.xml allows each node what it does, and nothing else."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import rclpy
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2

from iat_ros.__main__ import VERBS
from iat_ros.nodes import robot_description
from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.controller_states import STATE_TOPIC
from iat_ros.nodes.interact import make_nodes
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.play import PlayNode
from iat_ros.nodes.record import KINDS, RecordNode
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.tracker import hri, transforms, zed
from iat_ros.nodes.tracker.node import SOURCES, make_tracker
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.trajectory_output import ACTION
from iat_ros.nodes.viewer import ViewerNode
from iat_ros.robot.urdf import DESCRIPTION

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "config" / "sros2" / "policy.xml"
PREFIX = "/iat_ros/"
NODES: dict[str, Callable[[], Node]] = {
    "perception": PerceptionNode,
    "act2act": Act2ActNode,
    "trajectory": TrajectoryNode,
    "robot": RobotNode,
    "viewer": ViewerNode,
    "camera": CameraNode,
    "play": PlayNode,
}
DESCRIBED = ("trajectory", "robot", "viewer")
RIGHTS = ("publish", "subscribe", "reply", "request", "call")
Rights = dict[str, list[str]]


def profiles(enclave: str) -> list[ElementTree.Element]:
    """The profiles of an enclave, one for each node in it."""
    return ElementTree.parse(POLICY).findall(f"enclaves/enclave[@path='{PREFIX}{enclave}']/profiles/profile")


def allowed(profile: ElementTree.Element, namespace: str) -> Rights:
    """Names that a profile allows, resolved as ROS does in a namespace, sorted, by right."""
    here = namespace.rstrip("/")
    rights: Rights = {right: [] for right in RIGHTS}
    for group in profile:
        for right, effect in group.attrib.items():
            assert effect == "ALLOW", "what is not allowed is denied"
            for entry in group:
                name = entry.text or ""
                if name.startswith("~/"):
                    name = f"{here}/{profile.get('node')}/{name[2:]}"
                rights[right].append(name if name.startswith("/") else f"{here}/{name}")
    return {right: sorted(names) for right, names in rights.items()}


def used(node: Node) -> Rights:
    """Names that a node really uses, as the ROS graph tells them, sorted, by right.

    The action is called only with ``output`` at "action", and the controller heard only while configured; both need
    messages that are not on PyPI. The topic of the URDF is heard only while a node is configured for a robot whose file
    names none.
    """
    who = node.get_name(), node.get_namespace()
    found = {
        "publish": node.get_publisher_names_and_types_by_node(*who),
        "subscribe": node.get_subscriber_names_and_types_by_node(*who),
        "reply": node.get_service_names_and_types_by_node(*who),
        "request": node.get_client_names_and_types_by_node(*who),
    }
    rights = {right: sorted(name for name, _ in names) for right, names in found.items()}
    if node.get_name() in DESCRIBED:
        rights["subscribe"] = sorted([*rights["subscribe"], node.resolve_topic_name(DESCRIPTION)])
    rights["call"] = []
    if isinstance(node, TrajectoryNode):
        rights["call"] = [node.resolve_service_name(ACTION)]
        rights["subscribe"] = sorted([*rights["subscribe"], node.resolve_topic_name(STATE_TOPIC)])
    return rights


@pytest.fixture(params=["/", "/lab"])
def namespace(ros_domain: int, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace in which all nodes of the test are, under simulated time, with which they use most."""
    rclpy.init(args=["test", "--ros-args", "-p", "use_sim_time:=true", "-r", f"__ns:={request.param}"])
    yield request.param
    rclpy.try_shutdown()


@pytest.mark.parametrize("name", NODES)
def test_each_node_has_the_rights_it_uses_and_no_others(namespace: str, name: str) -> None:
    """A topic or service too few stops a node under enforced security, one too many is a door left open."""
    node = NODES[name]()
    try:
        (profile,) = profiles(name)
        assert profile.get("node") == node.get_name()
        assert allowed(profile, namespace) == used(node)
    finally:
        node.destroy_node()


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_robot_without_urdf_is_read_from_a_topic_that_is_allowed(
    namespace: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The robot's file may leave its URDF to robot_state_publisher."""
    heard: list[str] = []

    class Stopping:
        @staticmethod
        def wait(_: float) -> bool:
            heard.extend(subscription.topic_name for subscription in node.subscriptions)
            return True

    monkeypatch.setattr(robot_description, "stopping", Stopping)
    node = NODES[name]()
    try:
        node.set_parameters([Parameter("robot", value="nao")])
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert node.resolve_topic_name(DESCRIPTION) in set(heard) & set(used(node)["subscribe"])
    finally:
        node.destroy_node()


def test_a_recording_hears_what_may_be_recorded_and_says_nothing(namespace: str, tmp_path: Path) -> None:
    """With all topics that its option knows."""
    node = RecordNode(tmp_path / "bag", tuple(KINDS))
    try:
        (profile,) = profiles("record")
        assert profile.get("node") == node.get_name()
        assert allowed(profile, namespace) == used(node)
    finally:
        node.bag.close()
        node.destroy_node()


def test_the_tracker_may_hear_what_its_inputs_need_and_nothing_else(
    namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which topics it hears depends on its input; the policy allows those of all."""
    for module, function in ((transforms, "tf_message"), (hri, "ids_message"), (zed, "objects_message")):
        monkeypatch.setattr(module, function, lambda: PointCloud2)  # a type that is everywhere: only the names count
    (profile,) = profiles("tracker")
    told = allowed(profile, namespace)
    heard: set[str] = set()
    node = make_tracker(None)
    try:
        for source in SOURCES:
            node.set_parameters([Parameter("input", value=source)])
            assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            rights = used(node)
            heard.update(rights.pop("subscribe"))
            assert rights == {right: told[right] for right in rights}
            node.trigger_cleanup()
    finally:
        node.destroy_node()
    assert heard == set(told["subscribe"])


def test_interact_has_the_rights_of_its_nodes(namespace: str) -> None:
    """The chain in one process has one enclave, which allows what its nodes are allowed where they are alone."""
    nodes = list(make_nodes("markers"))
    try:
        told = {profile.get("node"): allowed(profile, namespace) for profile in profiles("interact")}
        assert told == {node.get_name(): allowed(profiles(node.get_name())[0], namespace) for node in nodes}
    finally:
        for node in nodes:
            node.destroy_node()


def test_the_operator_may_only_ask_for_what_a_node_answers() -> None:
    """The operator's enclave reaches services of nodes in the policy, and neither topics nor parameters of theirs."""
    (profile,) = profiles("operator")
    rights = allowed(profile, "/")
    answered = {name for node in (*NODES, "tracker") for name in allowed(profiles(node)[0], "/")["reply"]}
    assert set(rights["request"]) <= answered
    assert {"/halt", "/resume"} <= set(rights["request"])
    for name in [name for name in answered if name.endswith("/change_state")]:  # ros2 lifecycle set, list, get
        assert {name, name.replace("change_state", "get_state")} <= set(rights["request"])
        assert name.replace("change_state", "get_available_transitions") in rights["request"]
    assert not [name for name in rights["request"] if "parameter" in name]
    assert all(name.startswith("/_ros2cli*/") for name in rights["reply"])


@pytest.mark.parametrize("namespace", ["/"], indirect=True)
def test_the_operators_commands_may_be_nodes(namespace: str) -> None:
    """``ros2 service call`` makes a node with services of its own, which the operator's enclave must allow."""
    node = rclpy.create_node("_ros2cli_requester_std_srvs_Trigger")
    rights = allowed(profiles("operator")[0], namespace)
    try:
        for right, names in used(node).items():
            for name in names:
                if name != "/clock":  # no ros2 command here runs under simulated time
                    assert any(fnmatchcase(name, pattern) for pattern in rights[right]), (right, name)
    finally:
        node.destroy_node()


def test_enclaves_are_named_as_the_verbs_and_hold_no_wildcards() -> None:
    """The launch file finds the enclave of a process by its verb; only ros2 commands have names that nobody knows."""
    text = POLICY.read_text(encoding="utf-8")
    paths = [enclave.get("path", "") for enclave in ElementTree.fromstring(text).iter("enclave")]
    assert sorted(paths) == sorted(PREFIX + name for name in [*NODES, "tracker", "record", "interact", "operator"])
    assert {path.removeprefix(PREFIX) for path in paths} - {"operator"} <= set(VERBS)
    wild = [element.text or "" for element in ElementTree.fromstring(text).iter() if "*" in (element.text or "")]
    assert all(name.startswith("/_ros2cli*/") for name in wild)


def test_the_documentation_makes_every_enclave() -> None:
    """With a keystore that lacks one, its node does not start."""
    (names,) = re.findall(r"for name in (.*); do", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    paths = [enclave.get("path") for enclave in ElementTree.parse(POLICY).iter("enclave")]
    assert sorted(paths) == sorted(PREFIX + name for name in names.split())
