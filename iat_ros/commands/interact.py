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

"""``interact``: perception, act2act and trajectory in one process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import INPUTS, add_autostart

DESCRIPTION = (
    "Run perception, act2act and trajectory in one process. Parameters: --ros-args -p [NODE:]NAME:=VALUE "
    "(docs/reference.md)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_autostart(parser)
    parser.add_argument(
        "--input",
        default="skeletons",
        choices=INPUTS,
        help="what your tracker sends; others than skeletons also start the tracker node, which turns it into these",
    )


def run(args: argparse.Namespace) -> int:
    """Run the nodes until Ctrl-C."""
    from iat_ros.nodes.interact import make_nodes
    from iat_ros.nodes.process import run_nodes

    return run_nodes(lambda: make_nodes(args.input), args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("interact", DESCRIPTION, add_arguments, run, argv)
