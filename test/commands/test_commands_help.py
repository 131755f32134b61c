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

"""What --help of every verb says."""

from __future__ import annotations

import argparse
import importlib
import re
from pathlib import Path

import pytest

from iat_ros.__main__ import VERBS
from iat_ros.commands import demo, make_up
from iat_ros.commands.entry import HelpFormatter
from iat_ros.data.bag import read_bag
from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.viewer import ViewerNode


@pytest.mark.parametrize("verb", VERBS)
def test_help_says_what_it_does_takes_and_returns(
    verb: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence, a text for each option, the exit codes, and no line that a terminal would break."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"iat_ros.commands.{verb}").main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    usage, description, *rest = told.split("\n\n")
    assert usage.startswith(f"usage: iat_ros {verb}")
    assert description.rstrip().endswith((".", ")."))
    assert any("Exit code 0: all went well" in part for part in rest)
    assert max(map(len, told.splitlines())) <= 100
    options = re.split(r"\n  (?=-)", "\n".join(part for part in rest if "options:" in part))[1:]
    assert options
    for option in options:
        assert re.search(r"(\s{2,}|\n\s+)\w", option), f"{option} says nothing"


@pytest.mark.parametrize("node", [TrajectoryNode, PerceptionNode, Act2ActNode, RobotNode, ViewerNode])
def test_a_node_names_its_parameters(node: type[IatNode], capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, with default and meaning: so that nobody has to look for them elsewhere."""
    verb = node.__module__.rpartition(".")[2]
    with pytest.raises(SystemExit):
        importlib.import_module(f"iat_ros.commands.{verb}").main(["--help"])
    _, _, told = capsys.readouterr().out.partition("\nparameters, at the end")
    for parameter in node.PARAMETERS:
        assert re.search(rf"^  {parameter.name}: \S+ .*\w", told, re.MULTILINE), parameter.name


@pytest.mark.parametrize("verb", ["interact", "demo", "train"])
def test_a_verb_of_several_nodes_says_where_their_parameters_are(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Their list would be longer than a screen; a verb without nodes has none."""
    with pytest.raises(SystemExit):
        importlib.import_module(f"iat_ros.commands.{verb}").main(["--help"])
    _, found, told = capsys.readouterr().out.partition("\nparameters, at the end")
    assert bool(found) == (verb != "train")
    if found:
        assert Path(told.split()[-1]).is_file()


def test_the_demonstration_says_how_its_nodes_are_given_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    """Its options are not all that it takes."""
    with pytest.raises(SystemExit):
        demo.main(["--help"])
    assert "--ros-args -p NAME:=VALUE" in " ".join(capsys.readouterr().out.split())


def test_made_up_people_are_as_many_numbers_as_actions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One person who does two actions has two numbers in the bag; the help says so."""
    words = ["--people", "1", "--actions", "wave", "throw", "--out", str(tmp_path / "bag")]
    assert make_up.main(words) == 0
    assert {int(body) for frame in read_bag(tmp_path / "bag") for body in frame.body_ids} == {0, 1}
    capsys.readouterr()
    with pytest.raises(SystemExit):
        make_up.main(["--help"])
    assert "every action is under a body_id of its own" in " ".join(capsys.readouterr().out.split())


def test_defaults_are_told_once() -> None:
    """Those that the text does not tell itself; none of switches, of what is required, of what is empty."""
    parser = argparse.ArgumentParser(formatter_class=HelpFormatter)
    parser.add_argument("--rate", default=30.0, help="how often [Hz]")
    parser.add_argument("--who", nargs="+", default=["s2", "s4"], help="whose clips")
    parser.add_argument("--what", metavar="WHAT", choices=("a", "b"), help="which of these")
    parser.add_argument("--out", default="here", help="where to; default: here")
    parser.add_argument("--all", action="store_true", help="everything")
    parser.add_argument("--bag", required=True, help="which bag")
    lines = {line.split()[0]: line.strip() for line in parser.format_help().splitlines() if line.startswith("  --")}
    assert lines["--rate"].endswith("how often [Hz] (default: 30.0)")
    assert "whose clips (default: s2 s4)" in parser.format_help()
    assert lines["--what"].endswith("which of these: a, b")
    assert lines["--out"].endswith("where to; default: here")
    assert lines["--all"].endswith("everything")
    assert lines["--bag"].endswith("which bag")
