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

"""What the robot performs as trajectory_msgs/JointTrajectory."""

from __future__ import annotations

import array
import struct

from builtin_interfaces.msg import Duration, Time
from rclpy.serialization import serialize_message
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.robot.performance import Performance, stamp_points
from iat_ros.robot.spline import Array

_AFTER_ENCAPSULATION = 4
"""Where in a serialised message its first field begins."""


def to_message(performance: Performance, sent_s: float) -> JointTrajectory:
    """Write what is performed as a message that is sent at a time [s].

    From a robot that stands where it is only measured to stand, the stamp is that time, and all points lie ahead. The
    first one has no accelerations: a controller goes to it from where it measures the robot, and measures no
    accelerations: it would take them for 0 and swing out. Without, it takes a cubic, which is what the plan is there.

    What takes over from a running trajectory begins with the last point of that before now, which is the stamp; what
    begins where the controller is known to hold the robot, with that pose, `HELD_BEFORE_S` before now.
    """
    points = performance.points(sent_s)
    message = JointTrajectory(joint_names=list(performance.plan.joint_names))
    stamp_ns, times_ns = stamp_points(points, sent_s)
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
    rows = zip(times_ns, points.positions, points.velocities, points.accelerations, strict=True)
    message.points = [_point(*row) for row in rows]
    if times_ns[0] > 0:
        message.points[0].accelerations = array.array("d")
    return message


def only(message: JointTrajectory, joints: tuple[str, ...]) -> JointTrajectory:
    """Return the part of a trajectory that moves some joints, with the same stamp and times."""
    if tuple(message.joint_names) == joints:
        return message
    columns = [message.joint_names.index(joint) for joint in joints]
    part = JointTrajectory(header=message.header, joint_names=list(joints))
    part.points = [
        JointTrajectoryPoint(
            positions=array.array("d", [point.positions[column] for column in columns]),
            velocities=array.array("d", [point.velocities[column] for column in columns]),
            accelerations=array.array("d", [point.accelerations[column] for column in columns if point.accelerations]),
            time_from_start=point.time_from_start,
        )
        for point in message.points
    ]
    return part


class Serialised:
    """A trajectory as the middleware sends it, of which only the stamp is still to be set: that comes first in it.

    Args:
        message: The trajectory.
    """

    def __init__(self, message: JointTrajectory) -> None:
        self._data = bytearray(serialize_message(message))
        self._stamp = struct.Struct("<iI" if self._data[1] & 1 else ">iI")  # the second byte tells the byte order

    def stamped(self, stamp: Time) -> bytes:
        """Return it with a stamp."""
        self._stamp.pack_into(self._data, _AFTER_ENCAPSULATION, stamp.sec, stamp.nanosec)
        return bytes(self._data)


def _point(at_ns: int, position: Array, velocity: Array, acceleration: Array) -> JointTrajectoryPoint:
    return JointTrajectoryPoint(  # arrays of doubles are taken over as they are, lists are checked number by number
        positions=array.array("d", position.tobytes()),
        velocities=array.array("d", velocity.tobytes()),
        accelerations=array.array("d", acceleration.tobytes()),
        time_from_start=Duration(sec=at_ns // 10**9, nanosec=at_ns % 10**9),
    )
