"""``act2act``: the act2act node alone in a process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import add_autostart

DESCRIPTION = "Run the act2act node: answer windows with generated responses. Parameters: --ros-args -p NAME:=VALUE."


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C."""
    from iat_ros.nodes.act2act import Act2ActNode
    from iat_ros.nodes.process import run_nodes

    return run_nodes(lambda: [Act2ActNode()], args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("act2act", DESCRIPTION, add_autostart, run, argv)
