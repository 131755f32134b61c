"""Scores: F and R on hand-made matrices, IAT on generators of known quality."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iat_ros.data.actions import stack
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Division, divide
from iat_ros.data.source import RULES, Source
from iat_ros.evaluation.augmentation_quality import effectiveness, reliability
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.judge import JudgeConfig
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
    """F counts what leaves the diagonal, R what stays inside the category (eq. 5 and 6)."""
    nc = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.0, 0.4, 0.6]])
    categories = np.array([0, 0, 1])
    assert effectiveness(nc) == pytest.approx((0.5 + 0.2 + 0.4) / 3)
    assert reliability(nc, categories) == pytest.approx((0.8 + 0.9 + 0.6) / 3)
    assert effectiveness(np.eye(4)) == pytest.approx(0.0)
    assert reliability(np.eye(4), np.arange(4)) == pytest.approx(1.0)
    assert effectiveness(np.full((4, 4), 0.25)) == pytest.approx(0.75)
    assert reliability(np.full((4, 4), 0.25), np.array([0, 0, 1, 1])) == pytest.approx(0.5)


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
