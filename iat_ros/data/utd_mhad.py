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

"""Reader for the skeleton files of UTD-MHAD.

Chen, Jafari, Kehtarnavaz: "UTD-MHAD: A Multimodal Dataset for Human Action Recognition Utilizing a Depth Camera and
a Wearable Inertial Sensor", ICIP 2015. Files are named ``a<action>_s<subject>_t<trial>_skeleton.mat`` and hold
``d_skel`` of shape (20, 3, frames) in metres at 30 Hz.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import scipy.io

from iat_ros.data.clip import Clip
from iat_ros.data.reading import Reading, by_key
from iat_ros.errors import DataError, describe, printable

NAME = "UTD-MHAD"
_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15  # types of MATLAB 5's elements
_PARTS = (6, 5, 1)  # types of an array's flags, sizes and name
_STORED = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}  # types that its numbers may be stored as
_NUMBERS = range(6, 16)  # classes of MATLAB's arrays: double, single and the whole numbers
_MOST_BYTES = 2**28
RATE_HZ = 30.0
JOINTS = 20
ACTIONS = (
    "swipe_left", "swipe_right", "wave", "clap", "throw", "arm_cross", "basketball_shoot", "draw_x",
    "circle_clockwise", "circle_counter_clockwise", "triangle", "bowling", "boxing", "baseball_swing",
    "tennis_swing", "arm_curl", "tennis_serve", "push", "knock", "catch", "pick_up_and_throw", "jog", "walk",
    "sit_to_stand", "stand_to_sit", "lunge", "squat",
)  # fmt: skip
_NAME = re.compile(r"a(\d+)_s(\d+)_t(\d+)_skeleton\.mat")


def find_files(directory: Path) -> list[Path]:
    """List the skeleton files of a data set directory (itself, or its folder ``Skeleton``), by action, person, trial.

    Raises:
        DataError: The directory holds no such file.
    """
    found = [
        (tuple(int(number) for number in match.groups()), path)
        for folder in (directory, directory / "Skeleton")
        if folder.is_dir()
        for path in folder.iterdir()
        if (match := _NAME.fullmatch(path.name))
    ]
    if not found:
        raise DataError(
            f"{directory}: no UTD-MHAD skeleton files here or in its folder Skeleton (expected names such as "
            "a1_s1_t1_skeleton.mat)"
        )
    return [path for _, path in sorted(found)]


def read_clip(path: Path) -> Clip:
    """Read one skeleton file.

    Raises:
        DataError: The file is missing, damaged, misnamed, or does not hold what UTD-MHAD's files hold.
    """
    match = _NAME.fullmatch(path.name)
    if not match or not 1 <= int(match[1]) <= len(ACTIONS):
        raise DataError(f"{path}: expected a name such as a1_s1_t1_skeleton.mat, with action 1 to {len(ACTIONS)}")
    try:
        data = path.read_bytes()
        _check_elements(data)
        content = scipy.io.loadmat(io.BytesIO(data))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except Exception as error:
        raise DataError(f"{path}: not a readable MATLAB file: {describe(error)}") from error
    skeleton = content.get("d_skel")
    if skeleton is None:
        names = ", ".join(sorted(name for name in content if not name.startswith("__"))) or "nothing"
        raise DataError(f"{path}: expected the variable d_skel, found {printable(names)}")
    if skeleton.ndim != 3 or skeleton.shape[:2] != (JOINTS, 3) or skeleton.dtype.kind != "f":
        raise DataError(
            f"{path}: expected d_skel of shape (20, 3, frames) in floating point, got {skeleton.shape} {skeleton.dtype}"
        )
    positions = np.ascontiguousarray(skeleton.transpose(2, 0, 1), dtype=float)
    if not np.isfinite(positions).all():
        raise DataError(
            f"{path}: d_skel holds NaN or infinity in frame {int(np.argwhere(~np.isfinite(positions))[0][0])}"
        )
    return Clip(
        name=path.name.removesuffix("_skeleton.mat"),
        times_s=np.arange(len(positions)) / RATE_HZ,
        positions=positions,
        person=f"s{match[2]}",
        action=ACTIONS[int(match[1]) - 1],
    )


def _check_elements(data: bytes) -> None:
    """Look at every element of a MATLAB 5 file before SciPy does, which a damaged one can crash in machine code.

    Raises:
        ValueError: The file ends early, is compressed wrongly, or holds something else than arrays of numbers.
        zlib.error: Its compressed part is damaged; a checksum tells.
    """
    if len(data) < _HEADER_BYTES or data[126:128] != b"IM":
        raise ValueError("no MATLAB 5 file of little endian")
    start = _HEADER_BYTES
    while start < len(data):
        kind, size = struct.unpack_from("<II", data, start)
        element = data[start : start + 8 + size]
        if len(element) < 8 + size:
            raise ValueError("it ends early")
        start += 8 + size
        if kind == _COMPRESSED:
            opened = zlib.decompressobj()
            element = opened.decompress(element[8:], _MOST_BYTES)
            if not opened.eof:
                raise ValueError("a compressed part ends early, or is too large")
        if struct.unpack_from("<I", element)[0] != _MATRIX:
            raise ValueError("it holds something else than arrays")
        _check_array(element[8:])


def _check_array(body: bytes) -> None:
    """Look at the parts of an array: flags, sizes, name, and the numbers themselves."""
    kinds, start = [], 0
    while start < len(body):
        kind, size = struct.unpack_from("<II", body, start)
        small = kind >> 16  # up to four bytes lie within the tag itself
        kinds.append(kind & 0xFFFF if small else kind)
        start += 8 if small else 8 + -(-size // 8) * 8
    numbers = struct.unpack_from("<I", body, 8)[0] & 0xFF if len(body) >= 16 else 0
    if start > len(body) or kinds[:3] != list(_PARTS) or len(kinds) != 4 or kinds[3] not in _STORED:
        raise ValueError("an array is not made of flags, sizes, a name and numbers")
    if numbers not in _NUMBERS:
        raise ValueError("an array holds something else than numbers")


def read_directory(directory: Path, actions: Iterable[str] | None = None, reading: Reading | None = None) -> list[Clip]:
    """Read the clips of a data set directory.

    Args:
        directory: The data set, or its folder ``Skeleton``.
        actions: Read only these, by name.
        reading: What happens to bad files; the default refuses them.

    Raises:
        DataError: As for `find_files` and `read_clip`, or an action name is unknown.
    """
    wanted = set(ACTIONS if actions is None else actions)
    unknown = sorted(wanted - set(ACTIONS))
    if unknown:
        raise DataError(f"UTD-MHAD has no action {', '.join(unknown)}; its actions: {', '.join(ACTIONS)}")
    files = [path for path in find_files(directory) if ACTIONS[_action_index(path)] in wanted]
    reading = reading or Reading()
    by_name, doubles = by_key((path.name, path) for path in files)
    reading.judge(str(directory), "files", doubles, len(by_name) + len(doubles))
    return reading.each(str(directory), "files", list(by_name.values()), read_clip)


def _action_index(path: Path) -> int:
    match = _NAME.fullmatch(path.name)
    number = int(match[1]) if match else 0
    if not 1 <= number <= len(ACTIONS):
        raise DataError(f"{path}: action {number} is not one of UTD-MHAD's 1 to {len(ACTIONS)}")
    return number - 1
