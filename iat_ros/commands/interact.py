"""``interact``: perception, act2act and trajectory in one process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import add_autostart

DESCRIPTION = "Run perception, act2act and trajectory in one process. Parameters: --ros-args -p [NODE:]NAME:=VALUE."


def run(args: argparse.Namespace) -> int:
    """Run the nodes until Ctrl-C."""
    from iat_ros.nodes.interact import make_nodes
    from iat_ros.nodes.process import run_nodes

    return run_nodes(make_nodes, args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("interact", DESCRIPTION, add_autostart, run, argv)
