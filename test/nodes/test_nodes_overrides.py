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
from typing import Any

import pytest
from lifecycle_msgs.msg import State
from rcl_interfaces.srv import DescribeParameters, ListParameters

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
    """A slip of the pen is warned of, with what was meant; and so is a parameter of a node that runs elsewhere."""
    start("perception", "--ros-args", "-r", "__node:=slips", "-p", "persn:=nearest", "-p", "robot:=g1")
    rig.wait_active("slips")
    said = capfd.readouterr().err
    assert "no parameter is named 'persn'; did you mean 'person'?" in said
    assert "parameter 'robot' is of trajectory, robot, viewer, not of slips" in said


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
