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

"""Every method of the comparison: from set A to a function that answers motions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from iat_ros.comparison.baselines import one_hot, sample_pairs, train_classifier
from iat_ros.data.actions import stack
from iat_ros.data.protocol import Division
from iat_ros.evaluation.augmentation_quality import augmentation_quality
from iat_ros.model.critic import Critic
from iat_ros.model.decoder import ConditionedDecoder, Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.generator import Act2Act
from iat_ros.model.normalisation import DurationScale, to_motions, to_tensor
from iat_ros.skeleton.motion import MotionArray
from iat_ros.training.config import TrainingConfig
from iat_ros.training.preparation import finish, make_trainer, prepare
from iat_ros.training.wgan import CPU, WganTrainer

Answer = Callable[[MotionArray], MotionArray]


@dataclass(frozen=True)
class Learned:
    """A method after its training.

    Attributes:
        answer: Answers N motions with N motions, with new noise each time.
        train_s: How long the training took [s]; None where nothing was trained.
        augmentation: F and R of the augmentation [%], by name.
        generator: Act2Act, where the method trains one.
    """

    answer: Answer
    train_s: float | None
    augmentation: dict[str, float] = field(default_factory=dict)
    generator: Act2Act | None = None


class SetA:
    """Set A as tensors, with the labels that Re-assign and Split alone may see.

    Args:
        division: Sets A and B; B is there for `people` alone, which learns nothing.
        recipes: The recipe that ships (``ours``) and the paper's (``paper``).
        seed: Decides everything that is drawn.
        device: Where generators are trained.
    """

    def __init__(
        self, division: Division, recipes: dict[str, TrainingConfig], seed: int, device: torch.device = CPU
    ) -> None:
        self.division = division
        self.pairs = division.pairs
        self.rules = division.pair_rules
        self.categories = len(division.rules)
        self.scales = (
            DurationScale.of(self.pairs.stimuli.durations_s),
            DurationScale.of(self.pairs.responses.durations_s),
        )
        self.stimuli = to_tensor(self.pairs.stimuli, self.scales[0])
        self.responses = to_tensor(self.pairs.responses, self.scales[1])
        self.recipes = recipes
        self.seed = seed
        self.device = device

    def dimensions(self, recipe: str) -> Dimensions:
        """Return the sizes of a recipe's networks."""
        return self.recipes[recipe].dimensions(self.pairs.stimuli.limbs_in_body.shape[2], len(self.pairs))

    def answer_by(
        self, generator: nn.Module, condition: Callable[[Tensor], Tensor], noise: int, spread: float = 1.0
    ) -> Answer:
        """Make an answering function of a generator."""
        draws = torch.Generator().manual_seed(self.seed + 7)

        def answer(motions: MotionArray) -> MotionArray:
            """Answer stimuli; each call draws the next noise."""
            with torch.inference_mode():
                stimuli = to_tensor(motions, self.scales[0])
                z = spread * torch.randn(len(stimuli), noise, generator=draws)
                return to_motions(generator(condition(stimuli), z), self.scales[1])

        return answer


def original(data: SetA) -> Learned:
    """Act2Act on the pairs as they are."""
    return _act2act(data, data.stimuli, data.responses)


def csgn(data: SetA) -> Learned:
    """Act2Act on the pairs and as many drawn from an unconditional GAN over whole pairs."""
    begun = time.perf_counter()
    config = data.recipes["paper"].gan
    drawn = sample_pairs(data.stimuli, data.responses, data.dimensions("paper"), config, len(data.pairs), data.device)
    stimuli, responses = (torch.cat([own, new]) for own, new in zip((data.stimuli, data.responses), drawn, strict=True))
    learned = _act2act(data, stimuli, responses)
    return Learned(learned.answer, time.perf_counter() - begun)


def reassign(data: SetA) -> Learned:
    """Act2Act on all pairs that the labels allow."""
    first, second = (torch.from_numpy(side) for side in np.nonzero(data.rules[:, None] == data.rules[None]))
    return _act2act(data, data.stimuli[first], data.responses[second])


