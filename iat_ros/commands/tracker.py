"""``tracker``: the tracker node alone in a process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import INPUTS, add_autostart

DESCRIPTION = (
    "Turn what a tracker sends (markers, TF, PoseArray, ZED, ROS4HRI) into skeletons. Parameters: --ros-args -p "
    "NAME:=VALUE."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_autostart(parser)
    parser.add_argument("--input", choices=INPUTS[1:], help="what the tracker sends; the parameter input says it, too")


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C."""
    from iat_ros.nodes.process import run_nodes
    from iat_ros.nodes.tracker.node import make_tracker

    return run_nodes(lambda: [make_tracker(args.input)], args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("tracker", DESCRIPTION, add_arguments, run, argv)
