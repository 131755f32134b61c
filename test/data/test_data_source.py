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

"""Opening a data set: its format is told from what lies in it, and what is bad is refused or skipped as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from iat_ros.data.formats import FORMATS, detect_format
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Rule
from iat_ros.data.reading import Reading, number, read_lines
from iat_ros.data.source import RULES, Source
from iat_ros.errors import ConfigError, DataError, SkeletonError
from iat_ros.skeleton.definition import load_skeleton


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        (["dataset.yaml", "S001C001P001R001A050.skeleton"], "generic"),
        (["Skeleton/a1_s1_t1_skeleton.mat"], "utd_mhad"),
        (["a1_s1_t1_skeleton.mat", "README.md"], "utd_mhad"),
        (["deep/er/S001C001P001R001A050.skeleton"], "ntu"),
        (["s01s02/01/001/skeleton_pos.txt"], "sbu"),
        (["data/Waving_p1.txt"], "nuisi"),
        (["C001P001A001S001/C001P001A001S001.joint"], "air_act2act"),
    ],
)
def test_the_format_is_told_from_the_files(tmp_path: Path, files: list[str], kind: str) -> None:
    """Each format has its own names; a description says it all."""
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert detect_format(tmp_path) == kind
    assert kind in FORMATS


def test_the_documentation_lists_every_format() -> None:
    """docs/data.md has a row for each, with the name of a skeleton that ships."""
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `") and line.count("|") == 6]
    told = {row[1].strip(" `"): row[4].strip(" `") for row in rows[1:]}
    assert tuple(told) == FORMATS
    for skeleton in set(told.values()) - {"any"}:
        assert load_skeleton(skeleton).name == skeleton


def test_no_format_and_two_formats_are_refused(tmp_path: Path) -> None:
    """Nothing known lists what is expected; two formats need a choice."""
    with pytest.raises(DataError, match=r"no data set of a known format here; expected files such as generic: dataset"):
        open_source(str(tmp_path))
    (tmp_path / "S001C001P001R001A050.skeleton").touch()
    (tmp_path / "a.joint").touch()
    with pytest.raises(DataError, match=r"files of several formats \(ntu, air_act2act\); say which with --format"):
        open_source(str(tmp_path))
    with pytest.raises(DataError, match="is empty"):
        open_source(str(tmp_path), kind="ntu")
    with pytest.raises(ConfigError, match="'mocap' is unknown; choose one of: generic, utd_mhad"):
        open_source(str(tmp_path), kind="mocap")
    with pytest.raises(DataError, match=r"expected a directory, a data set as one \.npz file, or a bag's"):
        open_source(str(tmp_path / "a.joint"))
    with pytest.raises(ConfigError, match="on_bad 'ignore' is unknown; choose one of: refuse, skip"):
        Reading("ignore")


@pytest.fixture
def utd(tmp_path: Path) -> Path:
    """A small UTD-MHAD: two people, all actions of the rules."""
    labels = {"tennis_serve": 17, "tennis_swing": 15, "throw": 5, "catch": 20, "boxing": 13, "arm_cross": 6}
    labels |= {"knock": 19, "wave": 3, "basketball_shoot": 7, "clap": 4}
    for clip in make_clips(2, 1):
        name = f"a{labels[clip.action]}_{clip.person}_t1_skeleton.mat"
        scipy.io.savemat(str(tmp_path / name), {"d_skel": clip.positions.transpose(1, 2, 0)})
    return tmp_path


def test_utd_mhad_skips_bad_files_by_choice(utd: Path) -> None:
    """A cut-off file, one that holds no action, and a copy under another name are named, and left out by choice."""
    assert len(open_source(str(utd)).clips) == 20
    cut = utd / "a3_s1_t1_skeleton.mat"
    cut.write_bytes(cut.read_bytes()[:400])
    with pytest.raises(DataError, match=r"a3_s1_t1_skeleton\.mat: .* \(--on-bad skip leaves it out\)"):
        open_source(str(utd))
    told: list[str] = []
    source = open_source(str(utd), reading=Reading("skip", told.append))
    assert len(source.clips) == 19
    assert "a3_s1_t1" in told[0]
    still = np.repeat(make_clips(1, 1)[0].positions[:1], 60, axis=0)
    scipy.io.savemat(str(utd / "a4_s1_t2_skeleton.mat"), {"d_skel": still.transpose(1, 2, 0)})
    source = open_source(str(utd), reading=Reading("skip", told.append))
    assert len(source.actions(32)) == 19
    assert "a4_s1_t2: expected one action in the clip, found 0" in told[-1]
    assert source.summary() == "UTD-MHAD: 20 clips, 2 people, skeleton 'utd_mhad' (8 limbs); left out: 2 bad"
    (utd / "a4_s1_t2_skeleton.mat").write_bytes((utd / "a5_s2_t1_skeleton.mat").read_bytes())
    with pytest.raises(DataError, match="a3_s1_t1"):
        open_source(str(utd))
    cut.unlink()
    with pytest.raises(DataError, match="a4_s1_t2 and a5_s2_t1 hold the very same motion: files are mixed up"):
        open_source(str(utd))


def test_clips_without_an_action_are_named_all_at_once() -> None:
    """Refusing tells about every one; when none is left, skipping refuses, too."""
    clips = make_clips(1, 1)[:3]
    still = [type(c)(c.name, c.times_s, np.repeat(c.positions[:1], len(c.times_s), 0), "s1", "") for c in clips]
    told: list[str] = []
    source = Source("here", load_skeleton("utd_mhad"), still, RULES, reading=Reading("refuse", told.append))
    with pytest.raises(DataError, match="here: 3 of 3 clips cannot be used; the first: tennis_serve_s1_t1"):
        source.actions(32)
    assert len(told) == 3
    source = Source("here", load_skeleton("utd_mhad"), still, RULES, reading=Reading("skip"))
    with pytest.raises(DataError, match="3 of 3 clips cannot be used"):
        source.actions(32)


def test_text_is_read_strictly(tmp_path: Path) -> None:
    """What is no text, no file or no number says so."""
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\n\xff\n")
    with pytest.raises(DataError, match=r"a\.txt: line 3 is not text"):
        read_lines(tmp_path / "a.txt")
    with pytest.raises(DataError, match=r"b\.txt: cannot be read: No such file"):
        read_lines(tmp_path / "b.txt")
    for text in ("1,5", "", "inf", "nan", "0x10", "1_0"):
        with pytest.raises(DataError, match=r"a\.txt: line 1: expected a number, got"):
            number(text, "a.txt: line 1")


def test_shipped_skeletons_stand_upright_and_have_robots_limbs() -> None:
    """All skeletons of recorded data have the limbs that the robots' configurations name."""
    for name, joints in (("kinect_v2", 25), ("sbu", 15), ("nuitrack", 25)):
        definition = load_skeleton(name)
        assert len(definition.joints) == joints
        assert set(definition.limb_names) == set(load_skeleton("utd_mhad").limb_names)


def test_limbs_are_chosen_by_name_whatever_the_data(tmp_path: Path) -> None:
    """Made-up motions and files alike are cut with the limbs that were asked for, in that order."""
    path = tmp_path / "set.npz"
    clips = make_clips(1, 1, actions=("throw", "catch"))
    write_set(path, clips, "utd_mhad", rules=[Rule("throw", "catch")])
    for data in ("made_up", str(path)):
        source = open_source(data, limbs="left_hand, torso, right_forearm")
        assert source.definition.limb_names == ("left_hand", "torso", "right_forearm")
        assert source.actions(32)[0].motion.limbs_in_body.shape == (32, 3, 3)
    with pytest.raises(SkeletonError, match="'utd_mhad' cannot give limb tail"):
        open_source(str(path), limbs="tail")


def test_what_is_bad_and_alone_is_told_once() -> None:
    """One bag that cannot be read: one line, and no advice to leave out all that there is."""
    told: list[str] = []
    for on_bad in ("refuse", "skip"):
        with pytest.raises(DataError, match=r"^monday: nobody is in it$"):
            Reading(on_bad, told.append).judge("here", "bags", ["monday: nobody is in it"], 1)
    assert told == []
