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

"""``robot``: ``check`` tries a URDF and proposes its mapping; ``simulate`` stands for a robot where there is none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import add_autostart
from iat_ros.commands.output import add_json, refuse_unwritable_file, write_json
from iat_ros.errors import IatError, OptionError
from iat_ros.resources import find_config, to_path

DESCRIPTION = (
    "check: propose the mapping of a robot from its URDF, and see it imitate. simulate, or no word at all: run a "
    "simulated robot."
)
SIMULATE = (
    "Run a simulated robot: follow joint_trajectory as a joint_trajectory_controller does, publish joint_states. Never "
    "beside a real one. Parameters: --ros-args -p NAME:=VALUE (docs/reference.md)."
)
CHECK = (
    "Propose the mapping of a robot from its URDF, say what that lacks, and let it imitate ten test motions. The "
    "mapping goes to the standard output, the rest to the standard error. Exit code 1 when no mapping can be found."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_autostart(parser)
    shared: Any = {"formatter_class": parser.formatter_class, "epilog": parser.epilog}
    actions = parser.add_subparsers(dest="action", metavar="{simulate,check}")
    simulate = actions.add_parser("simulate", help="run a simulated robot, one node", description=SIMULATE, **shared)
    add_autostart(simulate)
    simulate.parameters = lambda: parser.parameters()  # type: ignore[attr-defined]
    check = actions.add_parser("check", help="propose and try the mapping of a robot", description=CHECK, **shared)
    check.add_argument(
        "robot",
        metavar="URDF|ROBOT",
        help="URDF file, or package://PACKAGE/path; or a mapping, by name or YAML file, to try that",
    )
    check.add_argument("--urdf", metavar="FILE", help="the URDF, where a mapping is tried that names none")
    check.add_argument("--out", metavar="FILE", help="write the mapping to FILE (.yaml)")
    check.add_argument("--picture", metavar="FILE", help="draw the robot imitating a motion (.png, .svg or .pdf)")
    add_json(check)


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C, or check a robot."""
    if args.action == "check":
        return run_check(args)
    from iat_ros.nodes.process import run_nodes
    from iat_ros.nodes.robot import RobotNode

    return run_nodes(lambda: [RobotNode()], args.ros_args, not args.no_autostart)


def run_check(args: argparse.Namespace) -> int:
    """Check a robot: the mapping on stdout, all else on stderr, so that ``> my_robot.yaml`` does what it seems to."""
    from iat_ros.robot.check import check_mapping, check_urdf
    from iat_ros.robot.mapping_file import to_yaml

    picture = None if args.picture is None else _writable("--picture", args.picture, {".png", ".svg", ".pdf"})
    out = None if args.out is None else _writable("--out", args.out, {".yaml", ".yml"})
    given = _given(args.robot)
    if args.ros_args:
        raise OptionError("--ros-args: check starts no node; leave them out")
    if given.is_file() and given.suffix not in {".yaml", ".yml"}:
        if args.urdf is not None:
            raise OptionError(f"--urdf {args.urdf}: {args.robot} is a URDF itself; leave one of them out")
        found = check_urdf(given)
        text = to_yaml(
            found.config, [f"Proposed from {given.name}. Look at the picture; set what a # follows to your robot."]
        )
    else:
        if given.suffix and not given.exists():
            raise IatError(
                f"{given}: no such file; expected a URDF, or a mapping: a .yaml file or the name of one that ships"
            )
        found = check_mapping(find_config("robots", args.robot), None if args.urdf is None else to_path(args.urdf))
        text = to_yaml(found.config, [])
    print(text, end="", flush=True)
    for line in found.lines():
        print(line, file=sys.stderr)
    if out is not None:
        _write(out, text)
    if picture is not None:
        from iat_ros.report.robot_picture import draw_robot

        draw_robot(found.model, found.tree, found.trial, picture)
    write_json(args.json, found.figures())
    return 0


def _given(text: str) -> Path:
    from iat_ros.robot.urdf import locate_urdf

    return locate_urdf(text, "robot check") if text.startswith("package://") else to_path(text)


def _writable(option: str, text: str, suffixes: set[str]) -> Path:
    path = to_path(text)
    if path.suffix not in suffixes:
        raise IatError(f"{option} {text}: expected a file that ends in {', '.join(sorted(suffixes))}")
    if option == "--out" and path.exists():
        raise IatError(f"{option} {text}: exists already, and may have been corrected by hand; give another name")
    refuse_unwritable_file(option, text, path)
    return path


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise IatError(f"--out {path}: cannot be written: {error.strerror or error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("robot", DESCRIPTION, add_arguments, run, argv)
