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

"""A judge of what nodes do with malformed messages: what they raise, and what they send."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from typing import Any

from rclpy.serialization import deserialize_message
from trajectory_msgs.msg import JointTrajectory

from benchmarks.faults.messages import DEFINITION, FRAMES, MOTIONS, Messages, copy_of
from benchmarks.faults.requests import FORESEEN
from benchmarks.faults.simulated_time import REFUSED_TIME, SimulatedTime
from benchmarks.faults.stepped import lies_in_the_past
from iat_ros.errors import IatError
from iat_ros.nodes.clouds import decode_motion
from iat_ros.nodes.monitor import faults_of
from iat_ros.nodes.robot import read_path
from iat_ros.robot.model import RobotModel
from iat_ros.robot.simulated import SimulatedRobot

_MOST_DETAILS = 40


class Judge:
    """Counts what nobody foresaw, and messages that a node should not have sent.

    Args:
        model: The robot.
        robot: Performs the trajectories that are sent.
        time: Tells the time.
        messages: Gets each trajectory, to damage it.

    Attributes:
        sent: Messages to each node.
        published: Messages of each node, by its name and the topic.
        crashes: Exceptions that nobody foresaw, by the node.
        wrong: Outputs that are wrong, by what they are.
        details: The first of both.
    """

    def __init__(self, model: RobotModel, robot: SimulatedRobot, time: SimulatedTime, messages: Messages) -> None:
        self._model, self._robot, self._time, self._messages = model, robot, time, messages
        self.sent: Counter[str] = Counter()
        self.published: Counter[tuple[str, str]] = Counter()
        self.crashes: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.details: list[str] = []

    def dropped(self, name: str, reason: str) -> None:
        """Judge what a node says that it dropped."""
        parts = FORESEEN if "request to" in reason else (REFUSED_TIME,) if "message on /clock" in reason else ("",)
        if "unexpected" in reason or not any(part in reason for part in parts):
            self.crash(name, reason)

    def crash(self, name: str, reason: str) -> None:
        """Take note of an exception that nobody foresaw."""
        self.crashes[name] += 1
        self.note(f"{name}: {reason}\n{traceback.format_exc(limit=-6)}")

    def mistake(self, name: str, topic: str, why: str) -> None:
        """Take note of something wrong."""
        self.wrong[f"{name} {topic}: {why}"[:200]] += 1
        self.note(f"{name} {topic}: {why}")

    def note(self, detail: str) -> None:
        """Tell the first of what went wrong."""
        if len(self.details) < _MOST_DETAILS:
            self.details.append(f"message {sum(self.sent.values())}, {detail}")
            print(self.details[-1], file=sys.stderr, flush=True)

    def output(self, name: str, topic: str, kind: type, message: Any) -> None:
        """Look at what a node sends, a message or one that was written already, as others would receive it."""
        self.published[name, topic] += 1
        try:
            message = deserialize_message(message, kind) if isinstance(message, bytes) else copy_of(message)
        except Exception as error:  # noqa: BLE001 - whatever keeps it from being sent
            self.mistake(name, topic, f"cannot be sent: {error!r}")
            return
        if topic in MOTIONS:
            try:
                motion = decode_motion(message, len(DEFINITION.limbs))
            except IatError as error:
                self.mistake(name, topic, str(error))
                return
            if len(motion.limbs_in_body) != FRAMES:
                self.mistake(name, topic, f"{len(motion.limbs_in_body)} frames")
        elif topic == "joint_trajectory":
            self._follow(message)

    def _follow(self, message: JointTrajectory) -> None:
        """Judge a trajectory and let the robot perform it."""
        for fault in faults_of(message, self._model):
            self.mistake("trajectory", "joint_trajectory", fault)
        now_ns = self._time.now_ns
        stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        if not message.points or lies_in_the_past(message, now_ns):
            self.mistake("trajectory", "joint_trajectory", "lies in the past")
        try:
            self._robot.accept(read_path(message), stamp_ns, now_ns)
        except IatError as error:
            self.mistake("trajectory", "joint_trajectory", str(error))
        message.points = [*message.points[:6], message.points[-1]]  # short ones are as good to damage
        self._messages.path = message
