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

"""``tracker``: the tracker node alone in a process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import INPUTS, add_autostart

DESCRIPTION = (
    "Turn what a tracker sends (markers, TF, PoseArray, ZED, ROS4HRI) into skeletons. Parameters: --ros-args -p "
    "NAME:=VALUE (docs/reference.md, docs/trackers.md)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_autostart(parser)
    parser.add_argument(
        "--input", choices=INPUTS[1:], help="what your tracker sends; default: as the parameter input says"
    )


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C."""
    from iat_ros.nodes.process import run_nodes
    from iat_ros.nodes.tracker.node import make_tracker

    return run_nodes(lambda: [make_tracker(args.input)], args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("tracker", DESCRIPTION, add_arguments, run, argv)
