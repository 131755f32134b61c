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

"""A first look at a data set, before anything is cut: what `inspect` names clip by clip, and `train` in a line each."""

from __future__ import annotations

from collections.abc import Sequence

from iat_ros.data.damage import Damage, find_damage, find_odd_times
from iat_ros.data.joint_damage import find_joint_damage
from iat_ros.data.proportions import find_disproportions
from iat_ros.data.rule_names import find_misnamed
from iat_ros.data.source import Source


def look_at(source: Source) -> list[Damage]:
    """Look at every clip of people, at the robot, and at the names of actions.

    Args:
        source: Labelled clips, real pairs or uncut recordings.
    """
    robots = [recording.robot for recording in source.recordings if recording.robot is not None]
    bodies = find_disproportions(source.definition, source.clips)
    misnamed = {one.clip for one in bodies if one.kind == "misnamed joints"}  # of course such hands act anywhere
    damage = find_damage(source.definition, source.clips, cut=source.labelled)
    return [
        *bodies,
        *(one for one in damage if one.kind != "mirrored" or one.clip not in misnamed),
        *find_odd_times([*source.joint_clips, *robots]),
        *find_joint_damage([*source.joint_clips, *robots]),
        *find_misnamed(source.rules, [*source.clips, *source.joint_clips]),
    ]


def by_kind(damage: Sequence[Damage], hint: str) -> list[str]:
    """Say in one line for each kind what is wrong with how many clips.

    Args:
        damage: Of a first look.
        hint: Where to see more of what concerns single clips.
    """
    lines = []
    for kind in dict.fromkeys(one.kind for one in damage):
        mine = [one for one in damage if one.kind == kind]
        clips = list(dict.fromkeys(one.clip for one in mine if one.clip))
        lines += [f"{kind}: {one.why}" for one in mine if not one.clip]
        if clips:
            first = next(one for one in mine if one.clip)
            count = f"{len(clips)} clip{'s' * (len(clips) > 1)}"
            lines.append(f"{kind}: {count}, the first {first.clip}: {first.why}; see {hint}")
    return lines
