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

"""Options that choose a data set: none is taken and then passed over."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from iat_ros.commands import evaluate, inspect, train
from iat_ros.commands.data_options import add_data, as_typed
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two clips that are a pair, in the generic form."""
    act, answer = make_clips(1, 1, actions=("knock", "wave"))
    write_set(tmp_path / "set", [act, answer], "utd_mhad", {answer.name: act.name})
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--skeleton", "sbu"), "--skeleton: only for bags; "),
        (("--skeleton", "sbu", "--stimulus", "3"), "--skeleton and --stimulus: only for bags; "),
        (("--response", "people", "--format", "generic"), "--response: only for bags; "),
    ],
)
def test_options_for_bags_are_refused_elsewhere(
    data: Path, tmp_path: Path, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line names them, before anything is read or written."""
    assert inspect.main(["--data", str(data), *words]) == 2
    assert f"{says}{data} (generic) tells this itself: leave it out" in capsys.readouterr().err
    assert train.main(["--data", "made_up", *words, "--out", str(tmp_path / "model")]) == 2
    assert (says if "--format" not in words else "--format generic: made_up") in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_limbs_that_the_model_does_not_know_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The ones that it needs, in its order, and no shape of an array."""
    assert evaluate.main(["--data", "made_up", "--limbs", "right_forearm,left_forearm"]) == 1
    (told,) = capsys.readouterr().err.strip().splitlines()
    assert "--limbs right_forearm,left_forearm: the model needs the limbs neck, torso, left_clavicle" in told


def test_a_hint_opens_the_same_data() -> None:
    """What another verb is said to look at is what this one was given."""
    parser = argparse.ArgumentParser()
    add_data(parser)
    words = ["--data", "my bag", "--skeleton", "sbu", "--response", "people", "--stimulus", "3", "4"]
    assert as_typed("inspect", parser.parse_args(words)) == (
        "inspect --data 'my bag' --skeleton sbu --response people --stimulus 3 4"
    )
    assert as_typed("inspect", parser.parse_args(["--data", "set"])) == "inspect --data set"
