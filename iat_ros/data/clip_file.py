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

"""One recorded motion as a file: .npz, .npy or .csv, with names of the joints and times where the file knows them."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iat_ros.data.csv_columns import POSITION, TIME, read_columns
from iat_ros.data.reading import number, read_bytes, read_lines
from iat_ros.errors import DataError, describe, printable

SUFFIXES = (".npz", ".npy", ".csv")
JOINT_POSITIONS = "joint_positions"
"""The array of a file that holds a robot's joints."""


@dataclass(frozen=True)
class MotionFile:
    """What a file holds.

    Attributes:
        where: The file, for messages.
        positions: Shape (F, J, 3) [m]; NaN where a joint was not tracked.
        joints: Names of the J joints, or None where the file does not tell.
        times_s: Shape (F,) [s], or None where the file does not tell.
    """

    where: str
    positions: np.ndarray
    joints: tuple[str, ...] | None
    times_s: np.ndarray | None

    def __post_init__(self) -> None:
        shape = self.positions.shape
        if len(shape) != 3 or shape[2] != 3 or self.positions.dtype.kind not in "fiu":
            raise DataError(
                f"{self.where}: expected numbers of shape (frames, joints, 3), got {shape} of {self.positions.dtype}"
            )
        if self.joints is not None and len(self.joints) != shape[1]:
            raise DataError(f"{self.where}: positions of {shape[1]} joints, but {len(self.joints)} names")
        if np.isinf(self.positions).any():
            frame, joint = np.argwhere(np.isinf(self.positions))[0][:2]
            raise DataError(f"{self.where}: frame {frame}, joint {joint} is infinite; NaN marks what was not tracked")


@dataclass(frozen=True)
class JointFile:
    """What a file of a robot's joints holds.

    Attributes:
        where: The file, for messages.
        positions: Shape (F, n) [rad], [m] where a joint slides.
        joints: Names of the n joints.
        times_s: Shape (F,) [s], or None where the file does not tell.
    """

    where: str
    positions: np.ndarray
    joints: tuple[str, ...]
    times_s: np.ndarray | None

    def __post_init__(self) -> None:
        shape = self.positions.shape
        if len(shape) != 2 or self.positions.dtype.kind not in "fiu":
            raise DataError(
                f"{self.where}: expected '{JOINT_POSITIONS}' to be numbers of shape (frames, joints), got {shape} of "
                f"{self.positions.dtype}"
            )
        if len(self.joints) != shape[1]:
            raise DataError(f"{self.where}: positions of {shape[1]} joints, but {len(self.joints)} names")


def read_motion(path: Path) -> MotionFile | JointFile:
    """Read a motion of a person, or of a robot's joints.

    Raises:
        DataError: The file is missing, damaged, of another kind, or does not hold a motion; of text, the line is named.
    """
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}")
    if path.suffix == ".csv":
        return _read_csv(path)
    if path.suffix == ".npy":
        return MotionFile(str(path), load_array(str(path), io.BytesIO(read_bytes(path))), None, None)
    return motion_of(str(path), load_arrays(path))


