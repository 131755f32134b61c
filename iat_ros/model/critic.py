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

"""The critic of the conditional WGAN-GP, and how its score depends on what it sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.time_convolution import TimeConvolution, downward


class Critic(nn.Module):
    """Discriminator D(condition, a) of the conditional WGAN-GP: a score, unbounded, no normalisation layers.

    The condition is a_s, or a category repeated over time, or nothing.

    With h_0 = (a, condition) and the layers h_l = s_l (W_l h_(l-1) + b_l) for l = 1, 2, 3, the score is
    D = w . h_3 + b. The factors s_l are 1 or 0.2 for each unit, by which side of the kink of its leaky ReLU it is on;
    between the kinks D is linear.

    Args:
        condition: Channels of the condition; 0 for none.
        channels: Channels of what is judged.
        dims: Sizes.
    """

    def __init__(self, condition: int, channels: int, dims: Dimensions) -> None:
        super().__init__()
        self._hidden = (2 * dims.width, dims.coarse)
        self.body = downward(channels + condition, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, condition: Tensor, motion: Tensor) -> Tensor:
        """Score motions (N, channels, T) under conditions (N, condition, T), shape (N,)."""
        hidden = self.body(self.see(condition, motion))
        score: Tensor = self.head(hidden.permute(1, 2, 0).flatten(1))
        return score[:, 0]

    @staticmethod
    def see(condition: Tensor, motion: Tensor) -> Tensor:
        """Put conditions and motions together as h_0, shape (T, N, channels + condition)."""
        return torch.cat([motion.permute(2, 0, 1), condition.permute(2, 0, 1)], dim=2)

    @property
    def layers(self) -> list[TimeConvolution]:
        """The convolutions, in order."""
        return [layer for layer in self.body if isinstance(layer, TimeConvolution)]

    @property
    def head_weight(self) -> Tensor:
        """w, shape (T / 8, 2 width)."""
        return self.head.weight.view(self._hidden).T
