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

"""Opening a data set of any format as one `Source`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from iat_ros.data import air_act2act, generic, made_up, ntu, nuisi, sbu, utd_mhad
from iat_ros.data.clip import Clip
from iat_ros.data.formats import check_format, detect_format
from iat_ros.data.interaction import Interaction
from iat_ros.data.joint_clip import JointClip, scale_of
from iat_ros.data.reading import Reading
from iat_ros.data.rule_names import in_no_rule
from iat_ros.data.source import RULES, Source
from iat_ros.data.uncut import UncutRecording, find_bags, read_recording
from iat_ros.data.uncut_robot import choose_robots, read_robot
from iat_ros.errors import DataError
from iat_ros.resources import to_path
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton, split_names

MADE_UP = "made_up"
"""What stands for made-up motions where a data set is named."""

_RECORDED_TOGETHER: dict[str, tuple[str, str, Callable[[Path, Reading], list[Interaction]]]] = {
    "ntu": (ntu.NAME, ntu.SKELETON, ntu.read_directory),
    "sbu": (sbu.NAME, sbu.SKELETON, sbu.read_directory),
    "nuisi": (nuisi.NAME, nuisi.SKELETON, nuisi.read_directory),
    "air_act2act": (air_act2act.NAME, air_act2act.SKELETON, air_act2act.read_directory),
}
"""Formats of people who were recorded together: name of the data set, its skeleton, its reader."""


def open_source(
    data: str,
    seed: int = 0,
    kind: str = "auto",
    reading: Reading | None = None,
    skeleton: str = "utd_mhad",
    stimulus_bodies: Sequence[int] = (),
    limbs: str = "",
    response: str = "auto",
) -> Source:
    """Open a data set, or make motions up.

    Args:
        data: A directory, a bag or an NPZ file, or ``made_up``.
        seed: Seed of made-up motions.
        kind: The format, one of `iat_ros.data.formats.FORMATS`, or ``auto``: told from the content.
        reading: What happens to what is bad; the default refuses it.
        skeleton: What was recorded, where the data is a bag: the name of a definition, or a YAML file.
        stimulus_bodies: Body ids of those who act, where the data is a bag; learned where there is none.
        limbs: The limbs to use, separated by commas; empty: those that the skeleton lists first.
        response: Who answers, where the data is a bag: one of `iat_ros.data.uncut_robot.RESPONSES`.

    Raises:
        SkeletonError: The skeleton cannot give a limb.
        DataError: There is no data set, or something in it is bad and bad things are to be refused.
        ConfigError: The format is unknown.
    """
    reading = reading or Reading()
    if data == MADE_UP:
        definition = load_skeleton("utd_mhad", limbs)
        return Source(MADE_UP, definition, made_up.make_clips(seed=seed), RULES, reading=reading)
    path = to_path(data)
    if kind == "auto":
        kind = detect_format(path)
    check_format(kind)
    if kind == "generic":
        read = generic.read_set(path, reading)
        source = Source(
            path.name,
            read.definition,
            read.clips,
            read.rules,
            read.interactions,
            reading,
            joint_clips=read.joint_clips,
            joint_scale=scale_of(read.joint_clips) if read.joint_clips else None,
        )
        unused = in_no_rule(read.rules, [*read.clips, *read.joint_clips]) if read.rules else []
        if unused:
            reading.notes.append(f"actions in no rule ({', '.join(unused)})")
    elif kind == "bag":
        source = _open_bags(path, load_skeleton(skeleton, limbs), reading, stimulus_bodies, response)
    elif not path.is_dir():
        raise DataError(f"{path}: no such directory")
    elif kind == "utd_mhad":
        labels = [label for rule in RULES for label in (rule.stimulus, rule.response)]
        clips = utd_mhad.read_directory(path, labels, reading)
        source = Source(utd_mhad.NAME, load_skeleton("utd_mhad"), clips, RULES, reading=reading)
    else:
        name, skeleton, reader = _RECORDED_TOGETHER[kind]
        interactions = reader(path, reading)
        people = [clip for interaction in interactions for clip in (interaction.first, interaction.second)]
        clips = [clip for clip in people if isinstance(clip, Clip)]
        source = Source(name, load_skeleton(skeleton), clips, (), interactions, reading)
    if limbs:
        source = replace(source, definition=source.definition.with_limbs(split_names(limbs)))
    return _without_copies(source)


def _open_bags(
    path: Path, definition: SkeletonDefinition, reading: Reading, stimulus_bodies: Sequence[int], response: str
) -> Source:
    """Open a bag, or a directory of bags, of people whom nobody cut.

    Raises:
        DataError: A bag cannot be read and bad ones are to be refused, or a body that is told to act is in none.
    """
    bags = find_bags(path)

    def read(bag: Path) -> UncutRecording:
        """Read a bag, with its robot where a robot may answer."""
        recording = read_recording(bag, definition)
        return recording if response == "people" else replace(recording, robot=read_robot(bag, recording.name))

    recordings = choose_robots(str(path), reading.each(str(path), "bags", bags, read), response)
    tracks = [track for recording in recordings for track in recording.tracks]
    acting = frozenset(track.person for track in tracks if int(track.person.rsplit("/")[-1]) in set(stimulus_bodies))
    seen = {int(track.person.rsplit("/")[-1]) for track in tracks}
    for body in stimulus_bodies:
        if body not in seen:
            raise DataError(
                f"{path}: --stimulus {body}: nobody of that body id is in it; seen: {', '.join(map(str, sorted(seen)))}"
            )
    robots = [recording.robot for recording in recordings if recording.robot is not None]
    scale = scale_of(robots) if robots else None
    return Source(path.name, definition, tracks, (), [], reading, recordings, acting, joint_scale=scale)


def _without_copies(source: Source) -> Source:
    """Leave out, or refuse, clips that hold the very same motion: one of them is something else under its name.

    Raises:
        DataError: There are such clips, and bad ones are to be refused.
    """
    by_content: dict[bytes, list[Clip | JointClip]] = {}
    every: list[Clip | JointClip] = [*source.clips, *source.joint_clips]
    for clip in every:
        by_content.setdefault(hashlib.sha256(clip.positions.tobytes()).digest(), []).append(clip)
    copies = [clips for clips in by_content.values() if len(clips) > 1]
    if not copies:
        return source
    problems = [f"{_named(clips)} hold the very same motion: files are mixed up" for clips in copies]
    source.reading.judge(source.name, "motions", problems, len(by_content))
    bad = {clip.name for clips in copies for clip in clips}
    interactions = [one for one in source.interactions if not {one.first.name, one.second.name} & bad]
    clips = [one for one in source.clips if one.name not in bad]
    joint_clips = [one for one in source.joint_clips if one.name not in bad]
    return replace(source, clips=clips, interactions=interactions, joint_clips=joint_clips)


def _named(clips: Sequence[Clip | JointClip]) -> str:
    return " and ".join(clip.name for clip in clips)
