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

"""A relay: the chain's messages through as many nodes in one process, with nothing computed.

skeletons -> windows -> responses -> joint_trajectory, each published when the one before arrives, for the frames whose
stamp says so (its nanoseconds are odd). What the reaction of the chain is compared with.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import encode_motion
from iat_ros.nodes.process import run_nodes
from iat_ros.nodes.trajectory_message import to_message
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton


def make_relays() -> list[Node]:
    """Make the three nodes; their messages are as long as the chain's."""
    definition = load_skeleton("utd_mhad")
    motion = cut_action(definition, make_clips(people=1, trials=1)[0], 32).motion
    performer = Performer(RobotModel.load(find_config("robots", "g1")), definition.limb_names, None, Timing())
    performance = performer.answer(motion, 0.0, None).performance
    cloud = encode_motion(Header(frame_id="body_0"), motion)
    trajectory = to_message(performance, 0.0)
    hops = (
        ("skeletons", "windows", PointCloud2, PointCloud2, cloud, SENSOR_QOS),
        ("windows", "responses", PointCloud2, PointCloud2, cloud, RESULT_QOS),
        ("responses", "joint_trajectory", PointCloud2, JointTrajectory, trajectory, RESULT_QOS),
    )
    return [_Relay(*hop) for hop in hops]


class _Relay(Node):
    def __init__(self, topic: str, to: str, kind: type, to_kind: type, answer: object, qos: object) -> None:
        super().__init__(f"relay_{to}")
        self._answer = answer
        self._out = self.create_publisher(to_kind, to, RESULT_QOS)
        self.create_subscription(kind, topic, self._pass_on, qos)

    def _pass_on(self, message: PointCloud2) -> None:
        if message.header.stamp.nanosec % 2:
            self._answer.header.stamp = message.header.stamp  # type: ignore[attr-defined]
            self._out.publish(self._answer)


if __name__ == "__main__":
    np.seterr(all="raise")
    sys.exit(run_nodes(make_relays, []))
