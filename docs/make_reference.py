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

"""Write docs/reference.md from the code: topics, services, parameters and commands.

Run from the repository's root: ``python docs/make_reference.py``; ``--check`` only tells whether it is true.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from iat_ros.__main__ import VERBS
from iat_ros.commands import entry
from iat_ros.nodes.catalogue import INTERFACES, NODES
from iat_ros.nodes.parameters import Parameter

PAGE = Path(__file__).with_name("reference.md")
HEAD = """# Reference

Written by `docs/make_reference.py` from the code; change it there. Names without a slash are relative, so that a
namespace or a remapping works."""
LIFECYCLE = """
Every node is a lifecycle node (`NODE/change_state`, `NODE/get_state`); with `--no-autostart` it waits for these."""
PARAMETERS = """
## Parameters

Read on configure, those marked live also later. A value that cannot be used leaves the node unconfigured, alive, and
with one line that says why. So does a parameter whose name is almost one of the node's, and one under a node's name
misspelt, in a file or on the command line: ROS gives them to nobody. One that a file gives twice, of which ROS would
take the last, keeps the program from starting. Numbers with a decimal point keep it where they are set live (`ros2
param set /trajectory stop_distance 1.0`, not `1`). `use_sim_time` is fixed while a node is configured. `--help` of a
node lists its parameters, too."""
COMMANDS = """
## Commands

`ros2 run iat_ros VERB` and `python -m iat_ros VERB` are the same. Exit code 0 when all went well, 1 after an error that
one line explains, 2 for unusable options, 130 when Ctrl-C or SIGTERM cut work short."""


class _Captured(Exception):  # noqa: N818 - no error: it carries a parser out of a verb
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


def row(*cells: str) -> str:
    """Write a row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(*titles: str) -> list[str]:
    """Write the head of a Markdown table."""
    return [row(*titles), "|" + "---|" * len(titles)]


def interfaces(kinds: tuple[str, ...]) -> Iterator[str]:
    """Write what nodes say to each other, one kind of it."""
    takers, givers = ("taken by", "sent by") if "msg" in kinds else ("called by", "offered by")
    yield from table("name", "type", givers, takers, "content" if "msg" in kinds else "what it does")
    for known in INTERFACES:
        if known.kind in kinds:
            givers_are = "all" if len(known.out_of) == len(NODES) else ", ".join(known.out_of) or "yours"
            takers_are = ", ".join(known.into) or "yours"
            yield row(f"`{known.name}`", f"`{known.type}`", givers_are, takers_are, known.content)


def parameter_row(parameter: Parameter) -> str:
    """Write a parameter with everything that is declared of it."""
    default = str(parameter.default).lower() if isinstance(parameter.default, bool) else f"{parameter.default}"
    allowed = ", ".join(parameter.choices)
    if parameter.low is not None and parameter.high is not None:
        allowed = f"{parameter.low:.10g} to {parameter.high:.10g}"
    return row(
        f"`{parameter.name}`",
        f"`{default}`" if default else "empty",
        allowed,
        "yes" if parameter.live else "",
        parameter.description,
    )


def parser_of(verb: str) -> argparse.ArgumentParser:
    """Return the parser that a verb makes."""

    def capture(verb: str, description: str, add_arguments: entry.Arguments, *_: object) -> int:
        parser = argparse.ArgumentParser(prog=f"iat_ros {verb}", description=description)
        add_arguments(parser)
        raise _Captured(parser)

    module = importlib.import_module(f"iat_ros.commands.{verb}")
    try:
        with mock.patch.object(module, "run_verb", capture):
            module.main([])
    except _Captured as captured:
        return captured.parser
    raise TypeError(f"iat_ros.commands.{verb} does not start by run_verb()")


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Write the options of a verb, and those of its subcommands."""
    rows, inner_lines = [], []
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction):
            continue
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                inner_lines += ["", f"`{name}`: {inner.description or ''}", *options(inner)]
            continue
        names = ", ".join(f"`{name}`" for name in action.option_strings) or f"`{action.metavar or action.dest}`"
        takes_value = action.nargs != 0
        default = action.default
        words = " ".join(map(str, default)) if isinstance(default, (list, tuple)) else f"{default}"
        shown = f"`{words}`" if takes_value and default not in (None, argparse.SUPPRESS) and words else ""
        if action.required:
            shown = "required"
        text = (action.help or "") % {**vars(action), "prog": parser.prog} if action.help else ""
        if action.choices and takes_value:
            text += f"; one of {', '.join(map(str, action.choices))}"
        rows.append(row(names, shown, text.strip()))
    if rows:
        yield from ["", *table("option", "default", "meaning"), *rows]
    yield from inner_lines


def render() -> str:
    """Write the whole page."""
    lines = [HEAD, "", "## Topics", "", *interfaces(("msg", "action")), "", "## Services", "", *interfaces(("srv",))]
    lines += [LIFECYCLE, PARAMETERS]
    for name, node in NODES.items():
        lines += ["", f"### {name}", "", *table("parameter", "default", "allowed", "live", "meaning")]
        lines += [parameter_row(parameter) for parameter in node.PARAMETERS]
    lines.append(COMMANDS)
    for verb, purpose in VERBS.items():
        lines += ["", f"### {verb}", "", f"{purpose[0].upper()}{purpose[1:]}.", *options(parser_of(verb))]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if the page is out of date")
    page = render()
    if not parser.parse_args().check:
        PAGE.write_text(page, encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page:
        print(f"{PAGE}: out of date; run python docs/make_reference.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
