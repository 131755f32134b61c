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

"""The WGAN-GP trainer: it learns which answer belongs to which condition, keeps an average, and can be put aside."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest
import torch

from iat_ros.comparison.baselines import PairGenerator
from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.critic import Critic
from iat_ros.model.cuda_graph import Capture
from iat_ros.model.decoder import ConditionedDecoder, Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.generator import Act2Act
from iat_ros.training.adam import pace
from iat_ros.training.config import GanConfig
from iat_ros.training.wgan import CPU, WganTrainer, numbers_of

DIMS = Dimensions(1, frames=8, width=8, noise=2)


def trainer(config: GanConfig, seed: int = 0, record: Capture | None = None) -> WganTrainer:
    """A limb that points along x under the first condition, and along y under the second."""
    torch.manual_seed(seed)
    which = torch.arange(64) % 2
    conditions = torch.nn.functional.one_hot(which, 2).float()[:, :, None].expand(-1, -1, 8)
    motions = torch.zeros(64, 4, 8)
    motions[:, 0], motions[:, 1] = 1.0 - which[:, None].float(), which[:, None].float()
    motions[:, 3] = 2.0 * which[:, None] - 1.0
    generator, critic = ConditionedDecoder(Decoder(4, DIMS)), Critic(2, 4, DIMS)
    return WganTrainer(generator, critic, conditions, motions, config, CPU, record)


def weights(module: torch.nn.Module) -> torch.Tensor:
    """All weights in a row."""
    return torch.cat([value.flatten() for value in module.parameters()])


def test_it_learns_the_answer_to_each_condition() -> None:
    """After a hundred steps, answers point where the condition says, and last as long."""
    learned = trainer(GanConfig(steps=120, batch=16, learning_rate=5e-3, noise=2, average=0.9))
    before = _answers(learned)
    told: list[int] = []
    learned.train(lambda step, losses: told.append(step) if set(losses) == {"distance"} else None)
    assert told == list(range(1, 121))
    after = _answers(learned)
    for answers, good in ((before, False), (after, True)):
        right = answers[0, 0].mean() > 0.8 and answers[1, 1].mean() > 0.8
        assert bool(right and answers[0, 3].mean() < -0.5 and answers[1, 3].mean() > 0.5) == good


def _answers(learned: WganTrainer) -> torch.Tensor:
    """Mean answer to each condition, shape (2, 4, 8)."""
    conditions = torch.eye(2)[:, :, None].expand(-1, -1, 8).repeat_interleave(50, dim=0)
    noise = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    answers: torch.Tensor = learned.average(conditions, noise).view(2, 50, 4, 8).mean(dim=1)
    return answers


def test_average_runs_after_the_weights() -> None:
    """It is the mean of all steps at first, then moves by the share that its decay leaves, and is never trained."""
    torch.manual_seed(0)
    config = GanConfig(steps=6, batch=4, noise=2, average=0.75)
    learned = trainer(config)
    seen: list[torch.Tensor] = []
    kept: list[torch.Tensor] = []

    def look(*_: object) -> None:
        seen.append(weights(learned._generator).detach().clone())
        kept.append(weights(learned.average).clone())

    learned.train(look)
    expected = torch.zeros_like(seen[0])
    for number, (now, average) in enumerate(zip(seen, kept, strict=True)):
        decay = min(0.75, 1 - 1 / (number + 1))
        expected = decay * expected + (1 - decay) * now
        torch.testing.assert_close(average, expected, atol=1e-6, rtol=1e-5)
    assert not any(value.requires_grad for value in learned.average.parameters())


@pytest.mark.parametrize("at", [1, 4])
def test_put_aside_and_taken_up_again(at: int) -> None:
    """From `state` another trainer goes on to the same weights."""
    config = GanConfig(steps=6, batch=4, noise=2)
    whole = trainer(config)
    states: dict[int, dict] = {}
    whole.train(lambda step, _: states.update({step: copy.deepcopy(whole.state())}))
    other = trainer(config, seed=5)
    other.load_state(states[at])
    assert other.step == at
    other.train(lambda *_: None)
    assert torch.equal(weights(other.average), weights(whole.average))


def test_learning_slows_down_over_the_second_half() -> None:
    """The learning rate stays for half of the steps, then falls evenly towards 0, for both networks."""
    config = GanConfig(steps=8, batch=4, learning_rate=1e-3, critic_steps=2)
    for step, rate in enumerate([1e-3] * 5 + [7.5e-4, 5e-4, 2.5e-4]):
        numbers = numbers_of(step, config)
        expected = [*pace(rate, 2 * step + 1), *pace(rate, 2 * step + 2), *pace(rate, step + 1)]
        assert numbers[:-1] == pytest.approx(expected)


def warmed_up(work: Callable[[], None]) -> Callable[[], None]:
    """Stand in for a graph: run work a few times, as before a recording, then whenever it is replayed."""
    for _ in range(3):
        work()
    return work


@pytest.mark.parametrize("at", [0, 4])
def test_a_recorded_step_is_the_same_step(at: int) -> None:
    """What is recorded gets the numbers of its step, and trying it out leaves no trace, also when taken up again."""
    config = GanConfig(steps=8, batch=4, noise=2, average=0.75)
    plain = trainer(config)
    states = {0: copy.deepcopy(plain.state())}
    told: dict[int, float] = {}

    def look(step: int, losses: dict[str, float]) -> None:
        states[step] = copy.deepcopy(plain.state())
        told[step] = losses["distance"]

    plain.train(look)
    recorded = trainer(config, seed=5, record=warmed_up)
    recorded.load_state(states[at])
    again: dict[int, float] = {}
    recorded.train(lambda step, losses: again.update({step: losses["distance"]}))
    torch.testing.assert_close(weights(recorded.averaged()), weights(plain.average), atol=1e-6, rtol=1e-5)
    assert again == pytest.approx({step: each for step, each in told.items() if step > at}, abs=1e-5)
    assert weights(plain.average).sub(weights(trainer(config, seed=0).average)).abs().max() > 1e-4


def test_nothing_is_recorded_for_a_training_that_is_over() -> None:
    """A recording is not made where nothing is left to do."""
    config = GanConfig(steps=2, batch=4, noise=2)
    done = trainer(config)
    done.train(lambda *_: None)
    over = trainer(config, record=lambda work: pytest.fail("nothing is left to record"))
    over.load_state(done.state())
    over.train(lambda *_: None)
    assert over.step == 2


def attending() -> AttentionDecoder:
    """A decoder that knows five answers."""
    decoder = AttentionDecoder(Dimensions(1, frames=8, width=8, code=4, noise=2, landmarks=5))
    decoder.places.copy_(torch.randn(5, 4))
    decoder.answers.copy_(torch.randn(5, 32))
    return decoder


@pytest.mark.parametrize("kind", ["conditioned", "attending", "act2act", "pair"])
def test_steps_are_those_of_the_loss_under_autograd(kind: str, plain_score: Callable[..., torch.Tensor]) -> None:
    """Generators of all kinds get the weights that a loop gives them in which the losses are written down."""
    torch.manual_seed(0)
    dims = Dimensions(1, frames=8, width=8, code=2, noise=2)
    channels = 8 if kind == "pair" else 4
    conditions, motions = torch.randn(64, {"pair": 0}.get(kind, 4), 8), torch.randn(64, channels, 8)
    generator = {
        "conditioned": ConditionedDecoder(Decoder(6, dims)),
        "attending": ConditionedDecoder(attending()),
        "act2act": Act2Act(dims, "convolutional"),
        "pair": PairGenerator(2, dims),
    }[kind].double()
    critic = Critic(conditions.shape[1], channels, dims).double()
    conditions, motions = conditions.double(), motions.double()
    theirs, their_critic = copy.deepcopy(generator), copy.deepcopy(critic)
    config = GanConfig(steps=3, batch=6, noise=2, learning_rate=1e-2)
    torch.set_default_dtype(torch.float64)
    try:
        learned = WganTrainer(generator, critic, conditions, motions, config)
        torch.manual_seed(1)
        learned.train(lambda *_: None)
        torch.manual_seed(1)
        _plain_loop(theirs, their_critic, plain_score, conditions, motions, config)
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(weights(generator), weights(theirs), atol=1e-9, rtol=1e-7)
    torch.testing.assert_close(weights(critic), weights(their_critic), atol=1e-9, rtol=1e-7)


def _plain_loop(
    generator: torch.nn.Module,
    critic: Critic,
    plain_score: Callable[..., torch.Tensor],
    conditions: torch.Tensor,
    motions: torch.Tensor,
    config: GanConfig,
) -> None:
    steps = [torch.optim.Adam(network.parameters(), betas=(0.0, 0.9)) for network in (generator, critic)]

    def draw(batches: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        chosen = torch.randint(len(motions), (batches, config.batch))
        for pairs, noise in zip(chosen, torch.randn(batches, config.batch, 2), strict=True):
            yield conditions[pairs], motions[pairs], generator(conditions[pairs], noise)

    for number in range(config.steps):
        for optimiser in steps:
            optimiser.param_groups[0]["lr"] = config.learning_rate * min(1.0, 2.0 * (1.0 - number / config.steps))
        for condition, real, generated in draw(config.critic_steps):
            generated = generated.detach()
            between = torch.lerp(generated, real, torch.rand(config.batch, 1)[:, :, None]).requires_grad_(True)
            (slope,) = torch.autograd.grad(plain_score(critic, condition, between).sum(), between, create_graph=True)
            penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
            distance = plain_score(critic, condition, real).mean() - plain_score(critic, condition, generated).mean()
            critic.zero_grad()
            (config.gradient_penalty * penalty - distance).backward()
            steps[1].step()
        condition, _, generated = next(draw(1))
        generator.zero_grad()
        (-plain_score(critic, condition, generated).mean()).backward()
        steps[0].step()
