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

"""Trajectories that were serialised before they are sent."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import rclpy
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory

from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.trajectory_message import to_message
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Performance
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing, plan_home


@pytest.fixture(params=["g1", "talos"])
def node(ros_domain: int, request: pytest.FixtureRequest) -> Iterator[TrajectoryNode]:
    """A node for a robot with one controller, or with two."""
    rclpy.init(domain_id=ros_domain)
    given = {"check_collisions": False, "stream_timeout": 0.0, "robot": request.param}
    node = TrajectoryNode(parameter_overrides=[Parameter(name, value=each) for name, each in given.items()])
    assert bring_up(node)
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_what_was_serialised_before_is_what_would_be_sent(node: TrajectoryNode) -> None:
    """Field for field, with the stamp that it has when it is sent; another message is not mistaken for it."""
    heard: dict[str, list[Any]] = {topic: [] for topic in node._output._publishers}
    for topic, publisher in node._output._publishers.items():
        publisher.publish = heard[topic].append
    model = RobotModel.load(find_config("robots", node.get_parameter("robot").value))
    message = to_message(Performance(plan_home(model, State.at_rest(model.rest + 0.1), Timing()), 10.0), 9.0)
    node._output.prepare(message)
    message.header.stamp.sec, message.header.stamp.nanosec = 1_790_000_000, 987_654_321
    node._output.send(message)
    node._output.send(copy.deepcopy(message))
    assert heard
    assert all(len(told) == 2 for told in heard.values())
    for before, now in heard.values():
        assert isinstance(before, bytes)
        assert deserialize_message(before, JointTrajectory) == now
