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

"""Where a node's robot comes from: a mapping, and a URDF from its file, a parameter or the topic robot_description."""

from __future__ import annotations

import time
from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from iat_ros.errors import ConfigError
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.process import stopping
from iat_ros.nodes.reading import MessageReader
from iat_ros.nodes.waiting import take_waiting
from iat_ros.resources import find_config
from iat_ros.robot.description import RobotConfig, load_robot_config
from iat_ros.robot.urdf import DESCRIPTION

LATCHED_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""As robot_state_publisher publishes it: who comes later gets it too."""

_LOOK_S = 0.02

PARAMETERS = (
    Parameter("robot", "g1", "Robot: the name of one that ships, or a YAML file with mapping and, maybe, URDF."),
    Parameter(
        DESCRIPTION, "", "The robot's URDF itself. Empty: the file that the mapping names, else the topic of this name."
    ),
    Parameter("description_timeout", 10.0, "How long to wait for the topic robot_description [s].", 0.1, 600.0),
)


def read_robot(node: IatNode, values: dict[str, Any]) -> tuple[RobotConfig, str | None]:
    """Return the mapping, and the URDF as text where it does not come from the mapping's file.

    A node that is configured before its robot_state_publisher is up waits for it, as controller_manager does.

    Args:
        node: The node, which subscribes.
        values: Its parameters, with `PARAMETERS` among them.

    Raises:
        IatError: There is no such mapping, or no URDF came.
    """
    config = load_robot_config(find_config("robots", values["robot"]))
    if values[DESCRIPTION]:
        return config, values[DESCRIPTION]
    if config.urdf:
        return config, None
    topic, timeout_s = node.resolve_topic_name(DESCRIPTION), values["description_timeout"]
    node.get_logger().info(f"robot '{config.name}' names no URDF: waiting up to {timeout_s:g} s for the topic {topic}")
    urdf_xml = _wait(node, timeout_s)
    if urdf_xml is None and stopping.is_set():
        raise ConfigError(f"asked to end while waiting for a URDF on the topic {topic}")
    if urdf_xml is None:
        raise ConfigError(
            f"no URDF came on the topic {topic} within {timeout_s:g} s; start robot_state_publisher, remap the topic, "
            f"give the parameter {DESCRIPTION} (demo: --urdf FILE), or name the file with the key 'urdf' in a copy of "
            f"{config.source}"
        )
    return config, urdf_xml


def _wait(node: IatNode, timeout_s: float) -> str | None:
    """Return the first message of the topic; None if none came in time, or if the process is asked to end.

    The executor waits meanwhile: it runs this, or starts only after it.
    """
    subscription = node.create_subscription(String, DESCRIPTION, lambda _: None, LATCHED_QOS, raw=True)
    reader = MessageReader(String, subscription.topic_name, node.drop)
    deadline_s = time.monotonic() + timeout_s
    try:
        while not stopping.wait(_LOOK_S) and time.monotonic() < deadline_s:
            for message in filter(None, map(reader.read, take_waiting(subscription))):
                return str(message.data)
    finally:
        node.destroy_subscription(subscription)
    return None
