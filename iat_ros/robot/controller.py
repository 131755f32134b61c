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

"""ros2_control's joint_trajectory_controller as ROS 2 Jazzy has it (4.42), without ROS.

Its defaults: missing joints and a velocity at the end are refused, tolerances are off, nobody looks for NaN or limits.
"""

from __future__ import annotations

import numpy as np

from iat_ros.errors import MessageError
from iat_ros.robot.joint_path import Array, JointPath, RobotState, Segment

STANDS_STILL = float(np.finfo(np.float32).eps)
"""A speed at the end of a trajectory up to this counts as none [rad/s]."""


class TrajectoryController:
    """Follows the newest trajectory that was accepted, from one update to the next.

    A trajectory takes over at the first update after it was accepted and replaces the running one as a whole:

    - Stamp 0 starts it at that update. A stamp in the past leaves out the points that are past, without blending: the
      robot steps. A stamp in the future drops the running trajectory all the same, and moves to the first point.
    - On the way to the first point it interpolates from the measured state, at the time of the update; accelerations
      are not measured and count as 0. A first point that is due at once is jumped to.
    - From the desired state it interpolates as if that had been reached a period before: it keeps what it commanded for
      now with the time at which it did so. A moving robot is so put ahead by what it moves in a period.
    - Between points: lines, cubics with velocities, quintics with accelerations too. After the last point: that point.

    Once started, a trajectory goes by the periods of the updates; a clock that jumps does not move it.
    """

    def __init__(
        self, joint_names: tuple[str, ...], pose: Array, *, interpolate_from_desired_state: bool = False
    ) -> None:
        """Hold a pose.

        Args:
            joint_names: The J joints.
            pose: (J,) [rad].
            interpolate_from_desired_state: Start from where the robot should be, not from where it is.
        """
        self.joint_names = joint_names
        self._from_desired = interpolate_from_desired_state
        self.hold(pose)

    def hold(self, pose: Array) -> None:
        """Forget all trajectories and stay at (J,) [rad]."""
        still = np.zeros(len(self.joint_names))
        self._desired = RobotState(np.array(pose, dtype=np.float64), still, still)
        self._path: JointPath | None = None
        self._accepted: tuple[JointPath, int] | None = None
        self._segment: Segment | None = None
        self._start_ns = self._before_ns = self._time_ns = 0  # of the path's time 0, of the state before it, now
        self._period_ns = 0  # of the last update

    def accept(self, path: JointPath, stamp_ns: int, now_ns: int) -> None:
        """Take a trajectory, to be started at the next update; one that waits for that already is forgotten.

        Args:
            path: Its points.
            stamp_ns: When its time 0 is [ns]; 0: at the next update.
            now_ns: The time [ns].

        Raises:
            MessageError: The controller refuses it and goes on with what it does.
        """
        for name in path.joint_names:
            if name not in self.joint_names:
                raise MessageError(f"joint_trajectory: joint '{name}' is not of this robot")
        for name in self.joint_names:
            if name not in path.joint_names:
                raise MessageError(f"joint_trajectory: joint '{name}' is missing")
        last = path.points[-1].velocities
        if last is not None and np.any(np.abs(last) > STANDS_STILL):
            raise MessageError("joint_trajectory: the velocity of the last point is not zero")
        if stamp_ns != 0 and stamp_ns + path.times_ns[-1] < now_ns:
            raise MessageError("joint_trajectory: ends in the past")
        self._accepted = path.in_order(self.joint_names), stamp_ns

    @property
    def waiting(self) -> bool:
        """Whether a trajectory was accepted that `take_over` has not started yet."""
        return self._accepted is not None

    def take_over(self, now_ns: int, measured: RobotState) -> RobotState:
        """Start the trajectory that waits; return the state to be in now.

        Args:
            now_ns: The time [ns].
            measured: Where the robot is.
        """
        if self._accepted is not None:
            (self._path, stamp_ns), self._accepted = self._accepted, None
            self._start_ns = stamp_ns or now_ns
            self._before_ns = self._time_ns = now_ns
            self._before = measured
            if self._from_desired:
                self._before, self._before_ns = self._desired, now_ns - self._period_ns
            self._index, self._segment = -2, None
            self._desired = self._sample(self._path)
        return self._desired

    def advance(self, period_ns: int) -> RobotState:
        """Let time pass; return the state to be in then.

        Args:
            period_ns: Time since the last update [ns].
        """
        self._period_ns = period_ns
        if self._path is not None:
            self._time_ns += period_ns
            self._desired = self._sample(self._path)
        return self._desired

    def _sample(self, path: JointPath) -> RobotState:
        time_ns = self._time_ns - self._start_ns
        index = self._index
        while index + 1 < len(path.points) and (index < -1 or time_ns >= path.times_ns[index + 1]):
            index += 1  # -1: on the way to the first point
        still = np.zeros(len(self.joint_names))
        if index == len(path.points) - 1:
            last = path.points[-1]
            fast, hard = last.velocities, last.accelerations
            return RobotState(last.positions, still if fast is None else fast, still if hard is None else hard)
        start_ns = path.times_ns[index] if index >= 0 else self._before_ns - self._start_ns
        if self._segment is None or index != self._index:
            start = path.points[index] if index >= 0 else _completed(self._before, path.points[0])
            end_ns = path.times_ns[index + 1]
            self._index, self._segment = index, Segment(start, path.points[index + 1], 1e-9 * (end_ns - start_ns))
        return self._segment.sample(1e-9 * (time_ns - start_ns))


def _completed(before: RobotState, first: RobotState) -> RobotState:
    """Take what is not known of the state before, but given in the first point, for 0."""
    fast, hard = before.velocities, before.accelerations
    if fast is None and first.velocities is not None:
        fast = np.zeros_like(first.velocities)
    if hard is None and first.accelerations is not None:
        hard = np.zeros_like(first.accelerations)
    return RobotState(before.positions, fast, hard)
