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

"""Which transforms make one frame of people: trackers send them one by one, with stamps of their own, or in bundles."""

from __future__ import annotations

_SAME_FRAME_NS = 5_000_000
_DUE = 1.6
"""A frame is missing when its own period has passed so many times: one that comes as often as the others is, when these
come for the second time without it, after two periods; one that comes half as often is not due before then."""
_LONGEST_PERIOD_NS = 110_000_000  # nobody waits for what comes less than nine times a second
_FORGOTTEN_NS = 1_000_000_000  # what did not come for so long is as good as new


class Round:
    """Collects the moving frames of all people that come once each; then the round is complete, and the next begins.

    A round is over as soon as all those that came in the round before are there, or else when one of them comes again.
    So nothing waits for what has gone, and a joint that is new makes nobody else's joints late. Where some come more
    often than others (a body's place with every image, its limbs twenty times a second), the slower ones set the pace.

    Attributes:
        arrived: Stamp of each frame in this round [ns].
    """

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}
        self._expected: set[str] = set()
        self._last_ns: int | None = None
        self._seen: dict[str, tuple[int, int, int]] = {}  # when each came last, and its last two periods [ns]
        self._missed: set[str] = set()  # frames that came late when they came last

    @property
    def complete(self) -> bool:
        """Whether all are there who are expected."""
        return bool(self._expected) and self._expected <= self.arrived.keys()

    def add(self, frame: str, stamp_ns: int) -> None:
        """Take a frame: one that this round does not have yet, or the newer of two if `waits`."""
        last_ns, period_ns, _ = self._seen.get(frame, (stamp_ns - _FORGOTTEN_NS, _FORGOTTEN_NS, _FORGOTTEN_NS))
        self._seen[frame] = (stamp_ns, stamp_ns - last_ns, period_ns)
        if not self._is_late(frame, stamp_ns):
            self._missed.discard(frame)
            self.arrived[frame] = stamp_ns
        elif frame in self._missed:  # it would never be seen: better in a cloud too late
            self.arrived[frame] = stamp_ns
        else:
            self._missed.add(frame)
            self._expected.add(frame)

    def waits(self, stamp_ns: int) -> bool:
        """Tell whether the round goes on though one of its frames comes again: all that are missing are not due yet."""
        missing = self._expected - self.arrived.keys()
        return bool(missing) and all(self._is_due_later(frame, stamp_ns) for frame in missing)

    def close(self) -> dict[str, int]:
        """End this round and return its frames with their stamps [ns]."""
        done, self.arrived = self.arrived, {}
        self._expected, self._last_ns = set(done), max(done.values(), default=self._last_ns)
        if self._last_ns is not None:
            oldest_ns = self._last_ns - _FORGOTTEN_NS
            self._seen = {frame: times for frame, times in self._seen.items() if times[0] > oldest_ns}
            self._missed &= self._seen.keys()
        return done

    def _is_due_later(self, frame: str, now_ns: int) -> bool:
        if frame not in self._seen:
            return False
        last_ns, *periods_ns = self._seen[frame]
        period_ns = min(periods_ns)
        return period_ns <= _LONGEST_PERIOD_NS and now_ns - last_ns < _DUE * period_ns

    def _is_late(self, frame: str, stamp_ns: int) -> bool:
        """Whether a frame still belongs to the last round, which did not wait for it; the next one will."""
        return (
            frame not in self._expected and self._last_ns is not None and abs(stamp_ns - self._last_ns) < _SAME_FRAME_NS
        )
