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

"""Two people recorded together: their pairs are real, so nothing is paired anew and no label is needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iat_ros.data.actions import Action, ActionPair, as_action, find_segments
from iat_ros.data.clip import Clip
from iat_ros.data.joint_clip import JointClip, as_joint_action, find_movements, scale_of
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.joint_motion import JointScale
from iat_ros.stream.segment import Segment, SegmenterConfig

ANSWER_WITHIN_S = 1.5
"""An action that begins later than this after the other person's has ended does not answer it [s]."""

_SAME_TIME_S = 0.2
"""Clips of one recording begin and end as much apart, where frames were lost at an end [s]."""


@dataclass(frozen=True)
class Interaction:
    """One recording of two people, or of a person and a robot, on one clock.

    Attributes:
        name: Where it comes from, for messages.
        first: One person.
        second: The other; a robot only answers.
        first_acts: Whether the recording says that the first person acts and the second answers. Where it does not,
            whoever starts first acts.
    """

    name: str
    first: Clip
    second: Clip | JointClip
    first_acts: bool = False

    def __post_init__(self) -> None:
        same = self.first.positions.shape == self.second.positions.shape
        if not np.isfinite(self.first.positions).any():
            raise DataError(f"{self.name}: nobody is ever tracked in it")
        if same and np.array_equal(self.first.positions, self.second.positions, equal_nan=True):
            raise DataError(f"{self.name}: both people move exactly alike: one person's data was taken for both")


def cut_by_hand(interaction: Interaction) -> bool:
    """Whether somebody cut each clip to its own action: one says that it answers the other, and their times differ.

    Clips with nearly the same begin and end are one recording of both people.
    """
    begins_s, ends_s = (abs(interaction.first.times_s[frame] - interaction.second.times_s[frame]) for frame in (0, -1))
    return interaction.first_acts and max(begins_s, ends_s) > _SAME_TIME_S


def _check_times(interaction: Interaction) -> None:
    """Refuse clips of which one begins long after the other has ended.

    Raises:
        DataError: They are of different times.
    """
    first, second = interaction.first, interaction.second
    if -_overlap_s(first, second) > ANSWER_WITHIN_S:
        raise DataError(
            f"{interaction.name}: its two people were not recorded at the same time, nor within {ANSWER_WITHIN_S:g} s "
            f"({first.name}: {first.times_s[0]:.2f} to {first.times_s[-1]:.2f} s, {second.name}: "
            f"{second.times_s[0]:.2f} to {second.times_s[-1]:.2f} s); these files do not belong together, or count "
            "time from different instants"
        )


def cut_interaction(
    definition: SkeletonDefinition,
    interaction: Interaction,
    frames: int,
    config: SegmenterConfig | None = None,
    scale: JointScale | None = None,
) -> tuple[list[ActionPair], list[str]]:
    """Find who answered what in a recording of two people, or of a person and a robot.

    The actions of each person are found as live perception finds them, in all that was recorded of this person. Two
    actions are a pair where each is the other's nearest: the one that it overlaps most or, where they do not overlap,
    that follows it soonest, within `ANSWER_WITHIN_S`. What has no such partner was not answered, or was no answer, and
    is left out. Clips that were cut by hand and hold one action each are a pair, as they say. The stimulus is the first
    person's action where the recording says so, and else the one that starts first.

    Args:
        definition: The skeleton.
        interaction: The recording.
        frames: T.
        config: When an action starts and ends; the default is live perception's default.
        scale: Of the robot's joints, where a robot answers.

    Returns:
        The pairs in order of time, and one line for every action that is in none.

    Raises:
        DataError: The people were not recorded at the same time, do not fit the definition, or answered nothing.
    """
    _check_times(interaction)
    clips = (interaction.first, interaction.second)
    firsts, told_of_first = find_segments(definition, clips[0], config)
    seconds, told_of_second = _segments(definition, clips[1], config)
    one_each = len(firsts) == len(seconds) == 1 and cut_by_hand(interaction)
    partners = [(0, 0)] if one_each else _partners(firsts, seconds)
    if not partners:
        raise DataError(
            f"{interaction.name}: no action that was answered: {len(firsts)} of {clips[0].name}{told_of_first}, "
            f"{len(seconds)} of {clips[1].name}{told_of_second}{_distance(firsts, seconds)}"
        )
    pairs = []
    for i, j in partners:
        actions = (
            as_action(definition, clips[0], firsts[i], frames),
            _as_action(definition, clips[1], seconds[j], frames, scale),
        )
        second_acts = not interaction.first_acts and seconds[j].times_s[0] < firsts[i].times_s[0]
        pairs.append(ActionPair(*(actions[::-1] if second_acts else actions)))
    alone = [
        f"{clip.name}: the action from {segment.times_s[0]:.2f} to {segment.times_s[-1]:.2f} s is in no pair"
        for clip, segments, used in zip(clips, (firsts, seconds), zip(*partners, strict=True), strict=True)
        for index, segment in enumerate(segments)
        if index not in used
    ]
    return pairs, alone


def _segments(
    definition: SkeletonDefinition, clip: Clip | JointClip, config: SegmenterConfig | None
) -> tuple[list[Segment], str]:
    if isinstance(clip, Clip):
        return find_segments(definition, clip, config)
    spans = find_movements(clip)
    words = "" if spans else " (no joint moves far enough)"
    return [Segment(clip.times_s[span], clip.positions[span]) for span in spans], words


def _as_action(
    definition: SkeletonDefinition, clip: Clip | JointClip, segment: Segment, frames: int, scale: JointScale | None
) -> Action:
    if isinstance(clip, Clip):
        return as_action(definition, clip, segment, frames)
    first = int(np.searchsorted(clip.times_s, segment.times_s[0]))
    return as_joint_action(scale or scale_of([clip]), clip, slice(first, first + len(segment.times_s)), frames)


def _partners(firsts: list[Segment], seconds: list[Segment]) -> list[tuple[int, int]]:
    """Indices of the actions that are each other's nearest, in order of time."""
    if not firsts or not seconds:
        return []
    overlap = np.array([[_overlap_s(one, other) for other in seconds] for one in firsts])
    best_second, best_first = overlap.argmax(axis=1), overlap.argmax(axis=0)
    return [(i, int(j)) for i, j in enumerate(best_second) if best_first[j] == i and overlap[i, j] >= -ANSWER_WITHIN_S]


def _distance(firsts: list[Segment], seconds: list[Segment]) -> str:
    """Say how far apart actions of both are that are too far apart for a pair."""
    if not firsts or not seconds:
        return ""
    gap_s = -max(_overlap_s(one, other) for one in firsts for other in seconds)
    return f"; the nearest two are {gap_s:.1f} s apart, at most {ANSWER_WITHIN_S:g} s are an answer"


def _overlap_s(one: Segment | Clip | JointClip, other: Segment | Clip | JointClip) -> float:
    """How long two actions or clips overlap [s]; below 0, the time between them."""
    return float(min(one.times_s[-1], other.times_s[-1]) - max(one.times_s[0], other.times_s[0]))
