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

"""``record``: people (and a robot) in front of a tracker -> a bag that `train` and `inspect` read."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iat_ros.commands.entry import number, run_verb
from iat_ros.commands.output import add_json, write_json
from iat_ros.data.bag_recorder import STORAGES, mend_bag
from iat_ros.errors import DataError, OptionError

DESCRIPTION = (
    "Record skeletons, and further topics where asked, into a bag until Ctrl-C; or mend a bag that was cut short."
)
EXTRA = ("joint_states", "joint_trajectory", "windows", "responses")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("--out", required=True, type=Path, help="bag directory to make; must not exist")
    parser.add_argument(
        "--topics", nargs="+", metavar="TOPIC", choices=EXTRA, default=[], help="record these beside skeletons"
    )
    parser.add_argument("--storage", choices=STORAGES, help="mcap, the default, is compressed, sqlite3 is not")
    parser.add_argument("--duration", type=number(0.0, 1e6), default=0.0, help="stop after so long [s]; 0: at Ctrl-C")
    parser.add_argument(
        "--mend", type=Path, metavar="BAG", help="record nothing: save what a killed recording left, as --out"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Record until the time is over or Ctrl-C."""
    if args.mend:
        idle = (("--topics", args.topics), ("--storage", args.storage), ("--duration", args.duration))
        if given := [option for option, value in idle if value]:
            raise OptionError(f"{given[0]}: --mend records nothing; leave it out")
        saved = mend_bag(args.mend, args.out)
        print(f"{args.out}: saved " + ", ".join(f"{count} messages of {topic}" for topic, count in saved.items()))
        write_json(args.json, {"bag": str(args.out), "messages": saved})
        return 0
    import rclpy

    from iat_ros.nodes.process import make_executor, start_ros
    from iat_ros.nodes.record import RecordNode

    stop = start_ros(args.ros_args)
    node = None
    try:
        node = RecordNode(args.out, args.topics, args.storage or "mcap")
        print(f"recording {', '.join(node.bag.counts)} into {args.out}; Ctrl-C ends", flush=True)
        executor = make_executor([node])
        written = time.monotonic()
        warned = False
        while not stop.is_set() and node.failure is None and not 0 < args.duration <= node.seconds:
            executor.spin_once(timeout_sec=0.1)
            if time.monotonic() - written >= 1.0:
                written = time.monotonic()
                node.bag.flush()
                if sys.stdout.isatty():
                    print(f"\r{_words(node.figures())} ", end="", flush=True)
                if not warned and not node.bag.counts[node.skeletons] and node.seconds > 5.0:
                    warned = True
                    node.get_logger().warning(f"nothing came on {node.skeletons} for 5 s; does the tracker run?")
        if node.failure is not None:
            raise node.failure
        node.bag.close()
        figures = node.figures()
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    lead = "\r" if sys.stdout.isatty() else ""
    print(f"{lead}{args.out}: {_words(figures)}")
    write_json(args.json, {"bag": str(args.out), **figures})
    if not figures["frames_with_people"]:
        raise DataError(f"{args.out}: nobody was seen on {node.skeletons}; does the tracker run, and on this topic?")
    return 0


def _words(figures: dict[str, Any]) -> str:
    return (
        f"{figures['seconds'] / 60.0:.1f} min, {len(figures['people'])} people ({figures['people_at_once']} at once), "
        f"{figures['frames_with_people']} frames, {figures['bytes'] / 1e6:.1f} MB"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("record", DESCRIPTION, add_arguments, run, argv)
