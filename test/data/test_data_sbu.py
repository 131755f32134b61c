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

"""The reader of SBU Kinect Interaction, on small files of exactly that format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.opening import open_source
from iat_ros.data.reading import Reading
from iat_ros.data.sbu import read_directory, read_interaction
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import body_axes

Made = Callable[..., Any]


def write(root: Path, folders: str, people: np.ndarray, first_frame: int = 278) -> Path:
    """Write positions [m] (F, 2, 15, 3) as the data set does: normalised, a line for each frame."""
    path = root / folders / "skeleton_pos.txt"
    path.parent.mkdir(parents=True)
    x, y, z = np.moveaxis(1000.0 * people, -1, 0)
    normalised = np.stack([(1280.0 - x) / 2560.0, (960.0 - y) / 1920.0, z * 7.8125 / 10000.0], axis=-1)
    lines = [
        ",".join([str(first_frame + index), *(f"{value:.7g}" for value in frame.ravel())])
        for index, frame in enumerate(normalised)
    ]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
    return path


@pytest.fixture
def people(together: Made) -> np.ndarray:
    """Two people at 15 Hz, shape (F, 2, 15, 3)."""
    made = together("sbu", rate_hz=15.0)
    return np.stack([made.first, made.second], axis=1)


def test_positions_are_undone_to_metres(tmp_path: Path, people: np.ndarray) -> None:
    """Coordinates come back to a millimetre, at 15 Hz; folders tell people and action."""
    read = read_interaction(write(tmp_path, "s02s07/05/001", people))
    np.testing.assert_allclose(read.first.positions, people[:, 0], atol=1e-3)
    np.testing.assert_allclose(read.second.positions, people[:, 1], atol=1e-3)
    np.testing.assert_allclose(read.second.times_s, np.arange(len(people)) / 15.0)
    assert (read.first.person, read.second.person, read.first.action) == ("s02", "s07", "05")


def test_the_normalisation_is_the_data_sets(tmp_path: Path) -> None:
    """Known numbers: a quarter from the left and the top is 640 mm to one side and 480 mm up; 2 is 2.56 m away."""
    path = tmp_path / "s01s02" / "04" / "001" / "skeleton_pos.txt"
    path.parent.mkdir(parents=True)
    frames = [[number, *[0.25, 0.25, 2.0] * 15, *[0.5, 0.75, 1.0] * 15] for number in (1, 3)]
    path.write_text("".join(",".join(str(value) for value in frame) + "\n" for frame in frames))
    read = read_interaction(path)
    np.testing.assert_allclose(read.first.positions[1, 14], [0.64, 0.48, 2.56])
    np.testing.assert_allclose(read.second.positions[0, 0], [0.0, -0.48, 1.28], atol=1e-12)
    np.testing.assert_allclose(read.first.times_s, [0.0, 2 / 15])


def test_nothing_is_mirrored(tmp_path: Path, people: np.ndarray) -> None:
    """People who face the camera still do: forward is left x up, and the camera lies at -z."""
    read = read_interaction(write(tmp_path, "s01s02/03/001", people))
    assert body_axes(load_skeleton("sbu"), read.first.positions)[0][2] < -0.9


def test_a_take_becomes_a_real_pair(tmp_path: Path, people: np.ndarray) -> None:
    """Whichever person the file has first, the one who starts first is answered."""
    write(tmp_path, "s01s02/03/001", people)
    write(tmp_path, "s02s01/03/001", people[:-1, ::-1])
    one, other = open_source(str(tmp_path)).real_pairs(32)
    np.testing.assert_allclose(one.stimulus.motion.limbs_in_body, other.stimulus.motion.limbs_in_body, atol=1e-9)
    np.testing.assert_allclose(one.response.motion.limbs_in_body, other.response.motion.limbs_in_body, atol=1e-9)
    assert (one.stimulus.person, one.response.person) == ("s01", "s02")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda lines: [], "is empty"),
        (lambda lines: [*lines[:3], lines[3][:60], *lines[4:]], "line 4: expected 91 fields separated by commas"),
        (lambda lines: [*lines[:3], lines[3] + ",1", *lines[4:]], "line 4: expected 91 fields .* got 92"),
        (lambda lines: [lines[0], lines[1].replace("0.", "O.", 1)], "line 2: expected a number, got 'O."),
        (lambda lines: [lines[0], "nan" + lines[1][3:]], "line 2: expected a frame number, got 'nan'"),
        (lambda lines: [*lines[:20], *lines[:5]], "line 21: frame 278 comes after frame 297: two takes are mixed up"),
        (lambda lines: [lines[0], lines[0]], "line 2: frame 278 comes after frame 278"),
        (lambda lines: lines[:1], "1 frames; an action needs at least 2"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path: Path, people: np.ndarray, edit: Any, says: str) -> None:
    """Whatever is wrong with the text, one line says where."""
    path = write(tmp_path, "s01s02/03/001", people)
    path.write_text("\n".join(edit(path.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=says) as caught:
        read_interaction(path)
    assert "s01s02/03/001" in str(caught.value)


def test_wrong_folders_and_mixed_up_people_are_named(tmp_path: Path, people: np.ndarray) -> None:
    """A take must lie where it says who does what; two people are never one."""
    with pytest.raises(DataError, match="expected folders such as s01s02/03/001"):
        read_interaction(write(tmp_path, "s01s02/9/001", people))
    with pytest.raises(DataError, match="two different people"):
        read_interaction(write(tmp_path, "s01s01/03/001", people))
    with pytest.raises(DataError, match="both people move exactly alike"):
        read_interaction(write(tmp_path, "s01s03/03/001", people[:, [0, 0]]))


def test_the_same_take_under_two_names_is_refused(tmp_path: Path, people: np.ndarray) -> None:
    """A copy under another person's or action's name is a mix-up; skipping leaves both out."""
    write(tmp_path, "s01s02/03/001", people)
    write(tmp_path, "s03s04/05/001", people)
    write(tmp_path, "s03s04/06/001", people[:-2])
    with pytest.raises(DataError, match="s01s02/03/001 s01 and s03s04/05/001 s03 hold the very same motion"):
        open_source(str(tmp_path))
    source = open_source(str(tmp_path), reading=Reading("skip"))
    assert [one.name for one in source.interactions] == ["s03s04/06/001"]


def test_two_versions_of_the_data_set_are_not_mixed(tmp_path: Path, people: np.ndarray) -> None:
    """The clean and the noisy version name their takes alike."""
    for version in ("clean", "noisy"):
        write(tmp_path / version, "s01s02/03/001", people)
    with pytest.raises(DataError, match="s01s02/03/001: is there 2 times"):
        read_directory(tmp_path, Reading())
    assert len(read_directory(tmp_path / "clean", Reading())) == 1
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match=r"no file skeleton_pos\.txt"):
        read_directory(tmp_path / "nothing", Reading())
