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

"""The chain's own nodes in one process, driven by a clock that steps: the same happens in the same order each time.

The nodes are never spun and hear nothing over DDS: each message goes from one node's publisher into a queue, and from
there to the next one's callback. Their ROS time and the machine's own time are made up here, so that hours pass in
minutes, and a clock can be set in the midst of it.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
import rclpy
import rclpy.logging
from rclpy.context import Context
from rclpy.logging import LoggingSeverity
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import IatError
from iat_ros.nodes import act2act, perception, robot, trajectory
from iat_ros.nodes.answer_message import AnswerMessage
from iat_ros.nodes.chain_options import ChainOptions
from iat_ros.nodes.clouds import encode_motion
from iat_ros.nodes.message_queue import MessageQueue
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.stepped_clock import SteppedClock, machine_time
from iat_ros.nodes.trajectory_message import only
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.motion import Motion

TICK_NS = 8_000_000
WATCH_TICKS = 3  # the guard's watch, 20 ms


class SteppedChain:
    """Perception, act2act, trajectory and robot, active.

    Attributes:
        options: What they are told.
        clock: Their clock.
        model: The robot.
        ticks: How many times 8 ms have passed, pauses left out.
        true_s: The same in seconds.
        on_window: Told of each window.
        on_response: Told of each response.
        on_trajectory: Told of each trajectory, before the robot is.
        took_ms: How long each callback of a stage took, by the machine's own clock [ms].
    """

    def __init__(self, context: Context, clock: SteppedClock, options: ChainOptions) -> None:
        self._context = context
        self.options = options
        self.clock = clock
        self._queue = MessageQueue(("perception", "act2act", "trajectory"))
        self.took_ms = self._queue.took_ms
        self._perception = self._make(perception.PerceptionNode, "perception")
        self._act2act = self._make(act2act.Act2ActNode, "act2act")
        self._trajectory = self._make(trajectory.TrajectoryNode, "trajectory")
        self._robot = self._make(robot.RobotNode, "robot")
        self.model = RobotModel.load(find_config("robots", options.robot))
        self._robot._updated_ns = self._robot._steady_ns()
        self._controllers = self.model.config.controllers()
        self.ticks, self.true_s = 0, 0.0
        self.on_window: Callable[[PointCloud2], None] = lambda _: None
        self.on_response: Callable[[AnswerMessage], None] = lambda _: None
        self.on_trajectory: Callable[[JointTrajectory], None] = lambda _: None
        self._perception._windows.publish = self._queue.publisher("act2act", self._take_window)
        self._perception._coming_windows.publish = self._queue.publisher("", self._take_coming_window)
        for responses in (self._act2act._responses, self._act2act._joint_responses):
            responses.publish = self._queue.publisher("trajectory", self._take_response)
        self._connect_trajectory()

    def _make(self, kind: type, name: str) -> Any:
        node = kind(context=self._context, parameter_overrides=self.options.of(name))
        if not bring_up(node):
            raise IatError(f"the node {name} does not come up; it says why above")
        node._clock = self.clock  # from here on
        return node

    def _connect_trajectory(self) -> None:
        node = self._trajectory
        publish = self._queue.publisher("", self._take_trajectory)
        node._output.send = lambda message, _: publish(message)
        for coming in (self._act2act._coming_responses, self._act2act._coming_joint_responses):
            coming.publish = self._queue.publisher("", self._take_coming_response)
        self._robot._states.publish = self._queue.publisher("", self._take_joint_states)

    def restart_trajectory(self) -> None:
        """Put a new trajectory node, which knows nothing, in the place of the one that works."""
        self._trajectory.destroy_node()
        self._trajectory = self._make(trajectory.TrajectoryNode, "trajectory")
        self._connect_trajectory()

    def halt(self) -> None:
        """Call the trajectory node's service."""
        self._trajectory.halting.on_halt(Trigger.Request(), Trigger.Response())
        self._queue.deliver()

    def answer(self, motion: Motion) -> None:
        """Hand a response to the trajectory node."""
        self._queue.send("trajectory", self._take_response, encode_motion(Header(frame_id="body_0"), motion))
        self._queue.deliver()

    @property
    def nodes(self) -> tuple[Any, ...]:
        """The four nodes."""
        return self._perception, self._act2act, self._trajectory, self._robot

    @property
    def violations(self) -> dict[str, int]:
        """Limits that were broken."""
        return dict(self._robot.violations)

    @property
    def dropped(self) -> dict[str, int]:
        """What was dropped and why, by node."""
        found: dict[str, int] = {}
        for node in self.nodes:
            found |= {f"{node.get_name()}: {reason}": count for reason, count in node.dropped.items()}
        return found

    @property
    def position(self) -> np.ndarray:
        """Where the robot is (J,) [rad]."""
        return np.array(self._robot._robot.joints.positions)

    @property
    def rests(self) -> bool:
        """Whether the robot stands still in its rest pose."""
        moving = np.any(self._robot._robot.joints.velocities)
        return not moving and float(np.abs(self.position - self.model.rest).max()) < 1e-3

    @property
    def stands(self) -> bool:
        """Whether the robot stands still anywhere."""
        return not np.any(self._robot._robot.joints.velocities)

    def show(self, message: PointCloud2) -> None:
        """Hand a frame to those who watch people."""
        serialised = serialize_message(message)
        self._queue.send("perception", self._perception._on_skeletons, serialised)
        self._queue.send("", self._trajectory._see_people, serialised)
        self._queue.deliver()

    def tick(self, ros_ns: int | None = None) -> None:
        """Let 8 ms pass.

        Args:
            ros_ns: How much ROS time passes [ns]; as much as really where None.
        """
        self.ticks += 1
        self.true_s = 1e-9 * TICK_NS * self.ticks
        self.clock.steady_ns += TICK_NS
        self.clock.ros_ns += TICK_NS if ros_ns is None else ros_ns
        self._work()

    def pause(self, seconds: float) -> None:
        """Let the machine's own time pass while ROS time stands still [s]."""
        for _ in range(round(1e9 * seconds / TICK_NS)):
            self.clock.steady_ns += TICK_NS
            self._work()

    def _work(self) -> None:
        first = self.ticks % (2 * WATCH_TICKS) == 0  # the guard looks before the joint states come, or after
        if first:
            self._watch()
        self._robot.guarded(self._robot._on_tick)(None)
        self._queue.deliver()
        if not first and self.ticks % WATCH_TICKS == 0:
            self._watch()

    def _watch(self) -> None:
        if not self._trajectory._watching.is_canceled():
            self._trajectory.guarded(lambda _: self._trajectory._watch())(None)
            self._queue.deliver()

    def _take_joint_states(self, message: JointState) -> None:
        self._trajectory._see_joints([(serialize_message(message), 0.0)])

    def _take_window(self, message: PointCloud2) -> None:
        self.on_window(message)
        self._act2act.guarded(self._act2act._on_windows)([message])

    def _take_coming_window(self, message: PointCloud2) -> None:
        self._act2act.guarded(self._act2act._on_coming_windows)([message])

    def _take_coming_response(self, message: AnswerMessage) -> None:
        self._trajectory.guarded(self._trajectory._on_coming_responses)([message])

    def _take_response(self, message: AnswerMessage) -> None:
        self.on_response(message)
        self._trajectory.guarded(self._trajectory._on_responses)([message])

    def _take_trajectory(self, message: JointTrajectory) -> None:
        self.on_trajectory(message)
        for topic, joints in self._controllers.items():
            self._robot.guarded(partial(self._robot._on_trajectory, topic))(only(message, joints))


