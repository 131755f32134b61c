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

"""Motions of a robot's joints, and how they become unit vectors, so that all that learns limbs learns them, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.errors import SkeletonError
from iat_ros.skeleton.motion import LONGEST_S, SHORTEST_S

SPAN_RAD = 1.0
"""No joint's vector turns further than this to either side of its middle [rad].

Vectors are averaged and brought back to unit length. Within so small an angle their mean points nearly where the mean
angle is, and two never cancel out.
"""
LARGEST = 1000.0
"""No joint goes further [rad], [m]; a file that says so is damaged."""


@dataclass(frozen=True)
class JointMotion:
    """One motion of a robot.

    Attributes:
        joint_names: The n joints.
        positions: Shape (T, n) [rad], [m] where a joint slides; evenly spaced in time.
        duration_s: Time from the first to the last frame [s].
    """

    joint_names: tuple[str, ...]
    positions: np.ndarray
    duration_s: float

    def __post_init__(self) -> None:
        count = len(self.joint_names)
        if count == 0 or len(set(self.joint_names)) != count:
            raise SkeletonError(f"a motion of joints needs distinct names, got {', '.join(self.joint_names) or 'none'}")
        if self.positions.ndim != 2 or len(self.positions) < 2 or self.positions.shape[1] != count:
            raise SkeletonError(
                f"a motion of {count} joints needs positions of shape (T >= 2, {count}), got {self.positions.shape}"
            )
        if not (np.abs(self.positions) <= LARGEST).all():
            raise SkeletonError(f"a motion of joints holds NaN, infinity or positions beyond {LARGEST:g}")
        if not SHORTEST_S <= self.duration_s <= LONGEST_S:
            raise SkeletonError(
                f"a motion needs a duration between {SHORTEST_S:g} and {LONGEST_S:g} s, got {self.duration_s:g}"
            )

    @property
    def times_s(self) -> np.ndarray:
        """Time of each frame from the first [s], shape (T,)."""
        return np.linspace(0.0, self.duration_s, len(self.positions))


@dataclass(frozen=True)
class JointScale:
    """The joints that were recorded, and how each position q becomes a unit vector and comes back.

    With the middle m and half range h of what was recorded, q is the vector (cos a, sin a, 0) of the angle
    a = k (q - m), k = min(1, 1 rad / h). So a joint that moves little counts little, as it does on the robot; a joint
    that turns more than once around never wraps; and what slides is treated as what turns. Coming back, a is held
    inside what was recorded: no answer goes where the robot never was.

    Attributes:
        names: The n joints.
        lowest: Lowest recorded position of each [rad], [m] where it slides.
        highest: Highest recorded position of each.
    """

    names: tuple[str, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.names or not all(isinstance(name, str) and name for name in self.names):
            raise SkeletonError("joints need names")
        if len(set(self.names)) != len(self.names):
            raise SkeletonError(f"joints are named twice: {', '.join(self.names)}")
        for bounds in (self.lowest, self.highest):
            plain = all(type(value) in (int, float) and abs(value) <= LARGEST for value in bounds)
            if len(bounds) != len(self.names) or not plain:
                raise SkeletonError(f"{len(self.names)} joints need as many lowest and highest positions, as numbers")
        for name, low, high in zip(self.names, self.lowest, self.highest, strict=True):
            if low > high:
                raise SkeletonError(f"joint '{name}': the lowest position {low:g} lies above the highest {high:g}")

    @staticmethod
    def of(names: Sequence[str], recorded: Sequence[np.ndarray]) -> JointScale:
        """Measure the range of recordings, each of shape (F, n)."""
        low = np.min([positions.min(axis=0) for positions in recorded], axis=0)
        high = np.max([positions.max(axis=0) for positions in recorded], axis=0)
        return JointScale(tuple(names), tuple(low.tolist()), tuple(high.tolist()))

    @property
    def _middle(self) -> np.ndarray:
        return (np.array(self.lowest) + np.array(self.highest)) / 2.0

    @property
    def _half(self) -> np.ndarray:
        return (np.array(self.highest) - np.array(self.lowest)) / 2.0

    @property
    def factors(self) -> np.ndarray:
        """Return k, shape (n,)."""
        return SPAN_RAD / np.maximum(self._half, SPAN_RAD)

    def to_vectors(self, positions: np.ndarray) -> np.ndarray:
        """Turn positions (..., n) into unit vectors (..., n, 3)."""
        angles = self.factors * (positions - self._middle)
        return np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=-1)

    def to_positions(self, vectors: np.ndarray) -> np.ndarray:
        """Turn vectors (..., n, 3) of any length into positions (..., n) inside what was recorded."""
        angles = np.arctan2(vectors[..., 1], vectors[..., 0])
        return np.clip(angles / self.factors + self._middle, self.lowest, self.highest)
