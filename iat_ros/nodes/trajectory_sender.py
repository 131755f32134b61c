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

"""Working out what takes over from a running trajectory, and sending it in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from trajectory_msgs.msg import JointTrajectory

from iat_ros.clock import whole_ns
from iat_ros.errors import RobotError
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.trajectory_message import to_message
from iat_ros.nodes.trajectory_output import TrajectoryOutput
from iat_ros.robot.performance import Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.punctuality import STEP_S
from iat_ros.robot.supervisor import Make, TooLateError

_TRIES = 3
_SAME_S = 1e-6
_NEARLY_S = 1.5 * STEP_S
"""A message will do if the delivery that it was written for differs by less than this from the one expected now [s]."""
_LEAST_EXPECTED_S = 0.005
"""So long working out is taken to last even where the last time was shorter [s]."""
_MOST_EXPECTED_S = 0.05
"""Longer than this the next one is not expected to take, even where the last one did [s]."""


@dataclass(frozen=True)
class _Written:
    """A message that was written before it is sent, as if that were at time 0.

    Attributes:
        performance: What it tells.
        message: It.
        delivery_s: How long it may take until the controller knows of it, as was thought then [s].
    """

    performance: Performance
    message: JointTrajectory
    delivery_s: float

    def tells(self, performance: Performance) -> bool:
        """Tell whether it is about this, whenever that begins."""
        held, other = self.performance.held, performance.held
        same = held is other or (held is not None and other is not None and np.array_equal(held, other))
        return same and self.performance.plan is performance.plan and not performance.way_s

    def fits(self, begun: Performance, sent_s: float) -> bool:
        """Tell whether it is what is begun now [s]."""
        on_time = abs(begun.began_s - self.performance.began_s - sent_s) < _SAME_S
        return on_time and begun.after is None and self.tells(begun)


class TrajectorySender:
    """Works performances out, sends and begins them before the robot has passed where they begin.

    Args:
        node: Its clock is read, and its counts are kept.
        output: Takes the messages.
        now_s: Tells the time [s].
    """

    def __init__(self, node: IatNode, output: TrajectoryOutput, now_s: Callable[[], float]) -> None:
        self._node = node
        self._output = output
        self._now_s = now_s
        self._took_s = 0.0  # how long the last one took [s]
        self._written: _Written | None = None

    def write(self, performer: Performer, performance: Performance) -> None:
        """Write the message of what may be begun soon, from a robot that stands; none that comes after a way there."""
        if performance.way_s:
            return
        ahead = replace(performance, began_s=performer.delivery_s)
        self._written = _Written(ahead, to_message(ahead, 0.0), performer.delivery_s)
        self._output.prepare(self._written.message)

    def begin(self, performer: Performer, make: Make) -> bool:
        """Work a performance out, send it and begin it; where that took too long, with more time again.

        Args:
            performer: Performs it.
            make: Works it out.

        Returns:
            Whether there was anything to perform.

        Raises:
            RobotError: It cannot be performed, or its controller is not there.
            TooLateError: Not in time.
        """
        reserve_s = max(2.0 * self._took_s, _LEAST_EXPECTED_S) + performer.delivery_s
        for _ in range(_TRIES):
            started = time.perf_counter()
            performance = make(self._now_s(), reserve_s)
            if performance is None:
                return False
            missing = self._output.missing(performer.left_out(self._now_s()))
            if missing:  # then nothing has begun, and a stop is tried again
                raise RobotError(f"trajectory: no controller serves the action '{missing}'")
            sent_s = self._node.get_clock().now().nanoseconds * 1e-9
            begun = performer.perform(performance, sent_s, self._delivery_s(performer, performance))
            if begun is not None:
                self._output.send(self._message(begun, sent_s), performer.left_out(sent_s))
                self._took_s = min(time.perf_counter() - started, _MOST_EXPECTED_S)
                self._node.counts["trajectories"] += 1
                return True
            reserve_s = performer.delivery_s + 2.0 * (time.perf_counter() - started)
        raise TooLateError("trajectory: was worked out too late to take over from a running one; it is not sent")

    def _delivery_s(self, performer: Performer, performance: Performance) -> float:
        """Return how long it may take until the controller knows of it [s]: what its message says, if it says about so.

        A robot that stands is not in a hurry, and one that hears of it a moment late has missed next to nothing.
        """
        written, now_s = self._written, performer.delivery_s
        if written is None or not written.tells(performance):
            return now_s
        return written.delivery_s if abs(written.delivery_s - now_s) < _NEARLY_S else now_s

    def _message(self, begun: Performance, sent_s: float) -> JointTrajectory:
        """Take the message that was written for this before, if it fits; it gets its stamp only now."""
        written, self._written = self._written, None
        if written is None or not written.fits(begun, sent_s):
            return to_message(begun, sent_s)
        stamp = written.message.header.stamp
        since_ns = whole_ns(begun.began_s - written.performance.began_s)
        stamp.sec, stamp.nanosec = divmod(since_ns + stamp.sec * 10**9 + stamp.nanosec, 10**9)
        return written.message
