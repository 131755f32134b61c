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

"""Judge a recipe on set A alone, without its labels: what the default recipe was chosen by.

The joint embedding of all pairs of A tells which pairs belong to one interaction (k-means); how many interactions there
are is told, since its eigenvalues leave that open and who recorded the pairs knows it. With these made-up categories in
place of labels, the people of A are divided in halves, in every way that there is: one half is learned from, the other
gives the stimuli, and the judge E, exactly as IAT-test and IAT-train do it with A and B. Set B is never looked at.
Scores lie lower than those of A and B, since half as many people are learned from and judged by; they are for comparing
recipes with each other.

    python benchmarks/selection.py --data DIR --config my_recipe.yaml
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from sklearn.cluster import KMeans
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from iat_ros.comparison.methods import METHODS, SetA, learn
from iat_ros.data.actions import Action
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Division, PairSet, Rule
from iat_ros.data.source import Source
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.training.config import TrainingConfig, load_training_config
from iat_ros.training.joint_embedding import embed_jointly

SCORES = ("iat_test", "iat_train_positives", "iat_train_balanced", "diversity", "frechet")


def categories_of(pairs: PairSet, interactions: int) -> np.ndarray:
    """Divide pairs into so many interactions without labels, shape (N,)."""
    config = TrainingConfig()
    sides = [to_tensor(side, DurationScale.of(side.durations_s)) for side in (pairs.stimuli, pairs.responses)]
    dims = config.dimensions(pairs.stimuli.limbs_in_body.shape[2], len(pairs))
    found = embed_jointly(sides[0], sides[1], dims, config.embedding, torch.Generator().manual_seed(0))
    clusters = KMeans(interactions, n_init=20, random_state=0)
    return np.asarray(clusters.fit_predict(found.points[:, : interactions - 1]))  # the others tell less than that


def responders_of(source: Source, pairs: PairSet, frames: int) -> np.ndarray:
    """Tell who made each response, shape (N,); a pair set tells only who acted."""
    by_motion = {action.motion.limbs_in_body.tobytes(): action.person for action in source.actions(frames)}
    return np.array([by_motion[motion.tobytes()] for motion in pairs.responses.limbs_in_body])


def half(pairs: PairSet, responders: np.ndarray, categories: np.ndarray, people: tuple[str, ...]) -> Division:
    """Make sets A and B of A alone: pairs of some of its people to learn from, single actions of the others."""
    first, second = np.isin(pairs.people, people), np.isin(responders, people)
    rng = np.random.default_rng(0)
    chosen = []
    for category in np.unique(categories):
        sides = [rng.permutation(np.flatnonzero(side & (categories == category))) for side in (first, second)]
        chosen += [(s, r, category) for s, r in zip(*sides, strict=False)]
    s, r, rules = np.array(chosen)[rng.permutation(len(chosen))].T
    return Division(
        pairs=PairSet(pairs.stimuli[s], pairs.responses[r], pairs.people[s]),
        pair_rules=rules,
        stimuli=_actions(pairs.stimuli, pairs.people, categories, ~first, "s"),
        responses=_actions(pairs.responses, responders, categories, ~second, "r"),
        rules=tuple(Rule(f"s{category}", f"r{category}") for category in np.unique(categories)),
        by="subject",
    )


def _actions(
    motions: MotionArray, people: np.ndarray, categories: np.ndarray, kept: np.ndarray, side: str
) -> list[Action]:
    numbers = sorted(np.flatnonzero(kept), key=lambda number: categories[number])
    return [
        Action(
            Motion(motions.limbs_in_body[number], float(motions.durations_s[number])),
            str(people[number]),
            f"{side}{categories[number]}",
            str(number),
        )
        for number in numbers
    ]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="data set directory, or 'made_up'")
    parser.add_argument("--config", default="default", help="recipe of 'ours', by name or YAML file")
    parser.add_argument("--interactions", type=int, default=5, help="how many interactions the pairs come from")
    parser.add_argument("--method", default="ours", choices=METHODS, help="what to judge")
    parser.add_argument("--seeds", type=int, default=1, help="trainings for each way to divide the people")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    args = parser.parse_args()
    torch.set_num_threads(1)
    recipes = {"ours": load_training_config(args.config), "paper": load_training_config("paper")}
    source = open_source(args.data)
    pairs = source.divide(recipes["ours"].frames, "subject", 0).pairs
    categories = categories_of(pairs, args.interactions)
    responders = responders_of(source, pairs, recipes["ours"].frames)
    everybody = sorted(set(pairs.people))
    ways = list(combinations(everybody, len(everybody) // 2))
    rows = []
    for number, people in enumerate(tqdm(ways, disable=None)):
        division = half(pairs, responders, categories, people)
        evaluation = IatEvaluation(division, seed=number)
        for seed in range(args.seeds):
            scores = evaluation.score(learn(args.method, SetA(division, recipes, 100 * seed + number)).answer)
            rows.append({"learned_from": list(people), "seed": seed, **scores.as_dict()})
    mean = {name: float(np.mean([row[name] for row in rows])) for name in SCORES}
    report = {"method": args.method, "interactions": args.interactions, "mean": mean, "runs": rows}
    print(json.dumps({**report, "runs": len(rows)}, indent=2))
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
