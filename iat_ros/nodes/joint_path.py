"""A joint trajectory between its points, as a controller interpolates it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from trajectory_msgs.msg import JointTrajectory

from iat_ros.errors import MessageError
from iat_ros.nodes.clouds import stamp_s


@dataclass(frozen=True)
class JointPath:
    """A joint trajectory as a controller interpolates it.

    Attributes:
        joint_names: The J joints.
        times_s: (N,) strictly increasing [s].
        states: (N, 1 to 3, J) positions and, where known, velocities and accelerations.
    """

    joint_names: tuple[str, ...]
    times_s: np.ndarray
    states: np.ndarray

    @classmethod
    def from_message(cls, message: JointTrajectory, pose: Mapping[str, float]) -> JointPath:
        """Read a trajectory; a robot at rest in ``pose`` goes to its first point.

        Raises:
            MessageError: Its points are not what a trajectory must hold.
        """
        names, points = tuple(message.joint_names), message.points
        if not names or not points:
            raise MessageError("joint_trajectory: has no joints or no points")
        kinds = ["positions"]
        for kind in ("velocities", "accelerations"):
            if all(len(getattr(point, kind)) == len(names) for point in points):
                kinds.append(kind)
            else:
                break
        rows = [[list(getattr(point, kind)) for kind in kinds] for point in points]
        if any(len(values) != len(names) for row in rows for values in row):
            raise MessageError(f"joint_trajectory: expected {len(names)} positions in every point")
        states = np.array(rows, dtype=float)  # (N, K, J)
        times = np.array([stamp_s(point.time_from_start) for point in points])
        if times[0] > 0.0:
            start = np.zeros((1, *states.shape[1:]))
            start[0, 0] = [pose.get(name, states[0, 0, j]) for j, name in enumerate(names)]
            states, times = np.concatenate([start, states]), np.concatenate([[0.0], times])
        if times[0] < 0.0 or not np.all(np.diff(times) > 0.0) or not np.isfinite(states).all():
            raise MessageError("joint_trajectory: expected finite numbers at strictly increasing times")
        return cls(names, times, states)

    @property
    def duration_s(self) -> float:
        """Time of the last point [s]."""
        return float(self.times_s[-1])

    def sample(self, time_s: float) -> np.ndarray:
        """Return positions (J,): linear, cubic or quintic between points, by what they hold; held at the ends."""
        if len(self.times_s) == 1 or time_s >= self.duration_s:
            return np.asarray(self.states[-1, 0])
        i = int(np.clip(np.searchsorted(self.times_s, time_s, side="right") - 1, 0, len(self.times_s) - 2))
        step = self.times_s[i + 1] - self.times_s[i]
        u = max(0.0, (time_s - self.times_s[i]) / step)
        kinds = self.states.shape[1]
        scale = np.array([1.0, step, step**2])[:kinds, None]
        weights = _WEIGHTS[kinds] @ u ** np.arange(2 * kinds)
        ends = np.concatenate([scale * self.states[i], scale * self.states[i + 1]])
        return np.asarray(weights @ ends)


def _hermite(kinds: int) -> np.ndarray:
    """Return polynomials (2 K, 2 K) in u by which the K derivatives at 0, then those at 1, weigh in."""
    conditions = np.zeros((2 * kinds, 2 * kinds))
    for k in range(kinds):
        for power in range(k, 2 * kinds):
            factor = np.prod(np.arange(power - k + 1, power + 1)) if k else 1.0
            conditions[k, power] = factor * (power == k)
            conditions[kinds + k, power] = factor
    return np.asarray(np.linalg.inv(conditions).T)


_WEIGHTS = {kinds: _hermite(kinds) for kinds in (1, 2, 3)}
