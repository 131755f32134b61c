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

"""The parameters of the nodes that a verb starts: listed for its help, and told where one is given as an option."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Collection, Sequence

from iat_ros.resources import share_directory
from iat_ros.yaml_file import load_mapping

_CHAIN = ("perception", "act2act", "trajectory")
_NODES = {
    **{verb: (verb,) for verb in (*_CHAIN, "robot", "tracker", "camera", "viewer")},
    "interact": (*_CHAIN, "tracker"),
    "demo": (*_CHAIN, "robot", "viewer"),
}
"""Which nodes a verb starts that have parameters."""
_OF_ROS = {"-p", "--param", "-r", "--remap", "--params-file"}


def parameter_help(verb: str, width: int) -> str:
    """Return what a verb's help says of its nodes' parameters: each with its default and what it means.

    Of several nodes, only where that is written; empty for a verb without.

    Args:
        verb: The verb.
        width: Longest line [characters].
    """
    nodes, file = _NODES.get(verb, ()), share_directory() / "config" / "interact.yaml"
    if not nodes:
        return ""
    told = ["", "parameters, at the end: --ros-args -p NAME:=VALUE, or --params-file FILE:"]
    if len(nodes) > 1:
        return "\n".join([*told, f"  those of {', '.join(nodes)}, each explained in", f"  {file}", ""])
    pattern = rf"^/\*\*/{nodes[0]}:.*\n +ros__parameters:\n((?: .*\n)*)"
    section = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    for line in (section[1] if section else "").splitlines():
        value, _, meaning = line.strip().partition(" # ")
        told += textwrap.wrap(f"{value.strip():26}  {meaning}", width, initial_indent="  ", subsequent_indent=30 * " ")
    return "\n".join([*told, ""])


def parameter_hint(verb: str, words: Sequence[str], options: Collection[str]) -> str:
    """Say how what a verb does not take as an option is given to its nodes.

    Args:
        verb: The verb.
        words: Its command line, without what stands behind ``--ros-args``.
        options: The options that it has.

    Returns:
        What to append to the refusal; nothing where no parameter is named so.
    """
    known: set[str] = set()
    if verb in _NODES and "check" not in words:  # robot check starts no node
        sections = load_mapping(share_directory() / "config" / "interact.yaml")
        known = {name for node in _NODES[verb] for name in sections[f"/**/{node}"]["ros__parameters"]}
    meant: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, _, value = word.partition("=")
        name = name.removeprefix("--").replace("-", "_")
        if word in _OF_ROS and following and known:
            meant += [word, following]
        elif word.startswith("--") and word.partition("=")[0] not in options and name in known:
            value = value or ("VALUE" if following.startswith("-") else following or "VALUE")
            meant += ["-p", f"{name}:={value}"]
        elif word.partition(":=")[0] in known and ":=" in word and word not in meant:
            meant += ["-p", word]
    return f"; parameters come last: --ros-args {shlex.join(meant)}" if meant else ""
