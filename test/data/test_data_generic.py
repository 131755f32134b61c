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

"""The generic form: what is written comes back, joints are found by name, and what is bad is named."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from iat_ros.data.clip import Clip
from iat_ros.data.generic import read_set
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Rule
from iat_ros.data.reading import Reading
from iat_ros.errors import ConfigError, DataError, IatError
from iat_ros.skeleton.definition import load_skeleton

JOINTS = load_skeleton("kinect_v2").joints
Made = Callable[..., Any]


@pytest.fixture
def clips(together: Made) -> list[Clip]:
    """Two recordings of two people each."""
    made = [together("kinect_v2", seed) for seed in (0, 1)]
    return [
        Clip(f"{name}{number}", one.times_s, positions, person, "")
        for number, one in enumerate(made)
        for name, person, positions in (("act", "anna", one.first), ("answer", "ben", one.second))
    ]


ANSWERS = {"answer0": "act0", "answer1": "act1"}


@pytest.mark.parametrize(("name", "kind"), [("set", "npz"), ("set", "csv"), ("set.npz", "npz")])
def test_what_is_written_comes_back(tmp_path: Path, clips: list[Clip], name: str, kind: str) -> None:
    """Positions to the last bit, NaN, times, people and pairs survive in every form."""
    write_set(tmp_path / name, clips, "kinect_v2", ANSWERS, kind=kind)
    source = open_source(str(tmp_path / name))
    for ours, theirs in zip(clips, source.clips, strict=True):
        np.testing.assert_array_equal(theirs.positions, ours.positions)
        np.testing.assert_array_equal(theirs.times_s, ours.times_s)
        assert (theirs.name, theirs.person, theirs.action) == (ours.name, ours.person, ours.action)
    assert [(one.first.name, one.second.name) for one in source.interactions] == [
        ("act0", "answer0"),
        ("act1", "answer1"),
    ]
    assert all(one.first_acts for one in source.interactions)
    assert len(source.divide(32, None, 0).pairs) == 2


def test_labelled_clips_follow_rules(tmp_path: Path) -> None:
    """A set with rules is divided like UTD-MHAD, with labels to judge with."""
    clips = make_clips(4, 2, actions=("knock", "wave"))
    write_set(tmp_path / "set.npz", clips, "utd_mhad", rules=[Rule("knock", "wave")])
    division = open_source(str(tmp_path / "set.npz")).divide(32, None, 0)
    assert (len(division.pairs), len(division.stimuli), division.labelled, division.by) == (4, 4, True, "subject")
    assert set(division.pairs.people) == {"s1", "s3"}


def test_a_skeleton_of_ones_own_goes_with_the_data(tmp_path: Path) -> None:
    """Any skeleton that has a definition works: this one has two limbs."""
    own = tmp_path / "arm.yaml"
    own.write_text(
        "name: arm\njoints: [belly, neck, l, r, hand]\nlimbs: {upper: [neck, r], fore: [r, hand]}\n"
        "body_frame: {left: l, right: r, bottom: belly, top: neck}\n"
    )
    rng = np.random.default_rng(0)
    clips = [Clip(name, np.arange(9) / 30, rng.normal(size=(9, 5, 3)), "me", "") for name in ("a", "b")]
    for name in ("set", "set.npz"):
        write_set(tmp_path / name, clips, str(own), {"b": "a"})
    own.unlink()
    for name in ("set", "set.npz"):
        assert len(open_source(str(tmp_path / name)).definition.limbs) == 2


def describe(path: Path, **change: Any) -> None:
    """Change keys of dataset.yaml; None removes one."""
    content = yaml.safe_load((path / "dataset.yaml").read_text())
    content = {key: value for key, value in {**content, **change}.items() if value is not None}
    (path / "dataset.yaml").write_text(yaml.safe_dump(content))


@pytest.fixture
def here(tmp_path: Path, clips: list[Clip]) -> Path:
    """A set as a directory."""
    write_set(tmp_path / "set", clips, "kinect_v2", ANSWERS)
    return tmp_path / "set"


def test_joints_are_found_by_name(here: Path, clips: list[Clip]) -> None:
    """Any order, and joints that the definition does not know, are no trouble; joints nobody needs may be missing."""
    order = np.random.default_rng(1).permutation(len(JOINTS))
    names = [*(JOINTS[index] for index in order if JOINTS[index] != "left_foot"), "tail"]
    positions = clips[0].positions[:, [JOINTS.index(name) if name != "tail" else 0 for name in names]]
    np.savez(here / "act0.npz", positions=positions, times=clips[0].times_s, joints=np.array(names))
    read = open_source(str(here)).clips[0].positions
    expected = clips[0].positions.copy()
    expected[:, JOINTS.index("left_foot")] = np.nan
    np.testing.assert_array_equal(read, expected)


def test_bare_arrays_take_names_and_rate_from_the_description(here: Path, clips: list[Clip]) -> None:
    """An .npy file holds positions only; integers are numbers, too."""
    np.save(here / "act0.npy", clips[0].positions[:, ::-1])
    entries = yaml.safe_load((here / "dataset.yaml").read_text())["clips"]
    entries[0] |= {"file": "act0.npy", "rate_hz": 15}
    describe(here, clips=entries, joints=list(JOINTS[::-1]))
    clip = open_source(str(here)).clips[0]
    np.testing.assert_array_equal(clip.positions, clips[0].positions)
    np.testing.assert_allclose(clip.times_s, np.arange(len(clips[0].times_s)) / 15)
    entries[0].pop("rate_hz")
    describe(here, clips=entries)
    with pytest.raises(DataError, match=r"act0\.npy: has no times, and dataset\.yaml gives no rate_hz"):
        open_source(str(here))


def arrays(clip: Clip, **change: Any) -> dict[str, Any]:
    """What a clip file holds, with changes; None removes one."""
    content = {"positions": clip.positions, "times": clip.times_s, "joints": np.array(JOINTS), **change}
    return {key: value for key, value in content.items() if value is not None}


BACK = np.arange(200.0)
BACK[5] = 1.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda clip: {"positions": None},
            "expected an array 'positions' .*, found joints, times",
        ),
        (lambda clip: {"positions": clip.positions[:, :, :2]}, r"expected numbers of shape \(frames, joints, 3\)"),
        (lambda clip: {"positions": clip.positions.astype(str)}, r"expected numbers of shape"),
        (lambda clip: {"positions": clip.positions[:, :24]}, "positions of 24 joints, but 25 names"),
        (lambda clip: {"positions": 1000 * clip.positions}, "expected metres: divide millimetres by 1000"),
        (lambda clip: {"positions": 100 * clip.positions}, "expected metres: divide centimetres by 100"),
        (lambda clip: {"positions": np.where(clip.positions > 2, np.inf, clip.positions)}, "is infinite; NaN marks"),
        (lambda clip: {"positions": clip.positions[:0], "times": clip.times_s[:0]}, "0 frames; an action needs"),
        (lambda clip: {"positions": clip.positions[:1], "times": clip.times_s[:1]}, "1 frames; an action needs"),
        (lambda clip: {"times": clip.times_s[:-1]}, "frames, but .* times"),
        (lambda clip: {"times": BACK[: len(clip.times_s)]}, "times must be finite and strictly increase"),
        (lambda clip: {"times": np.array("soon")}, "expected 'times' to be a list of numbers"),
        (lambda clip: {"joints": np.arange(25)}, "expected 'joints' to be a list of texts"),
        (lambda clip: {"joints": np.array(["neck", *JOINTS[1:]])}, "joint names come twice: neck"),
        (
            lambda clip: {"joints": np.array([f"{j}_" for j in JOINTS])},
            "lacks joint spine_mid, head, .* it has: spine_",
        ),
        (lambda clip: {"times": np.array([None])}, "'times': not a readable array of numbers"),
    ],
)
def test_a_bad_clip_file_is_named(here: Path, clips: list[Clip], change: Any, says: str) -> None:
    """Whatever is wrong with one file: refused with one line, or skipped with its pair."""
    np.savez(here / "act0.npz", **arrays(clips[0], **change(clips[0])))
    with pytest.raises(DataError, match=says) as caught:
        open_source(str(here))
    assert "act0.npz" in str(caught.value)
    assert "\n" not in str(caught.value)
    source = open_source(str(here), reading=Reading("skip"))
    assert [one.first.name for one in source.interactions] == ["act1"]
    assert source.summary().endswith("left out: 1 bad, 1 pairs of which a clip was bad")


@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_cut_off_files_are_named(tmp_path: Path, here: Path, clips: list[Clip], keep: int) -> None:
    """A truncated clip file, and a truncated set in one file."""
    file = here / "act1.npz"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"act1\.npz: not a readable NPZ file"):
        open_source(str(here))
    write_set(tmp_path / "one.npz", clips, "kinect_v2", ANSWERS)
    (tmp_path / "one.npz").write_bytes((tmp_path / "one.npz").read_bytes()[:keep])
    with pytest.raises(DataError, match=r"one\.npz: not a readable NPZ file"):
        open_source(str(tmp_path / "one.npz"), reading=Reading("skip"))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda lines: [lines[0], lines[1].replace("0.", "O.", 1), *lines[2:]], r"line 2, .*: expected a number, got"),
        (lambda lines: [*lines[:4], lines[4][:80], *lines[5:]], "line 5: expected 76 values as in line 1"),
        (lambda lines: [*lines[:4], "," + lines[4].split(",", 1)[1]], "line 5, time: expected a number, got ''"),
        (lambda lines: [*lines[:4], *lines[2:]], "times must be finite and strictly increase"),
        (lambda lines: lines[:1], "holds no frames"),
        (lambda lines: lines[1:], "line 1: column 1 '.*': expected JOINT.x or time; expected are time"),
        (
            lambda lines: [lines[0].replace("neck.y", "neck.w"), *lines[1:]],
            "column .* 'neck.w': expected 'neck.y'; exp",
        ),
        (lambda lines: [], "is empty"),
    ],
)
def test_bad_text_is_named_with_its_line(tmp_path: Path, clips: list[Clip], edit: Any, says: str) -> None:
    """CSV files tell the line."""
    write_set(tmp_path / "set", clips, "kinect_v2", ANSWERS, kind="csv")
    path = tmp_path / "set" / "answer0.csv"
    path.write_text("\n".join(edit(path.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=says) as caught:
        open_source(str(tmp_path / "set"))
    assert "answer0.csv" in str(caught.value)
    path.write_bytes(b"time,a.x\n1,\xff\n")
    with pytest.raises(DataError, match="line 2 is not text"):
        open_source(str(tmp_path / "set"))


def entry(**change: Any) -> list[dict[str, Any]]:
    """The clips of the set, the first changed."""
    first = {"file": "act0.npz", "person": "anna", **change}
    return [first, {"file": "answer0.npz", "person": "ben", "answers": "act0"}]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"skeleton": None}, "key 'skeleton' is missing"),
        ({"skeleton": "octopus"}, "skeleton 'octopus': none that ships is named so"),
        ({"skeleton": 3}, "skeleton must be a name or a YAML file"),
        ({"colour": "red"}, "unknown key 'colour'; valid keys: clips, joints, rate_hz, rules, skeleton"),
        ({"rate_hz": -1}, "rate_hz must be a number above 0, got -1"),
        ({"joints": "all"}, "joints must be a list of names"),
        ({"clips": []}, "clips must be a list of at least one"),
        ({"clips": ["act0.npz"]}, "clip 1: expected a mapping"),
        ({"clips": entry(person=None)}, "clip 1: person must be a text, got None"),
        ({"clips": entry(who="anna")}, "clip 1: unknown key 'who'; valid keys: action, answers, file, name, person"),
        ({"clips": entry(name="answer0")}, "clips of the same name: answer0"),
        ({"clips": entry(answers="nobody")}, "clip 'act0' answers 'nobody', which is no clip here"),
        ({"clips": entry(answers="answer0")}, "'act0' and 'answer0' answer each other"),
        ({"clips": entry(answers="act0")}, "answer each other"),
        ({"clips": entry()[:1]}, "nothing says what answers what: give clips 'answers', or the set 'rules'"),
        ({"rules": {"knock": "wave"}}, "has rules and answers"),
        ({"rules": ["knock"]}, "rules must map actions to the actions that answer them"),
        ({"clips": entry(file="../act0.npz")}, "must lie inside the directory"),
        ({"clips": entry(file="none.npz", name="act0")}, r"none\.npz: cannot be read: No such file"),
        ({"clips": entry(file="act0.mat")}, r"act0\.mat: expected a file that ends in \.npz, \.npy, \.csv"),
        ({"clips": entry(file="answer0.npz", name="act0")}, "one person's data was taken for both"),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(here: Path, change: dict[str, Any], says: str) -> None:
    """Each mistake in dataset.yaml gives one line that names it."""
    describe(here, **change)
    with pytest.raises(IatError, match=says) as caught:
        open_source(str(here))
    assert "\n" not in str(caught.value)


def test_an_npz_file_needs_a_description_and_runs_no_code(tmp_path: Path, clips: list[Clip]) -> None:
    """Without the text it is no data set; objects are never unpickled."""
    np.savez(tmp_path / "a.npz", positions=clips[0].positions)
    with pytest.raises(DataError, match=r"expected the text of dataset\.yaml as the array 'dataset'"):
        open_source(str(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", dataset=np.array({"skeleton": "sbu"}, dtype=object))
    with pytest.raises(DataError, match=r"not a readable array of numbers: none, or one of objects") as caught:
        open_source(str(tmp_path / "b.npz"))
    assert "allow_pickle" not in str(caught.value)
    with zipfile.ZipFile(tmp_path / "zipped.npz", "w") as archive:
        for name in ("dataset.yaml", "act0.csv", "act1.csv", "answer0.csv"):
            archive.writestr(name, "text")
    says = r"zipped\.npz: no NPZ file of arrays: it holds dataset\.yaml, act0\.csv, act1\.csv and 1 more; unpack"
    with pytest.raises(DataError, match=says):
        open_source(str(tmp_path / "zipped.npz"))
    for text, says in (("[1", "is not plain YAML"), ("3", "must be a mapping"), ("!!python/name:os.x", "plain YAML")):
        np.savez(tmp_path / "c.npz", dataset=np.array(text))
        with pytest.raises(DataError, match=says):
            open_source(str(tmp_path / "c.npz"))
    (tmp_path / "d").mkdir()
    with pytest.raises(ConfigError, match=r"dataset\.yaml: cannot be read"):
        read_set(tmp_path / "d", Reading())


def test_the_writer_refuses_what_could_not_be_read_again(tmp_path: Path, clips: list[Clip]) -> None:
    """Nothing is overwritten; names, joints and kinds must fit."""
    (tmp_path / "set").mkdir()
    for path, given, skeleton, kind, says in (
        (tmp_path / "set", clips, "kinect_v2", "npz", "exists already"),
        (tmp_path / "new", clips[:1] * 2, "kinect_v2", "npz", "names of their own"),
        (tmp_path / "new", clips, "sbu", "npz", "25 joints do not fit skeleton 'sbu'"),
        (tmp_path / "new", clips, "kinect_v2", "mat", "can be npz or csv, not 'mat'"),
    ):
        with pytest.raises(DataError, match=says):
            write_set(path, given, skeleton, ANSWERS, kind=kind)
    assert not (tmp_path / "new").exists()
