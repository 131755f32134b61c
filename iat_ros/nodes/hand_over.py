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

"""Messages that one node of a process hands to another at once, ahead of the middleware.

A message that goes through the middleware to a node of the same process is written, sent, woken up for, read, and taken
apart again: half a millisecond and more for each of the hops between the last frame of an action and the robot. So who
publishes one also hands it over, as composed nodes do in C++ (`use_intra_process_comms`). On the topic everybody else
sees the same messages as ever; the copy that the receiver gets from there is known by what is in it, and left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile

from iat_ros.nodes.base import IatNode
from iat_ros.nodes.reading import MessageReader
from iat_ros.nodes.waiting import take_waiting

_COPIES = 8
"""Of so many full queues the copies are known; usually they come one by one, right after the messages themselves."""


class Inlet:
    """A subscription whose messages a node of the same process may hand over.

    Args:
        node: Who subscribes.
        kind: Of the messages.
        topic: Where they come from, as in `rclpy.node.Node.create_subscription`.
        take: Called with the messages that come together, the oldest first, while the node is active.
        qos: Of the subscription.
    """

    def __init__(
        self, node: IatNode, kind: type, topic: str, take: Callable[[Sequence[Any]], None], qos: QoSProfile
    ) -> None:
        self._node, self._guarded = node, node.guarded(take)
        self._handed: deque[Any] = deque(maxlen=_COPIES * qos.depth)
        self._subscription = node.create_subscription(kind, topic, self._hear, qos)
        self._read = MessageReader(kind, self.topic_name, node.drop).read

    @property
    def topic_name(self) -> str:
        """The topic, resolved."""
        return str(self._subscription.topic_name)

    def hand(self, messages: Sequence[Any]) -> None:
        """Take messages that were published on the topic just now."""
        self._handed.extend(messages)
        self._take(messages)

    def _take(self, messages: Sequence[Any]) -> None:
        if not self._node.active:
            self._node.drop(f"{self.topic_name} that came while this node was not active", len(messages))
        self._guarded(messages)

    def _hear(self, message: Any) -> None:
        """Take a message and those that wait behind it, but for copies of what was handed over."""
        waiting = [message, *map(self._read, take_waiting(self._subscription))]
        new = [each for each in waiting if each is not None and not self._is_copy(each)]
        if new:
            self._take(new)

    def _is_copy(self, message: Any) -> bool:
        """Tell whether a message was handed over, once for each time that it was."""
        try:
            self._handed.remove(message)
        except ValueError:
            return False
        return True


class Outlet:
    """Publishes messages, and hands them to those nodes of this process that subscribe to the same topic."""

    def __init__(self) -> None:
        self._inlets: list[Inlet] = []

    def join(self, *inlets: Inlet) -> None:
        """Hand messages to these from now on, if they are of their topic."""
        self._inlets += inlets

    def publish(self, publisher: Publisher, messages: Sequence[Any]) -> None:
        """Publish messages, all of them before the first is handed over."""
        for message in messages:
            publisher.publish(message)
        for inlet in self._inlets if messages else ():
            if inlet.topic_name == publisher.topic_name:
                inlet.hand(messages)
