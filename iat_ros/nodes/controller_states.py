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

"""Where the robot's controllers hold it, as joint_trajectory_controller tells in ``controller_state``."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from iat_ros.errors import describe
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.clouds import stamp_s
from iat_ros.nodes.reading import MessageReader
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.nodes.waiting import take_waiting
from iat_ros.robot.given_up import HeldJoints

STATE_TOPIC = "controller_state"
_NEWEST_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_FRESH_S = 0.5
"""A controller tells at each of its updates; one that was silent for so long is off, not only late [s]."""
_STILL_RAD_S = 1e-6
"""A reference that moves no faster stands."""


class ControllerStates:
    """Asks what each controller follows just now, its reference; where control_msgs is installed.

    A joint hangs below its reference by what its weight takes. A plan that began where it is measured would first let
    it down there, at once.

    Args:
        node: Subscribes.
        controllers: The joints that each controller takes, by its topic; one that is not named as
            joint_trajectory_controller names it tells nothing.
        joint_names: The J joints of the robot.
        now_s: Tells the time, by the clock of the controllers' stamps [s].

    Attributes:
        silent: Why no controller is listened to; empty if they are.
    """

    def __init__(
        self,
        node: IatNode,
        controllers: Mapping[str, tuple[str, ...]],
        joint_names: tuple[str, ...],
        now_s: Callable[[], float],
    ) -> None:
        self._node, self._joint_names, self._now_s = node, joint_names, now_s
        self._subscriptions: list[Subscription] = []
        self._readers: list[MessageReader] = []
        # The newest message of each controller, and when it was taken, by a clock that nobody sets [s].
        self._newest: list[tuple[float, Any]] = []
        self.silent = self._listen([node.resolve_topic_name(topic) for topic in controllers])
        self._newest = [(-math.inf, None)] * len(self._subscriptions)

    def _listen(self, topics: list[str]) -> str:
        """Listen to all controllers, or to none and say why not: the robot moves all the same."""
        try:
            kind = importlib.import_module("control_msgs.msg").JointTrajectoryControllerState
        except ImportError:
            return "control_msgs is not installed (apt install ros-jazzy-control-msgs)"
        for topic in topics:
            if topic.rpartition("/")[2] != TOPIC:
                return f"the controller '{topic}' does not end in '{TOPIC}'"
        for topic in topics:
            name = topic.removesuffix(TOPIC) + STATE_TOPIC
            try:
                self._subscriptions.append(self._node.create_polled_subscription(kind, name, _NEWEST_QOS, raw=True))
                self._readers.append(MessageReader(kind, name, self._node.drop))
            except RuntimeError as error:  # rclpy's RCLError, as where security forbids the topic
                self.close()
                return f"{name}: {describe(error)}"
        return ""

    def close(self) -> None:
        """Listen no more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions, self._readers, self._newest = [], [], []

    def held(self, since_s: float) -> HeldJoints:
        """Return where controllers have held the joints since a time [s]; nowhere where one does not say, or moves."""
        at: dict[str, float] = {}
        when_s: dict[str, float] = {}
        for number, subscription in enumerate(self._subscriptions):
            for serialised in take_waiting(subscription):
                message = self._readers[number].read(serialised)
                if message is not None:
                    self._newest[number] = time.monotonic(), message
        for taken_s, message in self._newest:
            if time.monotonic() - taken_s <= _FRESH_S and self._holds(message, since_s):
                at.update(zip(message.joint_names, message.reference.positions, strict=True))
                when_s.update(dict.fromkeys(message.joint_names, stamp_s(message.header.stamp)))
        pose, told_s = (np.array([each.get(joint, np.nan) for joint in self._joint_names]) for each in (at, when_s))
        return HeldJoints(np.where(np.isfinite(pose), pose, np.nan), told_s)

    def _holds(self, message: Any, since_s: float) -> bool:
        """Tell whether a controller has held its joints still since a time [s]."""
        told_s, reference = stamp_s(message.header.stamp), message.reference
        return (
            since_s <= told_s
            and abs(self._now_s() - told_s) <= _FRESH_S
            and len(reference.positions) == len(reference.velocities) == len(message.joint_names)
            and bool(np.all(np.abs(reference.velocities) <= _STILL_RAD_S))
        )
