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

"""Too little to learn from is named with what to do, before training refuses it or learns next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iat_ros.data.actions import find_segments
from iat_ros.data.clip import Clip
from iat_ros.data.damage import Damage
from iat_ros.data.enough import find_too_few
from iat_ros.data.made_up import make_clips
from iat_ros.data.made_up_session import Take, Turn, make_session
from iat_ros.data.protocol import Rule
from iat_ros.data.source import Source
from iat_ros.data.uncut import UncutRecording, to_tracks
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")
RULES = (Rule("throw", "catch"), Rule("knock", "wave"))
ACTIONS = ("throw", "catch", "knock", "wave")


def recorded(turns: int) -> UncutRecording:
    """A session of so many answered actions."""
    takes = {}
    for clip in make_clips(2, turns, actions=("throw", "catch")):
        (segment,), _ = find_segments(UTD, clip)
        takes[clip.name] = Take(clip, float(segment.times_s[0]), float(segment.times_s[-1]))
    done = [Turn(takes[f"throw_s1_t{turn}"], takes[f"catch_s2_t{turn}"]) for turn in range(1, turns + 1)]
    return to_tracks("s", make_session(done, seed=0)[0], UTD)


def look(recording: UncutRecording) -> list[Damage]:
    """What is too little in one uncut recording."""
    source = Source("here", UTD, recording.tracks, (), recordings=[recording])
    return find_too_few(source, len(source.real_pairs(32)), [])


def labelled(clips: Sequence[Clip]) -> list[Damage]:
    """What is too little in labelled clips."""
    source = Source("here", UTD, list(clips), RULES)
    return find_too_few(source, len(clips) // 2, source.actions(32))


def test_enough_pairs_give_no_warning() -> None:
    """Ten answered actions, and labelled clips of four people."""
    assert look(recorded(10)) == []
    assert labelled(make_clips(4, 2, actions=ACTIONS)) == []


def test_a_short_recording_has_too_few_pairs() -> None:
    """All is answered, so nothing but more of it helps."""
    (found,) = look(recorded(3))
    assert (found.kind, found.why) == ("too few pairs", "3 pairs, at least 8 are needed: record more")


def test_somebody_alone_in_view_is_told_who_is_missing() -> None:
    """No action has an answer, because the other person was not recorded."""
    recording = recorded(10)
    few, unanswered = look(replace(recording, tracks=recording.tracks[:1]))
    assert few.kind == "too few pairs"
    assert unanswered.kind == "unanswered"
    assert unanswered.why.startswith("10 of 10 actions are in no pair, most because nobody else acted within 2 s: one")
    assert "record who answers as well" in unanswered.why


def test_two_clocks_are_suspected_where_most_actions_have_no_answer() -> None:
    """The other person's stamps are a quarter of an hour late."""
    recording = recorded(10)
    late = replace(recording.tracks[1], times_s=np.asarray(recording.tracks[1].times_s + 900.0))
    found = look(replace(recording, tracks=[recording.tracks[0], late]))
    assert [one.kind for one in found] == ["too few pairs", "unanswered"]
    assert "20 of 20 actions are in no pair" in found[1].why
    assert "one clock" in found[1].why


def test_labelled_clips_are_counted_as_training_divides_them() -> None:
    """Two people of whom one is kept to judge with, one person, and a rule without clips, which is named elsewhere."""
    (found,) = labelled(make_clips(2, 2, actions=ACTIONS))
    assert found.why.startswith("4 pairs to learn from, where every second person is kept to judge with; at least 8")
    (found,) = labelled(make_clips(1, 8, actions=ACTIONS))
    assert found.why.endswith("record more people, or `train --division random`")
    assert labelled(make_clips(4, 2, actions=("throw", "catch"))) == []
