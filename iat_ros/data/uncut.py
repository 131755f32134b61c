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

"""Uncut recordings: hours of people in view, and every action that somebody did in them.

Who records has time: frames to come are known, so a recording is smoothed without delay and looked at twice. Smoothed
frames tell where actions are; the frames as they are tell where the running robot would cut them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from iat_ros.data.actions import Action, as_action
from iat_ros.data.bag import read_bag
from iat_ros.data.clip import Clip
from iat_ros.data.joint_clip import JointClip
from iat_ros.data.recording import StreamFrame
from iat_ros.errors import DataError, SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.identity import Identities, IdentityConfig
from iat_ros.stream.pose import torso_places
from iat_ros.stream.segment import Segment, SegmenterConfig
from iat_ros.stream.segmenter import ActionSegmenter
from iat_ros.stream.track import clean_track

RECORDED = SegmenterConfig()
"""Recordings are cut as clips are, so that a model learns from what it will see."""

_SMOOTHING_S = 0.06
"""Width of the smoothing before actions are looked for [s]; windows are made of the frames as they were recorded."""
_LONGEST_HOLE_S = 0.2
_SAME = 0.75
"""Two looks at a recording see the same action where they share so much of its time."""


@dataclass(frozen=True)
class FoundAction:
    """An action in an uncut recording.

    Attributes:
        body: Who acted, by recording and body id.
        start_s: When it started, from the start of the recording [s].
        end_s: When it ended [s].
        action: Its window.
    """

    body: str
    start_s: float
    end_s: float
    action: Action


@dataclass(frozen=True)
class UncutRecording:
    """One recording that nobody cut.

    Attributes:
        name: Of the bag.
        tracks: Everybody who was seen, each on the recording's clock.
        minutes: Its length [min].
        dropped: How many frames were not used, by reason.
        robot: The robot's joints, where a robot answers.
        mended: What was mended in those that are, by name, and how often; as live perception would.
    """

    name: str
    tracks: list[Clip]
    minutes: float
    dropped: Counter[str] = field(default_factory=Counter)
    robot: JointClip | None = None
    mended: Counter[str] = field(default_factory=Counter)


def find_bags(path: Path) -> list[Path]:
    """List the bags at a path: a file, a bag's directory, or a directory of either.

    Raises:
        DataError: There is none.
    """
    if path.is_file() or (path / "metadata.yaml").is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{path}: no such bag")
    inside = sorted({file.parent for file in path.rglob("metadata.yaml")})
    files = sorted(file for file in path.rglob("*") if file.suffix in (".mcap", ".db3") and file.parent not in inside)
    if not inside and not files:
        raise DataError(f"{path}: no bag here (expected a directory with metadata.yaml, or a .mcap or .db3 file)")
    return inside + files


def read_recording(path: Path, definition: SkeletonDefinition) -> UncutRecording:
    """Read a bag as one track for each body id.

    Raises:
        DataError: The bag cannot be read, has another number of joints, or nobody was in it.
    """
    return to_tracks(path.stem if path.is_file() else path.name, read_bag(path), definition)


def to_tracks(name: str, frames: Iterable[StreamFrame], definition: SkeletonDefinition) -> UncutRecording:
    """Sort frames of everybody in view by body, and mend them as live perception would.

    Args:
        name: Of the recording.
        frames: In the order in which they were recorded.
        definition: The skeleton.

    Raises:
        DataError: The joints are not those of the skeleton, or nobody was in view.
    """
    times: dict[int, list[float]] = defaultdict(list)
    poses: dict[int, list[np.ndarray]] = defaultdict(list)
    dropped: Counter[str] = Counter()
    mended: Counter[str] = Counter()
    identities = Identities(IdentityConfig(), mended)
    first_s, last_s, joints = np.inf, -np.inf, len(definition.sent)
    for frame in frames:
        first_s, last_s = min(first_s, frame.time_s), max(last_s, frame.time_s)
        if len(frame.positions) and frame.positions.shape[1] != joints:
            raise DataError(
                f"{name}: people of {frame.positions.shape[1]} joints, but skeleton '{definition.name}' has {joints}; "
                "say with --skeleton which skeleton was recorded"
            )
        positions = definition.complete(frame.positions)
        present = ~np.isnan(positions).all(axis=(1, 2))
        seen = positions[present]
        people = identities.push(frame.time_s, frame.body_ids[present], torso_places(definition, seen))
        for body, pose in zip(people.tolist(), seen, strict=True):
            if times[body] and frame.time_s <= times[body][-1]:
                dropped["stamp not newer"] += 1
                continue
            times[body].append(frame.time_s)
            poses[body].append(pose)
    tracks = []
    for body in sorted(times):
        times_s, positions = clean_track(
            definition, np.array(times[body]), np.stack(poses[body]), mended, dropped, segmenter=RECORDED
        )
        if len(times_s) < 2:
            dropped["body seen only once"] += 1
            continue
        person = f"{name}/{body}"
        tracks.append(Clip(person, times_s, positions, person, ""))
    if not tracks:
        raise DataError(f"{name}: nobody is in this recording ({_words(dropped)})")
    return UncutRecording(name, tracks, (last_s - first_s) / 60.0, +dropped, mended=+mended)


def find_actions(
    definition: SkeletonDefinition, track: Clip, frames: int, dropped: Counter[str], config: SegmenterConfig = RECORDED
) -> list[FoundAction]:
    """Find all actions of one person.

    Args:
        definition: The skeleton.
        track: The person, on the recording's clock.
        frames: T, of the windows.
        dropped: Where to count what is not used, by reason.
        config: When an action starts and ends.

    Returns:
        The actions in order of time.
    """
    found = []
    for segment in find_uncut_segments(definition, track, dropped, config):
        name = f"{track.name} at {segment.times_s[0]:.1f} s"
        try:
            action = as_action(definition, replace(track, name=name), segment, frames)
        except DataError:
            dropped["no window can be made of the action"] += 1
            continue
        found.append(FoundAction(track.person, float(segment.times_s[0]), float(segment.times_s[-1]), action))
    return found


def find_uncut_segments(
    definition: SkeletonDefinition, track: Clip, dropped: Counter[str], config: SegmenterConfig = RECORDED
) -> list[Segment]:
    """Find where a person acts: in smoothed frames, so that jitter neither hides nor makes an action.

    Where the frames as they are show the same action, it is cut as they show it: live perception will cut it so.
    """
    smooth = _segments(definition, track.times_s, _smoothed(track), dropped, config)
    plain = _segments(definition, track.times_s, track.positions, Counter(), config)
    bounds = [(segment.times_s[0], segment.times_s[-1]) for segment in smooth]
    if plain:
        plain_bounds = np.array([(segment.times_s[0], segment.times_s[-1]) for segment in plain])
        bounds = [_same_action(one, plain_bounds) for one in bounds]
    first = np.searchsorted(track.times_s, [start for start, _ in bounds])
    last = np.searchsorted(track.times_s, [end for _, end in bounds], side="right")
    return [Segment(track.times_s[i:j], track.positions[i:j]) for i, j in zip(first, last, strict=True)]


def _same_action(one: tuple[float, float], others: np.ndarray) -> tuple[float, float]:
    """Return the bounds (N, 2) that cover the same time as these, or these where none do."""
    both = np.minimum(others[:, 1], one[1]) - np.maximum(others[:, 0], one[0])
    either = np.maximum(others[:, 1], one[1]) - np.minimum(others[:, 0], one[0])
    best = int((both / either).argmax())
    return (others[best, 0], others[best, 1]) if both[best] >= _SAME * either[best] else one


def _segments(
    definition: SkeletonDefinition,
    times_s: np.ndarray,
    positions: np.ndarray,
    dropped: Counter[str],
    config: SegmenterConfig,
) -> list[Segment]:
    segmenter = ActionSegmenter(definition, config, dropped)
    segments = []
    for time_s, pose in zip(times_s, positions, strict=True):
        try:
            segment = segmenter.push(float(time_s), pose)
        except SkeletonError:
            dropped["limb without length"] += 1
            continue
        if segment is not None:
            segments.append(segment)
    if segmenter.acting:
        dropped["recording ends in mid-action"] += 1
    return segments


def _smoothed(track: Clip) -> np.ndarray:
    """Smooth positions (F, J, 3) in time without delay; not across holes in the tracking."""
    steps = np.diff(track.times_s)
    sigma = _SMOOTHING_S / float(np.median(steps))
    smooth = track.positions.copy()
    bounds = [0, *(np.flatnonzero(steps > _LONGEST_HOLE_S) + 1).tolist(), len(track.times_s)]
    for start, end in pairwise(bounds):
        smooth[start:end] = gaussian_filter1d(track.positions[start:end], sigma, axis=0, mode="nearest")
    return smooth


def _words(dropped: Counter[str]) -> str:
    return ", ".join(f"{count} x {reason}" for reason, count in (+dropped).items()) or "no frame holds anybody"
