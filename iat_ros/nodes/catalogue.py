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

"""What the nodes are called, and what they say to each other: the source of the reference in docs/."""

from __future__ import annotations

from dataclasses import dataclass

from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.tracker.node import TrackerNode
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.viewer import ViewerNode

NODES: dict[str, type[IatNode]] = {
    "perception": PerceptionNode,
    "act2act": Act2ActNode,
    "trajectory": TrajectoryNode,
    "robot": RobotNode,
    "tracker": TrackerNode,
    "camera": CameraNode,
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
        ("tracker", "camera"),
        "People as the sensor sees them. Organised: height = people, width = joints in the order of the skeleton "
        "definition; x y z float32 [m], optional confidence float32 (0 = not tracked) and body_id uint32; NaN = not "
        "tracked. Taken best effort, so that every publisher matches.",
    ),
    Interface(
        "body_tracking_data",
        "visualization_msgs/msg/MarkerArray",
        ("tracker",),
        (),
        "With `input` at `markers`: a marker for each joint of everybody, id = 100 * body + joint. Parameter `topic` "
        "names another topic, for every input.",
    ),
    Interface(
        "pose_array",
        "geometry_msgs/msg/PoseArray",
        ("tracker",),
        (),
        "With `input` at `pose_array`: one person, a pose for each joint in the skeleton's order [m].",
    ),
    Interface(
        "body_trk/skeletons",
        "zed_msgs/msg/ObjectsStamped",
        ("tracker",),
        (),
        "With `input` at `zed`: people with 18, 34 or 38 keypoints [m].",
    ),
    Interface(
        "/humans/bodies/tracked",
        "hri_msgs/msg/IdsList",
        ("tracker",),
        (),
        "With `input` at `hri`: which bodies are people now.",
    ),
    Interface(
        "/tf",
        "tf2_msgs/msg/TFMessage",
        ("tracker",),
        (),
        "With `input` at `tf` or `hri`: a frame for each joint, named by `frame_pattern` [m].",
    ),
    Interface(
        "/tf_static",
        "tf2_msgs/msg/TFMessage",
        ("tracker",),
        (),
        "The same, of frames that never move. Taken reliably, also what was sent before.",
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
        "coming_windows",
        "sensor_msgs/msg/PointCloud2",
        ("act2act",),
        ("perception",),
        "With `prepare`: the window of an action whose person has just come to rest. The very same follows in "
        "`windows` if they stay so; if they go on, nothing does.",
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
        "The answer, in the form of a window, with the stamp and frame_id of its window; one that was asked for has "
        "the time of the request as its stamp.",
    ),
    Interface(
        "alternatives",
        "sensor_msgs/msg/PointCloud2",
        ("viewer",),
        ("act2act",),
        "Three other answers to the action that was answered last, a message for each, with one stamp. They move no "
        "robot.",
    ),
    Interface(
        "coming_responses",
        "sensor_msgs/msg/PointCloud2",
        ("trajectory",),
        ("act2act",),
        "The answer to a coming window, for planning ahead; performed only when it comes in `responses`.",
    ),
    Interface(
        "joint_responses",
        "trajectory_msgs/msg/JointTrajectory",
        ("trajectory", "viewer"),
        ("act2act",),
        "In place of `responses`, from a model that answers in a robot's joints: positions of each frame [rad], [m] "
        "where a joint slides, at times from the first frame, with the stamp and frame_id of the window. No controller "
        "may execute it: limits are kept in `joint_trajectory`.",
    ),
    Interface(
        "coming_joint_responses",
        "trajectory_msgs/msg/JointTrajectory",
        ("trajectory",),
        ("act2act",),
        "The same for a coming window; performed only when it comes in `joint_responses`.",
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
        "robot_description",
        "std_msgs/msg/String",
        ("trajectory", "robot", "viewer"),
        (),
        "The robot's URDF, as robot_state_publisher publishes it (reliable, transient local). Read on configure, where "
        "neither the parameter of this name nor the robot's file has one.",
    ),
    Interface(
        "controller_state",
        "control_msgs/msg/JointTrajectoryControllerState",
        ("trajectory",),
        (),
        "Where control_msgs is installed, from beside `joint_trajectory` and each controller's topic that is named so: "
        "where the controller holds a robot at rest. Answers begin there, and else where `joint_states` have it, which "
        "its weight may keep below.",
    ),
    Interface(
        "joint_trajectory",
        "trajectory_msgs/msg/JointTrajectory",
        ("robot", "viewer"),
        ("trajectory",),
        "Positions, velocities, accelerations [rad, s] at strictly increasing times. Stamp: when it was sent; then the "
        "first point lies ahead and has no accelerations, so that the controller meets it in a cubic. Or before, where "
        "it is known what the controller does: one point or 5 ms of what runs, 0.2 s of where it holds the robot.",
    ),
    Interface(
        "follow_joint_trajectory",
        "control_msgs/action/FollowJointTrajectory",
        ("trajectory",),
        (),
        "Where it is served and control_msgs installed, or `output` is `action`: the same as a goal, instead of the "
        "topic, which the viewer and the simulated robot then don't hear; a goal that the controller gives up halts "
        "the robot.",
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
        "stage",
        "visualization_msgs/msg/MarkerArray",
        (),
        ("viewer",),
        "For RViz and Foxglove: person, robot (as lines) and answers side by side as on the page, all in the frame "
        "`stage`, which needs no TF.",
    ),
    Interface(
        "/diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        ("viewer",),
        tuple(NODES),
        "Counts, and every dropped message or answer with its reason, once a second. The value `trouble` says what "
        "keeps the node from its work, such as why the robot may not move; empty: nothing.",
    ),
    Interface(
        "perception/trigger",
        "std_srvs/srv/Trigger",
        (),
        ("perception",),
        "Answer what is in the buffer now, finished or not.",
    ),
    Interface(
        "act2act/again",
        "std_srvs/srv/Trigger",
        ("viewer",),
        ("act2act",),
        "Give the last answer once more. The robot performs it if it may move.",
    ),
    Interface(
        "act2act/other_noise",
        "std_srvs/srv/Trigger",
        ("viewer",),
        ("act2act",),
        "Answer the last action once more, with new noise. The robot performs it if it may move.",
    ),
    Interface(
        "act2act/alternatives",
        "std_srvs/srv/Trigger",
        ("viewer",),
        ("act2act",),
        "Publish three other answers to the last action in `alternatives`.",
    ),
    Interface(
        "halt",
        "std_srvs/srv/Trigger",
        ("viewer",),
        ("trajectory",),
        "Stop the robot smoothly, now, and let nothing move it until `resume`.",
    ),
    Interface(
        "resume",
        "std_srvs/srv/Trigger",
        ("viewer",),
        ("trajectory",),
        "Lift the halt; refused while `joint_states` are missing.",
    ),
)
"""Beside these, every node has the services of lifecycle nodes and those for parameters."""
