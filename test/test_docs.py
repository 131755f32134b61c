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

"""What README.md and config/interact.yaml say about the nodes is what the nodes say about themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from iat_ros.__main__ import VERBS
from iat_ros.nodes.act2act import Act2ActNode
from iat_ros.nodes.base import IatNode
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.robot import RobotNode
from iat_ros.nodes.tracker.node import TrackerNode
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.viewer import ViewerNode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NODES: dict[str, type[IatNode]] = {
    "perception": PerceptionNode,
    "act2act": Act2ActNode,
    "trajectory": TrajectoryNode,
    "robot": RobotNode,
    "tracker": TrackerNode,
    "camera": CameraNode,
    "viewer": ViewerNode,
}


def cells(line: str) -> list[str]:
    """Split a row of a Markdown table."""
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


@pytest.mark.parametrize("name", NODES)
def test_readme_lists_every_parameter_with_its_default(name: str) -> None:
    """The README's table has each parameter of each node, with default and description, and no other."""
    rows = [cells(line) for line in README.splitlines() if line.startswith(f"| `{name}` | `")]
    told = {row[1]: (row[2], row[3]) for row in rows if len(row) == 4}
    known = {}
    for parameter in NODES[name].PARAMETERS:
        default = str(parameter.default).lower() if isinstance(parameter.default, bool) else str(parameter.default)
        text = parameter.description + (f" One of: {', '.join(parameter.choices)}." if parameter.choices else "")
        known[parameter.name] = (default, text)
    assert told == known


def test_readme_lists_every_verb() -> None:
    """The README's table of commands has every verb with what it does."""
    for verb, text in VERBS.items():
        assert f"| `{verb}` | {text} |" in README


def test_every_file_that_readme_names_exists() -> None:
    """Links and pictures of the README lead somewhere."""
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_the_parameter_file_holds_the_nodes_own_defaults() -> None:
    """config/interact.yaml shows every parameter of the chain with the default that the code has."""
    content = yaml.safe_load((ROOT / "config" / "interact.yaml").read_text(encoding="utf-8"))
    told = {key.rsplit("/", 1)[-1]: value["ros__parameters"] for key, value in content.items()}
    for name, node in NODES.items():
        if name in told or name != "viewer":
            assert told[name] == {parameter.name: parameter.default for parameter in node.PARAMETERS}
