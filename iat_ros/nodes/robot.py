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

"""Robot: stands for a robot and its controller where there is none, with what they do well and what they do badly."""

from __future__ import annotations

import array
import time
from functools import partial
from typing import Any

from builtin_interfaces.msg import Duration, Time
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.qos import qos_profile_system_default
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

from iat_ros.clock import of_one_instant
from iat_ros.errors import MessageError
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.robot_description import PARAMETERS as ROBOT
from iat_ros.nodes.robot_description import read_robot
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.robot.joint_path import JointPath
from iat_ros.robot.model import RobotModel
from iat_ros.robot.simulated import SimulatedRobot

_VIOLATIONS = "violations: "  # such counts are told in the diagnostics


class RobotNode(IatNode):
    """Subscribes the topics of the robot's controllers, publishes ``joint_states``, as ros2_control does.

    It starts in the rest pose. What a real controller refuses is a counted drop; what it lets pass although it breaks
    the robot's limits is a counted violation.
    """

    PARAMETERS = (
        *ROBOT,
        Parameter("rate", 125.0, "How often the controller works and joint_states are published [Hz].", 10.0, 1000.0),
        Parameter("lag", 0.0, "How far the joints stay behind what the controller commands [s].", 0.0, 1.0),
        Parameter("noise", 0.0, "Standard deviation of measured positions [rad].", 0.0, 0.1),
        Parameter("frozen_joint", "", "A joint that is stuck; empty: none."),
        Parameter(
            "interpolate_from_desired_state",
            False,
            "Start trajectories where the robot should be, not where it is.",
        ),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("robot", **options)
        # As joint_state_broadcaster publishes it.
        self._states = self.create_lifecycle_publisher(JointState, "joint_states", qos_profile_system_default)
        self._robot: SimulatedRobot | None = None
        self._timer: Timer | None = None
        self._message = JointState()
        self._inputs: dict[str, Subscription] = {}
        self._late_ns = 0  # how long after its first point the newest trajectory came, until the next update
        self._listen((TOPIC,))  # what most robots have, seen by tools before the node is configured

    @property
    def violations(self) -> dict[str, int]:
        """How many updates broke which limit since the node was made."""
        return {key: count for key, count in self.counts.items() if key.startswith(_VIOLATIONS)}

    @property
    def controllers(self) -> tuple[str, ...]:
        """Topics of the robot's controllers; none while the node is not configured."""
        return () if self._robot is None else tuple(self._robot.controllers)

    def trouble(self) -> str:
        """Say where others tell where the joints are, too; one arm must not follow what another robot measures."""
        others = self.count_publishers(self.resolve_topic_name("joint_states")) - 1
        if others <= 0:
            return ""
        return f"joint_states come from {others} more: a real robot, or a second simulated one; end this one or that"

    def setup(self, values: dict[str, Any]) -> None:
        """Load the robot; it rests."""
        model = RobotModel(*read_robot(self, values))
        self._robot = SimulatedRobot(
            model,
            lag_s=values["lag"],
            noise_rad=values["noise"],
            frozen=(values["frozen_joint"],) if values["frozen_joint"] else (),
            interpolate_from_desired_state=values["interpolate_from_desired_state"],
        )
        self._listen(self.controllers)
        self._message = JointState(name=list(model.joint_names))
        self._updated_ns = self._steady_ns()
        tick = self.guarded(self._on_tick)
        self._timer = self.create_timer(1.0 / values["rate"], lambda: tick(None))
        self.get_logger().info(f"simulated robot '{model.config.name}', {len(model.joint_names)} joints")

    def _listen(self, topics: tuple[str, ...]) -> None:
        for topic in set(self._inputs) - set(topics):
            self.destroy_subscription(self._inputs.pop(topic))
        for topic in set(topics) - set(self._inputs):
            callback = self.guarded(partial(self._on_trajectory, topic))
            self._inputs[topic] = self.create_subscription(JointTrajectory, topic, callback, RESULT_QOS)

    def teardown(self) -> None:
        """Free the robot."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        self._robot = None

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stand still where the robot is."""
        if self._robot is not None:
            self._robot.hold()
        self._updated_ns = self._steady_ns()
        return super().on_activate(state)

    def _now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def _steady_ns(self) -> int:
        """Return a time that never jumps; under simulated time, that one, which stands still and may jump."""
        simulated = self.get_parameter("use_sim_time").value
        return self._now_ns() if simulated else time.monotonic_ns()

    def _on_trajectory(self, topic: str, message: JointTrajectory) -> None:
        if self._robot is not None:
            path, stamp_ns, now_ns = read_path(message), _nanoseconds(message.header.stamp), self._now_ns()
            self._robot.accept(path, stamp_ns, now_ns, topic)
            self.counts["accepted"] += 1
            if stamp_ns:
                # A first point at the stamp itself tells what ran before; the next one is the first that was due.
                due_ns = next((int(each) for each in path.times_ns if each > 0), 0)
                self._late_ns = max(self._late_ns, now_ns - stamp_ns - due_ns)

    def _on_tick(self, _: None) -> None:
        if self._robot is None:
            return
        # Held up between the two, the robot would go too far on its trajectory, and jerk back to the next.
        now_ns, steady = of_one_instant(self._now_ns, self._steady_ns)
        period_ns, self._updated_ns = max(0, steady - self._updated_ns), steady
        positions, velocities, broken = self._robot.update(now_ns, period_ns)
        message = self._message
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now_ns, 10**9)
        message.position = array.array("d", positions.tobytes())
        message.velocity = array.array("d", velocities.tobytes())
        self._states.publish(message)
        if broken:
            for kind in broken:
                self.counts[f"{_VIOLATIONS}{kind}"] += 1
            self.get_logger().warning(f"command breaks limits: {self._robot.watch.words}", throttle_duration_sec=2.0)
            if self._late_ns > 0:
                self.counts["came late"] += 1
                self.get_logger().warning(
                    f"a trajectory came {1e-6 * self._late_ns:.0f} ms after its first point, so the robot steps: on a "
                    "busy machine give the trajectory node a longer delivery_time",
                    throttle_duration_sec=2.0,
                )
        self._late_ns = 0  # a trajectory is taken over at the first update after it came


def _nanoseconds(time: Time | Duration) -> int:
    return int(time.sec * 10**9 + time.nanosec)


def read_path(message: JointTrajectory) -> JointPath:
    """Read a trajectory's points.

    Raises:
        MessageError: They are not what a trajectory must hold.
    """
    points = message.points
    if any(point.effort for point in points):
        raise MessageError("joint_trajectory: expected no effort, this robot takes positions")
    times = [_nanoseconds(point.time_from_start) for point in points]
    return JointPath.from_points(
        message.joint_names,
        times,
        [point.positions for point in points],
        [point.velocities for point in points],
        [point.accelerations for point in points],
    )
