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

"""Simulated time that passes, and messages on /clock that tell none."""

from __future__ import annotations

from builtin_interfaces.msg import Time as Stamp
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.time import Time
from rosgraph_msgs.msg import Clock

from benchmarks.faults.malformed import Dice
from iat_ros.nodes.callback_guard import LAST_S

TICK_NS = 8_000_000
"""How often the simulated robot tells where it is [ns]."""
MESSAGES_A_TICK = 8
REFUSED_TIME = "is no time"
"""Part of what nodes say of a time that is none."""
_MOST_APART_NS = TICK_NS // MESSAGES_A_TICK
_JITTER_NS = 100_000
"""How late a controller's update may be; exact ones would meet points that were sent at one of them too often [ns]."""
_START_NS = 1_700_000_000 * 10**9
_STRANGE = (
    *((sec, nanosec) for sec in (-(2**31), -1) for nanosec in (0, 1, 999_999_999)),
    *((sec, nanosec) for sec in (0, 1, 1_700_000_000) for nanosec in (10**9, 2**31, 2**32 - 1)),
    *((sec, nanosec) for sec in (LAST_S, 2**31 - 2, 2**31 - 1) for nanosec in (0, 999_999_999, 2**32 - 1)),
)


class SimulatedTime:
    """The time that all nodes have.

    Args:
        dice: What is drawn with.

    Attributes:
        now_ns: The time [ns].
    """

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.now_ns = self._tick_ns = self._due_ns = _START_NS

    def tick(self) -> int:
        """Go on to the next tick; return how much time passed since the last one [ns]."""
        before_ns = self._tick_ns
        self._due_ns += TICK_NS
        self._tick_ns = self.now_ns = self._due_ns + self._dice.below(_JITTER_NS)
        return self._tick_ns - before_ns

    def go_on(self) -> None:
        """Let a little time pass, less than is left until the next tick."""
        self.now_ns += 1 + self._dice.below(_MOST_APART_NS)

    def give(self, node: Node) -> None:
        """Let a node have the time."""
        node.get_clock().set_ros_time_override(Time(nanoseconds=self.now_ns, clock_type=ClockType.ROS_TIME))

    def strange(self) -> Clock:
        """Return a message that tells no time."""
        sec, nanosec = self._dice.one(_STRANGE)
        return Clock(clock=Stamp(sec=sec, nanosec=nanosec))
