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

"""Learning from a recording that nobody cut, against learning from the same actions cut by hand.

The pairs of set A become sessions of two people each (`iat_ros.data.made_up_session`): pauses and idle motion between
the actions, some stimuli that nobody answers, some actions that answer nothing. Each session is written as a bag and
read back. Reported: actions found (F1, right where they overlap a true one by 50 % of both together), pairs right
(precision and recall), and with --seeds the IAT scores on set B of models trained from the bags and from the cut clips.

    python benchmarks/uncut.py --data DIR [--seeds 2]

Without --seeds nothing is trained and set B is never looked at.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from iat_ros.data.actions import find_segments
from iat_ros.data.bag import write_bag
from iat_ros.data.clip import Clip
from iat_ros.data.made_up_session import Done, Take, Turn, make_session
from iat_ros.data.opening import MADE_UP, open_source
from iat_ros.data.pairing import PairingAccount, as_pairs
from iat_ros.data.protocol import Division, divide_real_pairs
from iat_ros.data.recording import StreamFrame
from iat_ros.data.source import Source
from iat_ros.data.uncut import FoundAction, read_recording
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.data.utd_mhad import ACTIONS, read_directory
from iat_ros.evaluation.scoring import score_model
from iat_ros.training.config import load_training_config
from iat_ros.training.pipeline import prepare_output, train

ALONE = 0.15
"""Share of the turns in which a stimulus stays without an answer, and of those in which somebody acts for himself."""


@dataclass(frozen=True)
class Truth:
    """What was done in a session; the two of a pair share their turn."""

    done: list[Done]


def takes_of(source: Source) -> dict[str, Take]:
    """Make a take of every clip that holds exactly one action, by the clip's name."""
    takes = {}
    for clip in source.clips:
        segments, _ = find_segments(source.definition, clip)
        if len(segments) == 1:
            takes[clip.name] = Take(clip, float(segments[0].times_s[0]), float(segments[0].times_s[-1]))
    return takes


def cut_pairs(source: Source, division: Division) -> list[tuple[str, str]]:
    """Tell by clip which pairs set A holds."""
    names = {action.motion.limbs_in_body.tobytes(): action.name for action in source.actions(32)}
    sides = [
        [names[motion.tobytes()] for motion in side.limbs_in_body]
        for side in (division.pairs.stimuli, division.pairs.responses)
    ]
    return list(zip(*sides, strict=True))


def make_sessions(
    takes: dict[str, Take], pairs: list[tuple[str, str]], strangers: list[Take], seed: int, fidgets: float
) -> dict[str, tuple[list[StreamFrame], Truth]]:
    """Make a session for every two people who are paired, by its name."""
    rng = np.random.default_rng([seed, 7])
    by_people: dict[tuple[str, str], list[Turn]] = defaultdict(list)
    for stimulus, response in pairs:
        two = takes[stimulus], takes[response]
        by_people[two[0].clip.person, two[1].clip.person].append(Turn(*two))
    sessions = {}
    for (first, second), turns in sorted(by_people.items()):
        everything = list(turns)
        for _ in turns:
            if rng.random() < ALONE:
                unanswered = turns[rng.integers(len(turns))].stimulus
                everything.insert(int(rng.integers(len(everything) + 1)), Turn(unanswered, None))
            for body in (1, 2):
                mine = [take for take in strangers if take.clip.person == (first, second)[body - 1]]
                if mine and rng.random() < ALONE:
                    alone = mine[rng.integers(len(mine))]
                    turn = Turn(alone, None) if body == 1 else Turn(None, alone)
                    everything.insert(int(rng.integers(len(everything) + 1)), turn)
        frames, done = make_session(everything, int(rng.integers(2**31)), fidgets)
        sessions[f"{first}_{second}"] = (frames, Truth(done))
    return sessions


