"""What the nodes are called, and what they say to each other: the source of the reference in docs/."""

from __future__ import annotations

from dataclasses import dataclass

from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.viewer import ViewerNode

NODES: dict[str, type[IatNode]] = {
    "perception": PerceptionNode,
    "act2act": Act2ActNode,
    "trajectory": TrajectoryNode,
    "robot": RobotNode,
    "viewer": ViewerNode,
}
"""Every lifecycle node of the package by its default name."""


@dataclass(frozen=True)
class Interface:
    """A topic, service or action.

    Attributes:
        name: Relative, unless it starts with a slash; ``~`` stands for the node's own name.
        type: As ROS tools write it, such as ``sensor_msgs/msg/PointCloud2``.
        into: Nodes that subscribe it, or clients.
        out_of: Nodes that publish it, or servers.
        content: What it carries, with units and frames; what a service does.
    """

    name: str
    type: str
    into: tuple[str, ...]
    out_of: tuple[str, ...]
    content: str

    @property
    def kind(self) -> str:
        """``msg``, ``srv`` or ``action``."""
        return self.type.split("/")[1]


INTERFACES = (
    Interface(
        "skeletons",
        "sensor_msgs/msg/PointCloud2",
        ("perception", "trajectory", "viewer"),
        (),
        "People as the sensor sees them. Organised: height = people, width = joints in the order of the skeleton "
        "definition; x y z float32 [m], optional confidence float32 (0 = not tracked) and body_id uint32; NaN = not "
        "tracked. Taken best effort, so that every publisher matches.",
    ),
    Interface(
        "windows",
        "sensor_msgs/msg/PointCloud2",
        ("act2act", "viewer"),
        ("perception",),
        "An action of a person. Height = T frames, width = limbs; x y z = unit limb vectors in the body frame, t = "
        "time from the first frame [s]; frame_id `body_<id>`; stamp = last frame used.",
    ),
    Interface(
        "partial_windows",
        "sensor_msgs/msg/PointCloud2",
        ("act2act",),
        ("perception",),
        "With `early`: the same for an action that goes on, ten times a second from `min_action` on.",
    ),
    Interface(
        "responses",
        "sensor_msgs/msg/PointCloud2",
        ("trajectory", "viewer"),
        ("act2act",),
        "The answer, in the form of a window, with the stamp and frame_id of its window.",
    ),
    Interface(
        "joint_states",
        "sensor_msgs/msg/JointState",
        ("trajectory", "viewer"),
        ("robot",),
        "Where the robot is [rad, rad/s]; without it the robot is not moved (`joint_states_timeout`), and the viewer "
        "shows no robot.",
    ),
    Interface(
        "joint_trajectory",
        "trajectory_msgs/msg/JointTrajectory",
        ("robot", "viewer"),
        ("trajectory",),
        "Positions, velocities, accelerations [rad, s] at strictly increasing times above 0; stamp = when it was sent; "
        "the first point has no accelerations, so that the controller meets it in a cubic.",
    ),
    Interface(
        "follow_joint_trajectory",
        "control_msgs/action/FollowJointTrajectory",
        ("trajectory",),
        (),
        "With `output` at `action`: the same as a goal, instead of the topic, which the viewer and the simulated robot "
        "then don't hear; a goal that the controller gives up halts the robot.",
    ),
    Interface(
        "markers",
        "visualization_msgs/msg/MarkerArray",
        (),
        ("viewer",),
        "For RViz: the person in the frame of the skeletons, the answer in frame `body_<id>` (no TF; take it as fixed "
        "frame).",
    ),
    Interface(
        "/diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        (),
        tuple(NODES),
        "Counts, and every dropped message or answer with its reason, once a second.",
    ),
    Interface(
        "perception/trigger",
        "std_srvs/srv/Trigger",
        (),
        ("perception",),
        "Answer what is in the buffer now, finished or not.",
    ),
    Interface(
        "halt",
        "std_srvs/srv/Trigger",
        (),
        ("trajectory",),
        "Stop the robot smoothly, now, and let nothing move it until `resume`.",
    ),
    Interface(
        "resume",
        "std_srvs/srv/Trigger",
        (),
        ("trajectory",),
        "Lift the halt; refused while `joint_states` are missing.",
    ),
)
"""Beside these, every node has the services of lifecycle nodes and those for parameters."""
