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

"""Wrong values on the command line: the node lives, unconfigured, and says which value it refuses."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lifecycle_msgs.msg import State
from rcl_interfaces.srv import DescribeParameters, ListParameters

from iat_ros.nodes.given_parameters import misspelling, warn_of_ignored_parameters
from iat_ros.nodes.trajectory import TrajectoryNode

pytestmark = pytest.mark.ros


@pytest.mark.parametrize(
    ("name", "override"),
    [("trajectory", "lead_time:=100.0"), ("perception", "skeleton:=5"), ("perception", "frames:=-1")],
)
def test_a_wrong_override_leaves_the_node_alive(
    rig: Any, start: Callable[..., subprocess.Popen[str]], name: str, override: str
) -> None:
    """Out of range or of the wrong type: unconfigured, not dead."""
    node = f"{name}_{override.split(':')[0]}"
    process = start(name, "--ros-args", "-r", f"__node:={node}", "-p", override)
    assert rig.state(node) == State.PRIMARY_STATE_UNCONFIGURED
    assert process.poll() is None


def test_whole_numbers_serve_as_numbers_and_all_parameters_are_described(
    rig: Any, start: Callable[..., subprocess.Popen[str]]
) -> None:
    """``lead_time:=1`` is what people type; every parameter has a description."""
    start("trajectory", "--ros-args", "-p", "lead_time:=1")
    rig.wait_active("trajectory")
    names = rig.call(ListParameters, "/trajectory/list_parameters", ListParameters.Request()).result.names
    own = [name for name in names if name in {"skeleton", "robot", "return_to_rest", "lead_time"}]
    assert len(own) == 4
    answer = rig.call(DescribeParameters, "/trajectory/describe_parameters", DescribeParameters.Request(names=own))
    assert all(descriptor.description for descriptor in answer.descriptors)


def test_a_parameter_that_nobody_has_is_named(
    rig: Any, start: Callable[..., subprocess.Popen[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """One that means nothing here is warned of, and so is a parameter of a node that runs elsewhere."""
    start("perception", "--ros-args", "-r", "__node:=slips", "-p", "elsewhere:=1", "-p", "robot:=g1")
    rig.wait_active("slips")
    said = capfd.readouterr().err
    assert "no parameter is named 'elsewhere'" in said
    assert "parameter 'robot' is of trajectory, robot, viewer, not of slips" in said


@pytest.mark.parametrize("name", ["stop_distence", "stop_distance_m", "stopdistance", "stop_distance.value"])
def test_a_slip_of_the_pen_keeps_the_node_from_its_work(
    rig: Any, start: Callable[..., subprocess.Popen[str]], name: str
) -> None:
    """Whoever wants people kept away by two metres must not get what is the default."""
    space = name.replace(".", "_")
    start("trajectory", "--ros-args", "-r", f"__ns:=/{space}", "-p", f"{name}:=2.0")
    told = f"no parameter is named '{name}'; did you mean 'stop_distance'?"
    assert rig.until(lambda: told in rig.counts.get(f"/{space}/trajectory", {}).get("trouble", ""))
    assert rig.state(f"{space}/trajectory") == State.PRIMARY_STATE_UNCONFIGURED


def test_parameters_of_several_nodes_on_one_command_line_or_in_a_file_are_no_mistake(
    rig: Any, start: Callable[..., subprocess.Popen[str]], capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A process of several nodes has them all; a file is for all processes."""
    (tmp_path / "all.yaml").write_text("/**:\n  ros__parameters: {model: utd_mhad, frames: 32}\n", encoding="utf-8")
    start("interact", "--ros-args", "-r", "__ns:=/several", "-p", "robot:=g1", "-p", "quiet_time:=0.2")
    start("perception", "--ros-args", "-r", "__node:=files", "--params-file", str(tmp_path / "all.yaml"))
    for name in ("several/trajectory", "several/act2act", "several/perception", "files"):
        rig.wait_active(name)
    assert "parameter '" not in capfd.readouterr().err


@pytest.mark.parametrize("way", ["file", "word"])
def test_parameters_for_a_node_whose_name_is_misspelt_keep_it_from_working(
    rig: Any, start: Callable[..., subprocess.Popen[str]], capfd: pytest.CaptureFixture[str], tmp_path: Path, way: str
) -> None:
    """ROS ignores them without a word, and a robot that was to go slowly would go fast."""
    file = tmp_path / "slow.yaml"
    file.write_text("/**/trajectroy:\n  ros__parameters: {speed_scale: 0.3}\n", encoding="utf-8")
    given = ["--params-file", str(file)] if way == "file" else ["-p", "trajectroy:speed_scale:=0.3"]
    process = start("interact", "--ros-args", "-r", f"__ns:=/{way}", *given)
    rig.wait_active(f"{way}/act2act")
    assert rig.state(f"{way}/trajectory") == State.PRIMARY_STATE_UNCONFIGURED
    assert process.poll() is None
    assert rig.until(lambda: "did you mean 'trajectory'" in rig.counts.get(f"/{way}/trajectory", {}).get("trouble", ""))
    assert "refused to configure" in capfd.readouterr().err


def node_of(name: str = "/trajectory") -> Any:
    """Stands for a trajectory node of this full name."""
    last = name.rpartition("/")[2]
    return SimpleNamespace(
        kind="trajectory",
        PARAMETERS=TrajectoryNode.PARAMETERS,
        get_name=lambda: last,
        get_fully_qualified_name=lambda: name,
    )


