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

"""People whose every pose and every action is known, to judge what the chain makes of a bad view of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion
from iat_ros.stream.segment import LIVE
from iat_ros.stream.segmenter import ActionSegmenter
from iat_ros.stream.window import make_window

DEFINITION = load_skeleton("utd_mhad")
FRAMES = 32
_CLEAN_HZ = 60.0


@dataclass(frozen=True)
class Known:
    """An action as a perfect camera sees it.

    Attributes:
        begins_s: When its first frame is [s].
        told_s: When its end can be known [s].
        motion: Its window.
    """

    begins_s: float
    told_s: float
    motion: Motion


class Person:
    """A made-up person who does one action after another, and stands still after the last.

    Args:
        actions: How many.
        seed: The same seed gives the same person.
        place: Moves the person in the camera's frame [m], (3,).
        before_s: How long the person stands still first [s].
        rounds: How often all of it is done; a round is `round_s` long.
    """

    def __init__(
        self,
        actions: int,
        seed: int = 0,
        place: tuple[float, float, float] = (0.0, 0.0, 0.0),
        before_s: float = 1.0,
        rounds: int = 1,
    ) -> None:
        clips = make_clips(people=1, trials=-(-actions // 10), seed=seed)[:actions]
        still = [with_stillness(clip, before_s if number == 0 else 0.6, 0.6) for number, clip in enumerate(clips)]
        self._positions = np.concatenate([clip.positions for clip in still]) + np.array(place)
        self._times_s = np.arange(len(self._positions)) / 30.0
        self.rounds, self.round_s = rounds, float(self._times_s[-1]) + 1.0
        self.known = [
            replace(each, begins_s=each.begins_s + after_s, told_s=each.told_s + after_s)
            for after_s in self.round_s * np.arange(rounds)
            for each in self._watch()
        ]

    @property
    def duration_s(self) -> float:
        """When the last action is over [s]."""
        return self.rounds * self.round_s

    def pose(self, time_s: float) -> np.ndarray:
        """Joint positions at a time of a round [m], shape (J, 3)."""
        index = min(max(time_s * 30.0, 0.0), len(self._positions) - 1.0)
        low = int(index)
        high = min(low + 1, len(self._positions) - 1)
        share = index - low
        return np.asarray((1.0 - share) * self._positions[low] + share * self._positions[high])

    def _watch(self) -> list[Known]:
        segmenter, known = ActionSegmenter(DEFINITION, LIVE), []
        for now in np.arange(0.0, self.round_s + 1.0, 1.0 / _CLEAN_HZ):
            segment = segmenter.push(float(now), self.pose(float(now)))
            if segment is not None:
                motion = make_window(DEFINITION, segment.times_s, segment.positions, FRAMES)
                known.append(Known(float(segment.times_s[0]), float(now), motion))
        return known


def difference_rad(motion: Motion, other: Motion) -> float:
    """Return the mean angle between the limbs of two motions of as many frames [rad], frame by frame."""
    cosines = np.einsum("tlk,tlk->tl", motion.limbs_in_body, other.limbs_in_body)
    return float(np.arccos(np.clip(cosines, -1.0, 1.0)).mean())
