"""Plans as trajectory_msgs/JointTrajectory."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.robot.plan import JointPlan


def to_message(plan: JointPlan, stamp: Any, after_s: float = 0.0) -> JointTrajectory:
    """Write a plan as a message; time 0 is the stamp, points up to ``after_s`` [s] lie in the past and are left out."""
    points = plan.points(after_s)
    message = JointTrajectory(joint_names=list(plan.joint_names))
    message.header.stamp = stamp
    nanoseconds = np.round(points.times_s * 1e9).astype(np.int64).tolist()
    rows = zip(nanoseconds, points.positions, points.velocities, points.accelerations, strict=True)
    message.points = [
        JointTrajectoryPoint(  # arrays of doubles are taken over as they are, lists are checked number by number
            positions=array.array("d", position.tobytes()),
            velocities=array.array("d", velocity.tobytes()),
            accelerations=array.array("d", acceleration.tobytes()),
            time_from_start=Duration(sec=at // 10**9, nanosec=at % 10**9),
        )
        for at, position, velocity, acceleration in rows
    ]
    return message
