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

"""What is odd about a clip in which no action is found: the likely cause, in words."""

from __future__ import annotations

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.skeleton.definition import SkeletonDefinition

_SLOWEST_S, _FASTEST_S = 0.25, 0.001
"""No tracker sends frames further apart than this, nor nearer together [s]."""
_MISSING = 0.1


def odd_times(times_s: np.ndarray) -> str | None:
    """Say that times are in no seconds, as it seems: their frames lie further apart, or nearer, than any tracker's.

    Args:
        times_s: Time of each frame [s], shape (F,), F at least 2.
    """
    frames, length_s = len(times_s), float(np.ptp(times_s))
    step_s = float(np.median(np.diff(times_s)))
    if step_s > _SLOWEST_S:
        return f"{frames} frames in {length_s:.0f} s: are times in ms? Seconds are expected"
    if step_s < _FASTEST_S:
        return f"{frames} frames in {length_s:.2g} s: are times in seconds?"
    return None


def oddities(definition: SkeletonDefinition, clip: Clip) -> list[str]:
    """Say what is odd about the times of a clip, and which joint is missing most.

    Args:
        definition: The skeleton of the clip.
        clip: As it was recorded, with the frames that cannot be used.
    """
    frames, odd = len(clip.times_s), odd_times(clip.times_s)
    found = [odd] if odd else []
    needed = clip.positions[:, definition.needed_joints]
    for wrong, what in (
        (np.isnan(needed).any(axis=2), "{count} of {frames} frames lack {joint}"),
        (
            (needed == 0).all(axis=2),
            "{joint} is at (0, 0, 0) in {count} of {frames} frames: if that says 'not tracked', write NaN",
        ),
    ):
        counts = wrong.sum(axis=0)
        worst = int(counts.argmax())
        if _MISSING * frames < counts[worst] < frames:  # a joint that is the origin is at zero all the time
            joint = definition.joints[definition.needed_joints[worst]]
            found.append(what.format(count=counts[worst], frames=frames, joint=joint))
    return found
