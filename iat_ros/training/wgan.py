"""Training under the conditional WGAN-GP, as the paper does. There is no reconstruction loss from a_r_hat to a_r."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from iat_ros.model.critic import Critic
from iat_ros.training.config import GanConfig
from iat_ros.training.critic_gradient import set_critic_gradient


class WganTrainer:
    """Holds generator, critic and optimisers, and can be put aside and taken up again between any two steps.

    Args:
        generator: From conditions (B, K, T) and noise (B, noise) to motions (B, channels, T).
        critic: D(condition, motion).
        conditions: What each real motion is the answer to, shape (N, K, T); K may be 0.
        motions: Real motions, shape (N, channels, T).
        config: How to train.

    Attributes:
        average: Running average of the generator; the result.
        step: Generator steps done.
    """

    def __init__(
        self, generator: nn.Module, critic: Critic, conditions: Tensor, motions: Tensor, config: GanConfig
    ) -> None:
        self._config = config
        self._generator = generator
        self._critic = critic
        self._conditions, self._motions = conditions, motions
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        self._generator_step = torch.optim.Adam(
            generator.parameters(), config.learning_rate, betas=(0.0, 0.9), fused=True
        )
        self._critic_step = torch.optim.Adam(critic.parameters(), config.learning_rate, betas=(0.0, 0.9), fused=True)
        self.step = 0

    def train(self, progress: Callable[[int, dict[str, float]], None]) -> None:
        """Train until all steps are done.

        Args:
            progress: Called after each generator step with its number and the critic's estimate of the distance
                between real and generated motions. It may raise to stop; the trainer then resumes from `state`.
        """
        config = self._config
        kept: list[Tensor] = list(self.average.parameters())
        new: list[Tensor] = list(self._generator.parameters())
        while self.step < config.steps:
            rate = config.learning_rate * min(1.0, 2.0 * (1.0 - self.step / config.steps))
            for group in (*self._generator_step.param_groups, *self._critic_step.param_groups):
                group["lr"] = rate
            chosen = torch.randint(len(self._motions), (config.critic_steps * config.batch,))
            conditions, motions = self._conditions[chosen], self._motions[chosen]
            with torch.no_grad():  # the generator stands still while the critic learns: all its answers at once
                answers = self._answer(conditions)
            for part in torch.arange(len(chosen)).split(config.batch):
                distance = self._train_critic(conditions[part], motions[part], answers[part])
            self._train_generator(self._conditions[torch.randint(len(self._motions), (config.batch,))])
            self.step += 1
            with torch.no_grad():
                torch._foreach_lerp_(kept, new, 1.0 - min(config.average, 1.0 - 1.0 / self.step))
            progress(self.step, {"distance": float(distance)})

    def _answer(self, conditions: Tensor) -> Tensor:
        answer: Tensor = self._generator(conditions, torch.randn(len(conditions), self._config.noise))
        return answer

    def _train_critic(self, conditions: Tensor, motions: Tensor, answers: Tensor) -> Tensor:
        """One critic step: E[D(a_s, a_r_hat)] - E[D(a_s, a_r)] + lambda E[(||grad D|| - 1)^2]."""
        share = torch.rand(len(motions), 1, 1)
        weight = self._config.gradient_penalty
        distance = set_critic_gradient(self._critic, conditions, motions, answers, share, weight)
        self._critic_step.step()
        return distance

    def _train_generator(self, conditions: Tensor) -> None:
        """One generator step: -E[D(a_s, G(a_s, z))]."""
        self._generator_step.zero_grad(set_to_none=True)
        answers = self._answer(conditions)
        answers.backward(self._critic.slope(conditions, answers) / -len(answers))
        self._generator_step.step()

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
