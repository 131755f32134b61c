"""``robot``: the simulated robot alone in a process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import add_autostart

DESCRIPTION = (
    "Run a simulated robot: follow joint_trajectory as a joint_trajectory_controller does, publish joint_states. Never "
    "beside a real one. Parameters: --ros-args -p NAME:=VALUE."
)


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C."""
    from iat_ros.nodes.process import run_nodes
    from iat_ros.nodes.robot import RobotNode

    return run_nodes(lambda: [RobotNode()], args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("robot", DESCRIPTION, add_autostart, run, argv)
