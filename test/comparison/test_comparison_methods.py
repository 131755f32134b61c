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

"""Every method of the comparison: it learns, answers, repeats by its seed, and sees what it should and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from iat_ros.comparison import baselines, methods
from iat_ros.comparison.baselines import PairGenerator, one_hot, sample_pairs, train_classifier
from iat_ros.comparison.methods import METHODS, Learned, SetA, learn
from iat_ros.data.actions import stack
from iat_ros.data.protocol import Division
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.normalisation import to_tensor
from iat_ros.report import methods as report
from iat_ros.skeleton.motion import MotionArray
from iat_ros.training.config import GanConfig, TrainingConfig

USES_LABELS = {"reassign", "split", "people"}
COPIES = {"nearest", "shuffled", "people"}
AUGMENTS = {"pe", "ours"}

Recipes = dict[str, TrainingConfig]


@pytest.fixture
def data(division: Division, recipes: Recipes) -> SetA:
    """Set A with a seed of 0."""
    return SetA(division, recipes, 0)


@pytest.fixture
def short_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split's classifier learns for a moment only."""
    monkeypatch.setattr(baselines, "_CLASSIFIER_STEPS", 40)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor]]:
    """The pairs that Act2Act would be trained on, without training it."""
    seen: list[tuple[Tensor, Tensor]] = []

    def record(_: SetA, stimuli: Tensor, responses: Tensor) -> Learned:
        seen.append((stimuli, responses))
        return Learned(lambda motions: motions, 0.0)

    monkeypatch.setattr(methods, "_act2act", record)
    return seen


