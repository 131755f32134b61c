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

"""Damaged copies of recordings: each kind of damage is found, and nothing is wrong with made-up motions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from iat_ros.data.actions import ActionPair, cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.damage import find_damage
from iat_ros.data.likeness import distances, find_doubled, find_mislabelled, what_helps
from iat_ros.data.made_up import make_clips
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")
CLIPS = make_clips(4, 3)


def changed(clip: Clip, change: Callable[[np.ndarray], None]) -> Clip:
    """Return a copy of a clip with other positions."""
    positions = clip.positions.copy()
    change(positions)
    return replace(clip, positions=positions)


def swap(positions: np.ndarray) -> None:
    """Swap left and right by name."""
    for index, name in enumerate(UTD.joints):
        if name.startswith("left_"):
            other = UTD.joints.index(name.replace("left", "right"))
            positions[:, [index, other]] = positions[:, [other, index]]


def mirror(positions: np.ndarray) -> None:
    """Take the positions in a left-handed frame."""
    positions[..., 0] *= -1


def freeze(positions: np.ndarray) -> None:
    """Repeat one frame for two thirds of a second."""
    positions[15:35] = positions[15]


def freeze_arm(positions: np.ndarray) -> None:
    """Keep the last place of one wrist."""
    positions[10:40, UTD.joints.index("left_wrist")] = positions[10, UTD.joints.index("left_wrist")]


def leap(positions: np.ndarray) -> None:
    """Show another person for ten frames."""
    positions[20:30] += np.array([0.8, 0.0, 0.0])


def spike(positions: np.ndarray) -> None:
    """Throw one hand away for one frame."""
    positions[20, UTD.joints.index("right_wrist")] += 0.6


def lose(positions: np.ndarray) -> None:
    """Lose an elbow for a fifth of the clip."""
    positions[10:22, UTD.joints.index("left_elbow")] = np.nan


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (swap, "mirrored", "behind the body"),
        (mirror, "mirrored", "behind the body"),
        (freeze, "frozen", "does not move at all for 0.6 s"),
        (freeze_arm, "frozen", "'left_wrist' does not move"),
        (leap, "jumping", "the body moves 0.8"),
        (spike, "jumping", "'right_wrist' lies"),
        (lose, "untracked", "most: left_elbow"),
    ],
)
@pytest.mark.parametrize("action", ["throw", "wave", "clap"])
def test_damage_is_found_in_the_clip_that_has_it_alone(
    change: Callable[[np.ndarray], None], kind: str, says: str, action: str
) -> None:
    """Of all clips only the damaged one is named, with what is wrong and where."""
    index = next(index for index, clip in enumerate(CLIPS) if clip.action == action)
    clips = [*CLIPS[:index], changed(CLIPS[index], change), *CLIPS[index + 1 :]]
    (found,) = find_damage(UTD, clips)
    assert (found.clip, found.kind) == (CLIPS[index].name, kind)
    assert says in found.why


def test_clean_motions_give_no_warning() -> None:
    """Neither as clips nor one by one."""
    assert find_damage(UTD, CLIPS) == []
    actions = [cut_action(UTD, clip, 32) for clip in CLIPS]
    apart = distances(actions)
    assert find_doubled(actions, apart) == []
    assert find_mislabelled(actions, apart) == []


def test_too_short_and_too_long_are_told_by_the_others() -> None:
    """A third of the usual, and more than three times as much."""
    short = replace(CLIPS[0], times_s=CLIPS[0].times_s[:12], positions=CLIPS[0].positions[:12])
    long = replace(CLIPS[1], times_s=CLIPS[1].times_s * 5)
    found = find_damage(UTD, [short, long, *CLIPS[2:]])
    assert [(one.clip, one.kind) for one in found] == [(short.name, "too short"), (long.name, "too long")]
    assert find_damage(UTD, [long, *CLIPS[2:]], cut=False) == []


@pytest.mark.parametrize(("factor", "says"), [(1000.0, "are times in ms?"), (1e-6, "are times in seconds?")])
def test_times_in_another_unit_are_told_and_nothing_that_follows_from_them(factor: float, says: str) -> None:
    """No joint is missing, and nothing is known to be long: only the times are wrong, in the clip that has them."""
    clips = [replace(CLIPS[0], times_s=factor * CLIPS[0].times_s), *CLIPS[1:]]
    (found,) = find_damage(UTD, clips)
    assert (found.clip, found.kind) == (CLIPS[0].name, "not seconds")
    assert says in found.why
    (lost,) = [one for one in find_damage(UTD, [changed(clips[0], lose)]) if one.kind == "untracked"]
    assert "frames cannot be used; most: left_elbow" in lost.why


def test_a_time_without_frames_is_no_missing_joint() -> None:
    """Two thirds of a second of which the tracker sent nothing: where they are is told."""
    kept = np.r_[0:20, 40 : len(CLIPS[0].times_s)]
    clip = replace(CLIPS[0], times_s=CLIPS[0].times_s[kept], positions=CLIPS[0].positions[kept])
    found = [one for one in find_damage(UTD, [clip, *CLIPS[1:]]) if one.kind != "jumping"]
    assert [(one.clip, one.kind) for one in found] == [(clip.name, "gap")]
    assert found[0].why == "no frame for 0.7 s from 0.6 s on"


def test_positions_that_count_from_a_joint_are_not_frozen() -> None:
    """A tracker whose origin is the spine keeps the spine at zero all the time."""
    centred = [replace(clip, positions=clip.positions - clip.positions[:, [2]]) for clip in CLIPS]
    assert find_damage(UTD, centred) == []


def test_doubled_and_mislabelled_actions_are_named() -> None:
    """A copy with a little noise under another name, and a wave called a throw."""
    noise = np.random.default_rng(0).normal(0.0, 0.0005, CLIPS[5].positions.shape)
    twin = replace(CLIPS[5], name="twin", positions=CLIPS[5].positions + noise)
    wrong = next(clip for clip in CLIPS if clip.action == "wave")
    clips = [replace(clip, action="throw") if clip is wrong else clip for clip in CLIPS]
    actions = [cut_action(UTD, clip, 32) for clip in [*clips, twin]]
    apart = distances(actions)
    assert [(one.clip, CLIPS[5].name in one.why) for one in find_doubled(actions, apart)] == [("twin", True)]
    (found,) = find_mislabelled(actions, apart)
    assert found.clip == wrong.name
    assert found.why == "called 'throw', but its 5 nearest are called 'wave'"


def test_what_helps_is_told_by_what_less_would_have_cost() -> None:
    """Who differ a lot from each other: more people. One person: nobody can tell, so more people."""
    clips = make_clips(6, 2, actions=("throw", "catch"))
    actions = {clip.name: cut_action(UTD, clip, 32) for clip in clips}
    pairs = [ActionPair(actions[n], actions[n.replace("throw", "catch")]) for n in actions if n.startswith("throw")]
    helps = what_helps(pairs)
    assert list(helps.people) == [1, 2, 5]
    assert list(helps.repeats) == [25, 50, 100]
    assert "off the error" in helps.advice
    assert helps.advice.endswith("and 1 no better than chance.")
    assert re.search(r"; it is 0\.\d{3} with all of them, where 0 is perfect", helps.advice)
    assert what_helps(pairs[:4]).advice.startswith("4 pairs are too few to tell")
    one = [pair for pair in pairs if pair.stimulus.person in ("s1", "s2")] * 2
    assert what_helps(one).advice.startswith("More people: with 2")


def test_more_that_did_not_lower_the_error_is_said_so() -> None:
    """Answers of somebody else, five pairs further on: the more of them are known, the worse."""
    clips = make_clips(6, 2, actions=("throw", "catch"))
    acts, answers = ([cut_action(UTD, c, 32) for c in clips if c.action == action] for action in ("throw", "catch"))
    pairs = [ActionPair(act, answer) for act, answer in zip(acts, [*answers[5:], *answers[:5]], strict=True)]
    helps = what_helps(pairs)
    assert helps.people[2] < helps.people[5]
    worse = f"{helps.people[5] - helps.people[2]:+.3f}"
    assert f"Going from 2 to 5 people did not lower the error ({worse})" in helps.advice
    assert "-0." not in helps.advice
