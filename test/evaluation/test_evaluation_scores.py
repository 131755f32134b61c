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

"""Scores: F and R on hand-made matrices, IAT, diversity and Frechet distance on generators of known quality."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from iat_ros.data.actions import stack
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Division, divide
from iat_ros.data.source import RULES, Source
from iat_ros.evaluation.augmentation_quality import augmentation_quality, effectiveness, reliability
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.judge import Judge, JudgeConfig
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import MotionArray


@pytest.fixture(scope="module")
def division() -> Division:
    """Four made-up people, four trials: 40 stimuli and 40 responses in B, five rules."""
    torch.set_num_threads(1)
    source = Source("made_up", load_skeleton("utd_mhad"), make_clips(people=4), RULES)
    return divide(source.actions(32), source.rules, "subject", seed=0)


@pytest.fixture(scope="module")
def evaluation(division: Division) -> IatEvaluation:
    """An evaluation with a short training of E: made-up motions are easy."""
    return IatEvaluation(division, folds=2, config=JudgeConfig(steps=250, batch=64, width=16))


def answer_by_rule(division: Division, shift: int):
    """Make a generator that answers with real responses of B, of the rule ``shift`` places further on."""
    responses, rules = stack(division.responses), division.response_rules()
    rng = np.random.default_rng(0)

    def answer(stimuli: MotionArray) -> MotionArray:
        wanted = (division.stimulus_rules() + shift) % len(division.rules)
        assert len(stimuli) == len(wanted)
        return responses[np.array([rng.choice(np.flatnonzero(rules == rule)) for rule in wanted])]

    return answer


def test_effectiveness_and_reliability_by_hand() -> None:
    """F counts what leaves the diagonal, R what stays inside the category (eq. 5 and 6), both in percent together."""
    nc = csr_array(np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.4, 0.6]]))
    categories = np.array([0, 0, 1])
    assert effectiveness(nc) == pytest.approx((0.5 + 0.2 + 0.4) / 3)
    assert reliability(nc, categories) == pytest.approx((0.8 + 0.9 + 0.6) / 3)
    one, even = csr_array(np.eye(4)), csr_array(np.full((4, 4), 0.25))
    assert effectiveness(one) == pytest.approx(0.0)
    assert reliability(one, np.arange(4)) == pytest.approx(1.0)
    assert effectiveness(even) == pytest.approx(0.75)
    assert reliability(even, np.array([0, 0, 1, 1])) == pytest.approx(0.5)
    both = augmentation_quality([one, even], np.array([0, 0, 1, 1]))
    assert both == pytest.approx({"augmentation_effectiveness": 37.5, "augmentation_reliability": 75.0})


def test_judge_knows_the_rules(evaluation: IatEvaluation) -> None:
    """E tells held-out pairs of made-up motions that follow the rules from those that break them."""
    assert evaluation.e_kfold > 90


def test_real_responses_score_at_the_ceiling(evaluation: IatEvaluation, division: Division) -> None:
    """A generator that answers with real responses of the right rule scores about what E reaches."""
    scores = evaluation.score(answer_by_rule(division, 0), rounds=2)
    assert scores.iat_test > scores.e_kfold - 8
    assert scores.iat_train_balanced > 85


def test_responses_of_the_wrong_rule_score_low(evaluation: IatEvaluation, division: Division) -> None:
    """Real responses of another rule are hardly ever accepted, though they look real."""
    scores = evaluation.score(answer_by_rule(division, 1), rounds=2)
    assert scores.iat_test < 25
    assert scores.iat_train_positives < 50


def test_answers_that_ignore_the_stimulus_score_low(evaluation: IatEvaluation, division: Division) -> None:
    """Real responses at random, whatever was asked, follow the rules about one time in five."""
    responses, rng = stack(division.responses), np.random.default_rng(1)
    scores = evaluation.score(lambda stimuli: responses[rng.integers(len(responses), size=len(stimuli))], rounds=3)
    assert scores.iat_test < 45


def test_each_stimulus_is_judged_by_an_e_that_never_saw_it(division: Division) -> None:
    """Folds divide each rule evenly, and the answers given to `follows_rules` are judged one by one, in order."""
    evaluation = IatEvaluation(division, folds=2, config=JudgeConfig(steps=60, batch=32, width=8))
    index = np.arange(len(division.stimuli))
    answers = answer_by_rule(division, 0)(evaluation.stimuli)
    together = evaluation.follows_rules(index, answers)
    order = np.random.default_rng(0).permutation(len(index))
    np.testing.assert_array_equal(evaluation.follows_rules(index[order], answers[order]), together[order])


def test_diversity_is_that_of_people_or_none(evaluation: IatEvaluation, division: Division) -> None:
    """Different real responses to each stimulus are as diverse as people; one answer to each not at all."""
    responses, rules = stack(division.responses), division.response_rules()
    rng = np.random.default_rng(0)
    # Each round takes another response of the rule, so that none comes twice for one stimulus.
    ways = np.array([rng.permutation(np.flatnonzero(rules == rule)) for rule in division.stimulus_rules()])
    rounds = iter(ways.T)
    diverse = evaluation.score(lambda _: responses[next(rounds)], rounds=6)
    assert diverse.diversity == pytest.approx(1.0, abs=0.15)
    constant = evaluation.score(lambda _: responses[ways[:, 0]], rounds=3)
    assert constant.diversity == pytest.approx(0.0, abs=1e-9)
    assert diverse.iat_test > diverse.e_kfold - 8
    assert constant.iat_test > constant.e_kfold - 12


def test_frechet_distance_tells_motions_from_noise(evaluation: IatEvaluation, division: Division) -> None:
    """Real responses of the right rule lie near real pairs; of the wrong rule farther away, noise farthest."""
    noise = np.random.default_rng(0).normal(
        size=(len(division.stimuli), *stack(division.stimuli).limbs_in_body.shape[1:])
    )
    noise /= np.linalg.norm(noise, axis=-1, keepdims=True)
    real = evaluation.score(answer_by_rule(division, 0), rounds=2).frechet
    wrong = evaluation.score(answer_by_rule(division, 2), rounds=2).frechet
    random = evaluation.score(lambda stimuli: MotionArray(noise, np.ones(len(stimuli))), rounds=2).frechet
    assert 0 <= real < 0.2 * wrong
    assert real < 0.1 * random


def test_scores_come_by_name_and_repeat(division: Division) -> None:
    """All six scores are finite numbers, and the same seed gives the same ones."""
    config = JudgeConfig(steps=30, batch=32, width=8)
    first, second = (
        IatEvaluation(division, folds=2, config=config).score(answer_by_rule(division, 0), rounds=2).as_dict()
        for _ in range(2)
    )
    assert first == second
    assert list(first) == ["e_kfold", "iat_test", "iat_train_positives", "iat_train_balanced", "diversity", "frechet"]
    assert np.isfinite(list(first.values())).all()


def test_features_are_the_judges_own(division: Division) -> None:
    """Each pair has 2 width features, which do not depend on the pairs beside it, and tell rules apart."""
    judge = Judge(48, JudgeConfig(steps=20, batch=16, width=8), seed=0)
    stimuli, responses = stack(division.stimuli), stack(division.responses)
    follows = division.stimulus_rules()[:, None] == division.response_rules()[None]
    judge.train(stimuli, responses, np.argwhere(follows), np.argwhere(~follows))
    features = judge.features(stimuli, responses)
    assert features.shape == (len(stimuli), 16)
    np.testing.assert_allclose(judge.features(stimuli[[3, 1]], responses[[3, 1]]), features[[3, 1]], atol=1e-5)
    assert np.abs(judge.features(stimuli, responses[::-1]) - features).max() > 1e-3
