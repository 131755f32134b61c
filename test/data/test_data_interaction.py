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

"""Two people recorded together: whose action was answered by which, and how such pairs are divided."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import ActionPair, cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction, cut_interaction
from iat_ros.data.protocol import divide_real_pairs
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("kinect_v2")
Made = Callable[..., Any]


def interaction(made: Any, first_acts: bool = False, people: tuple[str, str] = ("anna", "ben")) -> Interaction:
    """A recording of two made-up people."""
    return Interaction(
        "here",
        Clip("one", made.times_s, made.first, people[0], ""),
        Clip("two", made.times_s, made.second, people[1], ""),
        first_acts,
    )


def test_each_side_is_cut_as_live_perception_cuts_it(together: Made) -> None:
    """Stimulus and response are the very windows that each person's own stream gives."""
    recording = interaction(together("kinect_v2"))
    (pair,), alone = cut_interaction(DEFINITION, recording, 32)
    for action, clip in ((pair.stimulus, recording.first), (pair.response, recording.second)):
        np.testing.assert_array_equal(
            action.motion.limbs_in_body, cut_action(DEFINITION, clip, 32).motion.limbs_in_body
        )
    assert alone == []
    assert (pair.stimulus.person, pair.response.person) == ("anna", "ben")


def test_who_starts_first_acts_unless_the_recording_says_otherwise(together: Made) -> None:
    """A late first person answers; where the recording says that the first acts, they are the stimulus."""
    made = together("kinect_v2", lag_s=-0.4)
    (pair,), _ = cut_interaction(DEFINITION, interaction(made), 32)
    assert pair.stimulus.person == "ben"
    (pair,), _ = cut_interaction(DEFINITION, interaction(made, first_acts=True), 32)
    assert pair.stimulus.person == "anna"


@pytest.mark.parametrize(("lag_s", "pairs"), [(0.0, 1), (2.0, 1), (2.9, 1), (5.0, 0)])
def test_an_answer_comes_while_or_soon_after(together: Made, lag_s: float, pairs: int) -> None:
    """A wave while somebody knocks or right after it answers; one that comes seconds later does not."""
    recording = interaction(together("kinect_v2", lag_s=lag_s))
    if pairs:
        assert len(cut_interaction(DEFINITION, recording, 32)[0]) == pairs
    else:
        with pytest.raises(
            DataError, match=r"here: no action that was answered: 1 of one, 1 of two; the nearest two are 3\.0 s apart"
        ):
            cut_interaction(DEFINITION, recording, 32)


def test_an_action_that_nobody_answers_is_in_no_pair(together: Made) -> None:
    """The first of two knocks is answered, the second only seen; it is left out and named."""
    made = together("kinect_v2")
    still = np.repeat(made.second[-1:], len(made.second), axis=0)
    both = type(made)(
        np.arange(2 * len(made.times_s)) / 30.0,
        np.concatenate([made.first, made.first]),
        np.concatenate([made.second, still]),
    )
    pairs, alone = cut_interaction(DEFINITION, interaction(both), 32)
    assert len(pairs) == 1
    assert len(alone) == 1
    assert alone[0].startswith("one: the action from")


def cut(clip: Clip, start_s: float, end_s: float) -> Clip:
    """A clip from one time to another."""
    inside = (clip.times_s >= start_s) & (clip.times_s <= end_s)
    return Clip(clip.name, clip.times_s[inside], clip.positions[inside], clip.person, clip.action)


@pytest.mark.parametrize("later_s", [0.0, 1.0, 3.1])
def test_clips_that_were_cut_by_hand_are_used_whole(together: Made, later_s: float) -> None:
    """Each clip holds its own action alone: both windows are those of the whole clips, also of a late answer."""
    whole = interaction(together("kinect_v2", lag_s=1.4), first_acts=True)
    first, second = cut(whole.first, 0.2, 3.4), cut(whole.second, 1.6, 5.0)
    later = Clip("two", second.times_s + later_s, second.positions, "ben", "")
    (pair,), alone = cut_interaction(DEFINITION, Interaction("here", first, later, first_acts=True), 32)
    for action, clip in ((pair.stimulus, whole.first), (pair.response, whole.second)):
        motion = cut_action(DEFINITION, clip, 32).motion
        assert action.motion.duration_s == pytest.approx(motion.duration_s, abs=0.1)
    assert alone == []


def test_recordings_that_differ_in_time_lose_no_half_of_an_action(together: Made) -> None:
    """One person's recording begins in mid-action of the other's: the action stays whole."""
    whole = interaction(together("kinect_v2"))
    late = cut(whole.second, 1.2, 100.0)
    (pair,), _ = cut_interaction(DEFINITION, Interaction("here", whole.first, late), 32)
    expected = cut_action(DEFINITION, whole.first, 32).motion.duration_s
    assert pair.stimulus.person == "anna"
    assert pair.stimulus.motion.duration_s == expected


