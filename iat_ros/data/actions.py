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

"""Actions: clips cut to the part in which somebody acts, as windows of T frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.oddities import oddities
from iat_ros.errors import DataError, SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.stream.segment import Segment, SegmenterConfig
from iat_ros.stream.segmenter import ActionSegmenter
from iat_ros.stream.window import make_window


@dataclass(frozen=True)
class Action:
    """One action of one person.

    Attributes:
        motion: The window.
        person: Who acted.
        label: What they did. Only evaluation may look at it; training never does.
        name: The clip it was cut from.
    """

    motion: Motion
    person: str
    label: str
    name: str


@dataclass(frozen=True)
class ActionPair:
    """An action and the action that answered it."""

    stimulus: Action
    response: Action


def with_stillness(clip: Clip, before_s: float, after_s: float) -> Clip:
    """Let the person of a clip stand still before and after it, in the first and the last pose.

    Cut clips often start in mid-motion; a live person stands still between two actions.
    """
    step_s = float(np.median(np.diff(clip.times_s)))
    before, after = round(before_s / step_s), round(after_s / step_s)
    positions = np.concatenate(
        [np.repeat(clip.positions[:1], before, axis=0), clip.positions, np.repeat(clip.positions[-1:], after, axis=0)]
    )
    start = clip.times_s[0] - step_s * np.arange(before, 0, -1)
    end = clip.times_s[-1] + step_s * np.arange(1, after + 1)
    return Clip(clip.name, np.concatenate([start, clip.times_s, end]), positions, clip.person, clip.action)


def tracked(definition: SkeletonDefinition, clip: Clip) -> Clip:
    """Return the frames of a clip in which every joint that the definition needs was tracked.

    Raises:
        DataError: Fewer than two such frames, or the clip does not fit the definition.
    """
    if clip.positions.shape[1] != len(definition.joints):
        raise DataError(
            f"{clip.name}: expected {len(definition.joints)} joints for skeleton '{definition.name}', got "
            f"{clip.positions.shape[1]}"
        )
    there = np.isfinite(clip.positions[:, definition.needed_joints]).all(axis=2)
    good = there.all(axis=1)
    if good.all():
        return clip
    if good.sum() < 2:
        joint = definition.joints[definition.needed_joints[int(there.sum(axis=0).argmin())]]
        raise DataError(
            f"{clip.name}: all joints that skeleton '{definition.name}' needs were tracked in only {good.sum()} of "
            f"{len(good)} frames; most often missing: {joint}"
        )
    return Clip(clip.name, clip.times_s[good], clip.positions[good], clip.person, clip.action)


def find_segments(
    definition: SkeletonDefinition, clip: Clip, config: SegmenterConfig | None = None
) -> tuple[list[Segment], str]:
    """Find the actions of a clip as live perception would find them, so that training sees what the chain will see.

    Args:
        definition: The skeleton of the clip.
        clip: The person is taken to stand still before and after it.
        config: When an action starts and ends; the default is live perception's default.

    Returns:
        The actions, in order, and in brackets what was dropped and, where there is no action, what is odd about the
        clip; nothing where there is nothing to say.

    Raises:
        DataError: The clip does not fit the definition.
    """
    config = config or SegmenterConfig()
    segmenter = ActionSegmenter(definition, config)
    still = with_stillness(
        tracked(definition, clip), 2 * config.quiet_s + config.lead_s, config.hold_s + config.quiet_s
    )
    try:
        pushed = [segmenter.push(time, pose) for time, pose in zip(still.times_s, still.positions, strict=True)]
    except SkeletonError as error:
        raise DataError(": ".join([clip.name, str(error), *oddities(definition, clip)])) from error
    segments = [segment for segment in pushed if segment is not None]
    dropped = ", ".join(f"{count} x {reason}" for reason, count in segmenter.dropped.items())
    words = [f"dropped: {dropped}"] if dropped else []
    if not segments:
        words += oddities(definition, clip)
        words = words or ["no limb turns far enough"]
    return segments, f" ({'; '.join(words)})" if words else ""


def as_action(definition: SkeletonDefinition, clip: Clip, segment: Segment, frames: int) -> Action:
    """Turn an action that was found in a clip into a window of T frames.

    Raises:
        DataError: Its frames cannot make a window.
    """
    try:
        motion = make_window(definition, segment.times_s, segment.positions, frames)
    except SkeletonError as error:
        raise DataError(f"{clip.name}: {error}") from error
    return Action(motion, clip.person, clip.action, clip.name)


def cut_action(
    definition: SkeletonDefinition, clip: Clip, frames: int, config: SegmenterConfig | None = None
) -> Action:
    """Cut a clip as live perception would cut it.

    Args:
        definition: The skeleton of the clip.
        clip: A clip that holds one action.
        frames: T.
        config: When an action starts and ends; the default is live perception's default.

    Raises:
        DataError: The clip does not hold exactly one action, or does not fit the definition.
    """
    segments, told = find_segments(definition, clip, config)
    if len(segments) != 1:
        raise DataError(f"{clip.name}: expected one action in the clip, found {len(segments)}{told}")
    return as_action(definition, clip, segments[0], frames)


def stack(actions: Sequence[Action]) -> MotionArray:
    """Stack the motions of actions.

    Raises:
        DataError: There is none, or their T or limbs differ.
    """
    shapes = {action.motion.limbs_in_body.shape for action in actions}
    if len(shapes) != 1:
        raise DataError(f"cannot stack {len(actions)} motions of shapes {sorted(shapes)}")
    return MotionArray(
        np.stack([action.motion.limbs_in_body for action in actions]),
        np.array([action.motion.duration_s for action in actions]),
    )
