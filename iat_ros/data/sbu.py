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

"""Reader for the skeleton files of the SBU Kinect Interaction data set.

Yun, Honorio, Chattopadhyay, Berg, Samaras: "Two-person Interaction Detection Using Body-Pose Features and Multiple
Instance Learning", CVPRW 2012. ``s<first>s<second>/<action>/<take>/skeleton_pos.txt`` holds a line for each frame: the
frame's number, then for both people 15 joints x, y, z, separated by commas. Coordinates are normalised; what was
measured is X = 1280 - 2560 x, Y = 960 - 1920 y, Z = 1280 z, in millimetres. 15 Hz.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.interaction import Interaction
from iat_ros.data.reading import Reading, by_key, numbers, read_lines, whole, without_zeros
from iat_ros.errors import DataError

NAME, SKELETON = "SBU Kinect Interaction", "sbu"
RATE_HZ = 15.0
JOINTS = 15
FILE = "skeleton_pos.txt"
_FIELDS = 1 + 2 * JOINTS * 3
_FOLDERS = re.compile(r"s(\d{2})s(\d{2})/(0[1-8])/(\d{3})")
_SCALE_MM, _OFFSET_MM = np.array([-2560.0, -1920.0, 1280.0]), np.array([1280.0, 960.0, 0.0])


def find_files(directory: Path) -> list[Path]:
    """List the files ``skeleton_pos.txt`` below a directory, by folder."""
    return sorted(directory.rglob(FILE))


def read_interaction(path: Path) -> Interaction:
    """Read one take.

    The data set does not say which of the two acts: whoever starts first does.

    Raises:
        DataError: The file lies in the wrong folder, or is damaged.
    """
    folders = "/".join(path.parts[-4:-1])
    match = _FOLDERS.fullmatch(folders)
    if not match or match[1] == match[2]:
        raise DataError(
            f"{path}: expected folders such as s01s02/03/001 (two different people, an action 01 to 08, a take)"
        )
    frame_numbers, rows = [], []
    for index, line in enumerate(read_lines(path), start=1):
        where = f"{path}: line {index}"
        fields = line.split(",")
        if len(fields) != _FIELDS:
            raise DataError(f"{where}: expected {_FIELDS} fields separated by commas, got {len(fields)}")
        frame_numbers.append(whole(fields[0], where, "a frame number", 0, 10**9))
        if index > 1 and frame_numbers[-1] <= frame_numbers[-2]:
            raise DataError(
                f"{where}: frame {frame_numbers[-1]} comes after frame {frame_numbers[-2]}: two takes are mixed up"
            )
        rows.append(numbers(fields[1:], where))
    normalised = without_zeros(np.stack(rows).reshape(-1, 2, JOINTS, 3))
    positions = 0.001 * (_OFFSET_MM + _SCALE_MM * normalised)
    times_s = (np.array(frame_numbers) - frame_numbers[0]) / RATE_HZ
    first, second = (
        Clip(f"{folders} s{person}", times_s, positions[:, index], f"s{person}", match[3])
        for index, person in enumerate((match[1], match[2]))
    )
    return Interaction(folders, first, second)


def read_directory(directory: Path, reading: Reading) -> list[Interaction]:
    """Read all takes of a data set directory.

    Raises:
        DataError: There is none, or a file is bad and bad ones are to be refused.
    """
    files = find_files(directory)
    if not files:
        raise DataError(f"{directory}: no file {FILE} here or in the folders below")
    takes, doubles = by_key(("/".join(path.parts[-4:-1]), path) for path in files)
    reading.judge(str(directory), "files", doubles, len(takes) + len(doubles))
    return reading.each(str(directory), "files", list(takes.values()), read_interaction)
