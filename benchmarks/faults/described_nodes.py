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

"""Nodes whose robot's URDF comes on the topic robot_description, and a judge of what they do with a damaged one."""

from __future__ import annotations

import importlib.util
import os
import random
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String

from iat_ros.errors import RobotError
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.robot_description import LATCHED_QOS
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.transport import keep_to_this_machine, require_loopback
from iat_ros.robot.urdf import DESCRIPTION

_WAIT_S = 5.0
_LONGEST = 1030
"""What is said in one line is no longer [characters]."""


class DescribedNodes:
    """The nodes that read a robot's description, in turn: each gets a damaged one, and then one that is whole.

    Args:
        mapping: A mapping that names no URDF, as YAML.
    """

    def __init__(self, mapping: str) -> None:
        keep_to_this_machine()
        os.environ["IAT_ROS_HALTS"] = "none"
        set_logger_level("rcl_lifecycle", LoggingSeverity.FATAL)
        self._folder = tempfile.TemporaryDirectory()
        robot = Path(self._folder.name) / "mapping.yaml"
        robot.write_text(mapping)
        self._context = Context()
        own = os.environ.get("ROS_DOMAIN_ID")
        rclpy.init(context=self._context, domain_id=int(own) if own else random.SystemRandom().randint(1, 101))
        require_loopback(self._context)
        self._topic = f"{DESCRIPTION}_{os.getpid()}"
        self._other = Node("describes", context=self._context, use_global_arguments=False)
        self._publisher = self._other.create_publisher(String, self._topic, LATCHED_QOS)
        values = {"robot": str(robot), "description_timeout": _WAIT_S}
        kinds: list[tuple[type[IatNode], dict[str, Any]]] = [(RobotNode, {}), (TrajectoryNode, {})]
        if importlib.util.find_spec("viser") is not None:
            from iat_ros.nodes.viewer import ViewerNode

            kinds.append((ViewerNode, {"port": 0}))
        self._nodes = [self._make(kind, {**values, **more}) for kind, more in kinds]
        self._refused = ""
        self._turn = 0

    def _make(self, kind: type[IatNode], values: dict[str, Any]) -> IatNode:
        node = kind(
            context=self._context,
            use_global_arguments=False,
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
            cli_args=["--ros-args", "-r", f"{DESCRIPTION}:={self._topic}"],
        )
        node.get_logger().set_level(LoggingSeverity.FATAL)
        node.get_logger().error = self._hear
        return node

    def _hear(self, told: str) -> bool:
        self._refused += told
        return True

    def close(self) -> None:
        """Take the nodes down."""
        for node in (*self._nodes, self._other):
            node.get_logger().set_level(LoggingSeverity.INFO)  # levels belong to the process, not to the node
            node.destroy_node()
        rclpy.shutdown(context=self._context)
        self._folder.cleanup()

    def try_out(self, damaged: bytes, whole: bytes) -> None:
        """Configure the next node with a damaged description, then with one that is whole.

        Raises:
            RobotError: It refused the damaged one.
            AssertionError: It refused that for a reason that nobody foresaw, or the whole one too, or works with
                numbers that are none.
        """
        node = self._nodes[self._turn % len(self._nodes)]
        self._turn += 1
        reason = self._bring_up(node, damaged)
        again = self._bring_up(node, whole)
        assert not again, f"{node.get_name()}: a whole one is refused afterwards: {again}"
        assert len(reason) <= _LONGEST, f"{node.get_name()}: says {len(reason)} characters: {reason[:200]}"
        assert not any(part in reason for part in ("unexpected", "no URDF came")), f"{node.get_name()}: {reason}"
        if reason:
            raise RobotError(reason)

    def _bring_up(self, node: IatNode, description: bytes) -> str:
        """Bring a node up and down again; return why it refuses."""
        self._publisher.publish(_written(description))
        self._refused = ""
        if not bring_up(node):
            return self._refused or "unexpected: nothing is said"
        if isinstance(node, RobotNode):
            assert np.isfinite(node._robot.joints.positions).all(), "the robot rests nowhere"
        node.trigger_deactivate()
        node.trigger_cleanup()
        return ""


def _written(text: bytes) -> bytes:
    """Return a std_msgs/String as it is sent; of any bytes, as others than rclpy may send them."""
    return b"\x00\x01\x00\x00" + struct.pack("<I", len(text) + 1) + text + b"\x00"
