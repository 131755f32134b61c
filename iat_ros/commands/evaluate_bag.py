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

"""``evaluate_bag``: a recording through the very nodes, faster than real time -> a report."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from iat_ros.commands.entry import run_verb, whole
from iat_ros.commands.output import add_json, refuse_filled, write_json
from iat_ros.commands.recordings import add_shown, add_skeleton, skeleton_of
from iat_ros.data.bag import read_bag
from iat_ros.data.opening import MADE_UP, open_source
from iat_ros.data.recording import StreamFrame, check_people, of_people
from iat_ros.errors import ConfigError, DataError
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.replay_figures import figures
from iat_ros.evaluation.replayed import Replayed
from iat_ros.model.model_file import CARD, load_card
from iat_ros.model.responder import Responder
from iat_ros.report.replay_page import Told, report, write_replay
from iat_ros.resources import find_model, to_path
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton
from iat_ros.skeleton.motion import MotionArray

DESCRIPTION = (
    "Replay a bag of skeletons through the chain's own nodes, faster than real time and repeatably, and report what "
    "they found, answered and did: a page, figures, pictures."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this verb."""
    parser.add_argument(
        "bag", nargs="+", type=Path, help="bag directory, .mcap or .db3 file; several: one after another"
    )
    parser.add_argument("--model", default="utd_mhad", help="model directory, or the name of one that ships")
    parser.add_argument("--robot", default="g1", help="robot: the name of one that ships, or a YAML file")
    add_skeleton(parser, "the one that the model was trained on")
    add_shown(parser)
    parser.add_argument("--topic", default="skeletons", help="topic of the skeletons in the bag")
    parser.add_argument("--seed", type=whole(0), default=0, help="decides the noise of the answers")
    parser.add_argument(
        "--data",
        help=f"labelled data set (or '{MADE_UP}') that the judge E is trained on; default: answers are not judged",
    )
    parser.add_argument(
        "--against", metavar="BAG|MODEL", help="compare with another bag, or with another model: its directory or name"
    )
    parser.add_argument("--out", type=Path, help="directory for the page; must be empty or missing. Default: no page")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Replay, judge, report."""
    torch.set_num_threads(1)
    if args.out:
        refuse_filled(args.out)
    card = load_card(find_model(args.model))
    args.skeleton = skeleton_of(args.skeleton, card.skeleton)
    definition = load_skeleton(args.skeleton, ", ".join(card.limb_names))
    frames = _read(args.bag, args, definition)
    sides = [(frames, args.bag[0].name, args.model)]
    if args.against is not None:
        other, is_model = _find_other(args.against)
        if is_model:
            sides.append((frames, args.bag[0].name, str(other)))
        else:
            sides.append((_read([other], args, definition), other.name, args.model))
    judge, notes = _judge(args)
    if args.stimulus:
        notes.append(f"Shown were only the people of these body ids: {', '.join(map(str, args.stimulus))}.")
    told = [
        Told(f"{name}, model {Path(model).name}", *_replay(frames, model, args, judge)) for frames, name, model in sides
    ]
    for each in told:
        shown = each.figures
        broken, speed = sum(shown["violations"].values()), shown["wall"]["times_real_time"]
        print(
            f"{each.title}: {shown['windows']} actions, {shown['answers']} answers, "
            f"{shown['trajectories']} trajectories, "
            f"{broken} broken limits; {speed} times real time"
        )
        if shown["follows_rules_percent"] is not None:
            print(f"  {shown['follows_rules_percent']} % of the answers fit, says E")
    for note in notes:
        print(note)
    if args.out:
        print(f"page: {write_replay(told, args.out, notes)}")
    write_json(args.json, report(told))
    return 0


def _find_other(text: str) -> tuple[Path, bool]:
    """Return what ``--against`` means, and whether that is a model."""
    path = to_path(text)
    if path.exists():
        return path, (path / CARD).exists()
    try:
        return find_model(text), True
    except ConfigError as error:
        raise ConfigError(f"--against {text}: there is neither a bag nor a model of this name") from error


def _read(bags: Sequence[Path], args: argparse.Namespace, definition: SkeletonDefinition) -> list[StreamFrame]:
    """Read bags one after another, as the parts of one recording, with those whom ``--stimulus`` names."""
    frames: list[StreamFrame] = []
    for bag in bags:
        part = list(read_bag(bag, args.topic))
        if not part:
            raise DataError(
                f"{bag}: holds no message on '{args.topic}'; record one, or name another topic with --topic"
            )
        check_people(str(bag), part, definition)
        begin = frames[-1].time_s + 1.0 / 30.0 if frames else 0.0
        frames += [StreamFrame(begin + one.time_s, one.frame_id, one.body_ids, one.positions) for one in part]
    if args.stimulus:
        where = ", ".join(map(str, bags))
        frames = of_people(where, frames, args.stimulus)
        check_people(where, frames, definition)
    return frames


def _judge(args: argparse.Namespace) -> tuple[IatEvaluation | None, list[str]]:
    """Train E where there is data for it, and say what the reader must know about it."""
    if args.data is None:
        return None, [f"Answers were not judged: that needs labelled data, --data DIR (or --data {MADE_UP})."]
    card = load_card(find_model(args.model))
    source = open_source(args.data, limbs=", ".join(card.limb_names))
    if not source.labelled:
        raise DataError(f"--data {args.data}: has no labels to judge by; give a labelled set, or leave --data out")
    judge = IatEvaluation(source.divide(card.dimensions.frames, "subject", 0))
    return judge, [
        f"E was trained on {source.name} (K-fold accuracy {judge.e_kfold:.1f} %). Where it knows the recording's own "
        "people, it judges them too kindly."
    ]


def _replay(
    frames: list[StreamFrame], model: str, args: argparse.Namespace, judge: IatEvaluation | None
) -> tuple[Replayed, dict[str, Any]]:
    """Replay, and work out the figures."""
    from iat_ros.nodes.chain_options import ChainOptions
    from iat_ros.nodes.replay import replay

    directory = find_model(model)
    responder = Responder.load(directory, "cpu")
    limbs = ", ".join(responder.card.limb_names)
    options = ChainOptions(args.skeleton, str(directory), args.robot, args.seed, limbs=limbs, own_pace=True)
    with tqdm(total=round(frames[-1].time_s), unit="s", desc="replay", disable=None) as bar:
        replayed = replay(frames, options, lambda done: bar.update(round(done) - bar.n))

    def answering(stimuli: MotionArray, seed: int) -> MotionArray:
        """Answer stimuli with noise of a seed."""
        return responder.answer(stimuli, responder.sample_noise(len(stimuli), np.random.default_rng(seed)))

    return replayed, figures(replayed, answering, args.seed, judge)


def main(argv: Sequence[str] | None = None) -> int:
    """Run this verb."""
    return run_verb("evaluate_bag", DESCRIPTION, add_arguments, run, argv)
