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

"""The networks that only the comparison needs: CSGN, and Split's classifier."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.critic import Critic
from iat_ros.model.decoder import Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import ConvolutionalEncoder
from iat_ros.training.config import GanConfig
from iat_ros.training.wgan import CPU, WganTrainer

_CLASSIFIER_STEPS = 300


class PairGenerator(nn.Module):
    """CSGN here: from noise alone to a whole pair (a_s, a_r), both decoded from the same z."""

    def __init__(self, noise: int, dims: Dimensions) -> None:
        super().__init__()
        self.stimulus = Decoder(noise, dims)
        self.response = Decoder(noise, dims)

    def forward(self, _condition: Tensor, noise: Tensor) -> Tensor:
        """Decode (N, noise) into pairs (N, 2 (C + 1), T)."""
        return torch.cat([self.stimulus(noise), self.response(noise)], dim=1)


def one_hot(categories: Tensor, count: int, frames: int) -> Tensor:
    """Repeat one-hot categories over time, shape (N, count, T)."""
    return functional.one_hot(categories, count).float()[:, :, None].expand(-1, -1, frames)


def train_classifier(stimuli: Tensor, categories: Tensor, count: int, dims: Dimensions) -> ConvolutionalEncoder:
    """Train a classifier of stimuli (N, C + 1, T) on their categories (N,)."""
    classifier = ConvolutionalEncoder(count, dims)
    optimiser = torch.optim.Adam(classifier.parameters(), 1e-3, weight_decay=1e-4)
    for _ in range(_CLASSIFIER_STEPS):
        optimiser.zero_grad(set_to_none=True)
        functional.cross_entropy(classifier(stimuli), categories).backward()
        optimiser.step()
    return classifier.eval()


def sample_pairs(
    stimuli: Tensor, responses: Tensor, dims: Dimensions, config: GanConfig, count: int, device: torch.device = CPU
) -> tuple[Tensor, Tensor]:
    """Train CSGN on pairs and draw new ones from it, both (count, C + 1, T)."""
    pairs = torch.cat([stimuli, responses], dim=1)
    nothing = pairs[:, :0]
    critic = Critic(0, pairs.shape[1], dims)
    trainer = WganTrainer(PairGenerator(config.noise, dims), critic, nothing, pairs, config, device)
    trainer.train(lambda *_: None)
    with torch.no_grad():
        drawn = trainer.averaged()(nothing[:1].expand(count, -1, -1), torch.randn(count, config.noise))
    first, second = drawn.chunk(2, dim=1)
    return first, second
