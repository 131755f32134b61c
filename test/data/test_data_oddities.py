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

"""A clip without an action says what is odd about it: its times, or the joint that is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from iat_ros.data.actions import cut_action, with_stillness
from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction, cut_interaction
from iat_ros.data.made_up import make_clips
from iat_ros.data.oddities import oddities
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")
CLIP = make_clips(1, 1, actions=("throw",))[0]
WRIST = UTD.joints.index("left_wrist")
HALF = len(CLIP.times_s) // 2


def holding(value: float) -> Clip:
    """The clip with one value for the wrist in the second half of its frames."""
    positions = CLIP.positions.copy()
    positions[-HALF:, WRIST] = value
    return replace(CLIP, positions=positions)


def still() -> Clip:
    """Nobody moves, and every other frame lacks the wrist."""
    positions = np.repeat(CLIP.positions[:1], len(CLIP.times_s), axis=0)
    positions[::2, WRIST] = np.nan
    return replace(CLIP, positions=positions)


def in_ms(clip: Clip) -> Clip:
    """Times in the wrong unit."""
    return replace(clip, times_s=1000 * clip.times_s)


def test_a_clip_as_it_should_be_has_nothing_odd() -> None:
    """Nor one whose wrist is the origin all the time, or missing in a few frames."""
    origin, lost = CLIP.positions.copy(), CLIP.positions.copy()
    origin[:, WRIST], lost[:3, WRIST] = 0.0, np.nan
    for positions in (CLIP.positions, origin, lost):
        assert oddities(UTD, replace(CLIP, positions=positions)) == []


@pytest.mark.parametrize(
    ("clip", "says"),
    [
        (lambda: in_ms(CLIP), rf"{len(CLIP.times_s)} frames in \d{{4}} s: are times in ms\?"),
        (lambda: replace(CLIP, times_s=CLIP.times_s / 1e6), "are times in seconds"),
        (lambda: holding(np.nan), rf"{HALF} of {len(CLIP.times_s)} frames lack left_wrist"),
        (lambda: holding(0.0), rf"left_wrist is at \(0, 0, 0\) in {HALF} of .* write NaN"),
    ],
)
def test_odd_times_and_missing_joints_are_told(clip: Callable[[], Clip], says: str) -> None:
    """With counts, and with what to do."""
    (odd,) = oddities(UTD, clip())
    assert re.search(says, odd)


def test_the_error_of_a_clip_without_an_action_tells_the_cause() -> None:
    """Alone and in a recording of two, also where a limb has lost its length; without a cause, nothing moves."""
    with pytest.raises(DataError, match=r"found 0 \(.* are times in ms\? Seconds are expected\)"):
        cut_action(UTD, in_ms(CLIP), 32)
    with pytest.raises(DataError, match=rf"0 of {CLIP.name} \(\d+ of \d+ frames lack left_wrist\), 1 of other$"):
        cut_interaction(UTD, Interaction("here", still(), replace(CLIP, name="other")), 32)
    once = with_stillness(CLIP, 0.0, 2.0)
    again = np.concatenate([once.times_s, once.times_s + once.times_s[-1] + 1 / 30])
    with pytest.raises(DataError, match=r"expected one action in the clip, found 2$"):
        cut_action(UTD, replace(CLIP, times_s=again, positions=np.concatenate([once.positions] * 2)), 32)
    motionless = replace(CLIP, positions=np.repeat(CLIP.positions[:1], len(CLIP.times_s), axis=0))
    with pytest.raises(DataError, match=r"found 0 \(no limb turns far enough\)"):
        cut_action(UTD, motionless, 32)
    flat = holding(0.0)
    flat.positions[-HALF:] = 0.0
    with pytest.raises(DataError, match=r"has no length .* is at \(0, 0, 0\) in"):
        cut_action(UTD, flat, 32)