def test_methods_are_those_that_the_report_knows() -> None:
    """Each method that can be run has its place in the tables."""
    assert set(METHODS) == set(report.METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_and_repeats_by_its_seed(
    division: Division, recipes: Recipes, short_classifier: None, name: str
) -> None:
    """Finite unit limb vectors and durations of A; the same again by the same seed; labels change only what needs them.

    The second time, whoever may not see labels is given wrong ones.
    """
    stimuli = stack(division.stimuli)
    answers = []
    for seed, wrong in ((0, False), (0, name not in USES_LABELS), (1, False)):
        data = SetA(division, recipes, seed)
        if wrong:
            data.rules = np.roll(data.rules, 1)
        learned = learn(name, data)
        assert (learned.train_s is None) == (name in COPIES)
        assert (learned.generator is not None) == (name in AUGMENTS)
        assert bool(learned.augmentation) == (name in AUGMENTS)
        answers.append(learned.answer(stimuli))
    for given in answers:
        assert given.limbs_in_body.shape == stimuli.limbs_in_body.shape
        np.testing.assert_allclose(np.linalg.norm(given.limbs_in_body, axis=-1), 1.0, atol=1e-6)
        durations = division.pairs.responses.durations_s
        assert (given.durations_s >= durations.min() - 1e-6).all()
        assert (given.durations_s <= durations.max() + 1e-6).all()
    np.testing.assert_array_equal(answers[0].limbs_in_body, answers[1].limbs_in_body)
    np.testing.assert_array_equal(answers[0].durations_s, answers[1].durations_s)
    changed = np.abs(answers[0].limbs_in_body - answers[2].limbs_in_body).max() > 1e-4
    assert changed == (name != "nearest")


@pytest.mark.parametrize("name", sorted(METHODS.keys() - COPIES))
def test_generators_answer_anew_each_time(data: SetA, short_classifier: None, name: str) -> None:
    """The same stimulus gets another answer when it comes again."""
    answer = learn(name, data).answer
    first, second = (answer(data.pairs.stimuli) for _ in range(2))
    assert np.abs(first.limbs_in_body - second.limbs_in_body).max() > 1e-4


def test_nearest_copies_exactly(data: SetA, division: Division) -> None:
    """A stimulus of A gets its own response back; any other that of the nearest one, looked for one by one."""
    answer = learn("nearest", data).answer
    own = answer(data.pairs.stimuli)
    np.testing.assert_array_equal(own.limbs_in_body, data.pairs.responses.limbs_in_body)
    np.testing.assert_array_equal(own.durations_s, data.pairs.responses.durations_s)
    new = stack(division.stimuli)
    copied = answer(new)
    for index, limbs in enumerate(new.limbs_in_body):
        distances = [np.linalg.norm(limbs - known) for known in data.pairs.stimuli.limbs_in_body]
        expected = data.pairs.responses.limbs_in_body[int(np.argmin(distances))]
        np.testing.assert_array_equal(copied.limbs_in_body[index], expected)


def test_shuffled_copies_responses_of_a_whatever_is_asked(data: SetA) -> None:
    """Each answer is a response of A with its own duration, all of them come up, and the question does not matter."""
    asked = data.pairs.stimuli[np.zeros(400, dtype=int)]
    first, second = learn("shuffled", data).answer(asked), learn("shuffled", data).answer(asked[::-1])
    np.testing.assert_array_equal(first.limbs_in_body, second.limbs_in_body)
    known = data.pairs.responses.limbs_in_body.reshape(20, -1)
    apart = np.abs(first.limbs_in_body.reshape(400, 1, -1) - known[None]).max(axis=-1)
    chosen = apart.argmin(axis=1)
    assert apart.min(axis=1).max() == 0
    assert set(chosen) == set(range(20))
    np.testing.assert_array_equal(first.durations_s, data.pairs.responses.durations_s[chosen])


def test_people_of_a_always_follow_the_rule(data: SetA, division: Division) -> None:
    """Each stimulus of B gets real responses of A to its own action, one or another of them."""
    asked = stack(division.stimuli)
    answer = learn("people", data).answer
    rules = division.stimulus_rules()
    given = [answer(asked) for _ in range(30)]
    for number, rule in enumerate(rules):
        known = data.pairs.responses.limbs_in_body[data.rules == rule]
        came = {int(np.abs(known - each.limbs_in_body[number]).max(axis=(1, 2, 3)).argmin()) for each in given}
        apart = [np.abs(known - each.limbs_in_body[number]).max(axis=(1, 2, 3)).min() for each in given]
        assert max(apart) == 0
        assert len(came) > 1


def test_original_learns_from_the_pairs_as_they_are(data: SetA, given: list[tuple[Tensor, Tensor]]) -> None:
    """No pair more, none less."""
    learn("original", data)
    assert torch.equal(given[0][0], data.stimuli)
    assert torch.equal(given[0][1], data.responses)


def test_reassign_learns_from_all_pairs_that_the_labels_allow(data: SetA, given: list[tuple[Tensor, Tensor]]) -> None:
    """Each stimulus comes with each response of its rule, once; of no other."""
    learn("reassign", data)
    stimuli, responses = given[0]
    pairs = [
        (
            int((data.stimuli - one).abs().amax(dim=(1, 2)).argmin()),
            int((data.responses - other).abs().amax(dim=(1, 2)).argmin()),
        )
        for one, other in zip(stimuli, responses, strict=True)
    ]
    allowed = [(i, j) for i in range(20) for j in range(20) if data.rules[i] == data.rules[j]]
    assert sorted(pairs) == allowed


def test_csgn_adds_as_many_pairs_as_there_are(
    data: SetA, given: list[tuple[Tensor, Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Act2Act sees the pairs first, then what the GAN over pairs draws: as many."""
    asked: list[Any] = []

    def draw(stimuli: Tensor, responses: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
        asked.append((stimuli, responses, *rest))
        return -stimuli, -responses

    monkeypatch.setattr(methods, "sample_pairs", draw)
    learn("csgn", data)
    assert torch.equal(asked[0][0], data.stimuli)
    assert torch.equal(asked[0][1], data.responses)
    assert asked[0][2:] == (data.dimensions("paper"), data.recipes["paper"].gan, 20, data.device)
    assert torch.equal(given[0][0], torch.cat([data.stimuli, -data.stimuli]))
    assert torch.equal(given[0][1], torch.cat([data.responses, -data.responses]))


def test_drawn_pairs_are_motions(data: SetA) -> None:
    """The GAN over pairs draws pairs of unit limb vectors, each another one, stimulus and response from one z."""
    config = GanConfig(steps=2, batch=4, noise=4)
    dims = data.dimensions("paper")
    torch.manual_seed(0)
    for side in sample_pairs(data.stimuli, data.responses, dims, config, 7):
        assert side.shape == (7, 25, 32)
        lengths = side[:, :-1].unflatten(1, (8, 3)).norm(dim=2)
        torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-4, rtol=0)
        assert torch.pdist(side.flatten(1)).min() > 1e-4
    generator, noise = PairGenerator(4, dims), torch.randn(3, 4)
    drawn = generator(torch.zeros(3, 0, 32), noise)
    assert torch.equal(drawn, torch.cat([generator.stimulus(noise), generator.response(noise)], dim=1))


def test_classifier_learns_the_categories(division: Division, data: SetA) -> None:
    """It knows the stimuli of A, and nearly all those of people it has never seen."""
    torch.manual_seed(0)
    dims = Dimensions(8, width=8)
    classifier = train_classifier(data.stimuli, torch.from_numpy(data.rules), 5, dims)
    assert not classifier.training
    with torch.no_grad():
        assert (classifier(data.stimuli).argmax(dim=1).numpy() == data.rules).all()
        new = classifier(to_tensor(stack(division.stimuli), data.scales[0])).argmax(dim=1).numpy()
    assert (new == division.stimulus_rules()).mean() > 0.8


def test_one_hot_categories_are_repeated_over_time() -> None:
    """Each motion has 1 in the row of its category, in all frames."""
    hot = one_hot(torch.tensor([2, 0]), 3, 8)
    expected = torch.tensor([[0.0, 0, 1], [1.0, 0, 0]])
    assert torch.equal(hot, expected[:, :, None].expand(-1, -1, 8))


def test_split_answers_depend_on_the_predicted_category_alone(data: SetA, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the same noise, stimuli that the classifier takes for one category get one answer, others another."""
    category = np.arange(20) % 3
    taught: list[Any] = []

    def teach(stimuli: Tensor, categories: Tensor, count: int, _: Dimensions) -> Callable[[Tensor], Tensor]:
        taught.append((stimuli, categories, count))
        return lambda asked: torch.nn.functional.one_hot(
            torch.from_numpy(category)[(asked[:, None] - stimuli[None]).abs().amax(dim=(2, 3)).argmin(dim=1)], 5
        ).float()

    monkeypatch.setattr(methods, "train_classifier", teach)
    order = np.arange(20)
    within, across = order.copy(), order.copy()
    within[[0, 3]], across[[0, 1]] = [3, 0], [1, 0]
    same, swapped_within, swapped_across = (
        _limbs(learn("split", data).answer(data.pairs.stimuli[index])) for index in (order, within, across)
    )
    assert torch.equal(taught[0][0], data.stimuli)
    assert taught[0][1].tolist() == data.rules.tolist()
    assert taught[0][2] == 5
    np.testing.assert_array_equal(same, swapped_within)
    np.testing.assert_array_equal(same[2:], swapped_across[2:])
    assert np.abs(same[:2] - swapped_across[:2]).max() > 1e-4


def _limbs(motions: MotionArray) -> np.ndarray:
    return motions.limbs_in_body


def test_ours_and_the_papers_method_take_their_own_recipe(data: SetA) -> None:
    """Each trains the Act2Act of its recipe; F and R of its augmentation come along."""
    ours, paper = (learn(name, data) for name in ("ours", "pe"))
    assert ours.generator is not None
    assert paper.generator is not None
    assert ours.generator.dims == data.dimensions("ours")
    assert paper.generator.dims == data.dimensions("paper")
    assert (ours.generator.dims.landmarks, paper.generator.dims.landmarks) == (20, 1)
    for learned in (ours, paper):
        assert learned.augmentation.keys() == {"augmentation_effectiveness", "augmentation_reliability"}
        assert all(0 <= value < 100.001 for value in learned.augmentation.values())


def test_answers_of_ours_spread_as_the_recipe_says(data: SetA, recipes: Recipes) -> None:
    """Answers are those of the generator, from noise as wide as the recipe's spread."""
    learned = learn("ours", data)
    assert learned.generator is not None
    answers = learned.answer(data.pairs.stimuli)
    draws = torch.Generator().manual_seed(data.seed + 7)
    noise = recipes["ours"].spread * torch.randn(20, 4, generator=draws)
    with torch.inference_mode():
        expected = learned.generator(data.stimuli, noise)[:, :-1].reshape(20, 8, 3, 32).permute(0, 3, 1, 2)
    np.testing.assert_allclose(answers.limbs_in_body, expected.numpy(), atol=1e-5)
