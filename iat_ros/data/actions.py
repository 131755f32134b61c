"""Actions: clips cut to the part in which somebody acts, as windows of T frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.errors import DataError, SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.stream.segmenter import ActionSegmenter, SegmenterConfig
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


def cut_action(
    definition: SkeletonDefinition, clip: Clip, frames: int, config: SegmenterConfig | None = None
) -> Action:
    """Cut a clip as live perception would cut it, so that training sees what the running chain will see.

    Args:
        definition: The skeleton of the clip.
        clip: A clip that holds one action.
        frames: T.
        config: When an action starts and ends; the default is live perception's default.

    Raises:
        DataError: The clip does not hold exactly one action, or does not fit the definition.
    """
    config = config or SegmenterConfig()
    segmenter = ActionSegmenter(definition, config)
    still = with_stillness(clip, 2 * config.quiet_s + config.lead_s, config.hold_s + config.quiet_s)
    try:
        pushed = [segmenter.push(time, pose) for time, pose in zip(still.times_s, still.positions, strict=True)]
        segments = [segment for segment in pushed if segment is not None]
        if len(segments) != 1:
            dropped = ", ".join(f"{count} x {reason}" for reason, count in segmenter.dropped.items()) or "nothing"
            raise DataError(f"{clip.name}: expected one action in the clip, found {len(segments)} (dropped: {dropped})")
        motion = make_window(definition, segments[0].times_s, segments[0].positions, frames)
    except SkeletonError as error:
        raise DataError(f"{clip.name}: {error}") from error
    return Action(motion, clip.person, clip.action, clip.name)


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