@contextlib.contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set variables of the environment meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


Chain = TypeVar("Chain", bound=SteppedChain)


@contextlib.contextmanager
def run_stepped(options: ChainOptions, kind: type[Chain]) -> Iterator[Chain]:
    """Bring the nodes up under a clock that steps.

    Args:
        options: What the nodes are told.
        kind: `SteppedChain`, or one that watches it.

    Raises:
        IatError: A node does not come up.
    """
    context, clock = Context(), SteppedClock()
    level = "error" if options.own_pace else "fatal"
    domain = int(os.environ.get("ROS_DOMAIN_ID") or random.SystemRandom().randint(1, 101))
    # Nodes take what waits in their subscriptions: people before a live tracker, or where a real robot's joints are,
    # would come between what the chain is shown. So they find no other process, not even on this machine.
    with _environment(ROS_AUTOMATIC_DISCOVERY_RANGE="OFF"):
        rclpy.init(args=["iat_ros", "--ros-args", "--log-level", level], context=context, domain_id=domain)
    try:
        # A halt of a real robot is not theirs, nor are theirs its.
        with _environment(IAT_ROS_HALTS="none"), machine_time(clock, options.own_pace):
            chain = kind(context, clock, options)
            yield chain
            for node in chain.nodes:
                node.destroy_node()
    finally:
        rclpy.logging.set_logger_level("", LoggingSeverity.INFO)  # the level belongs to the process
        rclpy.shutdown(context=context)
