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

"""What the first line of a motion as text says: which columns there are, and which of them is called wrongly."""

from __future__ import annotations

import re
from dataclasses import dataclass

from iat_ros.errors import DataError, printable

TIME, POSITION = "time", ".position"
"""The column of times, and the ending of the columns of a robot's joints."""
_AXES = ("x", "y", "z")
_EXPECTED = (
    f"expected are {TIME} (first, if it is known), and JOINT.x, JOINT.y, JOINT.z for each joint, or of a robot "
    f"JOINT{POSITION}"
)
_NEARLY = re.compile(r"(.*[^\W_])([\W_]+[xX]|X)")
"""The x of a joint, however it is set off."""


@dataclass(frozen=True)
class Columns:
    """What the columns hold.

    Attributes:
        joints: Names of the joints, in order.
        timed: Whether the first column is the time.
        of_robot: Whether each joint is one position of a robot, and not a place of a person's joint.
    """

    joints: tuple[str, ...]
    timed: bool
    of_robot: bool


def read_columns(where: str, header: list[str]) -> Columns:
    """Take names of joints from a line of column names.

    Args:
        where: The file and line, for messages.
        header: One name for each column, without spaces around it.

    Raises:
        DataError: A column is not called as it should be; it is named with its place, and with what it may be called.
    """
    timed = header[:1] == [TIME]
    columns = header[1:] if timed else header
    of_robot = sum(name.endswith(POSITION) for name in columns) > len(columns) / 2
    for index, name in enumerate(columns):
        wanted = _wanted(columns, index, of_robot, timed)
        if wanted is not None:
            place = f"column {index + 1 + timed} '{printable(name)[:40]}'"
            raise DataError(f"{where}: {place}: expected {wanted}; {_EXPECTED}")
    if not columns or (not of_robot and len(columns) % 3):
        last = columns[-1].removesuffix(f".{_AXES[len(columns) % 3 - 1]}") if columns else ""
        missing = f"'{last}.{_AXES[len(columns) % 3]}' after column {len(header)}" if columns else "a joint"
        raise DataError(f"{where}: lacks {missing}; {_EXPECTED}")
    ending, step = (POSITION, 1) if of_robot else (".x", 3)
    return Columns(tuple(name.removesuffix(ending) for name in columns[::step]), timed, of_robot)


def _wanted(columns: list[str], index: int, of_robot: bool, timed: bool) -> str | None:
    """Say what a column may be called; None where it is called so."""
    name = columns[index]
    first = index == 0 and not timed
    if of_robot:
        if name.endswith(POSITION):
            return None
        return f"'{TIME}'" if first else f"JOINT{POSITION}"
    axis = _AXES[index % 3]
    if axis != "x":
        joint = columns[index - index % 3].removesuffix(".x")
        return None if name == f"{joint}.{axis}" else f"'{joint}.{axis}'"
    if name.endswith(".x"):
        return None
    if len(columns) == 1 and re.search(r"[;\t|]", name):
        return "commas between the columns"
    if first and columns[1:2] and columns[1].endswith(".x"):
        return f"'{TIME}'"
    nearly = _NEARLY.fullmatch(name)
    return f"'{nearly[1]}.x'" if nearly else f"JOINT.x{f' or {TIME}' if first else ''}"
