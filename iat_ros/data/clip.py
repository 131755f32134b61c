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

"""A recorded action of one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iat_ros.errors import DataError

_FURTHEST_M = 1000.0


@dataclass(frozen=True)
class Clip:
    """One action of one person, as a tracker recorded it.

    Attributes:
        name: Where it comes from, for messages (a file name).
        times_s: Time of each frame [s], shape (F,), strictly increasing.
        positions: Joint positions [m], shape (F, J, 3), any frame; NaN where a joint was not tracked.
        person: Who acted.
        action: What they did. Only evaluation may look at it; training never does.
    """

    name: str
    times_s: np.ndarray
    positions: np.ndarray
    person: str
    action: str

    def __post_init__(self) -> None:
        if self.positions.ndim != 3 or self.positions.shape[2] != 3:
            raise DataError(f"{self.name}: expected positions of shape (F, J, 3), got {self.positions.shape}")
        if np.any(np.abs(self.positions) > _FURTHEST_M):
            raise DataError(f"{self.name}: a joint lies more than {_FURTHEST_M:g} m away; expected metres")
        if self.times_s.shape != self.positions.shape[:1]:
            raise DataError(f"{self.name}: {len(self.positions)} frames, but {self.times_s.size} times")
        if len(self.times_s) < 2:
            raise DataError(f"{self.name}: {len(self.times_s)} frames; an action needs at least 2")
        if not (np.isfinite(self.times_s).all() and np.all(np.diff(self.times_s) > 0)):
            raise DataError(f"{self.name}: times must be finite and strictly increase")
