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

"""inspect and train on what nobody looked at before: damaged clips, and bags that nobody cut."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iat_ros.commands import inspect, train
from iat_ros.data.actions import find_segments, with_stillness
from iat_ros.data.bag import write_bag
from iat_ros.data.generic_writer import write_set
from iat_ros.data.joint_clip import JointClip
from iat_ros.data.made_up import make_clips
from iat_ros.data.made_up_session import Take, Turn, make_session
from iat_ros.data.protocol import Rule
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")
RULES = (Rule("throw", "catch"), Rule("knock", "wave"))


def test_clean_data_gives_no_warning_and_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, and every picture that the page names is there."""
    write_set(
        tmp_path / "set.npz", make_clips(4, 3, actions=("throw", "catch", "knock", "wave")), "utd_mhad", rules=RULES
    )
    words = ["--data", str(tmp_path / "set.npz"), "--out", str(tmp_path / "page"), "--json", str(tmp_path / "j.json")]
    assert inspect.main(words) == 0
    told = capsys.readouterr()
    assert "48 actions, 24 pairs, 0 warnings" in told.out
    assert told.err == ""
    page = (tmp_path / "page" / "index.html").read_text()
    assert "Nothing looks wrong" in page
    assert "throw / catch" in (tmp_path / "page" / "figures" / "embedding.svg").read_text() or "Colours tell" in page
    pictures = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert len(pictures) >= 10
    assert all((tmp_path / "page" / picture).is_file() for picture in pictures)
    content = json.loads((tmp_path / "j.json").read_text())
    assert content["warnings"] == []
    assert content["people"] == ["s1", "s2", "s3", "s4"]
    assert inspect.main(words) == 1
    assert "is not an empty directory" in capsys.readouterr().err


def test_only_clips_of_one_action_can_be_too_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording of two people may hold many actions; a labelled clip holds one."""
    rng = np.random.default_rng(0)
    clips = []
    for clip in make_clips(2, 3, actions=("knock", "wave")):
        long = with_stillness(clip, 10.0, 10.0)
        clips.append(replace(long, positions=long.positions + rng.normal(0.0, 5e-4, long.positions.shape)))
    acts, answers = ([clip for clip in clips if clip.action == action] for action in ("knock", "wave"))
    pairs = {b.name: a.name for a, b in zip(acts, answers, strict=True)}
    write_set(tmp_path / "pairs.npz", [replace(clip, action="") for clip in clips], "utd_mhad", pairs)
    write_set(tmp_path / "labels.npz", clips, "utd_mhad", rules=RULES[1:])
    inspect.main(["--data", str(tmp_path / "pairs.npz")])
    assert "too long" not in capsys.readouterr().err
    words = ["--data", str(tmp_path / "labels.npz"), "--json", str(tmp_path / "labels.json")]
    assert inspect.main(words) == 1
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if "too long" in line]) == 6
    assert told[-1] == f"{tmp_path / 'labels.npz'}: too long: 7 more clips; --out DIR or --json FILE tells all"
    assert json.loads((tmp_path / "labels.json").read_text())["by_kind"]["too long"] == 12


def test_times_in_ms_are_told_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of people and of the robot that answers them; not that joints are missing, or that clips hold no action."""
    acts = make_clips(2, 3, actions=("knock",))
    times_s = np.linspace(0.0, 2000.0, 61)
    turn = 0.5 * np.sin(np.linspace(0.0, np.pi, 61))
    answers = [
        JointClip(f"turn_{i}", times_s, np.stack([turn, (1 + 0.1 * i) * turn], axis=1), ("a", "b"), act.person, "turn")
        for i, act in enumerate(acts)
    ]
    clips = [*(replace(clip, times_s=1000 * clip.times_s) for clip in acts), *answers]
    write_set(tmp_path / "set", clips, "utd_mhad", rules=[Rule("knock", "turn")], kind="csv")
    words = ["--data", str(tmp_path / "set"), "--json", str(tmp_path / "j.json")]
    assert inspect.main(words) == 1
    assert "knock_s1_t1: not seconds: " in capsys.readouterr().err
    assert json.loads((tmp_path / "j.json").read_text())["by_kind"] == {"not seconds": 12}


