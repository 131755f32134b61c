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

"""The catalogue of topics and services, and docs/reference.md, say what the nodes do."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy

from iat_ros.nodes.base import IatNode
from iat_ros.nodes.catalogue import INTERFACES, NODES

pytestmark = pytest.mark.ros
DOCS = Path(__file__).parents[2] / "docs"
OWN = ("/parameter_events", "/rosout", "/clock")
"""What rclpy itself opens for every node."""


@pytest.fixture(scope="module")
def context(ros_domain: int) -> Iterator[None]:
    """Start rclpy."""
    rclpy.init(domain_id=ros_domain)
    yield
    rclpy.try_shutdown()


def relative(name: str) -> str:
    """Undo the namespace that the test gives."""
    return name.removeprefix("/lab/")


def type_name(kind: type) -> str:
    """Write a message type as ROS tools do."""
    package, folder = kind.__module__.split(".")[:2]
    return f"{package}/{folder}/{kind.__name__}"


@pytest.mark.parametrize("name", NODES)
def test_every_topic_and_service_of_a_node_is_in_the_catalogue(name: str, context: None) -> None:
    """With its type and its direction; what a node opens when it is configured may come on top."""
    known = {(interface.name, interface.type): interface for interface in INTERFACES}
    node: IatNode = NODES[name](namespace="lab")
    try:
        publishers = [(relative(found.topic), type_name(found.msg_type)) for found in node.publishers]
        for key in publishers:
            if key[0] not in OWN and not key[0].endswith("transition_event"):
                assert name in known[key].out_of, key
        for found in Node.subscriptions.fget(node):  # those that it polls, too
            key = (relative(found.topic_name), type_name(found.msg_type))
            if key[0] not in OWN:
                assert name in known[key].into, key
                if key[0] == "skeletons":
                    assert found.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
        for service in node.services:
            if type_name(service.srv_type).startswith("std_srvs/"):
                assert name in known[(relative(service.service_name), type_name(service.srv_type))].out_of
    finally:
        node.destroy_node()


def test_the_reference_is_what_the_code_says() -> None:
    """docs/make_reference.py would write the very page that is there."""
    made = runpy.run_path(str(DOCS / "make_reference.py"))["render"]()
    assert made == (DOCS / "reference.md").read_text(encoding="utf-8"), "run python docs/make_reference.py"
