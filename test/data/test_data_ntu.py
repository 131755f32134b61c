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

"""The reader of NTU RGB+D, on small files of exactly that format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.ntu import read_directory, read_interaction
from iat_ros.data.opening import open_source
from iat_ros.data.reading import Reading
from iat_ros.errors import DataError

NAME = "S001C002P003R001A050.skeleton"
Made = Callable[..., Any]


def body(number: int, pose: np.ndarray) -> list[str]:
    """The lines of one body; a joint at NaN is not tracked."""
    lines = [f"7205759403793{number:04d} 0 1 1 0 0 0 0.0276 -0.0574 2", "25"]
    for joint in pose:
        tracked = bool(np.isfinite(joint).all())
        x, y, z = (float(value) for value in (joint if tracked else (0.1, 0.2, 0.3)))
        lines.append(f"{x!r} {y!r} {z!r} 259.9 183.4 1035.3 439.3 -0.2 0.04 0.97 -0.03 {2 if tracked else 0}")
    return lines


def write(path: Path, frames: list[dict[int, np.ndarray]]) -> Path:
    """Write frames of {body: pose (25, 3)}."""
    lines = [str(len(frames))]
    for frame in frames:
        lines.append(str(len(frame)))
        for number, pose in frame.items():
            lines += body(number, pose)
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def frames(together: Made) -> list[dict[int, np.ndarray]]:
    """Two people, as frames of two bodies."""
    made = together("kinect_v2")
    return [{1: first, 2: second} for first, second in zip(made.first, made.second, strict=True)]


def test_positions_people_and_times_are_those_of_the_file(tmp_path: Path, frames: Any, together: Made) -> None:
    """Both bodies come back exactly; untracked joints are NaN; the name tells performer and action."""
    made = together("kinect_v2")
    read = read_interaction(write(tmp_path / NAME, frames))
    found = {clip.positions[0, 0, 0]: clip for clip in (read.first, read.second)}
    for positions in (made.first, made.second):
        clip = found[positions[0, 0, 0]]
        np.testing.assert_array_equal(clip.positions, positions)
        np.testing.assert_allclose(clip.times_s, made.times_s)
        assert (clip.person, clip.action) == ("P003", "A050")
    assert not read.first_acts


def test_who_starts_first_is_the_stimulus(tmp_path: Path, frames: Any) -> None:
    """Whichever body comes first in the file, the knock is answered by the wave."""
    write(tmp_path / NAME, frames)
    write(tmp_path / NAME.replace("P003", "P004"), [dict(reversed(frame.items())) for frame in frames[:-1]])
    one, other = open_source(str(tmp_path)).real_pairs(32)
    np.testing.assert_allclose(one.stimulus.motion.limbs_in_body, other.stimulus.motion.limbs_in_body, atol=1e-12)
    assert one.stimulus.person == "P003"


def test_spurious_bodies_are_left_out(tmp_path: Path, frames: Any) -> None:
    """A table (wider than high), however it jumps about, and a body of a few frames are nobody."""
    table = np.stack([np.linspace(0, 1.5, 25), np.linspace(0, 0.4, 25), np.full(25, 2.0)], axis=1)
    for index, frame in enumerate(frames):
        frame[3] = table + index % 2
    for index, frame in enumerate(frames[:10]):
        frame[4] = frame[1] + index % 2
    clean = read_interaction(write(tmp_path / NAME, [{k: f[k] for k in (1, 2)} for f in frames]))
    noisy = read_interaction(write(tmp_path / NAME, frames))
    np.testing.assert_array_equal(clean.first.positions, noisy.first.positions)
    np.testing.assert_array_equal(clean.second.positions, noisy.second.positions)


def test_a_bystander_is_left_out(tmp_path: Path, frames: Any) -> None:
    """Of three people, the two who move most are the pair."""
    clean = read_interaction(write(tmp_path / NAME, frames))
    crowd = [{9: frames[0][1] + 2.0, **frame} for frame in frames]
    read = read_interaction(write(tmp_path / NAME, crowd))
    np.testing.assert_array_equal(clean.first.positions, read.first.positions)
    np.testing.assert_array_equal(clean.second.positions, read.second.positions)


def test_a_body_that_leaves_keeps_its_times(tmp_path: Path, frames: Any) -> None:
    """Frames without a body are a gap in its times, and the pair is cut to what both share."""
    for frame in frames[:5]:
        del frame[2]
    read = read_interaction(write(tmp_path / NAME, frames))
    starts = sorted(clip.times_s[0] for clip in (read.first, read.second))
    assert starts == pytest.approx([0.0, 5 / 30])


def damage(path: Path, edit: Callable[[list[str]], list[str]]) -> None:
    """Rewrite the lines of a file."""
    path.write_text("\n".join(edit(path.read_text().splitlines())) + "\n")


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda lines: lines[:1000], "ends after line 1000, where a .* should follow: it is truncated"),
        (lambda lines: lines[:-1], "ends after line .* truncated"),
        (lambda _: [""], "is empty"),
        (lambda lines: [*lines[:4], "0.1 0.two 0.3 1 1 1 1 1 0 0 0 2", *lines[5:]], "line 5: .*number, got '0.two'"),
        (lambda lines: [*lines[:4], "nan 0.2 0.3 1 1 1 1 1 0 0 0 2", *lines[5:]], "line 5: .*number, got 'nan'"),
        (lambda lines: [*lines[:4], "0.1 0.2 0.3", *lines[5:]], "line 5: expected a joint of 12 values, got 3"),
        (lambda lines: [*lines[:3], "24", *lines[4:]], "line 4: expected the number of joints between 25 and 25"),
        (lambda lines: ["x", *lines[1:]], "line 1: expected the number of frames, got 'x'"),
        (lambda lines: [str(int(lines[0]) - 1), *lines[1:]], "expected the end, since all frames were read"),
        (lambda lines: [str(int(lines[0]) + 1), *lines[1:]], "the number of bodies should follow"),
        (lambda _: ["3", "0", "0", "0"], "nobody was tracked in any frame"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path: Path, frames: Any, edit: Any, says: str) -> None:
    """Whatever is wrong with the text, the whole file is bad, and one line says where."""
    damage(write(tmp_path / NAME, frames), edit)
    with pytest.raises(DataError, match=says) as caught:
        read_interaction(tmp_path / NAME)
    assert NAME in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_person_and_wrong_names_are_refused(tmp_path: Path, frames: Any) -> None:
    """A mutual action needs two people; a name must tell what the file is."""
    with pytest.raises(DataError, match="expected two people, found 1"):
        read_interaction(write(tmp_path / NAME, [{1: frame[1]} for frame in frames]))
    with pytest.raises(DataError, match="expected a name such as"):
        read_interaction(write(tmp_path / "fight.skeleton", frames))
    twice = write(tmp_path / NAME, [frames[0]])
    damage(twice, lambda lines: [*lines[:29], lines[2], *lines[30:]])
    with pytest.raises(DataError, match=r"line 30: body \d+ comes twice in frame 1"):
        read_interaction(twice)


def test_bad_files_are_refused_or_skipped_and_all_are_named(tmp_path: Path, frames: Any) -> None:
    """Refuse names all bad files; skip reads the others, whole."""
    write(tmp_path / NAME, frames)
    for person in ("P004", "P005"):
        damage(write(tmp_path / NAME.replace("P003", person), frames), lambda lines: lines[:50])
    write(tmp_path / NAME.replace("A050", "A010"), frames[:20])
    told: list[str] = []
    with pytest.raises(DataError, match="2 of 3 files cannot be used; mend or remove them, or --on-bad skip"):
        read_directory(tmp_path, Reading("refuse", told.append))
    assert ["P004" in told[0], "P005" in told[1], len(told)] == [True, True, 2]
    reading = Reading("skip", told.append)
    assert [read.name for read in read_directory(tmp_path, reading)] == ["S001C002P003R001A050"]
    assert (len(reading.bad), len(told)) == (2, 4)
    assert reading.notes == ["1 files of actions that one person does alone"]


def test_nothing_to_learn_from_is_said(tmp_path: Path, frames: Any) -> None:
    """Single actions only; and a file that is there twice."""
    write(tmp_path / NAME.replace("A050", "A010"), frames[:20])
    with pytest.raises(DataError, match="no mutual action of NTU RGB"):
        read_directory(tmp_path, Reading())
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder / NAME, frames[:20])
    with pytest.raises(DataError, match="is there 2 times"):
        read_directory(tmp_path, Reading())
