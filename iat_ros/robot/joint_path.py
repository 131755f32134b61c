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

"""A joint trajectory between its points, as ros2_control's joint_trajectory_controller interpolates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import MessageError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RobotState:
    """Where J joints are, or shall be.

    Attributes:
        positions: (J,) [rad].
        velocities: (J,) [rad/s]; None: not given.
        accelerations: (J,) [rad/s^2]; None: not given.
    """

    positions: Array
    velocities: Array | None = None
    accelerations: Array | None = None


@dataclass(frozen=True)
class JointPath:
    """The points of a joint trajectory.

    Attributes:
        joint_names: The J joints, in the order of the points' values.
        times_ns: N times from the start [ns], strictly increasing.
        points: N states.
    """

    joint_names: tuple[str, ...]
    times_ns: tuple[int, ...]
    points: tuple[RobotState, ...]

    def __post_init__(self) -> None:
        """Refuse what the controller refuses in any trajectory, whatever its joints and clock.

        A joint named twice is refused too; the real controller does not look, and moves another joint anywhere.

        Raises:
            MessageError: No joints, no points, another number of values than joints, or times that do not increase.
        """
        if not self.joint_names or len(set(self.joint_names)) < len(self.joint_names):
            raise MessageError("joint_trajectory: expected at least one joint, each named once")
        if not self.points or len(self.points) != len(self.times_ns):
            raise MessageError("joint_trajectory: has no points")
        if any(later <= earlier for earlier, later in zip(self.times_ns, self.times_ns[1:], strict=False)):
            raise MessageError("joint_trajectory: expected strictly increasing times")
        shape = (len(self.joint_names),)
        for point in self.points:
            if point.positions.shape != shape:
                raise MessageError(
                    f"joint_trajectory: expected {shape[0]} positions in every point, got {point.positions.size}"
                )
            for name, values in (("velocities", point.velocities), ("accelerations", point.accelerations)):
                if values is not None and values.shape != shape:
                    raise MessageError(
                        f"joint_trajectory: expected {shape[0]} {name}, or none, in every point, got {values.size}"
                    )

    @classmethod
    def from_points(
        cls,
        joint_names: Sequence[str],
        times_ns: Sequence[int],
        positions: Sequence[Sequence[float]],
        velocities: Sequence[Sequence[float]] = (),
        accelerations: Sequence[Sequence[float]] = (),
    ) -> JointPath:
        """Make a path from N rows of J numbers each; an empty row, or no rows, means not given.

        Raises:
            MessageError: The points are not what a trajectory must hold.
        """
        rows = [_vector(row) for row in positions]
        fast = [_vector(row) if len(row) else None for row in velocities] or [None] * len(rows)
        hard = [_vector(row) if len(row) else None for row in accelerations] or [None] * len(rows)
        points = tuple(RobotState(*values) for values in zip(rows, fast, hard, strict=True))
        return cls(tuple(joint_names), tuple(times_ns), points)

    def in_order(self, joint_names: tuple[str, ...]) -> JointPath:
        """Return the same path with its joints in another order; the names must be the same."""
        return self if joint_names == self.joint_names else self.only(joint_names)

    def only(self, joint_names: tuple[str, ...]) -> JointPath:
        """Return the path of some of its joints."""
        order = [self.joint_names.index(name) for name in joint_names]

        def pick(values: Array | None) -> Array | None:
            """Return the values of these joints, where there are any."""
            return None if values is None else values[order]

        points = [RobotState(p.positions[order], pick(p.velocities), pick(p.accelerations)) for p in self.points]
        return JointPath(joint_names, self.times_ns, tuple(points))


class Segment:
    """The curve between two states: a line, a cubic or a quintic, by what both of them hold.

    Accelerations without velocities give zeros: the real controller commands zero positions then.
    """

    def __init__(self, start: RobotState, end: RobotState, duration_s: float) -> None:
        """Work out the polynomial.

        Args:
            start: State at time 0.
            end: State at ``duration_s``.
            duration_s: Above 0 [s].
        """
        fast = start.velocities is not None and end.velocities is not None
        hard = start.accelerations is not None and end.accelerations is not None
        ends = [[state.positions] for state in (start, end)]
        for values, state in zip(ends, (start, end), strict=True):
            if fast and state.velocities is not None:
                values.append(duration_s * state.velocities)
            if fast and hard and state.accelerations is not None:
                values.append(duration_s**2 * state.accelerations)
        kinds = len(ends[0])
        self._coefficients = _HERMITE[kinds] @ np.array(ends[0] + ends[1])  # (2 kinds, J), of powers of time / duration
        if hard and not fast:
            self._coefficients = np.zeros_like(self._coefficients)
        self._duration_s = duration_s
        self._powers = np.arange(2 * kinds)

    def sample(self, time_s: float) -> RobotState:
        """Return the state at a time between 0 and the duration [s]."""
        c, k, T = self._coefficients, self._powers, self._duration_s
        u = (time_s / T) ** k
        slope, bend = k[1:] * u[:-1], (k[2:] * k[1:-1]) * u[:-2]
        return RobotState(u @ c, slope @ c[1:] / T, bend @ c[2:] / T**2)


def _vector(row: Sequence[float]) -> Array:
    return np.array(row, dtype=np.float64)


def _hermite(kinds: int) -> Array:
    """Return (2 K, 2 K): from K derivatives at 0, then those at 1, to coefficients of the powers of u."""
    conditions = np.zeros((2 * kinds, 2 * kinds))
    for k in range(kinds):
        for power in range(k, 2 * kinds):
            factor = np.prod(np.arange(power - k + 1, power + 1)) if k else 1.0
            conditions[k, power] = factor * (power == k)
            conditions[kinds + k, power] = factor
    return np.asarray(np.linalg.inv(conditions))


_HERMITE = {kinds: _hermite(kinds) for kinds in (1, 2, 3)}
