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

"""The last moments of one person: frames in order of time, in arrays, so that any stretch of them is a slice."""

from __future__ import annotations

import numpy as np


class FrameBuffer:
    """Frames of one person; old ones leave at the front, new ones come at the end.

    Args:
        joints: J.
        limbs: L.
        capacity: How many frames fit in at least; the arrays grow with a long action and shrink after it.
    """

    def __init__(self, joints: int, limbs: int, capacity: int = 64) -> None:
        self._capacity = capacity
        self._times_s = np.empty(capacity)
        self._positions = np.empty((capacity, joints, 3))
        self._limbs = np.empty((capacity, limbs, 3))
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def times_s(self) -> np.ndarray:
        """Time of each frame [s], shape (F,); a view that holds until the next `append`."""
        return self._times_s[self._start : self._end]

    @property
    def positions(self) -> np.ndarray:
        """Joint positions [m], shape (F, J, 3); a view that holds until the next `append`."""
        return self._positions[self._start : self._end]

    @property
    def limbs(self) -> np.ndarray:
        """Unit limb vectors in the tracker's frame, shape (F, L, 3); a view that holds until the next `append`."""
        return self._limbs[self._start : self._end]

    def append(self, time_s: float, positions: np.ndarray, limbs: np.ndarray) -> None:
        """Take a frame: its time [s], joint positions [m] (J, 3), limb vectors (L, 3). All are copied."""
        if self._end == len(self._times_s):
            self._make_room()
        self._times_s[self._end] = time_s
        self._positions[self._end] = positions
        self._limbs[self._end] = limbs
        self._end += 1

    def forget_before(self, time_s: float) -> None:
        """Let frames before a time [s] go; two always stay, for speed is measured between them."""
        while self._end - self._start > 2 and self._times_s[self._start] < time_s:
            self._start += 1

    def clear(self) -> None:
        """Forget all frames."""
        self._start = self._end = 0

    def _make_room(self) -> None:
        """Move the frames to the front of arrays in which as many again find room."""
        kept, size = len(self), max(self._capacity, 2 * len(self))
        for name in ("_times_s", "_positions", "_limbs"):
            old = getattr(self, name)
            new = old if size == len(old) else np.empty((size, *old.shape[1:]))
            new[:kept] = old[self._start : self._end]
            setattr(self, name, new)
        self._start, self._end = 0, kept
