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


class Round:
    """Collects the moving frames of all people that come once each; then the round is complete, and the next begins.

    A round is over as soon as all those that came in the round before are there, or else when one of them comes again.
    So nothing waits for what has gone, and a joint that is new makes nobody else's joints late.

    Attributes:
        arrived: Stamp of each frame in this round [ns].
    """

    def __init__(self) -> None:
        self.arrived: dict[str, int] = {}
        self._expected: set[str] = set()
        self._last_ns: int | None = None

    @property
    def complete(self) -> bool:
        """Whether all are there who are expected."""
        return bool(self._expected) and self._expected <= self.arrived.keys()

    def add(self, frame: str, stamp_ns: int) -> None:
        """Take a frame that this round does not have yet."""
        if self._is_late(frame, stamp_ns):
            self._expected.add(frame)
        else:
            self.arrived[frame] = stamp_ns

    def close(self) -> dict[str, int]:
        """End this round and return its frames with their stamps [ns]."""
        done, self.arrived = self.arrived, {}
        self._expected, self._last_ns = set(done), max(done.values(), default=self._last_ns)
        return done

    def _is_late(self, frame: str, stamp_ns: int) -> bool:
        """Whether a frame still belongs to the last round, which did not wait for it; the next one will."""
        return (
            frame not in self._expected and self._last_ns is not None and abs(stamp_ns - self._last_ns) < _SAME_FRAME_NS
        )
