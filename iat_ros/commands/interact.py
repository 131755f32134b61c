"""``interact``: perception, act2act and trajectory in one process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import INPUTS, add_autostart

DESCRIPTION = "Run perception, act2act and trajectory in one process. Parameters: --ros-args -p [NODE:]NAME:=VALUE."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_autostart(parser)
    parser.add_argument(
        "--input",
        default="skeletons",
        choices=INPUTS,
        help="what the tracker sends; others than skeletons start the tracker node",
    )


def run(args: argparse.Namespace) -> int:
    """Run the nodes until Ctrl-C."""
    from iat_ros.nodes.interact import make_nodes
    from iat_ros.nodes.process import run_nodes

    return run_nodes(lambda: make_nodes(args.input), args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("interact", DESCRIPTION, add_arguments, run, argv)