def split(data: SetA) -> Learned:
    """A classifier of stimuli, then a generator that is conditioned on the category."""
    begun = time.perf_counter()
    config, dims = data.recipes["paper"].gan, data.dimensions("paper")
    rules = torch.from_numpy(data.rules)
    classifier = train_classifier(data.stimuli, rules, data.categories, dims)
    conditions = one_hot(rules, data.categories, dims.frames)
    generator = ConditionedDecoder(Decoder(data.categories + config.noise, dims))
    critic = Critic(data.categories, dims.channels, dims)
    trainer = WganTrainer(generator, critic, conditions, data.responses, config, data.device)
    trainer.train(lambda *_: None)

    def classify(stimuli: Tensor) -> Tensor:
        """Say of each stimulus (N, C, T) what the classifier takes it for, as the generator's condition."""
        return one_hot(classifier(stimuli).argmax(dim=1), data.categories, dims.frames)

    answer = data.answer_by(trainer.averaged(), classify, config.noise)
    return Learned(answer, time.perf_counter() - begun)


def pe(data: SetA) -> Learned:
    """The paper's method: paired VAEs, eq. 3 and 4, WGAN-GP."""
    return _recipe(data, "paper")


def ours(data: SetA) -> Learned:
    """The recipe that ships."""
    return _recipe(data, "ours")


def nearest(data: SetA) -> Learned:
    """Copy the response of the training stimulus whose limb vectors are nearest."""
    closest = _nearest_of(data.pairs.stimuli)
    return Learned(lambda motions: data.pairs.responses[closest(motions)], None)


def shuffled(data: SetA) -> Learned:
    """Answer with the response of a training pair drawn at random."""
    rng = np.random.default_rng(data.seed + 7)
    return Learned(lambda motions: data.pairs.responses[rng.integers(len(data.pairs), size=len(motions))], None)


def people(data: SetA) -> Learned:
    """Told the rule of the stimulus, copy the response of a pair of A that follows it: what people of A would score."""
    rng = np.random.default_rng(data.seed + 7)
    of_rule = [np.flatnonzero(data.rules == rule) for rule in range(data.categories)]
    rules = data.division.stimulus_rules()
    own_number = _nearest_of(stack(data.division.stimuli))

    def answer(motions: MotionArray) -> MotionArray:
        """Copy a response of the rule that the nearest stimulus of A has."""
        chosen = [rng.choice(of_rule[rule]) for rule in rules[own_number(motions)]]
        return data.pairs.responses[np.array(chosen)]

    return Learned(answer, None)


METHODS: dict[str, Callable[[SetA], Learned]] = {
    method.__name__: method for method in (original, csgn, pe, reassign, split, ours, nearest, shuffled, people)
}
"""All methods by the name that tables give them."""


def learn(name: str, data: SetA) -> Learned:
    """Train a method; the same seed gives the same method on one machine."""
    torch.manual_seed(data.seed)
    return METHODS[name](data)


def _nearest_of(known: MotionArray) -> Callable[[MotionArray], np.ndarray]:
    """Make a function that gives the number of the known motion nearest to each of N, shape (N,)."""
    points = known.limbs_in_body.reshape(len(known), -1)

    def nearest_to(motions: MotionArray) -> np.ndarray:
        """Return the number of the known motion nearest to each, shape (N,)."""
        asked = motions.limbs_in_body.reshape(len(motions), -1)
        return np.asarray(np.square(asked[:, None] - points[None]).sum(axis=-1).argmin(axis=1))

    return nearest_to


def _act2act(data: SetA, stimuli: Tensor, responses: Tensor) -> Learned:
    """Train Act2Act under WGAN-GP on given pairs, its encoder with it."""
    begun = time.perf_counter()
    config, dims = data.recipes["paper"].gan, data.dimensions("paper")
    generator = Act2Act(dims, "convolutional")
    critic = Critic(dims.channels, dims.channels, dims)
    trainer = WganTrainer(generator, critic, stimuli, responses, config, data.device)
    trainer.train(lambda *_: None)
    answer = data.answer_by(trainer.averaged(), lambda motions: motions, config.noise)
    return Learned(answer, time.perf_counter() - begun)


def _recipe(data: SetA, name: str) -> Learned:
    begun = time.perf_counter()
    config, dims = data.recipes[name], data.dimensions(name)
    draws = torch.Generator().manual_seed(data.seed)
    preparation = prepare(data.stimuli, data.responses, dims, config, draws, lambda *_: None)
    trainer = make_trainer(data.stimuli, data.responses, dims, config, preparation, draws, data.device)
    trainer.train(lambda *_: None)
    generator = finish(trainer, dims, config, preparation)
    train_s = time.perf_counter() - begun
    quality = augmentation_quality([side.nc for side in preparation.neighbours], data.rules)
    answer = data.answer_by(generator, lambda motions: motions, dims.noise, config.spread)
    return Learned(answer, train_s, quality, generator)
