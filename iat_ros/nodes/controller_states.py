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
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription

from iat_ros.nodes.base import IatNode
from iat_ros.nodes.clouds import stamp_s
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.nodes.waiting import take_waiting
from iat_ros.robot.spline import Array

STATE = "controller_state"
_NEWEST_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_FRESH_S = 0.1
"""A controller tells at each of its updates; one that was silent for so long is off [s]."""
_STILL_RAD_S = 1e-6


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
        try:
            kind = importlib.import_module("control_msgs.msg").JointTrajectoryControllerState
        except ImportError:
            return
        topics = [node.resolve_topic_name(topic) for topic in controllers]
        if all(topic.rpartition("/")[2] == TOPIC for topic in topics):
            told = [topic.removesuffix(TOPIC) + STATE for topic in topics]
            self._subscriptions = [node.create_polled_subscription(kind, topic, _NEWEST_QOS) for topic in told]
        self._newest: list[Any] = [None] * len(self._subscriptions)

    def close(self) -> None:
        """Listen no more."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def held(self) -> Array | None:
        """Return where all controllers hold the robot (J,) [rad]; None if they do not say, or move it."""
        at: dict[str, float] = {}
        for number, subscription in enumerate(self._subscriptions):
            for message in take_waiting(subscription):
                self._newest[number] = message
            newest = self._newest[number]
            if newest is None or not self._holds(newest):
                return None
            at.update(zip(newest.joint_names, newest.reference.positions, strict=True))
        pose = np.array([at.get(joint, np.nan) for joint in self._joint_names])
        return pose if np.isfinite(pose).all() else None

    def _holds(self, message: Any) -> bool:
        """Tell whether a controller holds its joints still just now."""
        return (
            abs(self._now_s() - stamp_s(message.header.stamp)) <= _FRESH_S
            and len(message.reference.positions) == len(message.joint_names)
            and not np.any(np.abs(message.reference.velocities) > _STILL_RAD_S)
        )