def test_a_bad_file_is_told_once_and_many_of_which_the_same_is_said_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two files of bad text and five of seven empty ones are named once, the others counted; so is a whole set."""
    clips = make_clips(4, 3, actions=("throw", "catch", "knock", "wave"))
    path = tmp_path / "set"
    write_set(path, clips, "utd_mhad", rules=RULES, kind="csv")
    files = [path / f"{clip.name}.csv" for clip in clips]
    for index, file in enumerate(files[:9]):
        lines = file.read_text().splitlines()
        file.write_text("\n".join([lines[0], *lines[1 : 2 + index], "soon", *lines[2:]]) if index < 2 else "")
    words = ["--data", str(path), "--json", str(tmp_path / "j.json")]
    assert inspect.main(words) == 1
    told = capsys.readouterr().err.splitlines()
    assert [len([line for line in told if str(file) in line]) for file in files[:9]] == [1] * 7 + [0] * 2
    assert told[1].startswith(f"{path}: unreadable: {files[1]}: line 4: expected 61 values as in line 1, got 1")
    assert f"{path}: unreadable: the same of 2 more: is empty; --out DIR or --json FILE tells all" in told
    warnings = json.loads((tmp_path / "j.json").read_text())["warnings"]
    assert [one["why"].split(":")[0] for one in warnings if one["kind"] == "unreadable"] == [*map(str, files[:9])]
    text = (path / "dataset.yaml").read_text()
    (path / "dataset.yaml").write_text(text.replace("skeleton: utd_mhad", "skeleton: kinect_v2"))
    assert inspect.main(["--data", str(path)]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len([line for line in told if "lacks joint" in line and ".csv" in line]) == 5
    assert told[-2].startswith("the same of 34 more: lacks joint spine_mid, spine_shoulder of skeleton 'kinect_v2'; it")
    assert told[-2].endswith(" ...")
    assert told[-1].startswith(f"iat_ros inspect: {path}: 48 of 48 clips cannot be used; the first: ")


def test_damaged_copies_are_named_and_give_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mirrored, frozen and wrongly named at once: each is named with its kind, and drawn."""
    clips = make_clips(4, 3, actions=("throw", "catch", "knock", "wave"))
    frozen = clips[1].positions.copy()
    frozen[10:40] = frozen[10]
    clips[0] = replace(clips[0], positions=clips[0].positions * np.array([-1.0, 1.0, 1.0]))
    clips[1] = replace(clips[1], positions=frozen)
    clips[20] = replace(clips[20], action="throw" if clips[20].action != "throw" else "catch")
    write_set(tmp_path / "set.npz", clips, "utd_mhad", rules=RULES)
    words = ["--data", str(tmp_path / "set.npz"), "--out", str(tmp_path / "page"), "--json", str(tmp_path / "j.json")]
    assert inspect.main(words) == 1
    found = {(one["clip"], one["kind"]) for one in json.loads((tmp_path / "j.json").read_text())["warnings"]}
    expected = {(clips[0].name, "mirrored"), (clips[1].name, "frozen"), (clips[20].name, "mislabelled")}
    assert expected <= found
    assert {clip for clip, _ in found} == {clip for clip, _ in expected}
    assert (tmp_path / "page" / "figures" / "warned_3.png").is_file()
    assert f"{clips[0].name}: mirrored" in capsys.readouterr().err


