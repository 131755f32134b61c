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

"""Places that cannot be written to are refused before the work."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from iat_ros.commands import demo, evaluate, evaluate_bag, inspect, make_up, record, reproduce, robot, train
from iat_ros.commands.entry import run_verb
from iat_ros.commands.output import add_json

MAINS = {
    "train": train.main,
    "inspect": inspect.main,
    "evaluate": evaluate.main,
    "evaluate_bag": evaluate_bag.main,
    "reproduce": reproduce.main,
    "demo": demo.main,
    "record": record.main,
    "make_up": make_up.main,
}
NEEDED = {
    "train": ["--data", "nowhere", "--out", "model"],
    "inspect": ["--data", "nowhere"],
    "evaluate": ["--data", "nowhere"],
    "evaluate_bag": ["nowhere"],
    "reproduce": ["--data", "nowhere", "--out", "results"],
    "demo": ["--data", "nowhere"],
    "record": ["--mend", "nowhere", "--out", "bag"],
    "make_up": [],
}
"""Options whose work would fail at its first step, with another line than that of a place to write to."""


def refusal(verb: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a verb that refuses; return the one line that it says."""
    assert MAINS[verb]([*NEEDED[verb], *words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line.removeprefix(f"iat_ros {verb}: ")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory, which stays empty but for what a test makes."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("verb", [verb for verb in MAINS if verb != "make_up"])
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("there", "--json there: is a directory; give the name of a file"),
        ("nowhere/f.json", "--json nowhere/f.json: there is no folder "),
        ("/proc/f.json", "--json /proc/f.json: cannot be written: "),
    ],
)
def test_figures_that_cannot_be_written_are_refused(
    verb: str, file: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the data is looked for; nothing is left behind."""
    (tmp_path / "there").mkdir()
    assert refusal(verb, ["--json", file], capsys).startswith(says)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("verb", ["train", "inspect", "evaluate_bag", "reproduce", "record", "make_up"])
@pytest.mark.parametrize(
    ("out", "says"),
    [
        ("/proc/a/b", "--out /proc/a/b: cannot be made: "),
        ("/proc/self", "--out /proc/self: cannot be written to: "),
        ("notes.txt", "--out notes.txt: is a file; give a directory"),
        ("notes.txt/page", "--out notes.txt/page: cannot be made: Not a directory"),
        ("n" * 300, f"--out {'n' * 300}: cannot be made: File name too long"),
    ],
)
def test_a_directory_that_cannot_be_made_is_refused(
    verb: str, out: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the data is looked for; nothing is left behind."""
    (tmp_path / "notes.txt").write_text("all there is")
    assert refusal(verb, ["--out", out], capsys).startswith(says)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("words", [["--json", "page"], ["--json", "./page"]])
def test_figures_and_page_cannot_be_one(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The page's directory would be there when the figures come."""
    assert refusal("inspect", ["--out", "page", *words], capsys) == f"--json {words[1]}: is --out; " + (
        "give the name of another file"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--out", "/proc/it.yaml"], "--out /proc/it.yaml: cannot be written: "),
        (["--picture", "/proc/it.png"], "--picture /proc/it.png: cannot be written: "),
        (["--picture", "there.png"], "--picture there.png: is a directory; give the name of a file"),
        (["--json", "there.png"], "--json there.png: is a directory; give the name of a file"),
    ],
)
def test_the_files_of_a_robot_check_are_tried_first(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its --out is a file."""
    (tmp_path / "there.png").mkdir()
    assert robot.main(["check", "nowhere.urdf", *words]) == 1
    assert capsys.readouterr().err.startswith(f"iat_ros robot: {says}")


def test_looking_whether_a_place_can_be_written_changes_nothing(tmp_path: Path) -> None:
    """Figures of before stay until there are new ones; a directory is not made for a verb that may still refuse it."""
    old = tmp_path / "old.json"
    old.write_text("{}")

    def add(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--out", type=Path)
        add_json(parser)

    def run(_: argparse.Namespace) -> int:
        assert old.read_text() == "{}"
        assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
        return 0

    assert run_verb("train", "Learn.", add, run, ["--out", str(tmp_path / "a" / "b"), "--json", str(old)]) == 0
    assert run_verb("train", "Learn.", add, run, ["--json", str(tmp_path / "new.json")]) == 0
    assert run_verb("train", "Learn.", add, run, ["--json", "/dev/null"]) == 0
