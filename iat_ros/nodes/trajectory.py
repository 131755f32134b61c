"""Trajectory: turns each response into a joint trajectory of the robot, inside its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, stamp_s
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import SKELETON
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget
from iat_ros.robot.trajectory import JointPlan, plan
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

ROBOT = Parameter("robot", "g1", "Robot: the name of one that ships, or a YAML file with URDF and mapping.")

_FRESH_S = 0.5


class TrajectoryNode(IatNode):
    """Subscribes ``responses`` and ``joint_states``, publishes ``joint_trajectory``.

    A trajectory starts where the robot is (from ``joint_states`` while they come, else where the last one ended),
    plays the answer and returns to the rest pose. An answer that comes while one runs waits for its end; a newer one
    takes the place of one that waits, which is counted as dropped.
    """

    PARAMETERS = (
        SKELETON,
        ROBOT,
        Parameter("return_to_rest", True, "Go back to the rest pose after each answer."),
        Parameter("lead_time", 0.4, "Shortest way into and out of an answer [s].", 0.1, 5.0),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("trajectory", **options)
        self._trajectories = self.create_lifecycle_publisher(JointTrajectory, "joint_trajectory", RESULT_QOS)
        self._model: RobotModel | None = None
        self._joint_names: tuple[str, ...] = ()
        self._pose: np.ndarray | None = None  # where the last plan ended (J,) [rad]
        self._performing = (0.0, 0.0)  # start and duration of the newest plan [s]
        self._waiting: tuple[Motion, Timer] | None = None
        self._measured: tuple[float, np.ndarray] | None = None  # receipt time [s], (J,) [rad]
        self.create_subscription(PointCloud2, "responses", self.guarded(self._on_response), RESULT_QOS)
        self.create_subscription(JointState, "joint_states", self.guarded(self._on_joint_states), SENSOR_QOS)

    def setup(self, values: dict[str, Any]) -> None:
        """Load the robot and work out one answer, so that the first real one is as fast as the others."""
        self._limb_names = load_skeleton(values["skeleton"]).limb_names
        model = RobotModel.load(find_config("robots", values["robot"]))
        self._return_to_rest, self._lead_s = values["return_to_rest"], values["lead_time"]
        self.get_logger().info("preparing retargeting; the first time on a machine it is compiled, some 15 s")
        still = np.tile(np.array([0.0, 0.0, -1.0]), (32, len(self._limb_names), 1))
        plan(model, retarget(model, still, self._limb_names, None, 2.0).positions, 2.0, lead_s=self._lead_s)
        if model.joint_names != self._joint_names:  # the same robot stays where it is, and busy, when configured anew
            self._joint_names, self._pose, self._performing = model.joint_names, model.rest, (0.0, 0.0)
        self._model, self._measured = model, None
        self._forget_waiting()
        self.get_logger().info(f"robot '{model.config.name}', {len(model.joint_names)} joints")

    def teardown(self) -> None:
        """Free the robot's model."""
        self._model = None
        self._forget_waiting()

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop working; an answer that waits is not performed later."""
        self._forget_waiting()
        return super().on_deactivate(state)

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _on_joint_states(self, message: JointState) -> None:
        if self._model is None or len(message.name) != len(message.position):
            return
        positions = dict(zip(message.name, message.position, strict=True))
        pose = np.array([positions.get(joint, np.nan) for joint in self._model.joint_names])
        if np.isfinite(pose).all():
            self._measured = (self._now_s(), pose)

    def _on_response(self, message: PointCloud2) -> None:
        if self._model is not None:
            self._answer(self._model, decode_motion(message, len(self._limb_names)))

    def _answer(self, model: RobotModel, motion: Motion) -> None:
        """Perform an answer, now or when the robot is done with the one before."""
        now, (started, duration) = self._now_s(), self._performing
        if now < started:  # the clock jumped back; how far the robot is, nobody can tell: let it have all its time
            started, self._performing = now, (now, duration)
        wait_s = started + duration - now
        if wait_s <= 0:
            self._perform(model, motion)
            return
        if self._forget_waiting():
            self.drop("answer overtaken by a newer one while the robot still moved")
        perform = self.guarded(lambda _: self._perform_waiting())
        self._waiting = motion, self.create_timer(wait_s, lambda: perform(None))

    def _perform_waiting(self) -> None:
        if self._model is not None and self._waiting is not None:
            motion = self._waiting[0]
            self._forget_waiting()
            self._answer(self._model, motion)

    def _forget_waiting(self) -> bool:
        """Forget the answer that waits; return whether there was one."""
        if self._waiting is None:
            return False
        self.destroy_timer(self._waiting[1])
        self._waiting = None
        return True

    def _perform(self, model: RobotModel, motion: Motion) -> None:
        now = self._now_s()
        start = self._pose
        if self._measured is not None and 0.0 <= now - self._measured[0] < _FRESH_S:
            start = self._measured[1]
        angles = retarget(model, motion.limbs_in_body, self._limb_names, start, motion.duration_s)
        planned = plan(
            model,
            angles.positions,
            motion.duration_s,
            start,
            return_to_rest=self._return_to_rest,
            lead_s=self._lead_s,
        )
        stamp = self.get_clock().now().to_msg()
        self._trajectories.publish(to_message(planned, stamp))
        self._pose = planned.positions[-1]
        self._performing = (stamp_s(stamp), planned.duration_s)
        self.counts["trajectories"] += 1
        self.counts["mean direction error mrad"] = round(1e3 * float(angles.error_rad.mean()))
        if planned.stretch > 1.001:
            self.counts["answers slowed to keep limits"] += 1


def to_message(planned: JointPlan, stamp: Any) -> JointTrajectory:
    """Write a plan as a message; time 0 is the stamp."""
    message = JointTrajectory(joint_names=list(planned.joint_names))
    message.header.stamp = stamp
    message.points = [
        JointTrajectoryPoint(
            positions=position,
            velocities=velocity,
            accelerations=acceleration,
            time_from_start=Duration(sec=int(nanoseconds // 10**9), nanosec=int(nanoseconds % 10**9)),
        )
        for nanoseconds, position, velocity, acceleration in zip(
            np.round(planned.times_s * 1e9).astype(np.int64).tolist(),
            planned.positions.tolist(),
            planned.velocities.tolist(),
            planned.accelerations.tolist(),
            strict=True,
        )
    ]
    return message
