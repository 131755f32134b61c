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

"""``train``: from a data directory to a model directory."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from iat_ros.commands.data_options import add_data, as_typed, open_data
from iat_ros.commands.entry import run_verb, whole
from iat_ros.commands.output import add_json, write_json
from iat_ros.data.first_look import by_kind, look_at
from iat_ros.data.protocol import REAL_DIVISIONS
from iat_ros.evaluation.augmentation_quality import augmentation_quality, effectiveness
from iat_ros.evaluation.scoring import score_model
from iat_ros.model.model_file import save_card
from iat_ros.model.responder import DEVICES, choose_device
from iat_ros.training.config import load_training_config
from iat_ros.training.pipeline import CHECKPOINT, discard, prepare_output, train

DESCRIPTION = (
    "Learn a model from pairs of actions: paired embedding, augmentation, Act2Act. No labels are used to learn; where "
    "the data has some, IAT-test and IAT-train are measured afterwards."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    add_data(parser)
    parser.add_argument("--out", required=True, type=Path, help="model directory to make; refused if it holds a model")
    parser.add_argument(
        "--config",
        default="default",
        help="recipe: default, quick (a trial of seconds), paper (the paper's method), or a YAML file",
    )
    parser.add_argument(
        "--division",
        choices=REAL_DIVISIONS,
        help="how clips are divided into A, to learn from, and B; default: subject, or all where pairs are real",
    )
    parser.add_argument("--seed", type=whole(0), default=0, help="decides everything that is drawn")
    parser.add_argument("--resume", action="store_true", help="go on with an unfinished training in --out")
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where Act2Act is trained; auto: on a GPU where there is one"
    )
    parser.add_argument("--threads", type=whole(1, 1024), default=1, help="CPU threads; more are rarely faster")
    parser.add_argument("--no-scores", action="store_true", help="do not measure IAT-test and IAT-train afterwards")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Train, score, and write the model."""
    torch.set_num_threads(args.threads)
    config, device = load_training_config(args.config), choose_device(args.device)
    try:
        prepare_output(args.out, args.resume)
        source = open_data(args)
        for line in by_kind(look_at(source), f"`{as_typed('inspect', args)}`"):
            print(f"{args.data}: {line}", file=sys.stderr)
        division = source.divide(config.frames, args.division, args.seed)
    except BaseException:
        discard(args.out)
        raise
    people = ", ".join(sorted(set(division.pairs.people)))
    print(source.summary())
    if source.recordings:
        print("\n".join(source.account.lines()))
    print(f"{source.name}: {len(division.pairs)} pairs to learn from, people {people}")
    bars: dict[str, tqdm] = {}

    def progress(phase: str, done: int, total: int, losses: dict[str, float]) -> None:
        """Show how far a phase is, each in a bar of its own."""
        if phase not in bars:
            for bar in bars.values():
                bar.close()
            bars[phase] = tqdm(total=total, desc=phase, disable=None, mininterval=0.5)
        bar = bars[phase]
        bar.set_postfix({name: f"{value:.3f}" for name, value in losses.items()}, refresh=False)
        bar.update(done - bar.n)

    try:
        trained = train(
            division.pairs,
            config,
            args.seed,
            args.out,
            {
                "skeleton": source.definition.name,
                "limb_names": source.definition.limb_names,
                "joints": source.joint_scale,
                "data_set": {"name": source.name, "division": division.by, "pairs": len(division.pairs)},
            },
            progress,
            device,
        )
    except KeyboardInterrupt as interrupt:
        if (args.out / CHECKPOINT).exists():
            raise KeyboardInterrupt("the same command with --resume goes on") from interrupt
        raise
    for bar in bars.values():
        bar.close()
    matrices = [side.nc for side in trained.preparation.neighbours]
    if division.labelled:
        scores = augmentation_quality(matrices, division.pair_rules)
        if not args.no_scores:
            scores |= score_model(args.out, division, seed=args.seed)
    else:
        scores = {"augmentation_effectiveness": 100.0 * sum(map(effectiveness, matrices)) / len(matrices)}
        print("real pairs carry no labels: IAT-test, IAT-train and the augmentation's reliability R are not measured")
    save_card(args.out, replace(trained.card, scores=scores))
    print(f"{args.out}: written" + "".join(f"\n  {name:28s} {value:6.2f}" for name, value in scores.items()))
    pairing = {"pairing": source.account.as_dict()} if source.recordings else {}
    write_json(args.json, {"model": str(args.out), "seed": args.seed, "scores": scores, **pairing})
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("train", DESCRIPTION, add_arguments, run, argv)
