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

"""The last minute of what the viewer has seen, to look back at."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from iat_ros.skeleton.motion import Motion

MINUTE_S = 60.0
_EVERY_S = 1.0 / 31.0  # a little shorter than a frame at 30 Hz
_MOST = 2000


@dataclass(frozen=True, eq=False)
class PlayedAnswer:
    """An answer that plays.

    Attributes:
        since_s: When it began to play [s]; infinite: not yet.
        frame_id: Whose answer.
        motion: The answer.
    """

    since_s: float
    frame_id: str
    motion: Motion

    def plays(self, now_s: float) -> bool:
        """Tell whether it plays now."""
        return 0.0 <= now_s - self.since_s <= self.motion.duration_s


@dataclass(frozen=True, eq=False)
class Moment:
    """What was to be seen at one time; its parts are shared with other moments and never written to.

    Attributes:
        time_s: When [s].
        person: Joints, shape (J, 3) [m]; None: nobody was in view.
        limb_lengths_m: The person's limbs, shape (L,) [m].
        answer: The last answer, if there was one.
        pose: The robot's joint angles [rad] or [m]; None: not known.
        state: What was going on.
    """

    time_s: float
    person: np.ndarray | None
    limb_lengths_m: np.ndarray
    answer: PlayedAnswer | None
    pose: Mapping[str, float] | None
    state: str


class LastMinute:
    """Keeps at most a minute, at most about 30 moments of each second."""

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque(maxlen=_MOST)

    def __len__(self) -> int:
        return len(self._moments)

    def push(self, moment: Moment) -> None:
        """Add a moment; too soon after the last one it is left out, and a clock that was set back starts anew."""
        kept = self._moments
        if kept and moment.time_s < kept[-1].time_s:
            kept.clear()
        if kept and moment.time_s - kept[-1].time_s < _EVERY_S:
            return
        kept.append(moment)
        while moment.time_s - kept[0].time_s > MINUTE_S:
            kept.popleft()

    def copy(self) -> LastMinute:
        """Return the minute as it is now; it stays while the original goes on."""
        twin = LastMinute()
        twin._moments = self._moments.copy()
        return twin

    def before(self, ago_s: float) -> Moment | None:
        """Return the moment so long before the newest one [s], or the oldest; None: nothing has been seen yet."""
        if not self._moments:
            return None
        wanted_s = self._moments[-1].time_s - ago_s
        index = bisect_right(self._moments, wanted_s, key=lambda moment: moment.time_s)
        return self._moments[max(0, index - 1)]
