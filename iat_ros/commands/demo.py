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

"""``demo``: play a recording to the nodes and show what they answer, in a browser page or as a summary."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence

from iat_ros.commands.entry import number, run_verb, whole
from iat_ros.commands.output import add_json, write_json
from iat_ros.commands.recordings import add_recording, add_skeleton, open_recording
from iat_ros.errors import MessageError, OptionError

DESCRIPTION = (
    "Play a recording to the nodes and a simulated robot, again and again; a browser page shows the person, the answer "
    "and the robot. Keeps to this machine and to a ROS domain of its own. Parameters of the nodes: --ros-args -p "
    "NAME:=VALUE (docs/reference.md)."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_recording(parser)
    add_skeleton(parser, "that of --data, or the one that the model was trained on")
    parser.add_argument("--model", default="utd_mhad", help="model directory, or the name of one that ships")
    parser.add_argument("--robot", default="g1", help="robot: the name of one that ships, or a YAML file")
    parser.add_argument("--urdf", metavar="FILE", help="the robot's URDF, where its file names none")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the model computes")
    parser.add_argument("--headless", action="store_true", help="show no page")
    parser.add_argument(
        "--port", type=whole(0, 65535), help="port of the page on this machine; 0: any free one; default: 8080"
    )
    parser.add_argument(
        "--domain",
        type=whole(0, 232),
        help="ROS domain, to listen in: a robot there moves, too; default: any but yours",
    )
    parser.add_argument("--duration", type=number(0.0, 1e6), default=0.0, help="stop after so long [s]; 0: at Ctrl-C")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration, looping over the recording until Ctrl-C or --duration."""
    from iat_ros.model.model_file import load_card
    from iat_ros.nodes.demo import run_demo
    from iat_ros.resources import find_config, find_model, to_path
    from iat_ros.robot.description import load_robot_config
    from iat_ros.robot.urdf import DESCRIPTION as ROBOT_DESCRIPTION
    from iat_ros.robot.urdf import read_urdf

    if args.headless and args.port is not None:
        raise OptionError("--port: with --headless there is no page; leave one of them out")
    card = load_card(find_model(args.model))
    frames, skeleton = open_recording(args, card)
    parameters = {
        "skeleton": skeleton,
        "model": args.model,
        "limbs": ", ".join(card.limb_names),
        "robot": args.robot,
        "device": args.device,
        "port": 8080 if args.port is None else args.port,
    }
    if args.urdf is not None:
        parameters[ROBOT_DESCRIPTION] = read_urdf(to_path(args.urdf))
    given = [value for option, value in itertools.pairwise(args.ros_args) if option in ("-p", "--param")]
    alone = args.domain is None and "--params-file" not in args.ros_args
    alone &= not any(f"{ROBOT_DESCRIPTION}:=" in value for value in given)
    if args.urdf is None and not load_robot_config(find_config("robots", args.robot)).urdf and alone:
        raise OptionError(f"--robot {args.robot}: its file names no URDF; give it with --urdf FILE")
    summary = run_demo(
        frames, parameters, page=not args.headless, duration_s=args.duration, ros_args=args.ros_args, domain=args.domain
    )
    latency = summary["latency_ms"]
    took = f"; latency p50 {latency['p50']} ms, p99 {latency['p99']} ms" if summary["answers"] else ""
    print(f"{summary['actions']} actions, {summary['answers']} answers{took}")
    write_json(args.json, summary)
    dropped = summary["dropped"].get("perception")
    if not summary["frames"] and dropped:
        reason = max(dropped, key=dropped.get)
        raise MessageError(f"all {sum(dropped.values())} frames were dropped, most of them for: {reason}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("demo", DESCRIPTION, add_arguments, run, argv)
