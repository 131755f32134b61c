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

"""The package's own form of a data set: a directory, or one NPZ file, of clips of any skeleton that has a definition.

docs/data.md describes it. `dataset.yaml` says which skeleton, who acts in which clip, and which clip answers which; in
an NPZ file the same text is the array ``dataset``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.clip_file import JointFile, MotionFile, load_arrays, motion_of, read_motion
from iat_ros.data.description import DATASET, ClipEntry, Description, description_in, parse_description
from iat_ros.data.interaction import Interaction
from iat_ros.data.joint_clip import JointClip, of_one_robot
from iat_ros.data.protocol import Rule
from iat_ros.data.reading import Reading
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.yaml_file import load_mapping

LARGEST_M = 5.0
"""No two joints of a person are further apart; data in millimetres are."""
_CENTIMETRES = 120.0
"""Joints of a person lie no further apart in centimetres, and further in millimetres."""


@dataclass(frozen=True)
class ClipSet:
    """A data set in the generic form.

    Attributes:
        definition: The skeleton.
        clips: The clips of people, in the joint order of the definition.
        joint_clips: The clips of a robot, in one order of joints; they only answer.
        interactions: Pairs of clips that were recorded together.
        rules: Which action is to be answered with which, where clips are labelled instead of paired.
    """

    definition: SkeletonDefinition
    clips: list[Clip]
    joint_clips: list[JointClip]
    interactions: list[Interaction]
    rules: tuple[Rule, ...]


def read_set(path: Path, reading: Reading) -> ClipSet:
    """Read a data set.

    Args:
        path: A directory with ``dataset.yaml``, or an NPZ file.
        reading: What happens to clips that are bad.

    Raises:
        DataError: The description contradicts itself, or a clip is bad and bad ones are to be refused.
        ConfigError: ``dataset.yaml`` or the skeleton cannot be read.
        SkeletonError: The skeleton contradicts itself.
    """
    load: Callable[[str], MotionFile | JointFile]
    if path.is_dir():
        where, folder = str(path / DATASET), path
        content = load_mapping(path / DATASET)

        def load(file: str) -> MotionFile | JointFile:
            """Read a clip's file, which must lie in the directory."""
            if "\0" in file or not (folder / file).resolve().is_relative_to(folder.resolve()):
                raise DataError(f"{where}: file '{file}' must lie inside the directory")
            return read_motion(folder / file)

    else:
        where, folder = str(path), path.parent
        arrays = load_arrays(path)
        content = description_in(where, arrays)

        def load(file: str) -> MotionFile | JointFile:
            """Pick a clip's arrays, whose names begin with the clip's."""
            prefix = f"{file}/"
            mine = {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
            return motion_of(f"{where}: clip '{file}'", mine)

    told = parse_description(where, folder, content)

    def read(entry: ClipEntry) -> Clip | JointClip:
        """Read a clip of a person or of a robot."""
        motion = load(entry.file)
        return _joint_clip(entry, motion) if isinstance(motion, JointFile) else _clip(told, entry, motion)

    every = reading.each(str(path), "clips", told.entries, read)
    clips = [clip for clip in every if isinstance(clip, Clip)]
    joint_clips = of_one_robot(where, [clip for clip in every if isinstance(clip, JointClip)])
    if joint_clips:
        _check_only_answers(where, told, clips, joint_clips)
    interactions = _interactions(str(path), told.entries, [*clips, *joint_clips], reading)
    return ClipSet(told.definition, clips, joint_clips, interactions, told.rules)


def in_order_of(
    definition: SkeletonDefinition, joints: tuple[str, ...], positions: np.ndarray, where: str
) -> np.ndarray:
    """Bring positions into the joint order of a definition.

    Args:
        definition: The skeleton.
        joints: Names of the joints in the data, in any order; those that the definition does not know are left out.
        positions: Shape (F, len(joints), 3).
        where: For messages.

    Returns:
        Shape (F, J, 3), NaN for joints that the data lacks and the definition does not need.

    Raises:
        DataError: A joint that the definition needs is missing, or a name comes twice.
    """
    if len(set(joints)) != len(joints):
        raise DataError(
            f"{where}: joint names come twice: {', '.join(sorted({j for j in joints if joints.count(j) > 1}))}"
        )
    missing = [joint for joint in definition.needed_to_send if joint not in joints]
    if missing:
        raise DataError(
            f"{where}: lacks joint {', '.join(missing)} of skeleton '{definition.name}'; it has: {', '.join(joints)}"
        )
    ordered = np.full((len(positions), len(definition.sent), 3), np.nan)
    for index, joint in enumerate(definition.sent):
        if joint in joints:
            ordered[:, index] = positions[:, joints.index(joint)]
    ordered[np.isnan(ordered).any(axis=2)] = np.nan
    return definition.complete(ordered)


def _clip(told: Description, entry: ClipEntry, motion: MotionFile) -> Clip:
    definition, names = told.definition, motion.joints or told.joints
    if len(names) != motion.positions.shape[1]:
        raise DataError(
            f"{motion.where}: positions of {motion.positions.shape[1]} joints, expected {len(names)}: give 'joints', "
            "their names in order"
        )
    positions = in_order_of(definition, names, motion.positions.astype(float), motion.where)
    needed = positions[:, definition.needed_joints]
    if np.isfinite(needed).any():
        size = np.nanmax(np.nanmax(needed, axis=(0, 1)) - np.nanmin(needed, axis=(0, 1)))
        spread = np.nanmedian(np.linalg.norm(needed - needed[:, :1], axis=2))
        if spread > LARGEST_M:
            unit = "millimetres by 1000" if spread > _CENTIMETRES else "centimetres by 100"
            raise DataError(f"{motion.where}: joints lie {size:.0f} apart; expected metres: divide {unit}")
    times_s = _times_s(entry, motion)
    try:
        return Clip(entry.name, times_s, positions, entry.person, entry.action)
    except DataError as error:
        raise DataError(f"{motion.where}: {error}") from error


def _joint_clip(entry: ClipEntry, motion: JointFile) -> JointClip:
    times_s = _times_s(entry, motion)
    try:
        return JointClip(entry.name, times_s, motion.positions.astype(float), motion.joints, entry.person, entry.action)
    except DataError as error:
        raise DataError(f"{motion.where}: {error}") from error


def _times_s(entry: ClipEntry, motion: MotionFile | JointFile) -> np.ndarray:
    if motion.times_s is not None:
        return motion.times_s
    if entry.rate_hz is None:
        raise DataError(f"{motion.where}: has no times, and {DATASET} gives no rate_hz")
    return np.arange(len(motion.positions)) / entry.rate_hz


def _check_only_answers(where: str, told: Description, clips: list[Clip], joint_clips: list[JointClip]) -> None:
    """Refuse a robot that acts, and a set in which some answers are a robot's and others a person's."""
    of_robot = {clip.name for clip in joint_clips}
    answered = {entry.answers for entry in told.entries}
    for clip in joint_clips:
        if clip.name in answered or clip.action in {rule.stimulus for rule in told.rules}:
            raise DataError(f"{where}: clip '{clip.name}' holds a robot's joints, but others answer it; people act")
    responses = {rule.response for rule in told.rules}
    names = [entry.name for entry in told.entries if entry.answers]
    names += [clip.name for clip in clips if clip.action in responses]
    person = next((name for name in names if name not in of_robot and name in {clip.name for clip in clips}), None)
    if person is not None:
        raise DataError(
            f"{where}: clip '{joint_clips[0].name}' answers with a robot's joints, '{person}' with a skeleton: "
            "a model answers with one of both; keep them apart"
        )


def _interactions(
    where: str, entries: list[ClipEntry], clips: list[Clip | JointClip], reading: Reading
) -> list[Interaction]:
    """Pair clips as they say; a pair that lacks a clip goes with it."""
    by_name = {clip.name: clip for clip in clips}
    answers = [(entry.answers, entry.name) for entry in entries if entry.answers]
    whole = [(first, second) for first, second in answers if {first, second} <= by_name.keys()]
    if len(whole) < len(answers):
        reading.notes.append(f"{len(answers) - len(whole)} pairs of which a clip was bad")
    alone = set(by_name) - {name for pair in answers for name in pair}
    if answers and alone:
        reading.notes.append(f"{len(alone)} clips that neither answer nor are answered")
    return reading.each(
        where,
        "pairs",
        whole,
        lambda pair: _interaction(by_name[pair[0]], by_name[pair[1]]),
    )


def _interaction(first: Clip | JointClip, second: Clip | JointClip) -> Interaction:
    assert isinstance(first, Clip)  # a robot's clip is never answered, which was checked
    return Interaction(f"{first.name} - {second.name}", first, second, first_acts=True)
