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

"""Messages that wait in a subscription's queue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from rclpy.subscription import Subscription


def take_waiting(subscription: Subscription) -> Iterator[Any]:
    """Take what waits in a subscription's queue, the oldest first; the executor then finds it empty."""
    for message, _ in _take(subscription):
        yield message


class WaitingMessages:
    """Takes what waits in a queue, and tells how long it has waited there.

    Args:
        subscription: Its queue.
    """

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._emptied_ns = time.monotonic_ns()

    def take(self) -> Iterator[tuple[Any, float]]:
        """Take each message, the oldest first, and the time since the middleware received it [s].

        That is 0 where the middleware does not tell when (Cyclone DDS), and never longer than since the queue was empty
        last: the machine's clock, by which the middleware tells it, may have been set.
        """
        emptied_ns, self._emptied_ns = self._emptied_ns, time.monotonic_ns()
        most_ns = self._emptied_ns - emptied_ns
        for message, info in _take(self._subscription):
            received_ns = info["received_timestamp"]
            since_ns = time.time_ns() - received_ns if received_ns else 0
            yield message, 1e-9 * min(max(since_ns, 0), most_ns)


def _take(subscription: Subscription) -> Iterator[tuple[Any, dict[str, Any]]]:
    for _ in range(subscription.qos_profile.depth):
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        if taken is None:
            return
        yield taken
