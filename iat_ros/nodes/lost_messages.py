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

"""Messages that the middleware threw away before anybody took them, told by the numbers that it gave them."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class LostMessages:
    """Counts what is missing between messages that one publisher numbered.

    A full queue of the middleware loses its oldest message without a word (no event tells it), but each publisher
    numbers what it sends. Numbers of several publishers say nothing, and which one a message came from is not told:
    so they count only where the one publisher of the topic is the same as before.

    Args:
        publishers: Tells who publishes at present; asked for only where a number is missing.
    """

    def __init__(self, publishers: Callable[[], Sequence[object]]) -> None:
        self._publishers = publishers
        self._known: Sequence[object] = ()
        self._last: int | None = None
        self._since = 0

    def took(self, number: int | None) -> int:
        """Tell how many are missing, as far as is known now, between the messages before this one and it.

        Args:
            number: Of the message, from 1; None where it is not told, as for those that an executor hands over.
        """
        if number is None:
            self._since += 1
            return 0
        missing = None if self._last is None else number - self._last - 1 - self._since
        self._last, self._since = number, 0
        if missing == 0:
            return 0
        now = self._publishers()
        same = len(now) == 1 and now == self._known
        self._known = now
        return missing if same and missing is not None and missing > 0 else 0
