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

"""Reader for the text files of NuiSI, the Nuitrack Skeleton Interaction data set.

It comes from github.com/souljaboy764/nuisi_dataset. A recording of many interactions is two files,
``<action>_p1.txt`` and ``<action>_p2.txt``, one for each person. Each line is a frame: its number, the time [ms since
1970], how many joints follow (0 or 25), and for each joint 8 values: its type (0 to 24, Nuitrack's own), confidence,
where it lies in the image (3 values), and x, y, z [mm]; separated by commas. About 30 Hz.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction
from iat_ros.data.reading import Reading, numbers, read_lines, whole, without_zeros
from iat_ros.errors import DataError

NAME, SKELETON = "NuiSI", "nuitrack"
JOINTS = 25
_HEAD, _FIELDS_OF_JOINT = 3, 8
_FIELDS = _HEAD + JOINTS * _FIELDS_OF_JOINT
_FILE = re.compile(r"(.+)_p([12])\.txt")
_TO_METRES = np.array([-0.001, 0.001, 0.001])
"""Nuitrack's frame (x to the right, y up, z away from the camera) is left-handed; x is mirrored."""


def find_files(directory: Path) -> list[Path]:
    """List the text files of a directory (itself, or its folder ``data``), by name."""
    folders = [folder for folder in (directory, directory / "data") if folder.is_dir()]
    return sorted(path for folder in folders for path in folder.iterdir() if _FILE.fullmatch(path.name))


def read_person(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read one person's file.

    Positions of joints that the tracker was not sure of (confidence 0) are kept, as the data set's own reader does:
    they are its estimates. Only a joint at exactly (0, 0, 0) counts as not tracked.

    Returns:
        The time of each frame in which the person was tracked [ms since 1970], shape (F,), and positions [m], shape
        (F, 25, 3), right-handed, NaN where a joint was not tracked.

    Raises:
        DataError: The file is damaged; the line is named.
    """
    times_ms: list[int] = []
    rows = []
    last = -1
    for index, line in enumerate(read_lines(path), start=1):
        where = f"{path}: line {index}"
        fields = line.split(",")
        if len(fields) not in (_HEAD, _FIELDS):
            raise DataError(f"{where}: expected {_HEAD} or {_FIELDS} fields separated by commas, got {len(fields)}")
        whole(fields[0], where, "a frame number", 0, 10**9)
        now = whole(fields[1], where, "a time in ms", 0, 10**14)
        if now <= last:
            raise DataError(f"{where}: the time {now} ms does not come after {last} ms")
        last = now
        expected = JOINTS if len(fields) == _FIELDS else 0
        whole(fields[2], where, "the number of joints", expected, expected)
        if expected:
            values = numbers(fields[_HEAD:], where).reshape(JOINTS, _FIELDS_OF_JOINT)
            if not np.array_equal(values[:, 0], np.arange(JOINTS)):
                raise DataError(f"{where}: expected joints of the types 0 to 24 in order: columns are mixed up")
            times_ms.append(now)
            rows.append(values[:, -3:])
    if len(rows) < 2:
        raise DataError(f"{path}: a person was tracked in {len(rows)} frames; at least 2 are needed")
    return np.array(times_ms), without_zeros(np.stack(rows)) * _TO_METRES


def read_interaction(name: str, files: dict[str, Path]) -> Interaction:
    """Read a recording.

    The data set does not say which of the two acts: whoever starts first does.

    Args:
        name: Path without ``_p1.txt``.
        files: The files of person 1 and 2.

    Raises:
        DataError: One is missing or damaged, or they were recorded at different times.
    """
    for person in ("1", "2"):
        if person not in files:
            raise DataError(f"{name}_p{person}.txt: is missing; {next(iter(files.values())).name} has no partner")
    read = [read_person(files[person]) for person in ("1", "2")]
    start = min(times[0] for times, _ in read)
    label = Path(name).name
    first, second = (
        Clip(f"{label}_p{number}", (times - start) / 1000.0, positions, f"p{number}", label)
        for number, (times, positions) in enumerate(read, start=1)
    )
    if max(first.times_s[0], second.times_s[0]) >= min(first.times_s[-1], second.times_s[-1]):
        raise DataError(f"{name}_p1.txt and _p2.txt were recorded at different times: they do not belong together")
    return Interaction(label, first, second)


def read_directory(directory: Path, reading: Reading) -> list[Interaction]:
    """Read all recordings of a data set directory.

    Raises:
        DataError: There is none, or a recording is bad and bad ones are to be refused.
    """
    recordings: dict[str, dict[str, Path]] = {}
    for path in find_files(directory):
        match = _FILE.fullmatch(path.name)
        if match:
            recordings.setdefault(str(path.parent / match[1]), {})[match[2]] = path
    if not recordings:
        raise DataError(f"{directory}: no files such as Waving_p1.txt and Waving_p2.txt here or in its folder data")
    return reading.each(str(directory), "recordings", list(recordings.items()), lambda item: read_interaction(*item))