def overlap(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Share of the time of both together that both cover."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, both) / (max(one[1], other[1]) - min(one[0], other[0]))


def match(truth: Truth, name: str, found: list[FoundAction]) -> dict[int, int]:
    """Match found actions (by index) with what was done (by index), best overlap first."""
    scored = sorted(
        (
            (overlap((one.start_s, one.end_s), (done.start_s, done.end_s)), i, j)
            for i, one in enumerate(found)
            for j, done in enumerate(truth.done)
            if one.body == f"{name}/{done.body}"
        ),
        reverse=True,
    )
    result: dict[int, int] = {}
    for share, i, j in scored:
        if share >= 0.5 and i not in result and j not in result.values():
            result[i] = j
    return result


def judge(
    truths: dict[str, Truth], found: list[FoundAction], pairs: list[tuple[FoundAction, FoundAction]]
) -> dict[str, float]:
    """Compare what was found with what was done."""
    hits = made = right = true_pairs = 0
    for name, truth in truths.items():
        mine = [one for one in found if one.body.startswith(f"{name}/")]
        matched = match(truth, name, mine)
        hits += len(matched)
        turn_of = {id(mine[i]): truth.done[j].turn for i, j in matched.items()}
        turns = [done.turn for done in truth.done]
        true_pairs += sum(turns.count(turn) == 2 for turn in set(turns))
        for stimulus, response in pairs:
            if not stimulus.body.startswith(f"{name}/"):
                continue
            made += 1
            same = turn_of.get(id(stimulus), -1) == turn_of.get(id(response), -2)
            right += same and stimulus.body == f"{name}/1"
    done = sum(len(truth.done) for truth in truths.values())
    return {
        "actions_done": done,
        "actions_found": len(found),
        "f1": 100.0 * 2 * hits / (done + len(found)),
        "recall": 100.0 * hits / done,
        "precision": 100.0 * hits / max(len(found), 1),
        "pairs_true": true_pairs,
        "pairs_made": made,
        "pair_precision": 100.0 * right / max(made, 1),
        "pair_recall": 100.0 * right / true_pairs,
    }


def strangers_of(data: str, source: Source, people: set[str]) -> list[Take]:
    """Take actions that are in no rule, of people of set A."""
    if data == MADE_UP:
        return []
    in_rules = {label for rule in source.rules for label in (rule.stimulus, rule.response)}
    clips: list[Clip] = read_directory(Path(data), [label for label in ACTIONS if label not in in_rules])
    kept = [clip for clip in clips if clip.person in people]
    return list(takes_of(Source("", source.definition, kept, ())).values())


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="directory of UTD-MHAD, or 'made_up'")
    parser.add_argument("--config", default="default", help="recipe, by name or YAML file")
    parser.add_argument("--seeds", type=int, default=0, help="train and judge on set B with so many seeds")
    parser.add_argument("--sessions", type=int, default=2, help="without --seeds: how many sets of sessions")
    parser.add_argument("--fidgets", type=float, default=0.0, help="small movements that are no actions, per minute")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = load_training_config(args.config)
    source = open_source(args.data)
    takes = takes_of(source)
    runs = []
    for seed in range(args.seeds or args.sessions):
        division = source.divide(config.frames, "subject", seed)
        pairs = cut_pairs(source, division)
        people = {takes[name].clip.person for pair in pairs for name in pair}
        sessions = make_sessions(takes, pairs, strangers_of(args.data, source, people), seed, args.fidgets)
        with tempfile.TemporaryDirectory() as folder:
            for name, (frames, _) in sessions.items():
                write_bag(Path(folder) / name, frames)
            recordings = [read_recording(Path(folder) / name, source.definition) for name in sessions]
        account = PairingAccount()
        found, made = find_pairs(source.definition, recordings, config.frames, account)
        run: dict[str, object] = {"seed": seed, "minutes": account.minutes}
        run |= judge({name: truth for name, (_, truth) in sessions.items()}, found, made)
        run |= {"alone": dict(account.alone), "dropped": dict(account.dropped)}
        if args.seeds:
            uncut = divide_real_pairs(as_pairs(made), "all", seed).pairs
            for kind, learned_from in (("cut", division.pairs), ("uncut", uncut)):
                with tempfile.TemporaryDirectory() as folder:
                    directory = Path(folder) / "model"
                    prepare_output(directory, False)
                    about = {"skeleton": source.definition.name, "limb_names": source.definition.limb_names}
                    train(learned_from, config, seed, directory, {**about, "data_set": {"name": kind}})
                    run[kind] = score_model(directory, division, seed)
        runs.append(run)
        print(json.dumps(run, indent=2), flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps({"runs": runs}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
