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

"""Messages read from their bytes: those that are none are counted, which the middleware throws away without a word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.serialization import deserialize_message

from iat_ros.errors import describe


class MessageReader:
    """Reads what comes on a topic.

    Args:
        kind: Of the messages.
        topic: Where they come from.
        drop: Told why one is not used.
    """

    def __init__(self, kind: type, topic: str, drop: Callable[[str], None]) -> None:
        self._kind, self._topic, self._drop = kind, topic, drop

    def read(self, message: Any) -> Any:
        """Return the message that bytes hold, or what is one already; None if they hold none."""
        if not isinstance(message, bytes):
            return message
        try:
            return deserialize_message(message, self._kind)
        except Exception as error:  # noqa: BLE001 - rclpy raises its C layer's errors, which have no common base
            self._drop(f"message on {self._topic} that is no {self._kind.__name__}: {describe(error)}")
            return None

    def each(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a callback that reads each message before it hands it on."""

        def call(message: Any) -> None:
            """Hand on what can be read."""
            read = self.read(message)
            if read is not None:
                callback(read)

        return call
