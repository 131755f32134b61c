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

"""A node's clock, and whether somebody set it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from rclpy.node import Node

from iat_ros.clock import of_one_instant

_SET_S = 0.01
"""The clock was set if it passed more or less time than the machine's own by this much [s], ..."""
_SLEWED = 1e-3
"""... and by this share of it: a clock that is kept right goes a little faster or slower, at most half as much."""


class ClockWatch:
    """Reads a node's clock, and tells when it was set since it was last read.

    Simulated time may pass at any speed and stand still, so only its jumps back are told.

    Args:
        node: Its clock is read.
        on_set: Told the time now and by how much the clock was set [s].
    """

    def __init__(self, node: Node, on_set: Callable[[float, float], None]) -> None:
        self._node = node
        self._on_set = on_set
        self._last = (-math.inf, 0.0)  # ROS time and the machine's own [s]

    def now_s(self) -> float:
        """Return the time [s], after it was told if the clock was set."""
        now_ns, own_ns = of_one_instant(self._read_ns, time.monotonic_ns)
        now, own = now_ns * 1e-9, own_ns * 1e-9
        passed, really = now - self._last[0], own - self._last[1]
        self._last = now, own
        simulated = self._node.get_parameter("use_sim_time").value
        off = 0.0 if simulated or not math.isfinite(passed) else abs(passed - really)
        if passed < 0.0 or off > _SET_S + _SLEWED * really:
            self._on_set(now, passed - (0.0 if simulated else really))
        return float(now)

    def _read_ns(self) -> int:
        return int(self._node.get_clock().now().nanoseconds)