def ignored(node: Any, *ros_args: str) -> tuple[str, list[str]]:
    """What keeps the node from working, and what is warned of."""
    told: list[str] = []
    node.get_logger = lambda: SimpleNamespace(warning=told.append)
    warn_of_ignored_parameters(node, ["--ros-args", *ros_args])
    return misspelling(node, ["--ros-args", *ros_args]), told


@pytest.mark.parametrize(
    "content",
    [
        "trajectory_left: {ros__parameters: {speed_scale: 0.3}}",  # another's, on purpose
        "my_trajectory: {ros__parameters: {speed_scale: 0.3}}",
        "trajectoryLeft: {ros__parameters: {speed_scale: 0.3}}",
        "trajectory2: {ros__parameters: {speed_scale: 0.3}}",
        "trajectoryB: {ros__parameters: {speed_scale: 0.3}}",
        "trajectroy: {ros__parameters: {wheel: 0.3}}",  # of another package
        "lab: {trajectory: {ros__parameters: {speed_scale: 0.3}}}",
        "/lab/trajectory: {ros__parameters: {speed_scale: 0.3}}",
        "/**/trajectory: {ros__parameters: {speed_scale: 0.3}}",
        "/*/trajectory: {ros__parameters: {speed_scale: 0.3}}",
        "/**: {ros__parameters: {speed_scale: 0.3}}",
        "arm: {ros__parameters: {speed_scale: 0.3}}",
        "perception: {ros__parameters: {skeleton: zed_18}}",
        "plain: 3",
        "- a list",
    ],
)
def test_parameters_of_other_nodes_are_no_mistake(tmp_path: Path, content: str) -> None:
    """A file may hold those of a whole laboratory."""
    (tmp_path / "all.yaml").write_text(content, encoding="utf-8")
    assert ignored(node_of("/lab/trajectory"), "--params-file", str(tmp_path / "all.yaml")) == ("", [])


@pytest.mark.parametrize(
    "given",
    ["trajectroy", "/lab/trajectry", "TRAJECTORY", "trajectorys", "trajektory", "trajectory_node", "left_trajectroy"],
)
def test_a_slip_in_a_name_is_told(tmp_path: Path, given: str) -> None:
    """Wherever the name stands: in the file or on the command line, in a namespace or in none."""
    file = tmp_path / "all.yaml"
    section = f"{given}: {{ros__parameters: {{lead_time: 1.0}}}}"
    for content in (section, f"/ns: {{{section}}}"):
        file.write_text(content, encoding="utf-8")
        refusal, warnings = ignored(node_of(), "--params-file", str(file))
        assert refusal.startswith(f"--params-file {file}: gives parameters to")
        assert refusal.endswith("did you mean 'trajectory'? Correct it and start again")
        assert not warnings
    assert given in misspelling(node_of(), ["--ros-args", "-p", f"{given}:lead_time:=1.0"])
    assert misspelling(node_of(), ["--ros-args", "-p", f"{given}:wheel:=3"]) == ""
    file.write_text(f"{given}: {{ros__parameters: {{robot: nao}}}}")  # others have such a parameter, too
    refusal, (warning,) = ignored(node_of(), "--params-file", str(file))
    assert (refusal, "did you mean" in warning) == ("", True)


def test_a_right_name_in_a_wrong_namespace_is_told(tmp_path: Path) -> None:
    """On a command line it is a mistake; in a file it may be another chain's, if this one has its own."""
    node = node_of("/lab/trajectory")
    assert "not /lab/trajectory" in ignored(node, "-p", "trajectory:speed_scale:=0.3")[0]
    assert ignored(node, "-p", "/lab/trajectory:speed_scale:=0.3") == ("", [])
    file = tmp_path / "two.yaml"
    file.write_text("/left/trajectory: {ros__parameters: {speed_scale: 0.3}}")
    refusal, (warning,) = ignored(node, "--params-file", str(file))
    assert (refusal, "not /lab/trajectory" in warning) == ("", True)
    with file.open("a") as more:
        more.write("\n/lab/trajectory: {ros__parameters: {speed_scale: 0.4}}\n")
    assert ignored(node, "--params-file", str(file)) == ("", [])


def test_a_renamed_node_is_known_by_its_name(tmp_path: Path) -> None:
    """What is like that is a slip, and what is under its usual name does not reach it."""
    file = tmp_path / "one.yaml"
    for content, refused in (("left_arn", True), ("trajectory", False)):
        file.write_text(f"{content}: {{ros__parameters: {{speed_scale: 0.3}}}}")
        refusal, warnings = ignored(node_of("/left_arm"), "--params-file", str(file))
        assert (bool(refusal), bool(warnings)) == (refused, not refused)
        assert "/left_arm" in "".join(warnings) or "did you mean 'left_arm'" in refusal


def test_a_parameter_for_a_node_that_is_not_here_is_told(
    rig: Any, start: Callable[..., subprocess.Popen[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """On a command line it can only be a mistake."""
    start("perception", "--ros-args", "-r", "__node:=alone", "-p", "arm:frames:=16", "-p", "alone:frames:=16")
    rig.wait_active("alone")
    said = capfd.readouterr().err
    assert said.count("parameter 'frames' is for") == 1
    assert "parameter 'frames' is for 'arm'; here are alone only" in said
