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

"""Monitor: watches the topics of the chain and keeps what a report needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.nodes.answer_message import AnswerMessage
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import stamp_s
from iat_ros.robot.model import RobotModel


@dataclass
class Observed:
    """Messages in the order of their arrival, with receipt times [s].

    Attributes:
        windows: Windows.
        responses: Responses, of limbs or joints.
        trajectories: Joint trajectories.
        latencies_ms: For each trajectory, from the stamp of the last frame of its action to its arrival. It holds
            the silence that tells that an action has ended.
        reactions_ms: For each trajectory, from the newest skeleton frame's stamp to its arrival: the chain's own time.
    """

    windows: list[tuple[float, PointCloud2]] = field(default_factory=list)
    responses: list[tuple[float, AnswerMessage]] = field(default_factory=list)
    trajectories: list[tuple[float, JointTrajectory]] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    reactions_ms: list[float] = field(default_factory=list)


class MonitorNode(Node):
    """Subscribes everything between ``skeletons`` and ``joint_trajectory``."""

    def __init__(self, controllers: Sequence[str] = ("joint_trajectory",)) -> None:
        """Subscribe.

        Args:
            controllers: The topics of the robot's controllers. Their parts of a trajectory, of one stamp, are one again
                in what is seen.
        """
        super().__init__("monitor")
        self.seen = Observed()
        self._frame_stamp_s = float("nan")
        self.create_subscription(PointCloud2, "skeletons", self._on_skeletons, SENSOR_QOS)
        self.create_subscription(PointCloud2, "windows", self._on_window, RESULT_QOS)
        self.create_subscription(PointCloud2, "responses", self._on_response, RESULT_QOS)
        self.create_subscription(JointTrajectory, "joint_responses", self._on_response, RESULT_QOS)
        self._parts: dict[str, JointTrajectory] = {}
        self._controllers = tuple(controllers)
        for topic in controllers:
            self.create_subscription(JointTrajectory, topic, partial(self._on_part, topic), RESULT_QOS)

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _on_skeletons(self, message: PointCloud2) -> None:
        self._frame_stamp_s = stamp_s(message.header.stamp)

    def _on_window(self, message: PointCloud2) -> None:
        self.seen.windows.append((self._now_s(), message))

    def _on_response(self, message: AnswerMessage) -> None:
        self.seen.responses.append((self._now_s(), message))

    def _on_part(self, topic: str, message: JointTrajectory) -> None:
        self._parts[topic] = message
        parts = [self._parts.get(each) for each in self._controllers]
        if all(part is not None and part.header.stamp == message.header.stamp for part in parts):
            self._on_trajectory(joined([part for part in parts if part is not None]))

    def _on_trajectory(self, message: JointTrajectory) -> None:
        now = self._now_s()
        self.seen.trajectories.append((now, message))
        if self.seen.windows:
            # An answer that somebody asked for begins with the request, which is its stamp.
            last = [messages[-1][1] for messages in (self.seen.windows, self.seen.responses) if messages]
            self.seen.latencies_ms.append(1e3 * (now - max(stamp_s(message.header.stamp) for message in last)))
        self.seen.reactions_ms.append(1e3 * (now - self._frame_stamp_s))


def joined(parts: Sequence[JointTrajectory]) -> JointTrajectory:
    """Put parts of a trajectory together that have the same points in time."""
    if len(parts) == 1:
        return parts[0]
    whole = JointTrajectory(header=parts[0].header, joint_names=[name for part in parts for name in part.joint_names])
    for points in zip(*(part.points for part in parts), strict=True):
        values = {
            name: [value for point in points for value in getattr(point, name)]
            for name in ("positions", "velocities", "accelerations")
        }
        whole.points.append(JointTrajectoryPoint(time_from_start=points[0].time_from_start, **values))
    return whole


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return p50 and p99, or None for both without values."""
    finite = [value for value in values if np.isfinite(value)]
    if not finite:
        return {"p50": None, "p99": None}
    return {name: round(float(np.percentile(finite, share)), 2) for name, share in (("p50", 50), ("p99", 99))}


def faults_of(message: JointTrajectory, robot: RobotModel) -> list[str]:
    """List what is wrong with a trajectory: joints, NaN, times, limits; empty when nothing is."""
    if tuple(message.joint_names) != robot.joint_names:
        return ["joint names are not the robot's"]
    points = message.points
    if not points:
        return ["no points"]
    times = np.array([point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in points])
    values = {name: _stack(points, name) for name in ("positions", "velocities", "accelerations")}
    faults = [f"{name} hold NaN" for name, value in values.items() if not np.isfinite(value).all()]
    if times[0] < 0 or np.any(np.diff(times) <= 0):
        faults.append("times do not strictly increase from 0 or above")
    if np.any(values["positions"] < robot.lower) or np.any(values["positions"] > robot.upper):
        faults.append("a position lies outside the limits")
    for name, most in (("velocities", robot.max_velocity), ("accelerations", robot.max_acceleration)):
        if np.any(np.abs(values[name]) > most * (1 + 1e-4)):
            faults.append(f"{name} lie outside the limits")
    return faults


def _stack(points: Sequence[Any], name: str) -> np.ndarray:
    # The first point has no accelerations: see `to_message`.
    return np.array([list(getattr(point, name)) for point in points[name == "accelerations" :]])