def motion_of(where: str, arrays: Mapping[str, np.ndarray]) -> MotionFile | JointFile:
    """Take a motion out of arrays ``positions`` and, where they are there, ``joints`` and ``times``.

    With ``joint_positions`` in place of ``positions`` it is a robot's, and ``joints`` must be there.

    Raises:
        DataError: The positions are missing, or an array does not hold what it should.
    """
    kinds = [name for name in ("positions", JOINT_POSITIONS) if name in arrays]
    if len(kinds) != 1:
        raise DataError(
            f"{where}: expected an array 'positions' (a person), or '{JOINT_POSITIONS}' (a robot), found "
            f"{', '.join(sorted(arrays)) or 'nothing'}"
        )
    joints, times_s = arrays.get("joints"), arrays.get("times")
    if joints is not None and (joints.ndim != 1 or joints.dtype.kind != "U"):
        raise DataError(f"{where}: expected 'joints' to be a list of texts, got {joints.shape} of {joints.dtype}")
    if times_s is not None and (times_s.ndim != 1 or times_s.dtype.kind not in "fiu"):
        raise DataError(f"{where}: expected 'times' to be a list of numbers, got {times_s.shape} of {times_s.dtype}")
    names = None if joints is None else tuple(str(name) for name in joints)
    times_s = None if times_s is None else times_s.astype(float)
    if kinds == ["positions"]:
        return MotionFile(where, arrays["positions"], names, times_s)
    if names is None:
        raise DataError(f"{where}: '{JOINT_POSITIONS}' needs 'joints', the names of the robot's joints in order")
    return JointFile(where, arrays[JOINT_POSITIONS], names, times_s)


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an NPZ file; nothing in it can run code.

    Raises:
        DataError: It is missing or damaged.
    """
    content = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            others = [name for name in archive.namelist() if not name.endswith(".npy")]
            if others:
                more = f" and {len(others) - 3} more" if len(others) > 3 else ""
                raise DataError(
                    f"{path}: no NPZ file of arrays: it holds {printable(', '.join(others[:3]))}{more}; unpack "
                    "a zipped data set, and give its directory"
                )
            names = {name.removesuffix(".npy"): name for name in archive.namelist()}
            return {
                name: load_array(f"{path}: '{name}'", io.BytesIO(archive.read(member)))
                for name, member in names.items()
            }
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{path}: not a readable NPZ file: {describe(error)}") from error


def load_array(where: str, content: io.BytesIO) -> np.ndarray:
    """Read one array; nothing in it can run code.

    Raises:
        DataError: It is damaged, or holds objects.
    """
    try:
        array: Any = np.load(content, allow_pickle=False)
    except Exception as error:
        if "pickle" in str(error):  # NumPy's own advice, to load it unsafely, must reach nobody
            raise DataError(
                f"{where}: not a readable array of numbers: none, or one of objects (pickles), which are never loaded"
            ) from error
        raise DataError(f"{where}: not a readable array of numbers: {describe(error)}") from error
    if not isinstance(array, np.ndarray):
        raise DataError(f"{where}: expected one array")
    return array


def write_joints_csv(path: Path, times_s: np.ndarray, joints: tuple[str, ...], positions: np.ndarray) -> None:
    """Write a robot's motion as text: columns ``time`` and ``JOINT.position``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([TIME, *(f"{joint}{POSITION}" for joint in joints)])
        for time_s, pose in zip(times_s, positions, strict=True):
            writer.writerow([repr(float(value)) for value in (time_s, *pose)])


def write_csv(path: Path, times_s: np.ndarray, joints: tuple[str, ...], positions: np.ndarray) -> None:
    """Write a motion as text: columns ``time`` and ``JOINT.x``, ``JOINT.y``, ``JOINT.z``; empty = not tracked."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([TIME, *(f"{joint}.{axis}" for joint in joints for axis in "xyz")])
        for time_s, pose in zip(times_s, positions, strict=True):
            values = ("" if np.isnan(value) else repr(float(value)) for value in pose.ravel())
            writer.writerow([repr(float(time_s)), *values])


def _read_csv(path: Path) -> MotionFile | JointFile:
    lines = read_lines(path)
    lines[0] = lines[0].removeprefix("\ufeff")  # spreadsheets mark UTF-8 so
    try:
        rows = [next(csv.reader([line]), []) for line in lines]
    except csv.Error as error:
        raise DataError(f"{path}: is not text in columns: {error}") from error
    header = [name.strip() for name in rows[0]]
    columns = read_columns(f"{path}: line 1", header)
    values = np.full((len(rows) - 1, len(header)), np.nan)
    for index, row in enumerate(rows[1:]):
        where = f"{path}: line {index + 2}"
        if len(row) != len(header):
            raise DataError(f"{where}: expected {len(header)} values as in line 1, got {len(row)}")
        for column, text in enumerate(row):
            if (columns.timed and column == 0) or text.strip().lower() not in ("", "nan"):
                values[index, column] = number(text, f"{where}, {header[column]}")
    if len(values) == 0:
        raise DataError(f"{path}: holds no frames")
    positions = values[:, 1:] if columns.timed else values
    times_s = values[:, 0] if columns.timed else None
    if columns.of_robot:
        return JointFile(str(path), positions, columns.joints, times_s)
    return MotionFile(str(path), positions.reshape(len(values), -1, 3), columns.joints, times_s)
