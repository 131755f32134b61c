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

"""From uncut recordings to pairs: actions of everybody, and who answered whom."""

from __future__ import annotations

from collections.abc import Sequence

from iat_ros.data.pairing import PairingAccount, pair_up
from iat_ros.data.plausibility import FEWEST, Plausibility
from iat_ros.data.uncut import FoundAction, UncutRecording, find_actions
from iat_ros.data.uncut_robot import find_robot_actions
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.joint_motion import JointScale


def find_pairs(
    definition: SkeletonDefinition,
    recordings: Sequence[UncutRecording],
    frames: int,
    account: PairingAccount,
    stimulus_bodies: frozenset[str] = frozenset(),
    scale: JointScale | None = None,
) -> tuple[list[FoundAction], list[tuple[FoundAction, FoundAction]]]:
    """Find all actions of recordings, and pair them: by their times, then by their times and what such pairs look like.

    Args:
        definition: The skeleton.
        recordings: Of the same skeleton.
        frames: T.
        account: Where to note what became of everything.
        stimulus_bodies: Who acts; empty: learned from who acts first, and where a robot answers, everybody.
        scale: Of the robot's joints, where a robot answers.

    Returns:
        All actions, and those that are pairs.
    """
    found: list[list[FoundAction]] = []
    for recording in recordings:
        account.minutes += recording.minutes
        account.dropped += recording.dropped
        account.mended += recording.mended
        found.append([])
        for track in recording.tracks:
            mine = find_actions(definition, track, frames, account.dropped)
            account.actions[track.person] = len(mine)
            found[-1] += mine
        if recording.robot is not None and scale is not None:
            moved = find_robot_actions(recording.robot, scale, frames, account.dropped)
            account.actions[recording.robot.person] = len(moved)
            found[-1] += moved
    if scale is not None and not stimulus_bodies:
        stimulus_bodies = frozenset(track.person for recording in recordings for track in recording.tracks)
    everything = [action for part in found for action in part]
    by_time = [pair for part in found for pair in pair_up(part, PairingAccount(), stimulus_bodies)]
    plausibility = Plausibility(by_time) if len(by_time) >= FEWEST else None
    return everything, [pair for part in found for pair in pair_up(part, account, stimulus_bodies, plausibility)]
