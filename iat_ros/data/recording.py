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

"""A recording: frames of everybody in view, as they would come from a tracker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iat_ros.data.actions import with_stillness
from iat_ros.data.clip import Clip
from iat_ros.data.generic import LARGEST_M
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition

_ASIDE_M = 1.0


@dataclass(frozen=True)
class StreamFrame:
    """People of one instant.

    Attributes:
        time_s: From the start of the recording [s].
        frame_id: The frame of the positions.
        body_ids: Shape (N,).
        positions: Joint positions [m], shape (N, J, 3).
    """

    time_s: float
    frame_id: str
    body_ids: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True)
class JointFrame:
    """Joints of a robot at one instant.

    Attributes:
        time_s: From the start of the recording [s].
        names: The n joints that were told.
        positions: Shape (n,) [rad], [m] where a joint slides.
    """

    time_s: float
    names: tuple[str, ...]
    positions: np.ndarray


def check_people(where: str, frames: Sequence[StreamFrame], definition: SkeletonDefinition) -> None:
    """Refuse a recording of which the chain could use nobody, before it is played.

    Args:
        where: The recording's name, for messages.
        frames: What is in it.
        definition: The skeleton that the chain is told.

    Raises:
        DataError: Nobody is in it, nobody has the skeleton's number of joints, a joint that it needs is never tracked,
            or people are larger than any.
    """
    seen = [frame.positions for frame in frames if len(frame.positions)]
    if not seen:
        raise DataError(f"{where}: nobody is in it: the tracker saw no one")
    fitting = [positions for positions in seen if positions.shape[1] == len(definition.sent)]
    if not fitting:
        raise DataError(
            f"{where}: its people have {seen[0].shape[1]} joints, the skeleton '{definition.name}' has "
            f"{len(definition.sent)}: choose the tracker's with --skeleton"
        )
    needed = definition.needed_joints
    people = np.concatenate([definition.complete(positions)[:, needed] for positions in fitting])
    tracked = np.isfinite(people).all(axis=2)
    never = [definition.joints[joint] for joint, seen in zip(needed, tracked.any(axis=0), strict=True) if not seen]
    if never:
        raise DataError(
            f"{where}: of nobody in it {', '.join(never)} is ever tracked, which skeleton '{definition.name}' needs"
        )
    whole = people[tracked.all(axis=1)]
    size = float(np.median(np.ptp(whole, axis=1).max(axis=1))) if len(whole) else 0.0
    if size > LARGEST_M:
        raise DataError(f"{where}: its people are {size:.0f} m large: millimetres? Positions must be in metres")


def of_people(where: str, frames: Sequence[StreamFrame], body_ids: Sequence[int]) -> list[StreamFrame]:
    """Leave everybody else out; frames in which nobody is left stay, so that time goes on.

    Args:
        where: The recording's name, for messages.
        frames: What is in it.
        body_ids: Who stays.

    Raises:
        DataError: One of them is in no frame.
    """
    seen = {int(body) for frame in frames for body in frame.body_ids}
    for body in body_ids:
        if body not in seen:
            told = ", ".join(map(str, sorted(seen))) or "nobody"
            raise DataError(f"{where}: --stimulus {body}: nobody of that body id is in it; seen: {told}")
    stay = [np.isin(frame.body_ids, body_ids) for frame in frames]
    return [
        replace(frame, body_ids=frame.body_ids[here], positions=frame.positions[here])
        for frame, here in zip(frames, stay, strict=True)
    ]


def from_clips(clips: Sequence[Clip], still_s: float = 1.0, frame_id: str = "camera") -> Iterable[StreamFrame]:
    """String clips together: each is a person of their own who stands still, acts, and stands still again.

    Nobody is where the one before was: a body with a new number at the same place would be the same person.

    Args:
        clips: At least one.
        still_s: How long people stand still before and after they act [s].
        frame_id: The frame of the positions.
    """
    start = 0.0
    for body, clip in enumerate(clips):
        still = with_stillness(clip, still_s, still_s)
        times = start + still.times_s - still.times_s[0]
        place = np.array([_ASIDE_M * (body % 2), 0.0, 0.0])
        for time, pose in zip(times, still.positions, strict=True):
            yield StreamFrame(float(time), frame_id, np.array([body]), pose[None] + place)
        start = float(times[-1] + np.median(np.diff(times)))


def with_noise(frames: Iterable[StreamFrame], noise_m: float, seed: int) -> Iterator[StreamFrame]:
    """Add a tracker's noise of so many metres to all joints; no tracker sees a person who stands in one place."""
    rng = np.random.default_rng(seed)
    for frame in frames:
        yield replace(frame, positions=frame.positions + rng.normal(0.0, noise_m, frame.positions.shape))
