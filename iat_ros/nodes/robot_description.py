"""Where a node's robot comes from: a mapping, and a URDF from its file, a parameter or the topic robot_description."""

from __future__ import annotations

from typing import Any

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.wait_for_message import wait_for_message
from std_msgs.msg import String

from iat_ros.errors import ConfigError
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.parameters import Parameter
from iat_ros.resources import find_config
from iat_ros.robot.description import RobotConfig, load_robot_config
from iat_ros.robot.urdf import DESCRIPTION

LATCHED_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""As robot_state_publisher publishes it: who comes later gets it too."""

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
    came, message = wait_for_message(String, node, DESCRIPTION, qos_profile=LATCHED_QOS, time_to_wait=timeout_s)
    if not came:
        raise ConfigError(
            f"no URDF came on the topic {topic} within {timeout_s:g} s; start robot_state_publisher, remap the topic, "
            f"or name the file with the key 'urdf' in {config.source}"
        )
    return config, message.data
