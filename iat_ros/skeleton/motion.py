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

"""Motions of any body as unit limb vectors: what a window holds, and what an answer to it holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iat_ros.errors import SkeletonError

SHORTEST_S, LONGEST_S = 0.05, 60.0
"""No action and no answer is shorter or longer: a robot would have to freeze, or be busy for hours."""


@dataclass(frozen=True)
class Motion:
    """One motion.

    Attributes:
        limbs_in_body: Unit limb vectors in the body frame (x forward, y left, z up), shape (T, L, 3), evenly
            spaced in time.
        duration_s: Time from the first to the last frame [s].
    """

    limbs_in_body: np.ndarray
    duration_s: float

    def __post_init__(self) -> None:
        shape = self.limbs_in_body.shape
        if len(shape) != 3 or shape[0] < 2 or shape[1] < 1 or shape[2] != 3:
            raise SkeletonError(f"a motion needs limb vectors of shape (T >= 2, L >= 1, 3), got {shape}")
        if not np.isfinite(self.limbs_in_body).all():
            raise SkeletonError("a motion holds NaN or infinity")
        if np.abs(np.linalg.norm(self.limbs_in_body, axis=-1) - 1.0).max() > 1e-3:
            raise SkeletonError("a motion needs unit limb vectors, got lengths other than 1")
        if not SHORTEST_S <= self.duration_s <= LONGEST_S:
            raise SkeletonError(
                f"a motion needs a duration between {SHORTEST_S:g} and {LONGEST_S:g} s, got {self.duration_s:g}"
            )

    @property
    def times_s(self) -> np.ndarray:
        """Time of each frame from the first [s], shape (T,)."""
        return np.linspace(0.0, self.duration_s, len(self.limbs_in_body))


@dataclass(frozen=True)
class MotionArray:
    """Many motions of one skeleton as arrays.

    Attributes:
        limbs_in_body: Unit limb vectors, shape (N, T, L, 3).
        durations_s: Shape (N,).
    """

    limbs_in_body: np.ndarray
    durations_s: np.ndarray

    def __post_init__(self) -> None:
        if self.limbs_in_body.ndim != 4 or self.durations_s.shape != self.limbs_in_body.shape[:1]:
            raise SkeletonError(
                f"expected limb vectors (N, T, L, 3) and N durations, got {self.limbs_in_body.shape} and "
                f"{self.durations_s.shape}"
            )

    def __len__(self) -> int:
        return len(self.limbs_in_body)

    def __getitem__(self, index: np.ndarray | slice | list[int]) -> MotionArray:
        return MotionArray(self.limbs_in_body[index], self.durations_s[index])
