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

"""Training under the conditional WGAN-GP, as the paper does. There is no reconstruction loss from a_r_hat to a_r."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from iat_ros.model.critic import Critic
from iat_ros.training.adam import Adam
from iat_ros.training.config import GanConfig
from iat_ros.training.critic_gradient import CriticGradient, CriticSlope
from iat_ros.training.kept_decoder import keep


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
        self._channels = motions.shape[1]
        self._seen = critic.see(conditions, motions).transpose(0, 1).contiguous()
        frames, batch = motions.shape[2], config.batch
        self._critic_gradient = CriticGradient(critic, self._channels, batch, frames, config.gradient_penalty)
        self._critic_slope = CriticSlope(critic, self._channels, batch, frames)
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        keep(generator, config.batch)
        self._generator_step = Adam(generator.parameters(), config.learning_rate)
        self._critic_step = Adam(critic.parameters(), config.learning_rate)
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
            self._generator_step.rate = self._critic_step.rate = rate
            for _ in range(config.critic_steps):
                distance = self._train_critic(self._draw())
            self._train_generator(self._draw())
            self.step += 1
            with torch.no_grad():
                torch._foreach_lerp_(kept, new, 1.0 - min(config.average, 1.0 - 1.0 / self.step))
            progress(self.step, {"distance": float(distance)})

    def _draw(self) -> Tensor:
        """Draw real motions with their conditions, as the critic sees them."""
        return self._seen[torch.randint(len(self._seen), (self._config.batch,))].transpose(0, 1)

    def _answer(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Answer the conditions that are seen: conditions and motions."""
        conditions = seen[:, :, self._channels :].permute(1, 2, 0)
        return conditions, self._generator(conditions, torch.randn(len(conditions), self._config.noise))

    def _train_critic(self, real: Tensor) -> Tensor:
        """One critic step: E[D(a_s, a_r_hat)] - E[D(a_s, a_r)] + lambda E[(||grad D|| - 1)^2]."""
        with torch.no_grad():
            generated = self._critic.see(*self._answer(real))
        share = torch.rand(self._config.batch, 1)
        distance = self._critic_gradient.set(real, generated, share)
        self._critic_step.step()
        return distance

    def _train_generator(self, real: Tensor) -> None:
        """One generator step: -E[D(a_s, G(a_s, z))]."""
        self._generator.zero_grad(set_to_none=True)
        conditions, motions = self._answer(real)
        slope = self._critic_slope.compute(self._critic.see(conditions, motions.detach()))
        motions.backward(slope.permute(1, 2, 0))
        self._generator_step.step()

    def state(self) -> dict[str, Any]:
        """Return everything that `load_state` needs to go on exactly where this stands."""
        return {
            "step": self.step,
            "generator": self._generator.state_dict(),
            "critic": self._critic.state_dict(),
            "average": self.average.state_dict(),
            "generator_step": self._generator_step.state(),
            "critic_step": self._critic_step.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a state that `state` returned."""
        self.step = state["step"]
        self._generator.load_state_dict(state["generator"])
        self._critic.load_state_dict(state["critic"])
        self.average.load_state_dict(state["average"])
        self._generator_step.load_state(state["generator_step"])
        self._critic_step.load_state(state["critic_step"])
