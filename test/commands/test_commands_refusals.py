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

"""Options that would change nothing, and verbs that there are not, are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from iat_ros.__main__ import main

G1_URDF = "package://example-robot-data/robots/g1_description/urdf/g1_29dof_rev_1_0.urdf"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["evaluate", "--data", "nowhere", "--clips", "3"], "--clips needs --live"),
        (["evaluate", "--data", "nowhere", "--robot", "nobody"], "--robot needs --live"),
        (["make_up", "--out", "bag", "--pairs", "5", "--people", "2"], "--people: --pairs has two people"),
        (["make_up", "--out", "bag", "--pairs", "5", "--actions", "wave"], "--actions: --pairs has two people"),
        (["record", "--out", "bag", "--mend", "x", "--duration", "3"], "--duration: --mend records nothing"),
        (["demo", "--headless", "--port", "0"], "--port: with --headless there is no page"),
        (["demo", "--headless", "--robot", "nao"], "--robot nao: its file names no URDF"),
        (["train", "--data", "made_up", "--out", "m", "--ros-args", "-p", "a:=1"], "--ros-args: train starts no node"),
        (["robot", "check", G1_URDF, "--urdf", "x.urdf"], f"--urdf x.urdf: {G1_URDF} is a URDF itself"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, before anything is read or written; also where its value is what holds without it."""
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"iat_ros {words[0]}: {says}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("trian", "iat_ros: no verb 'trian'; did you mean 'train'?"),
        ("evaluate-bag", "iat_ros: no verb 'evaluate-bag'; did you mean 'evaluate_bag'?"),
        ("brew", "iat_ros: no verb 'brew'"),
    ],
)
def test_a_verb_that_there_is_not_is_told_with_the_nearest(
    word: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Above the list of all of them."""
    assert main([word]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == says
    assert any(line.startswith("  train ") for line in lines[1:])
