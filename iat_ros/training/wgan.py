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

"""Training under the conditional WGAN-GP, as the paper does. There is no reconstruction loss from a_r_hat to a_r.

On a GPU a whole generator step, with the critic steps before it, is one CUDA graph: some hundred small operations are
launched at once. What differs between steps, learning rates above all, lies in a tensor that the graph reads.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from iat_ros.model.critic import Critic
from iat_ros.model.cuda_graph import Capture, capture
from iat_ros.training.adam import Adam, Number, pace
from iat_ros.training.config import GanConfig
from iat_ros.training.critic_gradient import CriticGradient, CriticSlope
from iat_ros.training.flat_parameters import FlatParameters
from iat_ros.training.kept_decoder import keep

CPU = torch.device("cpu")


class WganTrainer:
    """Holds generator, critic and optimisers, and can be put aside and taken up again between any two steps.

    Args:
        generator: From conditions (B, K, T) and noise (B, noise) to motions (B, channels, T).
        critic: D(condition, motion).
        conditions: What each real motion is the answer to, shape (N, K, T); K may be 0.
        motions: Real motions, shape (N, channels, T).
        config: How to train.
        device: Where to train; the networks are moved there.
        record: Makes a graph of a step; None: every operation is launched by itself.

    Attributes:
        average: Running average of the generator, on the device.
        step: Generator steps done.
    """

    def __init__(
        self,
        generator: nn.Module,
        critic: Critic,
        conditions: Tensor,
        motions: Tensor,
        config: GanConfig,
        device: torch.device = CPU,
        record: Capture | None = None,
    ) -> None:
        self._config = config
        self._device = device
        self._record = record or (capture if device.type == "cuda" else None)
        self._generator = generator.to(device)
        self._critic = critic.to(device)
        # first of all, since they move the parameters in memory
        self._generator_step = Adam(generator.parameters())
        self._critic_step = Adam(critic.parameters())
        self._channels = motions.shape[1]
        self._seen = critic.see(conditions, motions).transpose(0, 1).contiguous().to(device)
        frames, batch = motions.shape[2], config.batch
        self._critic_gradient = CriticGradient(critic, self._channels, batch, frames, config.gradient_penalty)
        self._critic_slope = CriticSlope(critic, self._channels, batch, frames)
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)
        self._kept = FlatParameters(self.average.parameters()).values
        keep(generator, (config.batch, config.critic_steps * config.batch))
        self._distance = torch.zeros((), device=device)
        self._recorded: Callable[[list[float]], None] | None = None
        self.step = 0

    def train(self, progress: Callable[[int, dict[str, float]], None]) -> None:
        """Train until all steps are done.

        Args:
            progress: Called after each generator step with its number and the critic's estimate of the distance
                between real and generated motions. It may raise to stop; the trainer then resumes from `state`.
        """
        config = self._config
        while self.step < config.steps:
            if self._recorded is None:
                self._recorded = self._do_step if self._record is None else self._make_record(self._record)
            self._recorded(numbers_of(self.step, config))
            self.step += 1
            progress(self.step, {"distance": float(self._distance)})

    def _make_record(self, record: Capture) -> Callable[[list[float]], None]:
        """Record a step, and put back what trying it out has changed."""
        numbers = torch.tensor(numbers_of(self.step, self._config), device=self._device)
        before = copy.deepcopy(self.state())
        replay = record(lambda: self._do_step(numbers.unbind()))
        self.load_state(before)
        rows = torch.tensor([numbers_of(step, self._config) for step in range(self._config.steps)])
        rows = rows.to(self._device)

        def do_step(_: list[float]) -> None:
            """Replay the recorded step with this step's numbers."""
            numbers.copy_(rows[self.step])
            replay()

        return do_step

    def _do_step(self, numbers: Sequence[Number]) -> None:
        """Do some critic steps and a generator step, with the numbers that `numbers_of` gives."""
        config = self._config
        real = self._draw(config.critic_steps * config.batch)
        with torch.no_grad():  # the generator stays the same, so it answers once for all critic steps
            generated = self._critic.see(*self._answer(real))
        batches = zip(real.split(config.batch, dim=1), generated.split(config.batch, dim=1), strict=True)
        for number, batch in enumerate(batches):
            share = torch.rand(config.batch, 1, device=self._device)
            distance = self._critic_gradient.set(*batch, share)
            self._critic_step.step(*numbers[2 * number : 2 * number + 2])
        self._distance.copy_(distance)
        self._set_generator_gradient(self._draw(config.batch))
        self._generator_step.step(*numbers[-3:-1])
        self._kept.lerp_(self._generator_step.values, numbers[-1])

    def _draw(self, count: int) -> Tensor:
        """Draw real motions with their conditions, as the critic sees them."""
        chosen = torch.randint(len(self._seen), (count,), device=self._device)
        return self._seen[chosen].transpose(0, 1)

    def _answer(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Answer the conditions that are seen: conditions and motions."""
        conditions = seen[:, :, self._channels :].permute(1, 2, 0)
        noise = torch.randn(len(conditions), self._config.noise, device=self._device)
        return conditions, self._generator(conditions, noise)

    def _set_generator_gradient(self, real: Tensor) -> None:
        """Set the gradient of -E[D(a_s, G(a_s, z))]."""
        self._generator.zero_grad(set_to_none=True)
        conditions, motions = self._answer(real)
        slope = self._critic_slope.compute(self._critic.see(conditions, motions.detach()))
        motions.backward(slope.permute(1, 2, 0))

    def averaged(self) -> nn.Module:
        """Return a copy of the running average, which is the result, on the CPU."""
        return copy.deepcopy(self.average).cpu()

    def state(self) -> dict[str, Any]:
        """Return everything that `load_state` needs to go on exactly where this stands, torch's draws with it."""
        on_gpu = self._device.type == "cuda"
        return {
            "step": self.step,
            "generator": self._generator.state_dict(),
            "critic": self._critic.state_dict(),
            "average": self.average.state_dict(),
            "generator_step": self._generator_step.state(),
            "critic_step": self._critic_step.state(),
            "random": torch.cuda.get_rng_state(self._device) if on_gpu else torch.get_rng_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a state that `state` returned, from the same kind of device."""
        self.step = state["step"]
        self._generator.load_state_dict(state["generator"])
        self._critic.load_state_dict(state["critic"])
        self.average.load_state_dict(state["average"])
        self._generator_step.load_state(state["generator_step"])
        self._critic_step.load_state(state["critic_step"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(state["random"], self._device)
        else:
            torch.set_rng_state(state["random"])


def numbers_of(step: int, config: GanConfig) -> list[float]:
    """Return what a generator step depends on, counted from 0: a `pace` for each critic step, one for the generator's.

    Both learn at the same rate, which falls to 0 over the second half. The last number is the share of the generator's
    new weights in their running average.
    """
    rate = config.learning_rate * min(1.0, 2.0 * (1.0 - step / config.steps))
    numbers: list[float] = []
    for number in range(config.critic_steps):
        numbers += pace(rate, config.critic_steps * step + number + 1)
    return [*numbers, *pace(rate, step + 1), 1.0 - min(config.average, 1.0 - 1.0 / (step + 1))]