def test_clips_of_one_recording_pair_by_time_though_one_answers_the_other(together: Made) -> None:
    """Both people were recorded over the same time: an action five seconds later is no answer to the first."""
    recording = interaction(together("kinect_v2", lag_s=5.0), first_acts=True)
    with pytest.raises(DataError, match="no action that was answered"):
        cut_interaction(DEFINITION, recording, 32)


def test_clips_of_different_times_do_not_belong_together(together: Made) -> None:
    """One begins long after the other has ended: both times are named."""
    made = together("kinect_v2")
    never = Clip("two", made.times_s + 100.0, made.second, "ben", "")
    with pytest.raises(DataError, match=r"not recorded at the same time, nor within 1\.5 s .* 100\.00 to"):
        cut_interaction(DEFINITION, Interaction("here", interaction(made).first, never, first_acts=True), 32)


def test_frames_without_a_needed_joint_are_left_out(together: Made) -> None:
    """A wrist that is lost for a moment costs these frames; one that was never there is named."""
    made = together("kinect_v2")
    wrist = DEFINITION.joints.index("left_wrist")
    made.first[20:23, wrist] = np.nan
    made.first[:2, wrist] = np.nan
    (pair,), _ = cut_interaction(DEFINITION, interaction(made), 32)
    assert np.isfinite(pair.stimulus.motion.limbs_in_body).all()
    made.first[1:, wrist] = np.nan
    with pytest.raises(
        DataError, match=r"one: .* were tracked in only 0 of \d+ frames; most often missing: left_wrist"
    ):
        cut_interaction(DEFINITION, interaction(made), 32)


def test_one_persons_data_for_both_is_refused(together: Made) -> None:
    """Two people never move exactly alike."""
    made = together("kinect_v2")
    with pytest.raises(DataError, match="one person's data was taken for both"):
        interaction(type(made)(made.times_s, made.first, made.first.copy()))
    nobody = np.full_like(made.first, np.nan)
    with pytest.raises(DataError, match="nobody is ever tracked in it"):
        interaction(type(made)(made.times_s, nobody, nobody))


@pytest.fixture
def pairs(together: Made) -> list[ActionPair]:
    """Six real pairs: anna-ben, ben-anna, carl-dora twice, anna-carl, ben-eve."""
    who = [("p1", "p2"), ("p2", "p1"), ("p3", "p4"), ("p4", "p3"), ("p1", "p3"), ("p2", "robert")]
    made = [
        cut_interaction(DEFINITION, interaction(together("kinect_v2", seed), True, people), 32)[0][0]
        for seed, people in enumerate(who)
    ]
    return made


def test_all_real_pairs_are_learned_from_as_they_are(pairs: list[ActionPair]) -> None:
    """Nothing is paired anew, and there are no labels to score with."""
    division = divide_real_pairs(pairs, "all", 0)
    assert len(division.pairs) == 6
    assert division.held_out is None
    assert not division.labelled
    for index, pair in enumerate(pairs):
        for array, action in ((division.pairs.stimuli, pair.stimulus), (division.pairs.responses, pair.response)):
            np.testing.assert_array_equal(array.limbs_in_body[index], action.motion.limbs_in_body)


def test_by_subject_nobody_is_on_both_sides(pairs: list[ActionPair]) -> None:
    """p1, p3 learn; p2, p4 are held out; pairs across are in neither; who only answers does not count."""
    division = divide_real_pairs(pairs, "subject", 0)
    assert division.pairs.people.tolist() == ["p1"]
    assert division.held_out is not None
    assert division.held_out.people.tolist() == ["p2"]


def test_at_random_half_is_held_out(pairs: list[ActionPair]) -> None:
    """Each pair is on one side, whole."""
    division = divide_real_pairs(pairs, "random", 1)
    assert division.held_out is not None
    assert (len(division.pairs), len(division.held_out)) == (3, 3)
    used = {limbs.tobytes() for part in (division.pairs, division.held_out) for limbs in part.stimuli.limbs_in_body}
    assert used == {pair.stimulus.motion.limbs_in_body.tobytes() for pair in pairs}


def test_divisions_that_leave_nothing_are_refused(pairs: list[ActionPair]) -> None:
    """One person cannot be divided by subject; an unknown division lists the known ones."""
    with pytest.raises(DataError, match="1 real pairs divided by subject: 1 to learn from and 0 held out"):
        divide_real_pairs(pairs[:1], "subject", 0)
    with pytest.raises(DataError, match="choose one of: all, subject, random"):
        divide_real_pairs(pairs, "height", 0)
