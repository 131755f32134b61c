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

"""All nodes of the chain in this process, their callbacks to be called directly, and a judge that sees what they do."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import rclpy
from rclpy.context import Context
from rclpy.logging import LoggingSeverity, set_logger_level
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from rosgraph_msgs.msg import Clock

from benchmarks.faults.judge import Judge
from benchmarks.faults.simulated_time import SimulatedTime
from benchmarks.faults.told_states import TOPIC as STATES
from benchmarks.faults.told_states import ToldStates
from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.transport import keep_to_this_machine, require_loopback
from iat_ros.nodes.viewer import ViewerNode


class FuzzedNodes:
    """All nodes, active while this is entered.

    Args:
        judge: Sees what they send and drop.
        time: Is theirs.
        domain: Their ROS domain, where nobody else may be; None: any.

    Attributes:
        nodes: By name.
        callbacks: By the node's name and the topic.
        told: What the robot's controllers tell the trajectory node.
    """

    def __init__(self, judge: Judge, time: SimulatedTime, domain: int | None) -> None:
        self.judge, self._time, self.told = judge, time, ToldStates()
        self._domain = domain or random.SystemRandom().randint(1, 101)
        self.nodes: dict[str, IatNode] = {}
        self.callbacks: dict[tuple[str, str], Callable[[Any], None]] = {}

    def __enter__(self) -> FuzzedNodes:
        self.told.__enter__()
        keep_to_this_machine()
        os.environ["IAT_ROS_HALTS"] = "none"
        self._context = Context()
        rclpy.init(context=self._context, domain_id=self._domain)
        require_loopback(self._context)
        set_logger_level("rcl_lifecycle", LoggingSeverity.FATAL)
        for kind, values in (
            (PerceptionNode, {"early": True}),
            (Act2ActNode, {"device": "cpu"}),
            (TrajectoryNode, {}),
            (RobotNode, {}),
            (ViewerNode, {"port": 0}),
        ):
            overrides = [Parameter(name, value=value) for name, value in {"use_sim_time": True, **values}.items()]
            node = kind(context=self._context, use_global_arguments=False, parameter_overrides=overrides)
            node.get_logger().set_level(LoggingSeverity.FATAL)
            self._add(node)
        page = self.nodes["viewer"]._page
        page.__class__ = type("Watched", (type(page),), {"clients": property(lambda _: 1)})  # as if a browser looked on
        self.nodes["viewer"]._markers.get_subscription_count = lambda: 1
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes.values():
            node.get_logger().set_level(LoggingSeverity.INFO)  # levels belong to the process, not to the node
            node.destroy_node()
        rclpy.shutdown(context=self._context)
        self.told.__exit__()

    def _add(self, node: IatNode) -> None:
        name = node.get_name()
        self.nodes[name] = node
        for publisher in node.publishers:
            topic = publisher.topic_name.strip("/")
            publisher.publish = partial(self.judge.output, name, topic, publisher.msg_type)
        drop = node.drop

        def watched(reason: str, count: int = 1) -> None:
            self.judge.dropped(name, reason)
            drop(reason, count)

        node.drop = watched
        self._time.give(node)
        if not bring_up(node):
            raise SystemExit(f"{name} refuses to come up")
        for subscription in node.subscriptions:
            self.callbacks[name, subscription.topic_name.strip("/")] = subscription.callback
        if isinstance(node, TrajectoryNode):
            self.callbacks[name, "skeletons"] = node._see_people  # those it polls for
            self.callbacks[name, "joint_states"] = lambda each: node._see_joints([(_serialised(each), 0.0)])
            self.callbacks[name, STATES] = self._hear

    def report(self, name: str) -> dict[str, Any]:
        """What became of a node."""
        node = self.nodes[name]
        return {
            "messages": self.judge.sent[name],
            "published": {key[1]: count for key, count in self.judge.published.items() if key[0] == name},
            "dropped": sum(node.dropped.values()),
            "crashes": self.judge.crashes[name],
            "counts": {key: value for key, value in node.counts.items() if " us" not in key},
        }

    def call(self, name: str, function: Callable[..., Any], *values: Any) -> None:
        """Call what an executor would; what escapes it is a crash."""
        try:
            function(*values)
        except Exception as error:  # noqa: BLE001 - what escapes a callback would end the node
            self.judge.crash(name, f"escaped: {error!r}")

    def _hear(self, message: Any) -> None:
        """Let a controller say where it holds the robot, and have the node ask for that."""
        self.told.tell(message)
        states = self.nodes["trajectory"]._controller_states
        pose = states.held(-np.inf).position
        if len(pose) != len(states._joint_names) or np.isinf(pose).any():
            self.judge.mistake("trajectory", STATES, f"held at {pose}")

    def tell_time(self, name: str, message: Clock) -> None:
        """Tell a node the time, or what is none; it must have the right one then."""
        self.call(name, self.callbacks[name, "clock"], message)
        has_ns = self.nodes[name].get_clock().now().nanoseconds
        if has_ns != self._time.now_ns:
            self.judge.mistake(name, "clock", f"has the time {has_ns} after {message.clock}, at {self._time.now_ns}")


def _serialised(message: Any) -> bytes:
    return message if isinstance(message, bytes) else serialize_message(message)
