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

"""The reader of AIR-Act2Act, on small files of exactly that format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.air_act2act import PARTNER, PERSON, read_body, read_directory
from iat_ros.data.opening import open_source
from iat_ros.data.reading import Reading
from iat_ros.errors import DataError

Made = Callable[..., Any]
BOTH = "C003P012A005S002.joint"


def body(pose: np.ndarray) -> dict[str, Any]:
    """One body of one frame; a joint at NaN is written as zeros."""
    joints = [
        {"depthX": 250, "depthY": 200, **dict(zip("xyz", (float(v) for v in np.nan_to_num(joint)), strict=True))}
        for joint in pose
    ]
    return {"body": 1, "type": "refined", "joints": joints}


def write(path: Path, bodies: dict[int, np.ndarray]) -> Path:
    """Write positions (F, 25, 3) by body."""
    count = len(next(iter(bodies.values())))
    frames = [
        [body(bodies[number][index]) if number in bodies else None for number in range(6)] for index in range(count)
    ]
    path.write_text(json.dumps(frames, indent=2))
    return path


@pytest.fixture
def made(together: Made) -> Any:
    """Two people who were seen by a Kinect v2."""
    return together("kinect_v2")


def test_positions_and_roles_are_those_of_the_file(tmp_path: Path, made: Any) -> None:
    """Body 1 begins, body 0 answers, whoever moves first; joints at zero are not tracked."""
    write(tmp_path / BOTH, {PERSON: made.second, PARTNER: made.first})
    (read,) = read_directory(tmp_path, Reading())
    np.testing.assert_array_equal(read.first.positions, made.second)
    np.testing.assert_array_equal(read.second.positions, made.first)
    np.testing.assert_allclose(read.first.times_s, made.times_s)
    assert (read.first.person, read.second.person, read.first.action) == ("P012", "partner", "A005")
    (pair,) = open_source(str(tmp_path)).real_pairs(32)
    assert (pair.stimulus.person, pair.response.person) == ("P012", "partner")


def test_cameras_that_face_people_come_first(tmp_path: Path, made: Any) -> None:
    """Where C001 and C002 are there, the person is taken from the one and the partner from the other."""
    write(tmp_path / BOTH, {PERSON: made.first + 5.0, PARTNER: made.second + 5.0})
    write(tmp_path / BOTH.replace("C003", "C001"), {PERSON: made.first})
    write(tmp_path / BOTH.replace("C003", "C002"), {PARTNER: made.second[:-3]})
    (read,) = read_directory(tmp_path, Reading())
    np.testing.assert_array_equal(read.first.positions, made.first)
    np.testing.assert_array_equal(read.second.positions, made.second[:-3])


def test_frames_without_a_body_are_a_gap(tmp_path: Path, made: Any) -> None:
    """Null bodies leave their frames out, not their time."""
    path = write(tmp_path / BOTH, {PERSON: made.first, PARTNER: made.second})
    content = json.loads(path.read_text())
    content[3][PERSON] = None
    path.write_text(json.dumps(content))
    frames, positions = read_body(path, PERSON)
    assert frames[:5].tolist() == [0, 1, 2, 4, 5]
    np.testing.assert_array_equal(positions[3], made.first[4])


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda text: "", "is empty"),
        (lambda text: text[: len(text) // 2], r"line \d+ is not JSON"),
        (lambda text: text.replace('"z": ', '"z": x', 1), r"line \d+ is not JSON"),
        (lambda text: text.replace('"z": ', '"zed": ', 1), "frame 0, body [01], joint 0: expected numbers x, y, z"),
        (lambda text: text.replace('"z": ', '"z": NaN, "q": ', 1), "frame 0, body [01], joint 0: expected numbers"),
        (lambda text: text.replace('"z": ', '"z": "1.5", "q": ', 1), "frame 0, body [01], joint 0: expected numbers"),
        (lambda text: text.replace('"joints"', '"limbs"', 1), "frame 0, body [01]: expected 25 joints, found none"),
        (lambda text: text.replace('"z": ', '"z": ' + 5000 * "1" + ', "q": ', 1), "is not JSON: .*4300 digits"),
        (lambda text: "{}", "expected a list of frames"),
        (lambda text: "[]", "expected a list of frames"),
        (lambda text: "[[null, 3]]", "frame 0: expected a list of bodies"),
        (lambda text: "[[null, null], [null, null]]", "expected body 1, the person who begins, .*bodies here: none"),
    ],
)
def test_a_damaged_file_is_named_with_its_place(tmp_path: Path, made: Any, edit: Any, says: str) -> None:
    """Whatever is wrong, one line says where."""
    path = write(tmp_path / BOTH, {PERSON: made.first[:4], PARTNER: made.second[:4]})
    path.write_text(edit(path.read_text()))
    with pytest.raises(DataError, match=says) as caught:
        read_directory(tmp_path, Reading())
    assert BOTH in str(caught.value)


def test_swapped_cameras_and_missing_files_are_named(tmp_path: Path, made: Any) -> None:
    """C001 holds the person only, C002 the partner; one of them alone is no interaction."""
    write(tmp_path / BOTH.replace("C003", "C001"), {PARTNER: made.second})
    with pytest.raises(DataError, match=r"P012A005S002: expected the files of C001 and C002, .* only C001P012A005S002"):
        read_directory(tmp_path, Reading())
    write(tmp_path / BOTH.replace("C003", "C002"), {PERSON: made.first})
    with pytest.raises(DataError, match=r"C001P012A005S002\.joint: expected body 1, .*bodies here: 0"):
        read_directory(tmp_path, Reading())


def test_wrong_names_are_named_and_can_be_skipped(tmp_path: Path, made: Any) -> None:
    """A file of another name is bad; the others can be read without it."""
    write(tmp_path / BOTH, {PERSON: made.first, PARTNER: made.second})
    write(tmp_path / "hello.joint", {PERSON: made.first})
    with pytest.raises(DataError, match=r"hello\.joint: expected a name such as"):
        read_directory(tmp_path, Reading())
    reading = Reading("skip")
    assert len(read_directory(tmp_path, reading)) == 1
    assert len(reading.bad) == 1
