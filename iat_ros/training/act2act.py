"""Training Act2Act under the conditional WGAN-GP. There is no reconstruction loss from a_r_hat to a_r."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from iat_ros.model.networks import Act2Act, Critic, Dimensions
from iat_ros.training.augmentation import PairSampler
from iat_ros.training.config import GanConfig


class Act2ActTrainer:
    """Holds generator, critic and optimisers, and can be put aside and taken up again between any two steps.

    The generator's encoder is given and stays as it is: 80 stimuli are too few to learn, against a critic, what all
    people's ways of doing the same have in common; the paired embedding has learned it from their pairs.

    Args:
        dims: Sizes.
        config: How to train.
        encoder: Weights of the generator's ``body`` and ``head``, from `PairedVaes.stimulus_encoder`.

    Attributes:
        average: Running average of the generator; the result.
        step: Generator steps done.
    """

    def __init__(self, dims: Dimensions, config: GanConfig, encoder: dict[str, Tensor]) -> None:
        self._config = config
        self._dims = dims
        self._generator = Act2Act(dims)
        self._generator.load_state_dict({**self._generator.state_dict(), **encoder})
        self._critic = Critic(dims)
        self.average = copy.deepcopy(self._generator).eval().requires_grad_(False)
        self._generator_step = torch.optim.Adam(
            self._generator.decoder.parameters(), config.learning_rate, betas=(0.0, 0.9)
        )
        self._critic_step = torch.optim.Adam(self._critic.parameters(), config.learning_rate, betas=(0.0, 0.9))
        self.step = 0

    def train(self, sampler: PairSampler, progress: Callable[[int, dict[str, float]], None]) -> None:
        """Train until all steps are done.

        Args:
            sampler: Draws augmented pairs.
            progress: Called after each generator step with its number and the critic's estimate of the distance
                between real and generated pairs. It may raise to stop; the trainer then resumes from `state`.
        """
        config = self._config
        while self.step < config.steps:
            rate = config.learning_rate * min(1.0, 2.0 * (1.0 - self.step / config.steps))
            for group in (*self._generator_step.param_groups, *self._critic_step.param_groups):
                group["lr"] = rate
            for _ in range(config.critic_steps):
                stimulus, response = sampler.draw(config.batch)
                distance = self._train_critic(self._encode(stimulus), response)
            self._train_generator(self._encode(sampler.draw(config.batch)[0]))
            self.step += 1
            progress(self.step, {"distance": distance})

    def _encode(self, stimulus: Tensor) -> Tensor:
        with torch.no_grad():
            return self._generator.encode(stimulus)

    def _answer(self, code: Tensor) -> Tensor:
        noise = torch.randn(len(code), self._dims.noise)
        answer: Tensor = self._generator.decoder(torch.cat([code, noise], dim=1))
        return answer

    def _train_critic(self, code: Tensor, response: Tensor) -> float:
        """One critic step: E[D(a_s, a_r_hat)] - E[D(a_s, a_r)] + lambda E[(||grad D|| - 1)^2]."""
        with torch.no_grad():
            answer = self._answer(code)
        share = torch.rand(len(response), 1, 1)
        between = (share * response + (1 - share) * answer).requires_grad_(True)
        scores = self._critic(code.repeat(3, 1), torch.cat([response, answer, between]))
        real, fake, mixed = scores.chunk(3)
        distance = real.mean() - fake.mean()
        self._critic_step.zero_grad(set_to_none=True)
        (self._config.gradient_penalty * gradient_penalty(mixed, between) - distance).backward()
        self._critic_step.step()
        return float(distance.detach())

    def _train_generator(self, code: Tensor) -> None:
        """One generator step: -E[D(a_s, G(a_s, z))]."""
        self._critic.requires_grad_(False)
        self._generator_step.zero_grad(set_to_none=True)
        loss = -self._critic(code, self._answer(code)).mean()
        loss.backward()
        self._generator_step.step()
        self._critic.requires_grad_(True)
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self._generator.parameters(), strict=True):
                kept.lerp_(new, 1.0 - self._config.average)

    def state(self) -> dict[str, Any]:
        """Return everything that `load_state` needs to go on exactly where this stands."""
        return {
            "step": self.step,
            "generator": self._generator.state_dict(),
            "critic": self._critic.state_dict(),
            "average": self.average.state_dict(),
            "generator_step": self._generator_step.state_dict(),
            "critic_step": self._critic_step.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a state that `state` returned."""
        self.step = state["step"]
        self._generator.load_state_dict(state["generator"])
        self._critic.load_state_dict(state["critic"])
        self.average.load_state_dict(state["average"])
        self._generator_step.load_state_dict(state["generator_step"])
        self._critic_step.load_state_dict(state["critic_step"])


def gradient_penalty(scores: Tensor, motions: Tensor) -> Tensor:
    """Mean of (||grad D|| - 1)^2 over motions, where D's slope with respect to the motion is meant.

    Args:
        scores: D of each motion, shape (N,).
        motions: (N, C + 1, T), with a gradient.
    """
    (slope,) = torch.autograd.grad(scores.sum(), motions, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
