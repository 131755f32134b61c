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

"""IAT-test and IAT-train: does an answer follow the rules, is it real, and are answers diverse.

Beside them stand the diversity of answers to one stimulus and a Frechet distance in E's feature space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold

from iat_ros.data.actions import stack
from iat_ros.data.protocol import Division
from iat_ros.evaluation.judge import Judge, JudgeConfig
from iat_ros.evaluation.realism import frechet_distance, mean_distance
from iat_ros.skeleton.motion import MotionArray

_JUDGES_OF_ANSWERS = 3


@dataclass(frozen=True)
class IatScores:
    """Scores of one generator; those of E in percent.

    Attributes:
        e_kfold: Accuracy of E on held-out pairs of B, half positive, half negative: the ceiling of iat_test.
        iat_test: Share of the generated pairs that E, trained on B without their stimuli, judges to follow the rules.
        iat_train_positives: Accuracy on the pairs of A of an E trained on generated pairs against B's negatives, as a
            mean over several such E: their initial weights alone move it by points.
        iat_train_balanced: The same on the pairs of A and as many pairs made from A that break the rules.
        diversity: Mean distance between answers to one stimulus, as a ratio to that between real responses of B to
            the same action; 1 is as diverse as people.
        frechet: Frechet distance between generated and real pairs of B in the feature space of an E that saw neither.
    """

    e_kfold: float
    iat_test: float
    iat_train_positives: float
    iat_train_balanced: float
    diversity: float
    frechet: float

    def as_dict(self) -> dict[str, float]:
        """Return the scores by name."""
        return asdict(self)


class IatEvaluation:
    """Judges generators on one division; E of IAT-test is trained once and serves all of them.

    Args:
        division: Sets A and B.
        folds: K. Stimuli and responses of B are divided into K parts, so that neither motion of a tested pair was
            in the training of the E that judges it.
        seed: Seed of folds and of E.
        config: How E is trained.
        progress: Called with a line of text when a step begins.
    """

    def __init__(
        self,
        division: Division,
        folds: int = 4,
        seed: int = 0,
        config: JudgeConfig | None = None,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._division = division
        self._config = config or JudgeConfig()
        self._seed = seed
        self._progress = progress
        self.stimuli, self._responses = stack(division.stimuli), stack(division.responses)
        rules_s, rules_r = division.stimulus_rules(), division.response_rules()
        self._response_rules = rules_r
        self._follows = rules_s[:, None] == rules_r[None]
        self._fold_s = _folds(rules_s, folds, seed)
        self._fold_r = _folds(rules_r, folds, seed + 1)
        self._judges = [self._train_on_b(fold) for fold in range(folds)]
        self.e_kfold = self._kfold_accuracy()

    def _judge(self, seed: int) -> Judge:
        limbs = self.stimuli.limbs_in_body.shape[2] + self._responses.limbs_in_body.shape[2]
        return Judge(3 * limbs, self._config, seed)

    def _train_on_b(self, fold: int) -> Judge:
        self._progress(f"training E, fold {fold + 1}")
        seen = (self._fold_s != fold)[:, None] & (self._fold_r != fold)[None]
        return self._judge(self._seed + fold).train(
            self.stimuli, self._responses, np.argwhere(seen & self._follows), np.argwhere(seen & ~self._follows)
        )

    def _kfold_accuracy(self) -> float:
        accuracies = []
        for fold, judge in enumerate(self._judges):
            held_out = (self._fold_s == fold)[:, None] & (self._fold_r == fold)[None]
            for follows in (True, False):
                pairs = np.argwhere(held_out & (self._follows == follows))
                accepted = judge.accepts(self.stimuli[pairs[:, 0]], self._responses[pairs[:, 1]])
                accuracies.append(float((accepted == follows).mean()))
        return 100.0 * float(np.mean(accuracies))

    def follows_rules(self, stimulus_index: np.ndarray, answers: MotionArray) -> np.ndarray:
        """Judge answers to stimuli of B, each by the E that never saw that stimulus, shape (N,), bool."""
        judged = np.zeros(len(answers), dtype=bool)
        for fold, judge in enumerate(self._judges):
            mine = np.flatnonzero(self._fold_s[stimulus_index] == fold)
            if len(mine):
                judged[mine] = judge.accepts(self.stimuli[stimulus_index[mine]], answers[mine])
        return judged

    def judge_strangers(self, stimuli: MotionArray, answers: MotionArray) -> np.ndarray:
        """Judge answers to stimuli from elsewhere, by the majority of all E, shape (N,), bool."""
        votes = np.stack([judge.accepts(stimuli, answers) for judge in self._judges])
        return np.asarray(votes.mean(axis=0) >= 0.5)

    @property
    def diversity_of_people(self) -> float:
        """Mean distance between real responses of B to the same action."""
        return mean_distance(self._responses, self._response_rules)

    def score(self, answer: Callable[[MotionArray], MotionArray], rounds: int = 5) -> IatScores:
        """Score a generator.

        Args:
            answer: Answers N motions with N motions; asked ``rounds`` times for all stimuli of B.
            rounds: How often.
        """
        given = [answer(self.stimuli) for _ in range(rounds)]
        answers = MotionArray(
            np.concatenate([part.limbs_in_body for part in given]), np.concatenate([part.durations_s for part in given])
        )
        asked = np.tile(np.arange(len(self.stimuli)), rounds)
        iat_test = float(self.follows_rules(asked, answers).mean())
        positives, balanced = self._iat_train(asked, answers)
        diversity = mean_distance(answers, asked) / self.diversity_of_people
        frechet = self._frechet(asked, answers)
        return IatScores(self.e_kfold, 100.0 * iat_test, 100.0 * positives, 100.0 * balanced, diversity, frechet)

    def _frechet(self, asked: np.ndarray, answers: MotionArray) -> float:
        distances = []
        for fold, judge in enumerate(self._judges):
            mine = np.flatnonzero(self._fold_s[asked] == fold)
            unseen = (self._fold_s == fold)[:, None] & (self._fold_r == fold)[None]
            real = np.argwhere(unseen & self._follows)
            distances.append(
                frechet_distance(
                    judge.features(self.stimuli[asked[mine]], answers[mine]),
                    judge.features(self.stimuli[real[:, 0]], self._responses[real[:, 1]]),
                )
            )
        return float(np.mean(distances))

    def _iat_train(self, asked: np.ndarray, answers: MotionArray) -> tuple[float, float]:
        self._progress("training E on answers")
        pool = MotionArray(
            np.concatenate([answers.limbs_in_body, self._responses.limbs_in_body]),
            np.concatenate([answers.durations_s, self._responses.durations_s]),
        )
        positive = np.stack([asked, np.arange(len(answers))], axis=1)
        negative = np.argwhere(~self._follows) + np.array([0, len(answers)])
        pairs, rules = self._division.pairs, self._division.pair_rules
        broken = np.argwhere(rules[:, None] != rules[None])
        chosen = broken[np.random.default_rng([self._seed, 3]).permutation(len(broken))[: 10 * len(pairs)]]
        accepted, refused = [], []
        for seed in range(_JUDGES_OF_ANSWERS):
            judge = self._judge(self._seed + 1000 + 100 * seed).train(self.stimuli, pool, positive, negative)
            accepted.append(judge.accepts(pairs.stimuli, pairs.responses).mean())
            refused.append(1.0 - judge.accepts(pairs.stimuli[chosen[:, 0]], pairs.responses[chosen[:, 1]]).mean())
        positives = float(np.mean(accepted))
        return positives, (positives + float(np.mean(refused))) / 2


def _folds(rules: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Divide items into folds at random, each rule evenly, shape (N,)."""
    result = np.zeros(len(rules), dtype=int)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for fold, (_, members) in enumerate(splitter.split(rules, rules)):
        result[members] = fold
    return result
