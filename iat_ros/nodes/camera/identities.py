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

"""Who is who from one picture to the next: detectors number people anew in each."""

from __future__ import annotations

import numpy as np


class Identities:
    """Gives each person an id that stays: who is nearest to where somebody was is that somebody.

    Args:
        reach_m: Nobody moves farther between two pictures [m].
        forget_s: Somebody not seen for so long is gone; who comes then is somebody else [s].
    """

    def __init__(self, reach_m: float = 0.5, forget_s: float = 1.0) -> None:
        self._reach_m = reach_m
        self._forget_s = forget_s
        self._known: dict[int, tuple[float, np.ndarray]] = {}
        self._next = 0

    def match(self, time_s: float, places: np.ndarray) -> list[int]:
        """Return the id of each person.

        Args:
            time_s: When [s].
            places: Where they are [m], shape (N, 3).
        """
        self._known = {one: seen for one, seen in self._known.items() if abs(time_s - seen[0]) <= self._forget_s}
        distances = sorted(
            (float(np.linalg.norm(place - seen[1])), one, row)
            for one, seen in self._known.items()
            for row, place in enumerate(places)
        )
        ids: dict[int, int] = {}
        for distance, one, row in distances:
            if distance <= self._reach_m and row not in ids and one not in ids.values():
                ids[row] = one
        for row, place in enumerate(places):
            if row not in ids:
                ids[row] = self._next
                self._next = (self._next + 1) % 2**31
            self._known[ids[row]] = time_s, place
        return [ids[row] for row in range(len(places))]
