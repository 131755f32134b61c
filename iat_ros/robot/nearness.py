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

"""Nearness: how near people are to the robot, or were a moment ago where a tracker has lost them since."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

VANISHED_S = 3.0
"""What was near is taken to be there still for so long after the last sight of it [s]: trackers lose people who are
very near, or a hand of theirs behind the robot's own."""


class Nearness:
    """Remembers each joint of each person that was near, until it is seen elsewhere or has been away for long."""

    def __init__(self) -> None:
        self._near: dict[tuple[int, int], tuple[float, float]] = {}  # by body and joint: how near [m], and when [s]

    def see(
        self, now_s: float, body_ids: NDArray[np.int64], distances_m: NDArray[np.float64], within_m: float
    ) -> float:
        """Take note of where people are; return how near the nearest joint is, or may be [m]; infinite if none is.

        Args:
            now_s: Time [s].
            body_ids: Of N people, each once.
            distances_m: How far their joints are from the robot (N, J) [m]; NaN or infinite where they are not seen.
            within_m: What is farther away than this is not remembered.
        """
        seen = np.isfinite(distances_m)
        rows = {int(body): row for row, body in enumerate(body_ids)} if self._near else {}
        for (body, joint), (_, then_s) in list(self._near.items()):
            row = rows.get(body)
            if (row is not None and seen[row, joint]) or not 0.0 <= now_s - then_s < VANISHED_S:
                del self._near[body, joint]
        for row, joint in np.argwhere(seen & (distances_m < within_m)).tolist():
            self._near[int(body_ids[row]), joint] = float(distances_m[row, joint]), now_s
        nearest_m = float(distances_m[seen].min()) if seen.any() else math.inf
        return min([nearest_m, *(near_m for near_m, _ in self._near.values())])

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]; what was seen stays as old as it was."""
        self._near = {key: (near_m, then_s + by_s) for key, (near_m, then_s) in self._near.items()}
