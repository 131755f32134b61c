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

from dataclasses import dataclass, replace

import numpy as np

from iat_ros.data.actions import ActionPair, as_action, find_segments, tracked
from iat_ros.data.clip import Clip
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.segmenter import Segment, SegmenterConfig

ANSWER_WITHIN_S = 1.5
"""An action that begins later than this after the other person's has ended does not answer it [s]."""


@dataclass(frozen=True)
class Interaction:
    """One recording of two people, on one clock.

    Attributes:
        name: Where it comes from, for messages.
        first: One person.
        second: The other.
        first_acts: Whether the recording says that the first person acts and the second answers. Where it does not,
            whoever starts first acts.
    """

    name: str
    first: Clip
    second: Clip
    first_acts: bool = False

    def __post_init__(self) -> None:
        same = self.first.positions.shape == self.second.positions.shape
        if same and np.array_equal(self.first.positions, self.second.positions, equal_nan=True):
            raise DataError(f"{self.name}: both people move exactly alike: one person's data was taken for both")


def cut_to_common_time(interaction: Interaction) -> tuple[Clip, Clip]:
    """Cut both clips to the time in which both people were recorded.

    Raises:
        DataError: There is no such time.
    """
    first, second = interaction.first, interaction.second
    start = max(first.times_s[0], second.times_s[0])
    end = min(first.times_s[-1], second.times_s[-1])
    clips = []
    for clip in (first, second):
        inside = (clip.times_s >= start) & (clip.times_s <= end)
        if inside.sum() < 2:
            raise DataError(
                f"{interaction.name}: its two people were not recorded at the same time ({first.name}: "
                f"{first.times_s[0]:.2f} to {first.times_s[-1]:.2f} s, {second.name}: {second.times_s[0]:.2f} to "
                f"{second.times_s[-1]:.2f} s); these files do not belong together"
            )
        clips.append(Clip(clip.name, clip.times_s[inside], clip.positions[inside], clip.person, clip.action))
    return clips[0], clips[1]


def cut_interaction(
    definition: SkeletonDefinition, interaction: Interaction, frames: int, config: SegmenterConfig | None = None
) -> tuple[list[ActionPair], list[str]]:
    """Find who answered what in a recording of two people.

    The actions of each person are found as live perception finds them, in the time in which both were recorded. Two
    actions are a pair where each is the other's nearest: the one that it overlaps most or, where they do not overlap,
    that follows it soonest, within `ANSWER_WITHIN_S`. What has no such partner was not answered, or was no answer, and
    is left out. The stimulus is the first person's action where the recording says so, and else the one that starts
    first.

    Args:
        definition: The skeleton.
        interaction: The recording.
        frames: T.
        config: When an action starts and ends; the default is live perception's default.

    Returns:
        The pairs in order of time, and one line for every action that is in none.

    Raises:
        DataError: The people were not recorded at the same time, do not fit the definition, or answered nothing.
    """
    interaction = replace(
        interaction, first=tracked(definition, interaction.first), second=tracked(definition, interaction.second)
    )
    clips = cut_to_common_time(interaction)
    (firsts, first_dropped), (seconds, second_dropped) = (find_segments(definition, clip, config) for clip in clips)
    partners = _partners(firsts, seconds)
    if not partners:
        raise DataError(
            f"{interaction.name}: no action that was answered: {len(firsts)} of {clips[0].name} (dropped: "
            f"{first_dropped}), {len(seconds)} of {clips[1].name} (dropped: {second_dropped})"
        )
    pairs = []
    for i, j in partners:
        actions = (
            as_action(definition, clips[0], firsts[i], frames),
            as_action(definition, clips[1], seconds[j], frames),
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


def _partners(firsts: list[Segment], seconds: list[Segment]) -> list[tuple[int, int]]:
    """Indices of the actions that are each other's nearest, in order of time."""
    if not firsts or not seconds:
        return []
    overlap = np.array([[_overlap_s(one, other) for other in seconds] for one in firsts])
    best_second, best_first = overlap.argmax(axis=1), overlap.argmax(axis=0)
    return [(i, int(j)) for i, j in enumerate(best_second) if best_first[j] == i and overlap[i, j] >= -ANSWER_WITHIN_S]


def _overlap_s(one: Segment, other: Segment) -> float:
    """How long two actions overlap [s]; below 0, the time between them."""
    return float(min(one.times_s[-1], other.times_s[-1]) - max(one.times_s[0], other.times_s[0]))
