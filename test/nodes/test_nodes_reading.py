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

"""What comes on a topic and is no message of its type is counted, and named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.controller_states import ControllerStates
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.trajectory import TrajectoryNode

pytestmark = pytest.mark.ros

TRUNCATED = serialize_message(JointTrajectory(header=Header(frame_id="body_0"), joint_names=["elbow"]))[:-6]
ENDLESS = b"\x00\x01\x00\x00" + b"\xff" * 64


@pytest.fixture
def room(ros_domain: int) -> Iterator[Callable[..., IatNode]]:
    """Bring nodes up, each with an executor that runs while `heard` waits."""
    rclpy.init(domain_id=ros_domain)
    nodes: list[Node] = []

    def run(kind: Callable[..., IatNode], **values: Any) -> IatNode:
        node = kind(parameter_overrides=[Parameter(name, value=each) for name, each in values.items()])
        nodes.append(node)
        assert bring_up(node)
        return node

    yield run
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def dropped(node: IatNode, kind: type, topic: str, serialised: bytes) -> dict[str, int]:
    """Publish bytes on a topic, and return what the node dropped for them."""
    publisher = node.create_publisher(kind, topic, RESULT_QOS)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    until_s = time.monotonic() + 10.0
    while not publisher.get_subscription_count() and time.monotonic() < until_s:
        time.sleep(0.01)
    publisher.publish(serialised)
    while not node.dropped and time.monotonic() < until_s:
        executor.spin_once(timeout_sec=0.05)
    executor.remove_node(node)
    return dict(node.dropped)


@pytest.mark.parametrize("serialised", [TRUNCATED, ENDLESS, b""], ids=["truncated", "endless", "empty"])
@pytest.mark.parametrize(
    ("node", "kind", "topic"),
    [
        (TrajectoryNode, PointCloud2, "responses"),
        (TrajectoryNode, JointTrajectory, "joint_responses"),
        (Act2ActNode, PointCloud2, "windows"),
        (RobotNode, JointTrajectory, "joint_trajectory"),
    ],
    ids=["responses", "joint_responses", "windows", "joint_trajectory"],
)
def test_bytes_that_are_no_message_are_counted(
    room: Callable[..., IatNode], node: type, kind: type, topic: str, serialised: bytes
) -> None:
    """The middleware would throw them away without a word."""
    given = {"check_collisions": False} if node is TrajectoryNode else {}
    told = dropped(room(node, **given), kind, topic, serialised)
    assert len(told) == 1
    ((reason, count),) = told.items()
    assert reason.startswith(f"message on /{topic} that is no {kind.__name__}: ")
    assert count == 1


def test_a_damaged_state_of_a_controller_tells_nothing(room: Callable[..., IatNode], monkeypatch: Any) -> None:
    """Those are read when it matters, by no executor."""
    node = room(TrajectoryNode, check_collisions=False)
    monkeypatch.setattr("iat_ros.nodes.controller_states.importlib.import_module", lambda _: stand_in)
    stand_in = type("control_msgs", (), {"JointTrajectoryControllerState": JointState})
    states = ControllerStates(node, {"arm/joint_trajectory": ("elbow",)}, ("elbow",), lambda: 0.0)
    assert not states.silent
    publisher = node.create_publisher(JointState, "arm/controller_state", RESULT_QOS)
    until_s = time.monotonic() + 10.0
    while not publisher.get_subscription_count() and time.monotonic() < until_s:
        time.sleep(0.01)
    publisher.publish(ENDLESS)
    while not node.dropped and time.monotonic() < until_s:
        states.held(0.0)
    assert [reason.partition(": ")[0] for reason in node.dropped] == [
        "message on /arm/controller_state that is no JointState"
    ]
    states.close()
