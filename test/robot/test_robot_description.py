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

"""Robot YAML files: what is accepted, and the one line that comes for everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from iat_ros.errors import RobotError
from iat_ros.robot.description import RobotConfig, find_urdf, load_robot_config

CONFIG = Path(__file__).parents[2] / "config" / "robots"
GOOD = {
    "name": "toy",
    "urdf": "toy.urdf",
    "torso": "base",
    "joints": ["shoulder", "elbow"],
    "limbs": {"left_upper_arm": ["upper", "lower"]},
}


def write(folder: Path, changes: dict[str, object]) -> Path:
    """Write a robot file with some keys changed."""
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


def one_line(error: pytest.ExceptionInfo[RobotError]) -> str:
    """Return the message, which must be one line."""
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["g1", "talos", "tiago_dual"])
def test_shipped_files_load_and_their_urdf_is_found(name: str) -> None:
    """Every robot that ships has a valid file and a URDF in example-robot-data."""
    config = load_robot_config(CONFIG / f"{name}.yaml")
    assert config.name == name
    assert find_urdf(config).is_file()


def test_defaults_and_caps(tmp_path: Path) -> None:
    """A cap may be one number or a number per joint, and the rest keep the default."""
    config = load_robot_config(write(tmp_path, {"max_velocity": {"elbow": 2}, "max_acceleration": 5}))
    assert config.cap("max_velocity", "elbow") == 2.0
    assert config.cap("max_velocity", "shoulder") == 3.0
    assert config.cap("max_acceleration", "shoulder") == 5.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"jonts": []}, ["unknown key 'jonts'", "joints"]),
        ({"joints": "elbow"}, ["'joints' must be a list"]),
        ({"joints": ["elbow", "elbow"]}, ["each named once"]),
        ({"joints": []}, ["at least one joint"]),
        ({"limbs": {"left_forearm": ["lower"]}}, ["limbs.left_forearm", "[start, end]"]),
        ({"limbs": {}}, ["at least one limb"]),
        ({"limbs": 3}, ["'limbs' must be a mapping"]),
        ({"rest": {"elbow": "bent"}}, ["rest.elbow", "finite number"]),
        ({"rest": {"elbow": float("nan")}}, ["rest.elbow", "finite number"]),
        ({"max_velocity": -1}, ["'max_velocity'", "greater than zero"]),
        ({"max_velocity": {"elbo": 1.0}}, ["'elbo'", "did you mean 'elbow'"]),
        ({"position_margin": 2.0}, ["'position_margin'", "[0, 1)"]),
        ({"position_margin": True}, ["'position_margin'", "finite number"]),
        ({"torso_rpy": [0, 0]}, ["torso_rpy", "three angles"]),
        ({"name": 3}, ["'name'"]),
    ],
)
def test_wrong_content_is_refused_in_one_line(tmp_path: Path, changes: dict[str, object], words: list[str]) -> None:
    """Each wrong key, type or value gives one line that names the file and the key."""
    path = write(tmp_path, changes)
    with pytest.raises(RobotError) as error:
        load_robot_config(path)
    message = one_line(error)
    assert str(path) in message
    assert all(word in message for word in words), message


def test_tags_that_run_code_are_refused_and_not_run(tmp_path: Path) -> None:
    """A YAML tag that would call a function is refused, and the function isn't called."""
    path, touched = tmp_path / "robot.yaml", tmp_path / "touched"
    path.write_text(f"name: !!python/object/apply:os.mkdir ['{touched}']\n")
    with pytest.raises(RobotError, match=r"robot\.yaml: line 1 is not plain YAML"):
        load_robot_config(path)
    assert not touched.exists()


@pytest.mark.parametrize(
    "text",
    [
        "name: [",
        "- a list",
        "",
        "name: toy",
    ],
)
def test_broken_yaml_is_refused(tmp_path: Path, text: str) -> None:
    """Broken YAML and files without the needed keys are refused."""
    path = tmp_path / "robot.yaml"
    path.write_text(text)
    with pytest.raises(RobotError, match=r"robot\.yaml"):
        load_robot_config(path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    """A missing YAML, URDF or package is named in one line."""
    with pytest.raises(RobotError, match=r"nowhere\.yaml"):
        load_robot_config(tmp_path / "nowhere.yaml")
    with pytest.raises(RobotError, match=r"toy\.urdf"):
        find_urdf(load_robot_config(write(tmp_path, {})))
    with pytest.raises(RobotError, match="no package 'no_such_robot'"):
        find_urdf(load_robot_config(write(tmp_path, {"urdf": "package://no_such_robot/a.urdf"})))


@pytest.mark.parametrize("urdf", ["a" * 5000, "package://" + "a" * 5000 + "/b", "~no_such_user_here/a.urdf"])
def test_paths_that_no_machine_has_are_refused(tmp_path: Path, urdf: str) -> None:
    """A path that the system itself refuses is one line as well, and not a long one."""
    with pytest.raises(RobotError, match=r"'urdf' is no usable path") as caught:
        find_urdf(load_robot_config(write(tmp_path, {"urdf": urdf})))
    assert len(str(caught.value)) < 400


def test_urdf_in_a_ros_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package:// path is looked for in the share folders of the sourced ROS workspaces."""
    urdf = tmp_path / "share" / "my_robot" / "urdf" / "a.urdf"
    urdf.parent.mkdir(parents=True)
    urdf.write_text("<robot/>")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    assert find_urdf(RobotConfig(**{**GOOD, "urdf": "package://my_robot/urdf/a.urdf"})) == urdf
