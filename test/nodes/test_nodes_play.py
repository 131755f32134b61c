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

"""Play waits for who answers, however early others listen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from iat_ros.nodes.play import PlayNode

pytestmark = pytest.mark.ros


@pytest.fixture
def nodes(ros_domain: int) -> Iterator[list[Node]]:
    """Nodes that are destroyed afterwards."""
    rclpy.init(domain_id=ros_domain)
    made: list[Node] = []
    yield made
    for node in made:
        node.destroy_node()
    rclpy.shutdown()


def listen(name: str) -> Node:
    """Make a node that listens to skeletons."""
    node = Node(name)
    node.create_subscription(PointCloud2, "skeletons", lambda _: None, 1)
    return node


def test_a_trajectory_node_alone_is_not_played_to(nodes: list[Node]) -> None:
    """It comes up seconds before perception, which would miss the first actions."""
    player = PlayNode()
    nodes.extend([player, listen("trajectory")])
    assert not player.wait_for_subscriber(2.0)
    nodes.append(listen("perception"))
    assert player.wait_for_subscriber(10.0)


def test_whoever_else_listens_is_played_to(nodes: list[Node]) -> None:
    """A viewer, a recorder, a node of somebody's own."""
    player = PlayNode()
    nodes.append(player)
    assert not player.wait_for_subscriber(0.2)
    nodes.append(listen("viewer"))
    assert player.wait_for_subscriber(10.0)
