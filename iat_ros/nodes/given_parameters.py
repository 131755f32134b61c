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
from functools import cache
from pathlib import Path
from typing import Any

from rclpy.node import Node

from iat_ros.errors import ConfigError
from iat_ros.nodes.base import IatNode
from iat_ros.resources import share_directory
from iat_ros.yaml_file import check_syntax, load_mapping

_ALMOST = 0.75
"""Names so much alike, from 0 to 1, are taken for a name and its misspelling."""
_USUAL = {
    "rate",
    "topic",
    "robot",
    "robot_description",
    "skeleton",
    "model",
    "device",
    "source",
    "host",
    "port",
    "loop",
}
"""Parameters that nodes of other packages have, too: what else is in a section tells whose it is."""


def check_ros_args(ros_args: Sequence[str]) -> None:
    """Refuse the mistakes that are made most, for which ROS has words of its C layer only.

    Args:
        ros_args: Command line from ``--ros-args`` on.

    Raises:
        ConfigError: A file that is not there, is no YAML or gives a parameter twice, or a parameter without its value.
    """
    for option, value in itertools.pairwise([*ros_args, ""]):
        if option == "--params-file" and not Path(value).is_file():
            what = "is no file" if Path(value).exists() else "no such file"
            raise ConfigError(f"--params-file {value}: {what}; expected a YAML file of parameters")
        if option == "--params-file":
            check_syntax(Path(value), once_in="ros__parameters")
        if option in ("-p", "--param") and not re.fullmatch(r"[^=]+:=.+", value, re.DOTALL):
            raise ConfigError(f"{option} {value}: expected NAME:=VALUE; an empty text is NAME:='\"\"'")


def misspelling(node: IatNode, ros_args: Sequence[str]) -> str:
    """Say which parameters were given to a node whose name is almost this one's; empty if none were.

    ROS ignores them without a word, and a robot would go at full speed. So it is on a command line where the name is
    right and the namespace is not. A name that holds a node's and more (trajectory_left, robot2) is let pass, and so is
    one under which no parameter is that this node has and few others.

    Args:
        node: The node, in this package's name or another.
        ros_args: Command line from ``--ros-args`` on.
    """
    return next((said for said, sure in _ignored(node, ros_args) if sure), "")


def warn_of_ignored_parameters(node: IatNode, ros_args: Sequence[str]) -> None:
    """Say which parameters may have been meant for a node, which ROS does not give it."""
    for said, sure in _ignored(node, ros_args):
        if not sure:
            node.get_logger().warning(said)


def _ignored(node: IatNode, ros_args: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield what is said of sections that were meant for a node and are not its, and whether that is sure."""
    own = {parameter.name for parameter in node.PARAMETERS}
    name, full_name, others = node.get_name(), node.get_fully_qualified_name(), _shipped().keys() - {node.kind}
    sections = [
        (option, value, path, parameters)
        for option, value in itertools.pairwise(ros_args)
        for path, parameters in _given(option, value)
        if not own.isdisjoint(parameters)
    ]
    named = any(_last(path) == name and _matches(path, full_name) for _, _, path, _ in sections)
    for option, value, path, parameters in sections:
        given = _last(path)
        where = f"{option} {value}: gives parameters to '{path}'"
        if _matches(path, full_name) or given in others:
            continue
        if given in (name, node.kind):
            if option != "--params-file" or not named:  # a file may hold another chain's, too
                yield f"{where}, which is not {full_name}; correct it and start again", option != "--params-file"
        elif _is_slip(given, name) or _is_slip(given, node.kind):
            yield (
                f"{where}, which no node is called; did you mean '{name}'? Correct it and start again",
                not (own - _USUAL).isdisjoint(parameters),
            )


def _is_slip(given: str, meant: str) -> bool:
    """Tell whether one name is the other, misspelt; what holds it and has something more is meant to be another."""
    if meant.lower() in given.lower():
        before, _, behind = given.lower().partition(meant.lower())
        more = (before + behind).strip("_")
        numbered = more.isdigit() or (meant in given and given.replace(meant, "").isupper())
        return given != meant and not numbered and (len(more) < 2 or more == "node")
    parts = [given.lower(), *given.lower().split("_")]
    return bool(difflib.get_close_matches(meant.lower(), parts, cutoff=_ALMOST))


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _matches(path: str, full_name: str) -> bool:
    """Tell whether a node has the parameters under a path of ROS's: * is one name, ** any number of them."""
    names = {"**": r"(/\w+)*", "*": r"/\w+"}
    pattern = "".join(names.get(each, f"/{re.escape(each)}") for each in path.strip("/").split("/"))
    return re.fullmatch(pattern, full_name) is not None


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


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    """Return the parameters of each node, as the file that ships has them."""
    sections = load_mapping(share_directory() / "config" / "interact.yaml")
    return {name.strip("/*"): section["ros__parameters"] for name, section in sections.items()}


def misspelt_parameter(node: IatNode) -> str:
    """Say which parameter was given to a node that is almost one of its own; empty if none was."""
    own = [parameter.name for parameter in node.PARAMETERS]
    for name in _unknown(node):
        for meant in difflib.get_close_matches(name, own, 1, _ALMOST):
            return f"no parameter is named '{name}'; did you mean '{meant}'? Correct it and start again"
    return ""


def warn_of_unknown_parameters(node: Node) -> None:
    """Say which parameters were given that no node of this package has: ROS itself ignores them without a word."""
    for name in _unknown(node):
        node.get_logger().warning(f"no parameter is named '{name}'")


def _unknown(node: Node) -> list[str]:
    """Return the names of given parameters that no node of this package has; other nodes' are no mistake."""
    known = {name for parameters in _shipped().values() for name in parameters}
    given = sorted(set(node._parameter_overrides) - known)
    own = "qos_overrides."  # ROS's
    return [name for name in given if not node.has_parameter(name) and not name.startswith(own)]


def warn_of_parameters_of_others(nodes: Sequence[Node], ros_args: Sequence[str]) -> None:
    """Say which parameters on the command line no node of this process takes.

    In a file they are no mistake: that is shared by all nodes.
    """
    shipped, here = _shipped(), ", ".join(node.get_name() for node in nodes)
    for option, value in itertools.pairwise(ros_args):
        path, _, name = value.partition(":=")[0].rpartition(":")
        if option not in ("-p", "--param") or not nodes:
            continue
        owners = [node for node, parameters in shipped.items() if name in parameters]
        if path and not any(_matches(path, node.get_fully_qualified_name()) for node in nodes):
            nodes[0].get_logger().warning(f"parameter '{name}' is for '{path}'; here are {here} only")
        elif owners and not any(node.has_parameter(name) for node in nodes):
            nodes[0].get_logger().warning(f"parameter '{name}' is of {', '.join(owners)}, not of {here}")
