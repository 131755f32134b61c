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


"""Simulated time that nobody gives: nodes stand still, and that is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rclpy
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time

from iat_ros.nodes.process import warn_of_missing_clock

pytestmark = pytest.mark.ros


@pytest.fixture
def nodes(ros_domain: int) -> Iterator[list[Node]]:
    """One node on the machine's time, two on simulated time."""
    rclpy.init(domain_id=ros_domain)
    made = [
        Node(name, parameter_overrides=[Parameter("use_sim_time", value=simulated)])
        for name, simulated in (("real", False), ("first", True), ("second", True))
    ]
    yield made
    for node in made:
        node.destroy_node()
    rclpy.shutdown()


def test_nodes_without_a_clock_are_named(nodes: list[Node], capfd: pytest.CaptureFixture[str]) -> None:
    """Those that have a time are not; once all have one, nothing is said."""
    warn_of_missing_clock(nodes)
    assert "nothing comes on /clock: first, second stand still" in capfd.readouterr().err
    nodes[1].get_clock().set_ros_time_override(Time(seconds=5, clock_type=ClockType.ROS_TIME))
    warn_of_missing_clock(nodes)
    assert "nothing comes on /clock: second stand still" in capfd.readouterr().err
    nodes[2].get_clock().set_ros_time_override(Time(seconds=5, clock_type=ClockType.ROS_TIME))
    warn_of_missing_clock(nodes)
    assert capfd.readouterr().err == ""
