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

"""``camera``: the camera node alone in a process."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import run_verb
from iat_ros.commands.node_options import add_autostart

DESCRIPTION = (
    "Find people in the picture of a webcam or a video with MediaPipe, publish them as skeletons. Needs "
    "requirements/camera.txt. Parameters: --ros-args -p source:=0|FILE -p landmarker:=FILE -p NAME:=VALUE."
)


def run(args: argparse.Namespace) -> int:
    """Run the node until Ctrl-C."""
    from iat_ros.nodes.camera.node import CameraNode
    from iat_ros.nodes.process import run_nodes

    return run_nodes(lambda: [CameraNode()], args.ros_args, not args.no_autostart)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("camera", DESCRIPTION, add_autostart, run, argv)
