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

"""``make_up``: made-up motions as a bag, which `play`, `demo` and ``ros2 bag play`` stream and `train` learns from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from iat_ros.commands.entry import run_verb, whole
from iat_ros.data.bag import write_bag
from iat_ros.data.made_up import GESTURES, make_clips
from iat_ros.data.made_up_session import make_answered_session
from iat_ros.data.recording import from_clips, with_noise
from iat_ros.data.source import RULES
from iat_ros.errors import OptionError

_PEOPLE = 2
_TRACKER_NOISE_M = 0.0005
DESCRIPTION = (
    "Write made-up motions as a bag of skeletons: people who act one after another, or, with --pairs, two people who "
    "act and answer."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("--out", required=True, type=Path, help="bag directory to make; must not exist")
    parser.add_argument(
        "--actions",
        nargs="+",
        metavar="ACTION",
        choices=sorted(GESTURES),
        help="which actions; default: those that ask for an answer; all of them",
    )
    parser.add_argument(
        "--people",
        type=whole(1, 1000),
        help="how many people, of different build, do each of them once; every action is under a body_id of its own, "
        f"as if who acted had left and another had come; default: {_PEOPLE}",
    )
    parser.add_argument(
        "--pairs",
        type=whole(0, 1000),
        default=0,
        help="instead: two people, one acts so many times and the other answers, uncut, to train on; 0: no",
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="decides everything that is drawn")


def run(args: argparse.Namespace) -> int:
    """Write the bag."""
    if args.pairs:
        for option, given in (("--actions", args.actions), ("--people", args.people)):
            if given is not None:
                raise OptionError(f"{option}: --pairs has two people and actions of its own; leave one of them out")
        session, _ = make_answered_session(args.pairs, RULES, args.seed)
        frames = write_bag(args.out, session)
        print(f"{args.out}: {args.pairs} actions and their answers, {frames} frames")
        return 0
    actions = args.actions or [rule.stimulus for rule in RULES]
    clips = make_clips(args.people or _PEOPLE, 1, args.seed, tuple(actions))
    frames = write_bag(args.out, with_noise(from_clips(clips), _TRACKER_NOISE_M, args.seed))
    print(f"{args.out}: {len(clips)} actions, {frames} frames")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("make_up", DESCRIPTION, add_arguments, run, argv)
