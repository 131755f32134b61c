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

"""A clock that steps: the time that nodes see, ROS time and the machine's own, is made up."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import patch

from rclpy.clock import ClockType
from rclpy.time import Time

from iat_ros.nodes import act2act, clock_watch, robot, trajectory_sender
from iat_ros.robot import supervisor

_READ_THE_TIME = (trajectory_sender, supervisor, clock_watch, robot, act2act)


class SteppedClock:
    """Stands for a node's clock, and for the machine's own.

    Attributes:
        ros_ns: ROS time [ns]; may be set.
        steady_ns: The machine's own time [ns].
    """

    def __init__(self) -> None:
        self.ros_ns, self.steady_ns = 1_000_000 * 10**9, 10**9

    def now(self) -> Time:
        """Return ROS time."""
        return Time(nanoseconds=self.ros_ns, clock_type=ClockType.ROS_TIME)


@contextlib.contextmanager
def machine_time(clock: SteppedClock, own_pace: bool) -> Iterator[None]:
    """Give the nodes' modules the clock's own time for the machine's.

    Args:
        clock: The clock.
        own_pace: Whether work takes no time by it; else they see how long work really takes.
    """

    def steady_s() -> float:
        """Return the clock's steady time [s]."""
        return 1e-9 * clock.steady_ns

    own = SimpleNamespace(
        monotonic=steady_s,
        monotonic_ns=lambda: clock.steady_ns,
        perf_counter=steady_s if own_pace else time.perf_counter,
    )
    with contextlib.ExitStack() as patches:
        for module in _READ_THE_TIME:
            patches.enter_context(patch.object(module, "time", own))
        yield
