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

"""Clips of a robot: what its joints did while it was steered, and when it acted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from iat_ros.data.actions import Action
from iat_ros.errors import DataError, SkeletonError
from iat_ros.skeleton.joint_motion import LARGEST, JointScale
from iat_ros.skeleton.motion import Motion
from iat_ros.skeleton.resampling import resample

_SMOOTHING_S = 0.06
_MOVING = 0.15
"""A joint that is faster than this moves [rad/s], [m/s]."""
_START = 0.5
"""What never becomes as fast as this is no action, but sway [rad/s]."""
_LEAST = 0.2
"""Nor is what moves no joint further than this [rad]."""
_NEAR_REST = 0.4
"""All joints so near to rest are at rest [rad]."""
_PAUSE_S, _HOLD_S = 0.3, 1.5
"""A pause ends an action that lasts longer than this: near rest, and away from it [s]."""
_SHORTEST_S = 0.3


@dataclass(frozen=True)
class JointClip:
    """One recording of a robot's joints.

    Attributes:
        name: Where it comes from, for messages.
        times_s: Time of each frame [s], shape (F,), strictly increasing.
        positions: Shape (F, n) [rad], [m] where a joint slides.
        joints: The n joints.
        person: Whose part the robot took, or who steered it; decides the division by subject.
        action: What was done. Only evaluation may look at it; training never does.
    """

    name: str
    times_s: np.ndarray
    positions: np.ndarray
    joints: tuple[str, ...]
    person: str
    action: str

    def __post_init__(self) -> None:
        count = len(self.joints)
        if count == 0 or len(set(self.joints)) != count or not all(self.joints):
            raise DataError(f"{self.name}: expected distinct names of joints, got {', '.join(self.joints) or 'none'}")
        if self.positions.ndim != 2 or self.positions.shape[1] != count:
            raise DataError(f"{self.name}: expected positions of shape (F, {count}), got {self.positions.shape}")
        bad = ~(np.abs(self.positions) <= LARGEST)
        if bad.any():
            frame, joint = np.argwhere(bad)[0]
            raise DataError(
                f"{self.name}: frame {frame}, joint '{self.joints[joint]}' is at {self.positions[frame, joint]:g}; "
                f"expected radians (metres where it slides) within {LARGEST:g}: leave frames that lack a joint out"
            )
        if self.times_s.shape != self.positions.shape[:1]:
            raise DataError(f"{self.name}: {len(self.positions)} frames, but {self.times_s.size} times")
        if len(self.times_s) < 2:
            raise DataError(f"{self.name}: {len(self.times_s)} frames; an action needs at least 2")
        if not (np.isfinite(self.times_s).all() and np.all(np.diff(self.times_s) > 0)):
            raise DataError(f"{self.name}: times must be finite and strictly increase")


def of_one_robot(where: str, clips: Sequence[JointClip]) -> list[JointClip]:
    """Bring clips into one order of joints, that of the first.

    Raises:
        DataError: A clip has other joints than the first.
    """
    joints = clips[0].joints if clips else ()
    for clip in clips:
        if set(clip.joints) != set(joints):
            other = ", ".join(sorted(set(clip.joints) ^ set(joints)))
            raise DataError(
                f"{where}: {clip.name} and {clips[0].name} hold different joints: only one of them has {other}; "
                "record the same joints everywhere, or leave those out"
            )
    return in_order(joints, clips)


def in_order(joints: tuple[str, ...], clips: Sequence[JointClip]) -> list[JointClip]:
    """Bring clips of these joints into their order."""
    return [
        replace(clip, joints=joints, positions=clip.positions[:, [clip.joints.index(name) for name in joints]])
        for clip in clips
    ]


def scale_of(clips: Sequence[JointClip]) -> JointScale:
    """Measure where the joints of clips, all in one order, have been."""
    return JointScale.of(clips[0].joints, [clip.positions for clip in clips])


def find_movements(clip: JointClip) -> list[slice]:
    """Find the frames of each action: from where a joint begins to move to where all stand still.

    The robot is at rest in the pose in which it stands still most of the time. A short pause away from it belongs
    to the action, as a person's does.
    """
    step_s = float(np.median(np.diff(clip.times_s)))
    smooth = gaussian_filter1d(clip.positions, _SMOOTHING_S / step_s, axis=0, mode="nearest")
    speed = np.abs(np.gradient(smooth, clip.times_s, axis=0)).max(axis=1)
    moving = speed > _MOVING
    rest = np.median(smooth[~moving], axis=0) if (~moving).any() else smooth[0]
    near = np.abs(smooth - rest).max(axis=1) < _NEAR_REST
    edges = np.flatnonzero(np.diff(np.concatenate([[False], moving, [False]]).astype(int)))
    spans: list[list[int]] = []
    for first, after in edges.reshape(-1, 2).tolist():
        if spans:
            pause_s = clip.times_s[first] - clip.times_s[spans[-1][1] - 1]
            at_rest = near[spans[-1][1] - 1 : first + 1].all()
            if pause_s <= (_PAUSE_S if at_rest else _HOLD_S):
                spans[-1][1] = after
                continue
        spans.append([first, after])
    found = []
    for first, after in spans:
        span = slice(max(0, first - 1), min(len(smooth), after + 1))
        lasts_s = clip.times_s[span.stop - 1] - clip.times_s[span.start]
        reach = float(np.ptp(smooth[span], axis=0).max())
        if lasts_s >= _SHORTEST_S and speed[span].max() >= _START and reach >= _LEAST:
            found.append(span)
    return found


def cut_joint_action(scale: JointScale, clip: JointClip, frames: int) -> Action:
    """Turn a clip that holds one action into a window of T frames, without the stillness before and after it.

    Raises:
        DataError: Nothing moves in it, or its length cannot be that of an action.
    """
    spans = find_movements(clip)
    if not spans:
        raise DataError(
            f"{clip.name}: no action in it: no joint moves {_LEAST:g} rad with at least {_START:g} rad/s; a clip that "
            "answers must hold a movement"
        )
    return as_joint_action(scale, clip, slice(spans[0].start, spans[-1].stop), frames)


def as_joint_action(scale: JointScale, clip: JointClip, span: slice, frames: int) -> Action:
    """Turn the frames of an action into a window of T frames.

    Raises:
        DataError: Its length cannot be that of an action.
    """
    times_s = clip.times_s[span]
    try:
        vectors = scale.to_vectors(resample(times_s, clip.positions[span], frames))
        motion = Motion(vectors, float(times_s[-1] - times_s[0]))
    except SkeletonError as error:
        raise DataError(f"{clip.name}: {error}") from error
    return Action(motion, clip.person, clip.action, clip.name)
