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

"""``play``: stream clips or a bag as a live skeleton."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from iat_ros.commands.entry import number, run_verb
from iat_ros.commands.recordings import add_recording, add_skeleton, open_recording
from iat_ros.errors import ConfigError

DESCRIPTION = "Stream clips or a bag on the topic skeletons, as a tracker would."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_recording(parser)
    add_skeleton(parser, "a bag is played as it is, whoever is in it")
    parser.add_argument("--speed", type=number(0.01, 100.0), default=1.0, help="1: as recorded, 2: twice as fast")
    parser.add_argument("--loop", action="store_true", help="play it again and again until Ctrl-C")
    parser.add_argument(
        "--wait",
        type=number(0.0, 3600.0),
        default=10.0,
        help="wait so long for somebody to listen, then play all the same [s]",
    )


def run(args: argparse.Namespace) -> int:
    """Play until the end or Ctrl-C."""
    frames, _ = open_recording(args)
    import rclpy

    from iat_ros.nodes.play import PlayNode
    from iat_ros.nodes.process import start_ros

    stop = start_ros(args.ros_args)
    node = PlayNode()
    try:
        print(_words(args, frames[-1].time_s / args.speed, node.topic), flush=True)
        if not node.wait_for_clock(max(args.wait, 1.0), stop.is_set) and not stop.is_set():
            raise ConfigError(
                "use_sim_time is set, and nothing comes on /clock: start what publishes it, or leave it out"
            )
        if not node.wait_for_subscriber(args.wait, stop.is_set) and not stop.is_set():
            node.get_logger().warning(f"nobody subscribes to skeletons after {args.wait:g} s; playing all the same")
        count = node.play(frames, args.speed, stop.is_set)
        while args.loop and not stop.is_set():
            count += node.play(frames, args.speed, stop.is_set)
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    print(f"played {count} frames")
    return 0


def _words(args: argparse.Namespace, duration_s: float, topic: str) -> str:
    what = args.data or args.bag or "the made-up people that ship"
    often = "again and again; Ctrl-C ends" if args.loop else "once; Ctrl-C ends it sooner"
    return f"playing {what} ({duration_s:.1f} s) to {topic}, {often}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("play", DESCRIPTION, add_arguments, run, argv)
