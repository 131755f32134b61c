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

"""The judge E: a binary classifier of pairs, trained to tell pairs that follow the rules from all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.skeleton.motion import MotionArray


@dataclass(frozen=True)
class JudgeConfig:
    """How E is trained; the same for every method that it compares.

    Attributes:
        steps: Optimiser steps.
        batch: Pairs per step, half positive, half negative.
        width: Channels of the hidden layers.
        learning_rate: Of Adam.
        weight_decay: Of Adam.
        dropout: Before the last layer.
    """

    steps: int = 600
    batch: int = 128
    width: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    dropout: float = 0.3


class Judge:
    """E: scores pairs of motions; above 0 means that the pair follows the rules.

    Args:
        channels: Of a stimulus and a response together.
        config: How it is trained.
        seed: Decides everything that is drawn.
    """

    def __init__(self, channels: int, config: JudgeConfig, seed: int) -> None:
        self._config = config
        self._rng = np.random.default_rng(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self._network = nn.Sequential(
                nn.Conv1d(channels, config.width, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
                nn.Conv1d(config.width, 2 * config.width, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
                nn.Conv1d(2 * config.width, 2 * config.width, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
                nn.Flatten(), nn.Dropout(config.dropout), nn.LazyLinear(1),
            )  # fmt: skip

    def train(
        self,
        stimuli: MotionArray,
        responses: MotionArray,
        positive: np.ndarray,
        negative: np.ndarray,
    ) -> Judge:
        """Train on pairs given by index.

        Args:
            stimuli: N motions.
            responses: M motions.
            positive: (stimulus, response) indices of pairs that follow the rules, shape (P, 2).
            negative: The same of pairs that don't, shape (Q, 2).

        Returns:
            Itself.
        """
        first, second = _channels(stimuli), _channels(responses)
        labels = torch.cat([torch.ones(self._config.batch // 2), torch.zeros(self._config.batch // 2)])
        with torch.random.fork_rng():
            torch.manual_seed(int(self._rng.integers(2**31)))
            self._network.train()
            self._network(torch.cat([first[:2], second[:2].expand(len(first[:2]), -1, -1)], dim=1))
            optimiser = torch.optim.Adam(
                self._network.parameters(), self._config.learning_rate, weight_decay=self._config.weight_decay
            )
            for _ in range(self._config.steps):
                chosen = np.concatenate(
                    [
                        pairs[self._rng.integers(len(pairs), size=self._config.batch // 2)]
                        for pairs in (positive, negative)
                    ]
                )
                scores = self._network(torch.cat([first[chosen[:, 0]], second[chosen[:, 1]]], dim=1))[:, 0]
                optimiser.zero_grad(set_to_none=True)
                functional.binary_cross_entropy_with_logits(scores, labels).backward()
                optimiser.step()
        return self

    def accepts(self, stimuli: MotionArray, responses: MotionArray) -> np.ndarray:
        """Tell for each of N pairs whether it follows the rules, shape (N,), bool."""
        self._network.eval()
        with torch.inference_mode():
            scores = self._network(torch.cat([_channels(stimuli), _channels(responses)], dim=1))[:, 0]
            return np.asarray(scores.numpy() > 0)

    def features(self, stimuli: MotionArray, responses: MotionArray) -> np.ndarray:
        """Compute what E looks at last in each of N pairs, as a mean over time, shape (N, 2 width)."""
        self._network.eval()
        with torch.inference_mode():
            hidden = torch.cat([_channels(stimuli), _channels(responses)], dim=1)
            for layer in self._network:
                if isinstance(layer, nn.Flatten):
                    break
                hidden = layer(hidden)
            return np.asarray(hidden.mean(dim=2).numpy(), dtype=float)


def _channels(motions: MotionArray) -> Tensor:
    """(N, T, L, 3) -> (N, 3 L, T)."""
    count, frames = motions.limbs_in_body.shape[:2]
    return torch.from_numpy(motions.limbs_in_body.reshape(count, frames, -1).transpose(0, 2, 1).astype(np.float32))
