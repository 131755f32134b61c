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

"""robot check: a mapping to save, a picture to look at, figures, and one line where it is no use."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import yaml

from iat_ros.commands import robot
from iat_ros.robot.description import load_robot_config


@pytest.fixture
def urdf(tmp_path: Path, robot_urdf: Callable[..., str]) -> Path:
    """A robot with two arms of five joints."""
    path = tmp_path / "my_robot.urdf"
    path.write_text(robot_urdf(joints=5))
    return path


def test_a_robot_is_checked(tmp_path: Path, urdf: Path, capsys: Any) -> None:
    """The mapping on stdout is the one in the file; the picture is drawn; the figures are those that are told."""
    out, picture, figures = tmp_path / "my_robot.yaml", tmp_path / "it.png", tmp_path / "it.json"
    words = ["check", str(urdf), "--out", str(out), "--picture", str(picture), "--json", str(figures)]
    assert robot.main(words) == 0
    told = capsys.readouterr()
    assert told.out == out.read_text()
    assert set(load_robot_config(out).arms) == {"left", "right"}
    content = json.loads(figures.read_text())
    errors = content["direction_error_deg"]
    assert set(errors) == {"left_upper_arm", "left_forearm", "right_upper_arm", "right_forearm"}
    assert all(0.0 <= each["mean"] < 5.0 and each["followed"] for each in errors.values())
    assert f"left_forearm: {errors['left_forearm']['mean']:g} deg off" in told.err
    assert content["motions"] == 10
    assert content["motions_that_would_touch"] is None
    (unchecked,) = [line for line in told.err.splitlines() if "collisions are not checked" in line]
    assert "the nodes refuse this robot without --ros-args -p check_collisions:=false" in unchecked
    assert unchecked.count("check_collisions") == 1
    pixels = matplotlib.image.imread(picture)
    coloured = np.ptp(pixels[..., :3], axis=-1) > 0.3
    upper, lower = np.split(coloured, [len(coloured) // 2])
    assert upper.sum() > 2000, "the person"
    assert lower.sum() > 2000, "the robot"
    assert robot.main(["check", str(out)]) == 0, "what was written can be checked again"


def test_a_urdf_may_lie_in_a_package(tmp_path: Path, urdf: Path, monkeypatch: Any, capsys: Any) -> None:
    """As package://PACKAGE/path, which is where robots' descriptions are; one that is not there is named."""
    package = tmp_path / "my_robot_description"
    package.mkdir()
    urdf.rename(package / "my_robot.urdf")
    monkeypatch.setenv("ROS_PACKAGE_PATH", str(tmp_path))
    assert robot.main(["check", "package://my_robot_description/my_robot.urdf"]) == 0
    assert "left: {shoulder:" in capsys.readouterr().out
    assert robot.main(["check", "package://my_robot_description/another.urdf"]) == 1
    assert "my_robot_description/another.urdf" in capsys.readouterr().err


def test_a_mapping_that_is_there_is_never_overwritten(tmp_path: Path, urdf: Path, capsys: Any) -> None:
    """It may have been corrected by hand, with gentler limits."""
    out = tmp_path / "my_robot.yaml"
    out.write_text("max_velocity: 0.1\n")
    assert robot.main(["check", str(urdf), "--out", str(out)]) == 1
    assert "my_robot.yaml: exists already" in capsys.readouterr().err
    assert out.read_text() == "max_velocity: 0.1\n"


def test_a_mapping_without_urdf_is_tried_with_one(tmp_path: Path, urdf: Path, capsys: Any) -> None:
    """As NAO's, whose URDF the user has; a mapping may let an arm follow the person's other one."""
    out = tmp_path / "my_robot.yaml"
    assert robot.main(["check", str(urdf), "--out", str(out)]) == 0
    content = yaml.safe_load(out.read_text())
    content["arms"] = {"left": {**content["arms"]["left"], "person": "right"}}
    content["rest"] = {name: angle for name, angle in content["rest"].items() if name.startswith("left")}
    del content["urdf"]
    out.write_text(yaml.safe_dump(content))
    capsys.readouterr()
    assert robot.main(["check", str(out)]) == 1
    assert "my_robot.yaml: names no urdf: give the robot's with --urdf FILE" in capsys.readouterr().err
    assert robot.main(["check", str(out), "--urdf", "nowhere.urdf"]) == 1
    assert "nowhere.urdf: no such file; expected a URDF" in capsys.readouterr().err
    assert robot.main(["check", str(out), "--urdf", str(urdf), "--json", str(tmp_path / "it.json")]) == 0
    figures = json.loads((tmp_path / "it.json").read_text())
    assert {limb: each["person"] for limb, each in figures["direction_error_deg"].items()} == {
        "left_upper_arm": "right_upper_arm",
        "left_forearm": "right_forearm",
    }
    assert "left_forearm" in figures["person_limbs_without_robot_limb"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["legs.urdf"], "no arm found"),
        (["nothing.urdf"], "nothing.urdf: no such file; expected a URDF, or a mapping"),
        (["text.urdf"], "not XML"),
        (["no_such_robot"], "one of: g1"),
        (["my_robot.urdf", "--picture", "it.gif"], "--picture it.gif: expected a file that ends in .pdf, .png, .svg"),
        (["my_robot.urdf", "--out", "it.txt"], "--out it.txt"),
        (["my_robot.urdf", "--out", "nowhere/it.yaml"], "there is no folder"),
        (["my_robot.urdf", "--json", "nowhere/it.json"], "--json nowhere/it.json: there is no folder"),
    ],
)
def test_what_is_no_use_is_one_line(
    tmp_path: Path,
    urdf: Path,
    robot_urdf: Callable[..., str],
    words: list[str],
    says: str,
    capsys: Any,
    monkeypatch: Any,
) -> None:
    """Exit code 1, one line that says why, and nothing on stdout that could be saved as a mapping."""
    (tmp_path / "legs.urdf").write_text(robot_urdf(sides=()))
    (tmp_path / "text.urdf").write_text("a robot")
    monkeypatch.chdir(tmp_path)
    assert robot.main(["check", *words]) == 1
    told = capsys.readouterr()
    assert says in told.err
    assert len(told.err.splitlines()) == 1
    assert told.out == ""
