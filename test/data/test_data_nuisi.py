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

"""The reader of NuiSI, on small files of exactly that format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.nuisi import read_directory, read_person
from iat_ros.data.opening import open_source
from iat_ros.data.reading import Reading
from iat_ros.errors import DataError

START_MS = 1693077907064
Made = Callable[..., Any]


def write(path: Path, positions: np.ndarray, nobody: int = 2, start_ms: int = START_MS) -> Path:
    """Write one person's positions [m] (F, 25, 3) as Nuitrack records them; nobody is in the first frames."""
    lines = []
    for index, pose in enumerate(positions):
        head = f"{index},{start_ms + round(index * 1000 / 30)}"
        if index < nobody:
            lines.append(f"{head},0")
            continue
        joints = []
        for kind, (x, y, z) in enumerate(pose):
            values = (0.0, 0.0, 0.0) if np.isnan(x) else (-1000.0 * x, 1000.0 * y, 1000.0 * z)
            sure = 0 if np.isnan(x) else 0.75
            joints.append(",".join([str(kind), str(sure), "0.5", "0.5", "1000", *(f"{value:.6g}" for value in values)]))
        lines.append(f"{head},25,{','.join(joints)}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def made(together: Made) -> Any:
    """Two people, with Nuitrack's joints."""
    return together("nuitrack")


@pytest.fixture
def recording(tmp_path: Path, made: Any) -> Path:
    """A data set of one recording."""
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "Waving_p1.txt", made.first)
    write(tmp_path / "data" / "Waving_p2.txt", made.second, nobody=5)
    return tmp_path


def test_positions_times_and_people_are_those_of_the_files(recording: Path, made: Any) -> None:
    """Millimetres become metres, the left-handed frame is mirrored back, time is counted from the first frame."""
    (read,) = read_directory(recording, Reading())
    np.testing.assert_allclose(read.first.positions, made.first[2:], atol=1e-5)
    np.testing.assert_allclose(read.second.positions, made.second[5:], atol=1e-5)
    np.testing.assert_allclose(read.second.times_s, (np.arange(5, len(made.times_s)) - 2) / 30.0, atol=1e-3)
    assert (read.first.person, read.second.person, read.first.action) == ("p1", "p2", "Waving")


def test_files_are_paired_by_time(tmp_path: Path, made: Any) -> None:
    """A file that began later is still in step; what only one of them saw is cut off."""
    write(tmp_path / "Waving_p1.txt", made.first)
    write(tmp_path / "Waving_p2.txt", made.second)
    (together,) = open_source(str(tmp_path)).real_pairs(32)
    write(tmp_path / "Waving_p2.txt", made.second[6:], start_ms=START_MS + 200)
    (later,) = open_source(str(tmp_path)).real_pairs(32)
    np.testing.assert_allclose(together.response.motion.limbs_in_body, later.response.motion.limbs_in_body, atol=1e-3)
    assert (later.stimulus.person, later.response.person) == ("p1", "p2")


def test_a_long_recording_gives_every_interaction_in_it(tmp_path: Path, made: Any) -> None:
    """Three interactions one after the other are three pairs; a joint that is at zero is not tracked."""
    write(tmp_path / "Rocket_p1.txt", np.concatenate([made.first] * 3))
    write(tmp_path / "Rocket_p2.txt", np.concatenate([made.second] * 3))
    pairs = open_source(str(tmp_path)).real_pairs(32)
    assert [pair.stimulus.person for pair in pairs] == ["p1"] * 3
    for pair in pairs[1:]:
        np.testing.assert_allclose(pair.response.motion.limbs_in_body, pairs[0].response.motion.limbs_in_body, atol=0.1)
    _, positions = read_person(tmp_path / "Rocket_p1.txt")
    assert np.isnan(positions[:, 0]).all()


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda lines: [], "is empty"),
        (lambda lines: [*lines[:9], lines[9][:300], *lines[10:]], "line 10: expected 3 or 203 fields"),
        (lambda lines: [*lines[:9], lines[9].replace(",0.5,", ",0.S,", 1)], r"line 10: expected a number, got '0\.S'"),
        (lambda lines: [*lines[:9], lines[9].replace("0.75", "inf", 1)], "line 10: expected a number, got 'inf'"),
        (lambda lines: [*lines[:9], lines[8], *lines[9:]], "line 10: the time .* does not come after"),
        (lambda lines: [*lines[:9], lines[9].replace(",25,", ",24,", 1)], "line 10: expected the number of joints"),
        (lambda lines: [*lines[:9], lines[9].replace(",25,0,", ",25,3,", 1)], "line 10: .*columns are mixed up"),
        (lambda lines: [*lines[:9], lines[9].replace(str(START_MS)[:7], "x", 1)], "line 10: expected a time in ms"),
        (lambda lines: lines[:3], "a person was tracked in 1 frames"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(recording: Path, edit: Any, says: str) -> None:
    """Whatever is wrong with the text, one line says where."""
    path = recording / "data" / "Waving_p1.txt"
    path.write_text("\n".join(edit(path.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=says) as caught:
        read_directory(recording, Reading())
    assert "Waving_p1.txt" in str(caught.value)


def test_files_that_do_not_belong_together_are_named(recording: Path, made: Any) -> None:
    """A missing partner, a partner of another day, the same file twice."""
    second = recording / "data" / "Waving_p2.txt"
    write(second, made.second, start_ms=START_MS + 86_400_000)
    with pytest.raises(DataError, match=r"Waving_p1\.txt and _p2\.txt were recorded at different times"):
        read_directory(recording, Reading())
    second.write_bytes((recording / "data" / "Waving_p1.txt").read_bytes())
    with pytest.raises(DataError, match="both people move exactly alike"):
        read_directory(recording, Reading())
    second.unlink()
    with pytest.raises(DataError, match=r"Waving_p2\.txt: is missing; Waving_p1\.txt has no partner"):
        read_directory(recording, Reading())
    with pytest.raises(DataError, match=r"no files such as Waving_p1\.txt"):
        read_directory(recording / "data" / "deeper", Reading())
