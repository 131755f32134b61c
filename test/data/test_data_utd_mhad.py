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

"""The reader of UTD-MHAD's official files, on small files of that format and on the real ones."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from iat_ros.data.actions import cut_action
from iat_ros.data.utd_mhad import ACTIONS, find_files, read_clip, read_directory
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import load_skeleton

REAL = Path(os.environ.get("IAT_UTD_MHAD", Path(__file__).parents[3] / "shared" / "data" / "utd_mhad"))


def save(path: Path, **content: object) -> Path:
    """Write a MATLAB file."""
    scipy.io.savemat(str(path), content)
    return path


def test_axes_units_and_names_are_those_of_the_official_files(tmp_path: Path) -> None:
    """(20, 3, frames) becomes (frames, 20, 3) at 30 Hz; action and person come from the name."""
    skeleton = np.random.default_rng(0).normal(size=(20, 3, 45))
    clip = read_clip(save(tmp_path / "a17_s2_t3_skeleton.mat", d_skel=skeleton))
    np.testing.assert_array_equal(clip.positions[7, 4], skeleton[4, :, 7])
    assert (clip.action, clip.person, clip.name) == ("tennis_serve", "s2", "a17_s2_t3")
    assert clip.times_s[30] == pytest.approx(1.0)


def test_files_come_in_numeric_order(tmp_path: Path) -> None:
    """Action 2 comes before action 10, wherever the files lie."""
    (tmp_path / "Skeleton").mkdir()
    for name in ("a10_s1_t1", "a2_s10_t1", "a2_s9_t2"):
        save(tmp_path / "Skeleton" / f"{name}_skeleton.mat", d_skel=np.zeros((20, 3, 5)) + np.arange(5.0))
    assert [path.name[:6] for path in find_files(tmp_path)] == ["a2_s9_", "a2_s10", "a10_s1"]
    assert [clip.action for clip in read_directory(tmp_path, ["swipe_right"])] == ["swipe_right"] * 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"other": np.zeros(3)}, "expected the variable d_skel, found other"),
        ({"d_skel": np.zeros((20, 3))}, r"expected d_skel of shape \(20, 3, frames\)"),
        ({"d_skel": np.zeros((3, 20, 9))}, r"expected d_skel of shape \(20, 3, frames\)"),
        ({"d_skel": np.zeros((20, 3, 9), dtype=np.int32)}, "in floating point"),
        ({"d_skel": np.full((20, 3, 9), np.nan)}, "NaN or infinity in frame 0"),
        ({"d_skel": np.zeros((20, 3, 1))}, "1 frames|expected d_skel"),
    ],
)
def test_wrong_content_is_named(tmp_path: Path, content: dict[str, np.ndarray], says: str) -> None:
    """A file that holds something else gives one line with its name."""
    path = save(tmp_path / "a1_s1_t1_skeleton.mat", **content)
    with pytest.raises(DataError, match=says) as caught:
        read_clip(path)
    assert "a1_s1_t1" in str(caught.value)


def test_damaged_missing_and_misnamed_files_are_named(tmp_path: Path) -> None:
    """Cut-off bytes, no file, another name: each gives one line."""
    whole = save(tmp_path / "a1_s1_t1_skeleton.mat", d_skel=np.zeros((20, 3, 60)))
    damaged = tmp_path / "a1_s1_t2_skeleton.mat"
    damaged.write_bytes(whole.read_bytes()[:300])
    with pytest.raises(DataError, match=r"a1_s1_t2_skeleton\.mat: not a readable MATLAB file"):
        read_clip(damaged)
    with pytest.raises(DataError, match="no such file"):
        read_clip(tmp_path / "a1_s1_t4_skeleton.mat")
    with pytest.raises(DataError, match="expected a name such as"):
        read_clip(save(tmp_path / "a99_s1_t1_skeleton.mat", d_skel=np.zeros((20, 3, 60))))
    with pytest.raises(DataError, match="no UTD-MHAD skeleton files"):
        find_files(tmp_path / "nowhere")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_that_crashes_scipy_is_refused_before(tmp_path: Path, compressed: bool) -> None:
    """Numbers of a type that there is none of end SciPy's reader by a signal; compressed or not, they are refused."""
    path = tmp_path / "a1_s1_t1_skeleton.mat"
    scipy.io.savemat(path, {"d_skel": np.zeros((20, 3, 60))}, do_compression=compressed)
    data = path.read_bytes()
    element = zlib.decompress(data[136:]) if compressed else data[128:]
    at = 8 + 16 + 24 + 16  # after the array's tag, flags, sizes and name
    assert element[at] == 9, "doubles are stored here"
    broken = element[:at] + bytes([0]) + element[at + 1 :]
    packed = zlib.compress(broken)
    path.write_bytes(data[:128] + (struct.pack("<II", 15, len(packed)) + packed if compressed else broken))
    with pytest.raises(DataError, match="an array is not made of flags, sizes, a name and numbers"):
        read_clip(path)


def test_a_name_of_any_bytes_stays_a_line(tmp_path: Path) -> None:
    """Damage reaches the names of variables, too."""
    path = save(tmp_path / "a1_s1_t1_skeleton.mat", d_skel=np.zeros((20, 3, 60)))
    path.write_bytes(path.read_bytes().replace(b"d_skel", b"d\n\x07kel"))
    with pytest.raises(DataError) as caught:
        read_clip(path)
    assert str(caught.value).isprintable()


def test_unknown_actions_are_refused(tmp_path: Path) -> None:
    """A wrong action name is answered with the right ones."""
    with pytest.raises(DataError, match="has no action yodel; its actions: swipe_left"):
        read_directory(tmp_path, ["yodel"])


@pytest.mark.utd
@pytest.mark.skipif(not REAL.is_dir(), reason="UTD-MHAD is not here (set IAT_UTD_MHAD)")
def test_the_real_data_set_is_complete_and_every_clip_of_the_rules_holds_one_action() -> None:
    """861 clips of 27 actions; the 160 clips of the people that train are each cut into exactly one action."""
    assert len(find_files(REAL)) == 861
    names = ["tennis_serve", "tennis_swing", "throw", "catch", "boxing", "arm_cross", "knock", "wave"]
    clips = read_directory(REAL, [*names, "basketball_shoot", "clap"])
    assert len(clips) == 320
    assert len(ACTIONS) == 27
    definition = load_skeleton("utd_mhad")
    for clip in clips:
        if clip.person in {"s1", "s3", "s5", "s7"}:
            action = cut_action(definition, clip, 32)
            assert 0.6 * clip.times_s[-1] < action.motion.duration_s < 1.2 * clip.times_s[-1]
