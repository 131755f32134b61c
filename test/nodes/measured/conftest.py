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

"""A trajectory node on a clock of the test's own, which is told where its robot is and how near people are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rclpy.clock import ClockType
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from rclpy.time import Time
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import encode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.robot.measurement import STANDS_S
from iat_ros.skeleton.definition import load_skeleton


class Stage:
    """A trajectory node whose callbacks are called directly."""

    CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
    MOTION = cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion
    ANSWER = encode_motion(Header(), MOTION)

    def __init__(self, context: Any) -> None:
        self.node = TrajectoryNode(
            context=context,
            namespace="measured",
            parameter_overrides=[Parameter("use_sim_time", value=True), Parameter("stream_timeout", value=0.0)],
        )
        self.sent: list[JointTrajectory] = []
        self.node._output.send = lambda message, _: self.sent.append(message)
        self.at(1.0)
        assert bring_up(self.node)
        self.rest = self.node._supervisor.performer.model.rest
        self._take = {each.topic_name.rsplit("/", 1)[-1]: each.callback for each in self.node.subscriptions}

    def at(self, time_s: float) -> None:
        """Set the clock."""
        clock = self.node.get_clock()
        clock.set_ros_time_override(Time(nanoseconds=round(time_s * 1e9), clock_type=ClockType.ROS_TIME))

    def measure(self, position: np.ndarray, velocity: np.ndarray, more: int = 0) -> None:
        """Tell where the robot is, some joints twice."""
        names = list(self.node._supervisor.performer.model.joint_names)
        values = [[*each, *each[:more]] for each in (position.tolist(), velocity.tolist())]
        message = JointState(name=names + names[:more], position=values[0], velocity=values[1])
        self.node._see_joints([(serialize_message(message), 0.0)])

    def stand(self, position: np.ndarray) -> None:
        """Tell that the robot stands there, and has done so for long enough."""
        self.measure(position, np.zeros(len(position)))
        self.node._supervisor.observer.measured.shift(-STANDS_S)
        self.measure(position, np.zeros(len(position)))

    def answer(self) -> None:
        """Ask for an answer."""
        self._take["responses"](self.ANSWER)

    def people_at(self, distance_m: float, factor: float = 1.0) -> PointCloud2:
        """Somebody whose hands are about that far from the robot."""
        pose = self.CLIP.positions[0] - self.CLIP.positions[0].mean(axis=0) + (distance_m, 0.0, 0.0)
        return encode_skeletons(to_stamp(1.0), "camera", np.array([1]), factor * pose[None])


@pytest.fixture
def stage(rig: Any) -> Iterator[Stage]:
    """A node that nothing was told yet."""
    stage = Stage(rig.context)
    yield stage
    stage.node.destroy_node()
