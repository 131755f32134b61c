"""The chain's own nodes in one process, driven by a clock that steps: the same happens in the same order each time.

The nodes are never spun and hear nothing over DDS: each message is handed from one node's publisher to the next one's
callback. Their ROS time and the machine's own time are made up here, so that a clock can be set in the midst of it.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import rclpy
import rclpy.logging
from rclpy.clock import ClockType
from rclpy.context import Context
from rclpy.logging import LoggingSeverity
from rclpy.parameter import Parameter
from rclpy.time import Time
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import IatError
from iat_ros.nodes import act2act, clock_watch, perception, robot, trajectory
from iat_ros.nodes.clouds import decode_motion, encode_motion
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.motion import Motion

TICK_NS = 8_000_000
WATCH_TICKS = 3  # the guard's watch, 20 ms
UNEXPECTED = "because of an unexpected"
"""What a node says of a message that raised what nobody foresaw."""


class SteppedClock:
    """Stands for a node's clock, and for the machine's own.

    Attributes:
        ros_ns: ROS time [ns]; may be set.
        steady_ns: The machine's own time [ns].
    """

    def __init__(self) -> None:
        self.ros_ns, self.steady_ns = 1_000_000 * 10**9, 10**9

    def now(self) -> Time:
        """Return ROS time."""
        return Time(nanoseconds=self.ros_ns, clock_type=ClockType.ROS_TIME)


class SteppedChain:
    """Perception, act2act, trajectory and robot, active.

    Attributes:
        clock: Their clock.
        ticks: How many times 8 ms have passed, pauses left out.
        true_s: The same in seconds.
        windows: When each window came [s], whose it is, and what it holds.
        answers: How many responses came.
        trajectories: How many joint_trajectory came.
        faults: Trajectories that are none, by what is wrong with them.
    """

    def __init__(self, context: Context, clock: SteppedClock, simulated: bool) -> None:
        self._options = {"context": context, "parameter_overrides": [Parameter("use_sim_time", value=simulated)]}
        self.clock = clock
        self._perception = self._make(perception.PerceptionNode)
        self._act2act = self._make(act2act.Act2ActNode)
        self._trajectory = self._make(trajectory.TrajectoryNode)
        self._robot = self._make(robot.RobotNode)
        self._model = RobotModel.load(find_config("robots", "g1"))
        self._robot._updated_ns = self._robot._steady_ns()
        self.ticks, self.true_s = 0, 0.0
        self.windows: list[tuple[float, str, Motion]] = []
        self.answers = self.trajectories = 0
        self.faults: Counter[str] = Counter()
        self._perception._windows.publish = self._on_window
        self._perception._coming_windows.publish = self._act2act.guarded(self._act2act._on_coming_window)
        self._act2act._responses.publish = self._on_response
        self._connect_trajectory()

    def _make(self, kind: type) -> Any:
        node = kind(**self._options)
        if not bring_up(node):
            raise IatError(f"{node.get_name()} does not come up")
        node._clock = self.clock  # from here on
        return node

    def _connect_trajectory(self) -> None:
        self._trajectory._output.send = self._on_trajectory
        self._act2act._coming_responses.publish = self._trajectory.guarded(self._trajectory._on_coming_response)
        self._robot._states.publish = self._trajectory.guarded(self._trajectory._on_joint_states)

    def restart_trajectory(self) -> None:
        """Put a new trajectory node, which knows nothing, in the place of the one that works."""
        self._trajectory.destroy_node()
        self._trajectory = self._make(trajectory.TrajectoryNode)
        self._connect_trajectory()

    def halt(self) -> None:
        """Call the trajectory node's service."""
        self._trajectory._on_halt(Trigger.Request(), Trigger.Response())

    def answer(self, motion: Motion) -> None:
        """Hand a response to the trajectory node."""
        self._on_response(encode_motion(Header(frame_id="body_0"), motion))

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
        found = {}
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
        return not moving and float(np.abs(self.position - self._model.rest).max()) < 1e-3

    @property
    def stands(self) -> bool:
        """Whether the robot stands still anywhere."""
        return not np.any(self._robot._robot.joints.velocities)

    def show(self, message: PointCloud2) -> None:
        """Hand a frame to those who watch people."""
        self._perception._on_skeletons(message)
        self._trajectory.guarded(self._trajectory._on_skeletons)(message)

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
        if not first and self.ticks % WATCH_TICKS == 0:
            self._watch()

    def _watch(self) -> None:
        if not self._trajectory._watching.is_canceled():
            self._trajectory.guarded(lambda _: self._trajectory._watch())(None)

    def _on_window(self, message: PointCloud2) -> None:
        self.windows.append((self.true_s, message.header.frame_id, decode_motion(message, 8)))
        self._act2act.guarded(self._act2act._on_window)(message)

    def _on_response(self, message: PointCloud2) -> None:
        self.answers += 1
        self._trajectory.guarded(self._trajectory._on_response)(message)

    def _on_trajectory(self, message: JointTrajectory) -> None:
        self.trajectories += 1
        for fault in trajectory_faults(message, self._model, self.clock.ros_ns):
            self.faults[fault] += 1
        self._robot.guarded(partial(self._robot._on_trajectory, TOPIC))(message)


def trajectory_faults(message: JointTrajectory, model: RobotModel, now_ns: int) -> list[str]:
    """Say what is wrong with a trajectory that is sent at a time [ns]; nothing if it is as it must be."""
    times = np.array([each.time_from_start.sec * 10**9 + each.time_from_start.nanosec for each in message.points])
    if not len(times) or tuple(message.joint_names) != model.joint_names:
        return ["no points, or other joints"]
    positions = np.array([each.positions for each in message.points])
    velocities = np.array([each.velocities for each in message.points])
    stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
    found = {
        "not finite": not (np.isfinite(positions).all() and np.isfinite(velocities).all()),
        "positions beyond the limits": bool(
            ((positions < model.lower - 1e-6) | (positions > model.upper + 1e-6)).any()
        ),
        "velocities beyond the limits": bool((np.abs(velocities) > model.max_velocity * 1.0001).any()),
        "times that do not increase": bool((np.diff(times) <= 0).any()),
        "lies in the past": bool(stamp_ns + times[0] <= now_ns),
        "does not end at rest": bool(np.any(velocities[-1])),
    }
    return [fault for fault, holds in found.items() if holds]


@contextlib.contextmanager
def stepped_chain(simulated: bool = False) -> Iterator[SteppedChain]:
    """Bring the nodes up under a clock that steps.

    Args:
        simulated: Whether they are told that time is simulated.

    Raises:
        IatError: A node does not come up.
    """
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    context, clock = Context(), SteppedClock()
    domain = int(os.environ.get("ROS_DOMAIN_ID") or random.SystemRandom().randint(1, 101))
    rclpy.init(args=["faults", "--ros-args", "--log-level", "fatal"], context=context, domain_id=domain)
    own = SimpleNamespace(
        monotonic=lambda: 1e-9 * clock.steady_ns, monotonic_ns=lambda: clock.steady_ns, perf_counter=time.perf_counter
    )
    try:
        with contextlib.ExitStack() as patches:
            for module in (trajectory, clock_watch, robot, act2act):
                patches.enter_context(patch.object(module, "time", own))
            chain = SteppedChain(context, clock, simulated)
            yield chain
            for node in chain.nodes:
                node.destroy_node()
    finally:
        rclpy.logging.set_logger_level("", LoggingSeverity.INFO)  # the level belongs to the process
        rclpy.shutdown(context=context)