def test_names_that_do_not_agree_and_too_few_pairs_give_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that no clip fits, and clips of two people of whom one is kept to judge with; training says so, too."""
    clips = make_clips(2, 2, actions=("throw", "catch", "knock", "wave"))
    write_set(tmp_path / "few.npz", clips, "utd_mhad", rules=RULES)
    assert inspect.main(["--data", str(tmp_path / "few.npz")]) == 1
    assert "few.npz: too few pairs: 4 pairs to learn from" in capsys.readouterr().err
    write_set(tmp_path / "rule.npz", clips, "utd_mhad", rules=[*RULES, Rule("knok", "wave")])
    assert inspect.main(["--data", str(tmp_path / "rule.npz")]) == 1
    line = "rule 'knok: wave': no clip has the action 'knok'; the actions are: knock, "
    assert f"rule.npz: rule without clips: {line}" in capsys.readouterr().err
    assert train.main(["--data", str(tmp_path / "rule.npz"), "--out", str(tmp_path / "model")]) == 1
    told = capsys.readouterr().err.splitlines()
    assert line in told[0]
    assert told[-1].startswith(f"iat_ros train: rule.npz: {line}")


def test_train_names_in_one_line_what_inspect_names_clip_by_clip(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every clip comes from a left-handed frame: training says so once, says where to see more, and goes on."""
    clips = make_clips(4, 5, actions=("throw", "catch", "knock", "wave"))
    mirrored = [replace(clip, positions=clip.positions * np.array([-1.0, 1.0, 1.0])) for clip in clips]
    write_set(tmp_path / "set.npz", mirrored, "utd_mhad", rules=RULES)
    (tmp_path / "recipe.yaml").write_text("width: 16\npool: 64\ngan: {steps: 2, batch: 8}\n")
    words = ["--data", str(tmp_path / "set.npz"), "--config", str(tmp_path / "recipe.yaml"), "--no-scores"]
    assert train.main([*words, "--out", str(tmp_path / "model")]) == 0
    (told,) = [line for line in capsys.readouterr().err.splitlines() if "mirrored" in line]
    assert told.startswith(f"{tmp_path / 'set.npz'}: mirrored: 80 clips, the first {clips[0].name}: forearms point")
    assert told.endswith(f"see `inspect --data {tmp_path / 'set.npz'}`")
    assert (tmp_path / "model" / "model.safetensors").is_file()


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve answered actions in one recording."""
    takes = {}
    for clip in make_clips(2, 6, actions=("throw", "catch", "knock", "wave")):
        (segment,), _ = find_segments(UTD, clip)
        takes[clip.name] = Take(clip, float(segment.times_s[0]), float(segment.times_s[-1]))
    turns = [
        Turn(takes[f"{rule.stimulus}_s1_t{trial}"], takes[f"{rule.response}_s2_t{trial}"])
        for trial in range(1, 7)
        for rule in RULES
    ]
    path = tmp_path_factory.mktemp("bags") / "session"
    write_bag(path, make_session(turns, seed=0)[0])
    return path


def test_inspect_reads_an_uncut_bag(tmp_path: Path, bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Actions, pairs and who acts are told; no label colours anything."""
    assert inspect.main(["--data", str(bag), "--out", str(tmp_path / "page")]) == 0
    told = capsys.readouterr().out
    assert "24 actions, 12 pairs, 0 warnings" in told
    assert "who acts: session/1 and session/2: session/1" in told
    assert "there are no labels to colour them by" in (tmp_path / "page" / "index.html").read_text()


def test_train_learns_from_an_uncut_bag(tmp_path: Path, bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The account is printed and in the figures, and a model comes out."""
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("width: 16\npool: 64\ngan: {steps: 2, batch: 8}\n")
    words = ["--data", str(bag), "--config", str(recipe), "--out", str(tmp_path / "model")]
    assert train.main([*words, "--stimulus", "1", "--json", str(tmp_path / "t.json")]) == 0
    told = capsys.readouterr().out
    assert "minutes, 24 actions found: session/1: 12, session/2: 12" in told
    assert "12 pairs; 0 actions in none" in told
    assert json.loads((tmp_path / "t.json").read_text())["pairing"]["pairs"] == 12
    assert (tmp_path / "model" / "model.safetensors").is_file()
