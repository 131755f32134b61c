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

"""Times of a clock, as seconds in one float and as whole nanoseconds."""

from __future__ import annotations

import math
from collections.abc import Callable

_TRIES = 5
_AT_ONCE_NS = 50_000


def whole_ns(time_s: float) -> int:
    """Return the nearest whole nanoseconds to a time [s].

    Of a time since 1970, which a float holds to a quarter of a microsecond, they are found without losing any more.
    """
    seconds = math.floor(time_s)
    return seconds * 10**9 + round((time_s - seconds) * 1e9)


def of_one_instant(now_ns: Callable[[], int], steady_ns: Callable[[], int]) -> tuple[int, int]:
    """Read two clocks [ns] at the same time, as nearly as that goes.

    On a busy machine a process may be held up between one and the other; then they are read again, a few times.

    Args:
        now_ns: Reads one.
        steady_ns: Reads the other.
    """
    shortest_ns, best = math.inf, (0, 0)
    for _ in range(_TRIES):
        before_ns, now, after_ns = steady_ns(), now_ns(), steady_ns()
        if after_ns - before_ns < shortest_ns:
            shortest_ns, best = after_ns - before_ns, (now, after_ns)
        if shortest_ns < _AT_ONCE_NS:
            break
    return best
