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

"""How near trajectories come to a robot's limits, and how smooth they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class TrajectoryQuality:
    """Figures over all points of all trajectories; of no trajectory they are 0.

    Attributes:
        position_margin_rad: Least distance of a joint from its limits; negative beyond them.
        velocity_percent: Largest share of a velocity limit.
        acceleration_percent: Largest share of an acceleration limit.
        jerk_rad_s3: Largest change of acceleration between two points, over the time between them.
        turned_rad: Mean over trajectories of what the joints turn together.
    """

    position_margin_rad: float
    velocity_percent: float
    acceleration_percent: float
    jerk_rad_s3: float
    turned_rad: float

    def as_dict(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True)
class Limits:
    """Of J joints: lowest and highest position [rad], speed [rad/s] and acceleration [rad/s^2], each (J,)."""

    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray


def trajectory_quality(
    points: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], limits: Limits
) -> TrajectoryQuality:
    """Look at trajectories.

    Args:
        points: For each trajectory its times (N,) [s], positions, velocities and accelerations (N, J); NaN where a
            point has none.
        limits: Of the robot.
    """
    if not points:
        return TrajectoryQuality(0.0, 0.0, 0.0, 0.0, 0.0)
    margins, speeds, hard, jerks, turned = [], [], [], [0.0], []
    for times, positions, velocities, accelerations in points:
        margins.append(np.minimum(positions - limits.lower, limits.upper - positions).min())
        speeds.append((np.abs(velocities) / limits.velocity).max())
        hard.append(np.nanmax(np.abs(accelerations) / limits.acceleration, initial=0.0))
        if len(times) > 1:
            changes = np.abs(np.diff(accelerations, axis=0)) / np.diff(times)[:, None]
            jerks.append(float(np.nanmax(changes, initial=0.0)))
        turned.append(np.abs(np.diff(positions, axis=0)).sum())
    return TrajectoryQuality(
        float(np.min(margins)),
        100.0 * float(np.max(speeds)),
        100.0 * float(np.max(hard)),
        float(np.max(jerks)),
        float(np.mean(turned)),
    )
