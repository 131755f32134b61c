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

"""What was given to the nodes on the command line and in parameter files: what ROS would ignore is told."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rclpy.node import Node

from iat_ros.errors import ConfigError
from iat_ros.nodes.base import IatNode
from iat_ros.resources import share_directory
from iat_ros.yaml_file import load_mapping

_ALMOST = 0.75
"""Names so much alike, from 0 to 1, are taken for a name and its misspelling."""
_ON_PURPOSE = re.compile(r"[_\d].*|.*_")
"""What is put before or behind a node's name where it is meant: trajectory_left, robot2, my_robot."""


def check_ros_args(ros_args: Sequence[str]) -> None:
    """Refuse the two mistakes that are made most, for which ROS has words of its C layer only.

    Args:
        ros_args: Command line from ``--ros-args`` on.

    Raises:
        ConfigError: A file that is not there, or a parameter without its value.
    """
    for option, value in itertools.pairwise([*ros_args, ""]):
        if option == "--params-file" and not Path(value).is_file():
            raise ConfigError(f"--params-file {value}: no such file; expected a YAML file of parameters")
        if option in ("-p", "--param") and not re.fullmatch(r"[^=]+:=.+", value, re.DOTALL):
            raise ConfigError(f"{option} {value}: expected NAME:=VALUE; an empty text is NAME:='\"\"'")


def misspelling(node: IatNode, ros_args: Sequence[str]) -> str:
    """Say which parameters were given to a node whose name is almost this one's; empty if none were.

    ROS ignores them without a word, and a robot would go at full speed. A name that is a node's with something put
    before or behind it (trajectory_left, robot2) is let pass, and so is one under which no parameter of this node is.

    Args:
        node: The node, in this package's name or another.
        ros_args: Command line from ``--ros-args`` on.
    """
    own = {parameter.name for parameter in node.PARAMETERS}
    for option, value in itertools.pairwise(ros_args):
        for path, parameters in _given(option, value):
            name = path.rpartition("/")[2]
            if name == node.get_name() or name in _shipped() or own.isdisjoint(parameters):
                continue
            before, found, behind = name.partition(node.kind)
            on_purpose = found and all(not each or _ON_PURPOSE.fullmatch(each) for each in (before, behind))
            if not on_purpose and difflib.get_close_matches(name, [node.kind], cutoff=_ALMOST):
                return (
                    f"{option} {value}: gives parameters to '{path}', which no node is called; did you mean "
                    f"'{node.kind}'? Correct it and start again"
                )
    return ""


def _given(option: str, value: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Return each node that an option names, with its parameters."""
    if option == "--params-file":
        try:
            return list(_sections(load_mapping(Path(value))))
        except ConfigError:  # nothing in it, or what ROS's own parser takes and this one does not
            return []
    node, _, name = value.partition(":=")[0].rpartition(":") if option in ("-p", "--param") else ("", "", "")
    return [(node, {name: None})] if node else []


def _sections(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each node that a parameter file names, with its parameters; names may stand in one another."""
    for name, inner in content.items():
        if not isinstance(inner, Mapping):
            continue
        if name == "ros__parameters":
            yield prefix, inner
        else:
            yield from _sections(inner, f"{prefix}/{str(name).strip('/')}" if prefix else str(name))


def _shipped() -> dict[str, dict[str, Any]]:
    """Return the parameters of each node, as the file that ships has them."""
    sections = load_mapping(share_directory() / "config" / "interact.yaml")
    return {name.strip("/*"): section["ros__parameters"] for name, section in sections.items()}


def warn_of_unknown_parameters(node: Node) -> None:
    """Say which parameters were given that no node of this package has: ROS itself ignores them without a word."""
    known = {name for parameters in _shipped().values() for name in parameters}  # other nodes' are no mistake
    for name in sorted(set(node._parameter_overrides) - known):
        if not node.has_parameter(name) and "." not in name:  # qos_overrides.… are ROS's own
            near = [f"; did you mean '{each}'?" for each in difflib.get_close_matches(name, known, 1)]
            node.get_logger().warning(f"no parameter is named '{name}'{''.join(near)}")


def warn_of_parameters_of_others(nodes: Sequence[Node], ros_args: Sequence[str]) -> None:
    """Say which parameters on the command line no node of this process takes.

    In a file they are no mistake: that is shared by all nodes.
    """
    names, shipped = [node.get_name() for node in nodes], _shipped()
    for option, value in itertools.pairwise(ros_args):
        node_name, _, name = value.partition(":=")[0].rpartition(":")
        if option not in ("-p", "--param") or not nodes:
            continue
        here = ", ".join(names)
        owners = [node for node, parameters in shipped.items() if name in parameters]
        if node_name and "*" not in node_name and node_name.rpartition("/")[2] not in names:
            nodes[0].get_logger().warning(f"parameter '{name}' is for '{node_name}'; here are {here} only")
        elif owners and not any(node.has_parameter(name) for node in nodes):
            nodes[0].get_logger().warning(f"parameter '{name}' is of {', '.join(owners)}, not of {here}")
