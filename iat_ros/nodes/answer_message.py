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

"""Answers as messages: limb vectors as a cloud, a robot's joints as a trajectory that nobody may execute as it is."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from builtin_interfaces.msg import Duration
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.errors import MessageError
from iat_ros.model.responder import Responder
from iat_ros.nodes.clouds import decode_motion, encode_motion, same_cloud
from iat_ros.robot.joint_answer import Answer
from iat_ros.skeleton.joint_motion import JointMotion
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.skeleton.resampling import resample

AnswerMessage: TypeAlias = PointCloud2 | JointTrajectory

_MOST_FRAMES = 256
"""10 s at 25 Hz: each frame takes the one thread a millisecond, in which nobody could halt the robot."""


def encode_answers(responder: Responder, headers: Sequence[Header], answers: MotionArray) -> list[AnswerMessage]:
    """Write the answers of a model, each with the header of its window."""
    if responder.card.joints is not None:
        motions = responder.to_joints(answers)
        return [encode_joints(header, motion) for header, motion in zip(headers, motions, strict=True)]
    rows = zip(headers, answers.limbs_in_body, answers.durations_s, strict=True)
    return [encode_motion(header, Motion(limbs, float(duration_s))) for header, limbs, duration_s in rows]


def decode_answer(message: AnswerMessage, limbs: int) -> Answer:
    """Read an answer: one of so many limbs, or of joints.

    Raises:
        MessageError: The message does not hold what it should, or more than `_MOST_FRAMES` frames.
        SkeletonError: Its motion cannot be one.
    """
    if not isinstance(message, PointCloud2):
        return decode_joints(message)
    if message.height > _MOST_FRAMES:
        raise MessageError(f"responses: expected 2 to {_MOST_FRAMES} frames (height), got {message.height}")
    return decode_motion(message, limbs)


class AnswerReader:
    """Reads answers of so many limbs; one that comes again, as the answer that was foreseen does, is read once.

    Args:
        limbs: L.
    """

    def __init__(self, limbs: int) -> None:
        self._limbs = limbs
        self._last: tuple[PointCloud2, Answer] | None = None

    def read(self, message: AnswerMessage) -> Answer:
        """Read an answer; raises what `decode_answer` raises."""
        if isinstance(message, PointCloud2):
            if self._last is None or not same_cloud(self._last[0], message):
                self._last = message, decode_answer(message, self._limbs)
            return self._last[1]
        return decode_answer(message, self._limbs)


def encode_joints(header: Header, motion: JointMotion) -> JointTrajectory:
    """Write an answer in joints; time_from_start counts from its first frame; there are no velocities."""
    message = JointTrajectory(header=header, joint_names=list(motion.joint_names))
    nanoseconds = np.round(motion.times_s * 1e9).astype(np.int64).tolist()
    message.points = [
        JointTrajectoryPoint(
            positions=array.array("d", frame.tolist()),
            time_from_start=Duration(sec=at_ns // 10**9, nanosec=at_ns % 10**9),
        )
        for at_ns, frame in zip(nanoseconds, motion.positions, strict=True)
    ]
    return message


def decode_joints(message: JointTrajectory) -> JointMotion:
    """Read an answer in joints; frames at uneven times are brought to even ones.

    Raises:
        MessageError: It has too few or too many points, a point of another size, or times that do not increase.
        SkeletonError: Names come twice, positions are not finite, or it is too short or too long.
    """
    joints, points = len(message.joint_names), message.points
    if not 2 <= len(points) <= _MOST_FRAMES:
        raise MessageError(f"joint_responses: expected 2 to {_MOST_FRAMES} points, got {len(points)}")
    if any(len(point.positions) != joints for point in points):
        raise MessageError(f"joint_responses: expected {joints} positions in each point, one for each name")
    times_s = np.array([point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in points])
    if not (np.diff(times_s) > 0).all():
        raise MessageError("joint_responses: times from start must increase")
    positions = np.array([point.positions for point in points], dtype=float)
    if np.isfinite(positions).all() and np.ptp(np.diff(times_s)) > 1e-6:
        positions = resample(times_s, positions, len(points))
    return JointMotion(tuple(message.joint_names), positions, float(times_s[-1] - times_s[0]))
