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

"""What a node did not use, counted by reason."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

_MOST_REASONS = 50  # reasons name what came in; a flood of different nonsense must not fill the memory
_LONGEST_REASON = 300  # characters; names in a message may be of any length, and hold line ends
_PIECES = re.compile(r"'[^']*'|(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?!\.?\w)")  # what is quoted, and numbers


class Drops(Counter[str]):
    """Counts by reason. Reasons that differ in numbers alone are one: an ellipsis stands for those that differ."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._numbers: dict[tuple[str, ...], list[str]] = {}  # by what stands around them

    def note(self, reason: str, count: int) -> tuple[str, str]:
        """Count what is dropped for a reason.

        Returns:
            The reason as one line, and the key that it was counted under.
        """
        reason = " ".join(reason.split())[:_LONGEST_REASON]
        *texts, rest = _texts_and_numbers(reason)
        words = (*texts[::2], rest)
        known = self._numbers.get(words)
        if known is None and len(self._numbers) >= _MOST_REASONS:
            key = "other reasons"
        else:
            numbers = known or texts[1::2]
            before = _join(words, numbers)
            numbers = [old if old == new else "…" for old, new in zip(numbers, texts[1::2], strict=True)]
            self._numbers[words], key = numbers, _join(words, numbers)
            if key != before:
                self[key] += self.pop(before, 0)
        self[key] += count
        return reason, key


def _texts_and_numbers(reason: str) -> list[str]:
    """Divide a reason into what stands before each number, the number, and what comes after the last."""
    parts, begins = [], 0
    for piece in _PIECES.finditer(reason):
        if piece[0][0] != "'":
            parts += [reason[begins : piece.start()], piece[0]]
            begins = piece.end()
    return [*parts, reason[begins:]]


def _join(words: tuple[str, ...], numbers: list[str]) -> str:
    return "".join(word + number for word, number in zip(words, [*numbers, ""], strict=True))
