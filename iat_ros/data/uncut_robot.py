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

"""The robot in a recording that nobody cut: somebody steered it, and it answered the people in view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from iat_ros.data.bag import read_joint_states
from iat_ros.data.joint_clip import JointClip, as_joint_action, find_movements, of_one_robot
from iat_ros.data.recording import JointFrame
from iat_ros.data.uncut import FoundAction, UncutRecording
from iat_ros.errors import DataError
from iat_ros.skeleton.joint_motion import JointScale

RESPONSES = ("auto", "people", "joints")
"""Who answers in a bag; auto: a robot, where joint states were recorded and there were never two people in view."""

_STEP_S = 0.008
"""What comes sooner after the frame before is left out [s]; joint states come up to a thousand times a second."""
_TOGETHER = 0.05
"""Share of a recording's frames in which two people may be seen by a tracker's mistake."""


def read_robot(path: Path, name: str) -> JointClip | None:
    """Read the robot of a bag; None where no joint states were recorded.

    Args:
        path: The bag.
        name: Of the recording.

    Raises:
        DataError: The bag is damaged, or its joint states are not usable.
    """
    return to_clip(f"{name}/robot", read_joint_states(path))


def to_clip(name: str, frames: Iterable[JointFrame]) -> JointClip | None:
    """Put joint states into one clip: each frame has the newest position of every joint, once all have been told.

    Several broadcasters may each tell a part of the robot.

    Raises:
        DataError: A position is not a number, or there is but one frame.
    """
    newest: dict[str, float] = {}
    kept: list[tuple[float, dict[str, float]]] = []
    for frame in frames:
        newest.update(zip(frame.names, frame.positions.tolist(), strict=True))
        if not kept or frame.time_s - kept[-1][0] >= _STEP_S:
            kept.append((frame.time_s, dict(newest)))
    whole = [(time_s, pose) for time_s, pose in kept if len(pose) == len(newest)]
    if not whole:
        return None
    names = tuple(sorted(newest))
    positions = np.array([[pose[name] for name in names] for _, pose in whole])
    return JointClip(name, np.array([time_s for time_s, _ in whole]), positions, names, name, "")


def choose_robots(where: str, recordings: Sequence[UncutRecording], response: str) -> list[UncutRecording]:
    """Decide who answers, and bring robots into one order of joints.

    Args:
        where: The data, for messages.
        recordings: With their robots, where they have one.
        response: One of `RESPONSES`.

    Returns:
        The recordings, all with their robot, or all without.

    Raises:
        DataError: A robot is to answer, and a recording has none, or one with other joints.
    """
    without = [recording.name for recording in recordings if recording.robot is None]
    if response == "joints" and without:
        raise DataError(
            f"{where}: --response joints, but no joint states were recorded in {', '.join(without)}; record them with "
            "`record --topics joint_states`"
        )
    alone = not any(_two_in_view(recording) for recording in recordings)
    if response == "people" or without or (response == "auto" and not alone):
        return [replace(recording, robot=None) for recording in recordings]
    robots = of_one_robot(where, [recording.robot for recording in recordings if recording.robot is not None])
    return [replace(recording, robot=robot) for recording, robot in zip(recordings, robots, strict=True)]


def find_robot_actions(clip: JointClip, scale: JointScale, frames: int, dropped: Counter[str]) -> list[FoundAction]:
    """Find all actions of a robot.

    Args:
        clip: Its joints, on the recording's clock.
        scale: Where they have been.
        frames: T, of the windows.
        dropped: Where to count what is not used, by reason.
    """
    found = []
    for span in find_movements(clip):
        start_s, end_s = float(clip.times_s[span.start]), float(clip.times_s[span.stop - 1])
        try:
            action = as_joint_action(scale, replace(clip, name=f"{clip.name} at {start_s:.1f} s"), span, frames)
        except DataError:
            dropped["no window can be made of the robot's action"] += 1
            continue
        found.append(FoundAction(clip.person, start_s, end_s, action))
    return found


def _two_in_view(recording: UncutRecording) -> bool:
    frames = max(len(track.times_s) for track in recording.tracks)
    return any(
        len(np.intersect1d(one.times_s, other.times_s)) > _TOGETHER * frames
        for one, other in combinations(recording.tracks, 2)
    )
