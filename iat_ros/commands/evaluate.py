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

"""``evaluate``: a model and a data set -> IAT-test and IAT-train; ``--live`` streams set B through real nodes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch

from iat_ros.commands.data_options import add_data, open_data
from iat_ros.commands.entry import run_verb, whole
from iat_ros.commands.output import add_json, write_json
from iat_ros.data.protocol import DIVISIONS
from iat_ros.errors import ConfigError, DataError, OptionError
from iat_ros.evaluation.scoring import score_model
from iat_ros.model.model_file import load_card
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import split_names

_ROBOT = "g1"
DESCRIPTION = (
    "Score a model on set B of labelled data, which holds people (or clips) that it never saw: IAT-test, IAT-train, "
    "diversity, Frechet distance; with --live also latency and limits. docs/tutorials/evaluate.md explains the figures."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument("--model", default="utd_mhad", help="model directory, or the name of one that ships")
    add_data(parser)
    parser.add_argument(
        "--division", choices=DIVISIONS, help="how clips are divided into A and B; default: as the model was trained"
    )
    parser.add_argument("--seed", type=whole(0), help="seed of the division and of E; default: the model's")
    parser.add_argument("--live", action="store_true", help="stream the stimuli of B through separate nodes over DDS")
    parser.add_argument(
        "--robot", help=f"with --live: robot, the name of one that ships or a YAML file; default: {_ROBOT}"
    )
    parser.add_argument("--clips", type=whole(0), help="with --live: send only so many of the stimuli; default: 0, all")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Score a model."""
    for option, given in (("--robot", args.robot), ("--clips", args.clips)):
        if given is not None and not args.live:
            raise OptionError(f"{option} needs --live")
    torch.set_num_threads(1)
    directory = find_model(args.model)
    card = load_card(directory)
    wanted = ", ".join(card.limb_names)
    if args.limbs and tuple(split_names(args.limbs)) != card.limb_names:
        raise ConfigError(f"--limbs {args.limbs}: the model needs the limbs {wanted}, in this order: leave it out")
    args.limbs = wanted
    source = open_data(args)
    if not source.labelled:
        raise DataError(
            f"{args.data}: evaluate needs labels (actions and rules) to judge with, and these pairs carry none; see "
            "docs/data.md"
        )
    source = source.matching(card.joints)
    seed = card.seed if args.seed is None else args.seed
    trained_by = card.data_set.get("division")
    by = args.division or (str(trained_by) if trained_by in DIVISIONS else "subject")
    division = source.divide(card.dimensions.frames, by, seed)
    if args.live:
        from iat_ros.nodes.live_evaluation import evaluate_live

        robot = _ROBOT if args.robot is None else args.robot
        report = evaluate_live(directory, robot, source, division, seed, args.clips or 0)
    else:
        report = {**score_model(directory, division, seed), "division": by, "seed": seed}
    for name, value in report.items():
        print(f"{name:24s} {value:.2f}" if isinstance(value, float) else f"{name:24s} {value}")
    write_json(args.json, report)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("evaluate", DESCRIPTION, add_arguments, run, argv)
