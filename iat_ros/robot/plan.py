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

"""A plan: one curve per joint that keeps the robot's limits at every instant, and the points to publish."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot import spline
from iat_ros.robot.model import RobotModel
from iat_ros.robot.spline import State

Array = NDArray[np.float64]

ROUNDING = 1e-5


@dataclass(frozen=True)
class Points:
    """Points of a joint trajectory: the knots of a plan.

    Attributes:
        times_s: (N,) strictly increasing [s].
        positions, velocities, accelerations: (N, J) [rad], [rad/s], [rad/s^2].
    """

    times_s: Array
    positions: Array
    velocities: Array
    accelerations: Array


@dataclass(frozen=True)
class JointPlan:
    """One uniform cubic B-spline per joint, from time 0 to its end, where it is at rest.

    A controller that interpolates between the knots with quintics reproduces the curve exactly.

    Attributes:
        joint_names: The J joints.
        control: (N + 3, J) control points [rad].
        dt_s: Time between knots [s].
        answer_start_s, answer_end_s: When the first and the last frame of the answer are passed [s].
        stretch: How many times slower than asked the answer is, 1 when the limits allow its own speed.
    """

    joint_names: tuple[str, ...]
    control: Array
    dt_s: float
    answer_start_s: float = 0.0
    answer_end_s: float = 0.0
    stretch: float = 1.0

    def __post_init__(self) -> None:
        count, joints = len(self.control), len(self.joint_names)
        if count < 4 or self.control.shape != (count, joints) or not np.isfinite(self.control).all():
            raise RobotError(
                f"JointPlan.control: expected finite numbers (4 or more, {joints}), got shape {self.control.shape}"
            )
        if not (np.isfinite(self.dt_s) and self.dt_s > 0.0):
            raise RobotError(f"JointPlan.dt_s: expected seconds above 0, got {self.dt_s}")
        if not np.ptp(self.control[-3:], axis=0).max() < 1e-9:
            raise RobotError("JointPlan.control: expected three equal points at the end, where the robot is at rest")

    @property
    def duration_s(self) -> float:
        """Time of the last knot [s]."""
        return (len(self.control) - 3) * self.dt_s

    @cached_property
    def start(self) -> State:
        """Where the joints are when it begins."""
        return self.state(0.0)

    @property
    def end(self) -> Array:
        """The pose (J,) in which it ends [rad]."""
        return self.control[-1]

    def holding(self, joints: NDArray[np.bool_], position: Array) -> JointPlan:
        """Return the plan without some joints (J,): those stand where the position (J,) has them [rad]."""
        return replace(self, control=np.where(joints, position, self.control))

    def most_jerk(self, max_acceleration: Array) -> Array:
        """Return what no joint's jerk exceeds (J,) [rad/s^3], given acceleration limits (J,) that it keeps [rad/s^2].

        Between two knots the acceleration goes at most from one limit to the other, in a straight line.
        """
        bound: Array = 2.0 * max_acceleration / self.dt_s
        return bound

    def sample(self, times_s: Array | float) -> tuple[Array, Array, Array]:
        """Return position, velocity, acceleration (N, J) at times (N,) [s]; outside the plan it holds."""
        times = np.atleast_1d(np.asarray(times_s, dtype=np.float64))
        position, velocity, acceleration = spline.evaluate(self.control, self.dt_s, times)
        outside = (times < 0.0) | (times >= self.duration_s)
        if outside.any():
            velocity[outside] = acceleration[outside] = 0.0
        return position, velocity, acceleration

    def state(self, time_s: float) -> State:
        """Return where the joints are at a time [s]."""
        if time_s >= self.duration_s:
            return State.at_rest(self.end)
        return State(*(value[0] for value in self.sample(time_s)))

    def knot_after(self, time_s: float) -> float:
        """Return the time of the first knot at or after a time [s]; the end if there is none."""
        return float(min(np.ceil(time_s / self.dt_s - 1e-9), len(self.control) - 3) * self.dt_s)

    def points(self, after_s: float = 0.0) -> Points:
        """Return the knots later than a time [s], the last one at rest in any case.

        Messages hold whole nanoseconds, so these are the curve's states at the whole nanoseconds nearest to the knots:
        a controller that is there a microsecond before a point would make up for the smallest difference at once. The
        start isn't among them: a controller goes to the first point from where the robot is.
        """
        return self._knots(max(1, min(self._knot(after_s) + 1, len(self.control) - 3)))

    def points_around(self, time_s: float) -> Points:
        """Return the last knot at or before a time [s], the start at least, and all later ones, as `points` does."""
        return self._knots(max(0, min(self._knot(time_s), len(self.control) - 3)))

    def _knot(self, time_s: float) -> int:
        return int(np.floor(time_s / self.dt_s + 1e-9))

    def _knots(self, first: int) -> Points:
        times = np.round(np.arange(first, len(self.control) - 2) * self.dt_s * 1e9) * 1e-9
        position, velocity, acceleration = spline.evaluate(self.control, self.dt_s, times)
        position[-1], velocity[-1], acceleration[-1] = self.end, 0.0, 0.0
        return Points(times, position, velocity, acceleration)


def check(model: RobotModel, result: JointPlan) -> None:
    """Let nothing out that breaks a limit at any instant: a robot moves at the end of this chain.

    Raises:
        RobotError: Names the joint and the limit.
    """
    low, high = spline.reach(result.control)
    excess = (
        ("position", "rad", np.maximum(model.lower - low, high - model.upper)),
        ("velocity", "rad/s", spline.fastest(result.control, result.dt_s) / model.max_velocity - 1.0),
        ("acceleration", "rad/s^2", spline.hardest(result.control, result.dt_s) / model.max_acceleration - 1.0),
    )
    for quantity, unit, over in excess:
        if not np.all(over <= ROUNDING):
            name = model.joint_names[int(np.argmax(over))]
            raise RobotError(f"trajectory: joint '{name}' would break its {quantity} limit [{unit}]; it is not sent")
