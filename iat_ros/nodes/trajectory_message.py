"""Plans as trajectory_msgs/JointTrajectory."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.robot.plan import JointPlan
from iat_ros.robot.spline import Array, State

SOONEST_S = 0.005
"""Points nearer than this after a message is sent are left out [s]: a controller would jerk to them."""


def to_message(plan: JointPlan, stamp: Any, sent_s: float = 0.0, bridge: State | None = None) -> JointTrajectory:
    """Write a plan as a message.

    The first point has no accelerations. A controller goes to it from where it measures the robot, and measures no
    accelerations: it would take them for 0 and swing out. Without, it takes a cubic, which is what the plan is there.

    Args:
        plan: The plan.
        stamp: When its time 0 is.
        sent_s: Time in the plan at which it is sent [s]; earlier points lie in the past and are left out.
        bridge: A point at time 0, up to which the robot does something else.
    """
    points = plan.points(sent_s + SOONEST_S)
    message = JointTrajectory(joint_names=list(plan.joint_names))
    message.header.stamp = stamp
    nanoseconds = np.round(points.times_s * 1e9).astype(np.int64).tolist()
    rows = zip(nanoseconds, points.positions, points.velocities, points.accelerations, strict=True)
    message.points = [_point(*row) for row in rows]
    if bridge is not None and sent_s + SOONEST_S < 0.0:
        message.points.insert(0, _point(0, bridge.position, bridge.velocity, bridge.acceleration))
    message.points[0].accelerations = array.array("d")
    return message


def _point(at_ns: int, position: Array, velocity: Array, acceleration: Array) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(  # arrays of doubles are taken over as they are, lists are checked number by number
        positions=array.array("d", position.tobytes()),
        velocities=array.array("d", velocity.tobytes()),
        accelerations=array.array("d", acceleration.tobytes()),
        time_from_start=Duration(sec=at_ns // 10**9, nanosec=at_ns % 10**9),
    )
