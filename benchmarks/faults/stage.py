"""Real nodes in one process under a stepped clock: hours pass in minutes, and every message is looked at.

The nodes are those that run on a robot. Only what lies between them is replaced: what a node publishes is handed to the
callbacks of those who subscribe it, and timers run when the stepped clock says that they are due.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any
from unittest.mock import patch

import numpy as np
import rclpy
from rclpy.clock import ClockType
from rclpy.context import Context
from rclpy.logging import LoggingSeverity
from rclpy.parameter import Parameter
from rclpy.time import Time
from std_srvs.srv import Trigger

from iat_ros.errors import IatError
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.clouds import decode_motion, stamp_s
from iat_ros.nodes.monitor import faults_of
from iat_ros.nodes.process import bring_up
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
G1 = RobotModel.load(find_config("robots", "g1"))
MS = 10**6
START_NS = 1_000_000 * 10**9
_LATE_S = 1e-3


class Judge:
    """Looks at everything that nodes publish.

    Attributes:
        wrong: What was wrong with outputs, and how often.
        count: How many messages came on each topic.
    """

    def __init__(self) -> None:
        self.wrong: Counter[str] = Counter()
        self.count: Counter[str] = Counter()

    def look(self, topic: str, message: Any, now_s: float) -> None:
        """Judge one message that is sent at a time [s]."""
        self.count[topic] += 1
        if topic == "/joint_trajectory":
            faults = faults_of(message, G1)
            if message.points and stamp_s(message.header.stamp) < now_s - _LATE_S:
                faults.append("its stamp lies in the past")
            self.wrong.update(f"joint_trajectory: {fault}" for fault in faults)
        elif topic in ("/windows", "/partial_windows", "/responses"):
            try:
                decode_motion(message, len(DEFINITION.limbs))
            except IatError as error:
                self.wrong[f"{topic[1:]}: {error}"] += 1


class Stage:
    """Nodes on a stage of their own, with a clock that stands until it is stepped.

    Args:
        makers: The nodes' classes, with the parameters that differ from their defaults.
        simulated: Whether the nodes know that the clock is a simulated one; else they take it for the machine's, and
            the machine's steady clock is stepped as well.

    Attributes:
        now_ns: The time that the nodes see [ns].
        steady_ns: A time that is never set, only stepped [ns].
        judge: Looks at what they publish.
        escaped: Exceptions that got out of a callback, by text.
    """

    def __init__(self, makers: Sequence[tuple[type[IatNode], dict[str, Any]]], *, simulated: bool = True) -> None:
        self.now_ns, self.steady_ns = START_NS, START_NS
        self.judge = Judge()
        self.escaped: Counter[str] = Counter()
        self.observers: dict[str, list[Callable[[Any], None]]] = {}
        self._makers, self._simulated = makers, simulated
        self._queue: deque[tuple[str, Any]] = deque()
        self._steady: list[Any] = []

    def __enter__(self) -> Stage:
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        self._context = Context()
        rclpy.init(context=self._context, domain_id=random.SystemRandom().randint(1, 101))
        self.nodes: dict[str, Any] = {}
        for make, values in self._makers:
            settings = {"use_sim_time": self._simulated, **values}
            overrides = [Parameter(name, value=value) for name, value in settings.items()]
            node = make(context=self._context, parameter_overrides=overrides)
            node.get_logger().set_level(LoggingSeverity.FATAL)
            node.get_clock()._set_ros_time_is_active(True)
            self.nodes[node.get_name()] = node
        self._set_clocks()
        for name, node in self.nodes.items():
            if not bring_up(node):
                raise IatError(f"node '{name}' refuses to start")
            for publisher in node.publishers:
                publisher.publish = self._publish_to(publisher.topic_name)
        self._callbacks: dict[str, list[Callable[[Any], None]]] = {}
        for node in self.nodes.values():
            for subscription in node.subscriptions:
                self._callbacks.setdefault(subscription.topic_name, []).append(subscription.callback)
        if not self._simulated:
            self._steady = [
                patch.object(time, "monotonic", lambda: 1e-9 * self.steady_ns),
                patch.object(time, "monotonic_ns", lambda: self.steady_ns),
            ]
            for each in self._steady:
                each.start()
            for name in ("robot",):
                if name in self.nodes:
                    self.nodes[name]._updated_ns = self.steady_ns
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for each in self._steady:
            each.stop()
        for node in self.nodes.values():
            node.destroy_node()
        rclpy.shutdown(context=self._context)

    @property
    def now_s(self) -> float:
        """The time that the nodes see [s]."""
        return 1e-9 * self.now_ns

    def send(self, topic: str, message: Any) -> None:
        """Hand a message to everybody who subscribes its topic, and on to those who subscribe what follows from it."""
        self._queue.append((topic, message))
        while self._queue:
            topic, message = self._queue.popleft()
            for call in self._callbacks.get(topic, ()):
                self._run(call, message)

    def step(self, period_ns: int) -> None:
        """Let so much time pass, then run the timers that are due [ns]."""
        self.now_ns += period_ns
        self.steady_ns += period_ns
        self._set_clocks()
        for node in self.nodes.values():
            for timer in list(node.timers):
                if timer.is_ready():
                    with timer.handle:
                        timer.handle.call_timer()
                    self._run(lambda _, timer=timer: timer.callback(), None)
        self.send("/nothing", None)

    def set_clock(self, by_ns: int) -> None:
        """Set the clock that the nodes see forward or back; no time passes."""
        self.now_ns += by_ns
        self._set_clocks()

    def resume(self) -> str:
        """Ask the trajectory node to lift a halt; return what it says."""
        response = self.nodes["trajectory"]._on_resume(Trigger.Request(), Trigger.Response())
        return str(response.message)

    @property
    def halted(self) -> str:
        """Why the robot is halted; empty if it is not."""
        return str(self.nodes["trajectory"]._guard.halted)

    @property
    def speed_rad_s(self) -> float:
        """The fastest joint of the simulated robot [rad/s]."""
        return float(np.abs(self.nodes["robot"]._robot.joints.velocities).max())

    def violations(self) -> dict[str, int]:
        """How often the simulated robot was commanded beyond its limits, by kind."""
        return dict(self.nodes["robot"].violations)

    def unexpected(self) -> dict[str, int]:
        """Exceptions that a node caught and did not foresee, by text."""
        return {
            reason: count
            for node in self.nodes.values()
            for reason, count in node.dropped.items()
            if "unexpected" in reason
        }

    def _publish_to(self, topic: str) -> Callable[[Any], None]:
        def publish(message: Any) -> None:
            self.judge.look(topic, message, self.now_s)
            for observe in self.observers.get(topic, ()):
                observe(message)
            self._queue.append((topic, message))

        return publish

    def _run(self, call: Callable[[Any], None], message: Any) -> None:
        try:
            call(message)
        except Exception as error:
            self.escaped[f"{type(error).__name__}: {error}"[:200]] += 1

    def _set_clocks(self) -> None:
        now = Time(nanoseconds=self.now_ns, clock_type=ClockType.ROS_TIME)
        for node in self.nodes.values():
            node.get_clock().set_ros_time_override(now)
