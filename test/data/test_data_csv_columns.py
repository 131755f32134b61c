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

"""The first line of a motion as text: the column that is called wrongly is named, with its place and a better name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from iat_ros.data.clip_file import read_motion
from iat_ros.data.csv_columns import Columns, read_columns
from iat_ros.errors import DataError

HEAD, ELBOW = "head.x,head.y,head.z", "left_elbow.x,left_elbow.y,left_elbow.z"


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        (f"time,{HEAD}", Columns(("head",), True, False)),
        (f"{HEAD},{ELBOW}", Columns(("head", "left_elbow"), False, False)),
        ("time,a.position,b.position", Columns(("a", "b"), True, True)),
    ],
)
def test_joints_are_taken_from_the_names_of_columns(line: str, columns: Columns) -> None:
    """Of people and robots, with and without times."""
    assert read_columns("here", line.split(",")) == columns


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"time,{HEAD},left_elbow_x,left_elbow_y", "column 5 'left_elbow_x': expected 'left_elbow.x'; expected are"),
        (f"time,{HEAD},leftElbowX", "column 5 'leftElbowX': expected 'leftElbow.x'"),
        (f"time,{HEAD},left_elbow.x,left_elbow_y", "column 6 'left_elbow_y': expected 'left_elbow.y'"),
        (f"timestamp,{HEAD}", "column 1 'timestamp': expected 'time'"),
        ("stamp,a.position,b.position", "column 1 'stamp': expected 'time'"),
        ("time,a.position,b.position,c", "column 4 'c': expected JOINT.position"),
        (f"{HEAD},time", "column 4 'time': expected JOINT.x; expected are time (first, if it is known)"),
        (f"time,{HEAD},index", "column 5 'index': expected JOINT.x;"),
        ("0.1,1.5,2.5", "column 1 '0.1': expected JOINT.x or time"),
        ("time;head.x;head.y;head.z", "column 1 'time;head.x;head.y;head.z': expected commas between the columns"),
        (f"time,{HEAD},neck.x", "lacks 'neck.y' after column 5"),
        (f"time,{HEAD},neck.x,neck.y", "lacks 'neck.z' after column 6"),
        ("time", "lacks a joint"),
    ],
)
def test_a_column_of_a_wrong_name_is_named_with_its_place(line: str, says: str) -> None:
    """With what it may be called, and with all that there may be."""
    with pytest.raises(DataError, match=rf"^here: {re.escape(says)}.* JOINT.x, JOINT.y, JOINT.z for each joint"):
        read_columns("here", line.split(","))


def test_the_mark_of_a_spreadsheet_is_no_part_of_a_name(tmp_path: Path) -> None:
    """Text that begins with a byte order mark is read."""
    (tmp_path / "a.csv").write_text(f"time,{HEAD}\n0.0,1,2,3\n", encoding="utf-8-sig")
    assert read_motion(tmp_path / "a.csv").joints == ("head",)
