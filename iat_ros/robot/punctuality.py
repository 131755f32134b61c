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

"""Punctuality: how much later than usual the robot is heard of, and so may hear, where machines are busy."""

from __future__ import annotations

import math
from collections import deque

_REMEMBERED_S = 10
"""So long a delay is kept in mind [s], by whole seconds."""
_PAUSE_S = 0.5
"""After a longer gap the robot was silent, not late [s]."""
_SET_S = 2.0
"""Stamps that fall by more than this are of a clock that was set [s]."""
STEP_S = 0.005
"""Delays are rounded up to multiples of this [s], so that what was prepared a moment ago still fits."""
_MOST_S = 0.2
"""More than this is no busy machine, but one that stood, or a clock; the guard looks after those [s]."""


class Punctuality:
    """Watches how long it takes until the next joint states after those of a time are known.

    That holds the period of the controller, the way here and how long the middleware was held up. By how much it varies
    tells how busy the machines are; how large it is does not matter, so nor do clocks that differ.
    """

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, float, float]] = deque()  # a second, and its shortest and longest wait [s]
        self._stamp_s = -math.inf  # of the newest joint states

    def take(self, stamp_s: float, received_s: float) -> None:
        """Take note of joint states.

        Args:
            stamp_s: Their time [s]; 0 if that is not known.
            received_s: When they came [s]: not when they were read, since this process may have been at work itself.
        """
        second = int(received_s)
        while self._seconds and self._seconds[0][0] <= second - _REMEMBERED_S:
            self._seconds.popleft()
        last_s = self._stamp_s
        if not stamp_s or last_s - _SET_S < stamp_s <= last_s:  # nothing new: of another part of the robot, perhaps
            return
        self._stamp_s = stamp_s
        waited_s = received_s - last_s
        if stamp_s <= last_s or stamp_s - last_s > _PAUSE_S:
            return
        if self._seconds and self._seconds[-1][0] == second:
            _, shortest, longest = self._seconds.pop()
            self._seconds.append((second, min(shortest, waited_s), max(longest, waited_s)))
        else:
            self._seconds.append((second, waited_s, waited_s))

    def forget(self) -> None:
        """Forget all, as when the clock was set."""
        self._seconds.clear()
        self._stamp_s = -math.inf

    @property
    def delay_s(self) -> float:
        """How much longer than usual it took at worst, lately, rounded up [s]."""
        if not self._seconds:
            return 0.0
        varies_s = max(each[2] for each in self._seconds) - min(each[1] for each in self._seconds)
        return min(math.ceil(varies_s / STEP_S - 1e-6) * STEP_S, _MOST_S)
