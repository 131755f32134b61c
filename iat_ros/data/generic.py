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
from iat_ros.data.clip_file import MotionFile, load_arrays, motion_of, read_motion
from iat_ros.data.description import DATASET, ClipEntry, Description, description_in, parse_description
from iat_ros.data.interaction import Interaction
from iat_ros.data.protocol import Rule
from iat_ros.data.reading import Reading
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.yaml_file import load_mapping

LARGEST_M = 5.0
"""No two joints of a person are further apart; data in millimetres are."""


@dataclass(frozen=True)
class ClipSet:
    """A data set in the generic form.

    Attributes:
        definition: The skeleton.
        clips: The clips, in the joint order of the definition.
        interactions: Pairs of clips that were recorded together.
        rules: Which action is to be answered with which, where clips are labelled instead of paired.
    """

    definition: SkeletonDefinition
    clips: list[Clip]
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
    load: Callable[[str], MotionFile]
    if path.is_dir():
        where, folder = str(path / DATASET), path
        content = load_mapping(path / DATASET)

        def load(file: str) -> MotionFile:
            if "\0" in file or not (folder / file).resolve().is_relative_to(folder.resolve()):
                raise DataError(f"{where}: file '{file}' must lie inside the directory")
            return read_motion(folder / file)

    else:
        where, folder = str(path), path.parent
        arrays = load_arrays(path)
        content = description_in(where, arrays)

        def load(file: str) -> MotionFile:
            prefix = f"{file}/"
            mine = {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
            return motion_of(f"{where}: clip '{file}'", mine)

    told = parse_description(where, folder, content)

    def read(entry: ClipEntry) -> Clip:
        return _clip(told, entry, load(entry.file))

    clips = reading.each(str(path), "clips", told.entries, read)
    return ClipSet(told.definition, clips, _interactions(str(path), told.entries, clips, reading), told.rules)


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
            raise DataError(f"{motion.where}: joints lie {size:.0f} apart; expected metres: divide millimetres by 1000")
    times_s = motion.times_s
    if times_s is None:
        if entry.rate_hz is None:
            raise DataError(f"{motion.where}: has no times, and {DATASET} gives no rate_hz")
        times_s = np.arange(len(positions)) / entry.rate_hz
    try:
        return Clip(entry.name, times_s, positions, entry.person, entry.action)
    except DataError as error:
        raise DataError(f"{motion.where}: {error}") from error


def _interactions(where: str, entries: list[ClipEntry], clips: list[Clip], reading: Reading) -> list[Interaction]:
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
        lambda pair: Interaction(f"{pair[0]} - {pair[1]}", by_name[pair[0]], by_name[pair[1]], first_acts=True),
    )
