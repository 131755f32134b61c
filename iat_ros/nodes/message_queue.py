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

"""Messages between nodes of one process, without DDS: delivered one after the other, in the order they were sent."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any


class MessageQueue:
    """Keeps each message until the callback that sent it is over, as a middleware does.

    Args:
        stages: Whose callbacks are timed.

    Attributes:
        took_ms: How long each callback of a stage took, by the machine's own clock [ms].
    """

    def __init__(self, stages: tuple[str, ...]) -> None:
        self.took_ms: dict[str, list[float]] = {stage: [] for stage in stages}
        self._waiting: deque[tuple[str, Callable[[Any], None], Any]] = deque()
        self._working = False

    def send(self, stage: str, callback: Callable[[Any], None], message: Any) -> None:
        """Put a message in for a callback; the stage is empty where nobody wants to know how long that takes."""
        self._waiting.append((stage, callback, message))

    def publisher(self, stage: str, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Make what stands for a publisher's ``publish``."""
        return lambda message: self.send(stage, callback, message)

    def deliver(self) -> None:
        """Deliver until nothing waits; within a callback nothing is done, since what it sent must wait."""
        if self._working:
            return
        self._working = True
        try:
            while self._waiting:
                stage, callback, message = self._waiting.popleft()
                started = time.perf_counter()
                callback(message)
                if stage:
                    self.took_ms[stage].append(1e3 * (time.perf_counter() - started))
        finally:
            self._working = False
