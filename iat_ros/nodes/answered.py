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

"""Which actions have been answered before they ended, so that none is answered twice."""

from __future__ import annotations

from dataclasses import dataclass

SAME_S = 0.005
"""Stamps and times of one action agree but for rounding [s]."""
_LATE_S = 1.0  # a partial window may come after the whole one, since topics keep no common order
_MOST = 256  # bodies; trackers give new numbers for ever


@dataclass
class _Action:
    start_s: float
    early: bool
    ended_at_s: float | None


class AnsweredActions:
    """Remembers each body's last action, known by body and start."""

    def __init__(self) -> None:
        self._last: dict[str, _Action] = {}

    def may_come_early(self, body: str, start_s: float, now_s: float) -> bool:
        """Tell whether an action is still open: neither answered early, nor over.

        Args:
            body: Whose action.
            start_s: Stamp of its first frame [s].
            now_s: Now, on a clock that never jumps [s].
        """
        last = self._last.get(body)
        if last is None or abs(last.start_s - start_s) > SAME_S:
            return True
        return last.ended_at_s is not None and now_s - last.ended_at_s > _LATE_S  # a recording that is played again

    def answered_early(self, body: str, start_s: float) -> None:
        """Note that an action was answered before its end."""
        self._remember(body, _Action(start_s, early=True, ended_at_s=None))

    def end(self, body: str, start_s: float, now_s: float) -> bool:
        """Note that an action is over.

        Returns:
            Whether it still wants an answer.
        """
        last = self._last.get(body)
        open_early = last is not None and last.early and last.ended_at_s is None
        answered = last is not None and open_early and abs(last.start_s - start_s) <= SAME_S
        self._remember(body, _Action(start_s, early=answered, ended_at_s=now_s))
        return not answered

    def _remember(self, body: str, action: _Action) -> None:
        self._last.pop(body, None)
        self._last[body] = action
        if len(self._last) > _MOST:
            del self._last[next(iter(self._last))]
