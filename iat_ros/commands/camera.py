"""``camera``: the camera node alone in a process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import add_autostart

DESCRIPTION = (
    "Find people in the picture of a webcam or a video with MediaPipe, publish them as skeletons. Needs "
    "requirements/camera.txt. Parameters: --ros-args -p source:=0|FILE -p model:=FILE -p NAME:=VALUE."
)


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C."""
    from iat_ros.nodes.camera.node import CameraNode
    from iat_ros.nodes.process import run_nodes

    return run_nodes(lambda: [CameraNode()], args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("camera", DESCRIPTION, add_autostart, run, argv)
