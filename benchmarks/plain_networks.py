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

"""Generator and critic as one would write them down first: the layers of torch, motions as (N, channels, T).

Parameters have the names and shapes of the package's own networks, so that weights can be exchanged.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.dimensions import Dimensions

_SLOPE = 0.2


class PlainDecoder(nn.Module):
    """From a condition and noise to a motion: unit limb vectors and a duration channel."""

    def __init__(self, inputs: int, dims: Dimensions) -> None:
        super().__init__()
        self._dims = dims
        self.start = nn.Linear(inputs, 2 * dims.width * dims.coarse)
        layers: list[nn.Module] = []
        for into, out in ((2 * dims.width, 2 * dims.width), (2 * dims.width, dims.width), (dims.width, dims.width)):
            layers += [
                nn.Upsample(scale_factor=2, mode="linear", align_corners=False),
                nn.Conv1d(into, out, 5, padding=2),
                nn.LeakyReLU(_SLOPE),
            ]
        self.body = nn.Sequential(*layers)
        self.limbs = nn.Conv1d(dims.width, 3 * dims.limbs, 5, padding=2)
        self.duration = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Decode conditions repeated over time (N, K, T) and noise (N, noise) into (N, C + 1, T)."""
        dims = self._dims
        start = functional.leaky_relu(self.start(torch.cat([condition[:, :, 0], noise], dim=1)), _SLOPE)
        hidden = self.body(start.view(-1, 2 * dims.width, dims.coarse))
        limbs = self.limbs(hidden).view(-1, dims.limbs, 3, dims.frames)
        limbs = limbs / limbs.norm(dim=2, keepdim=True).clamp_min(1e-4)
        duration = self.duration(start)[:, :, None].expand(-1, 1, dims.frames)
        return torch.cat([limbs.flatten(1, 2), duration], dim=1)


class PlainAct2Act(nn.Module):
    """The paper's generator: encoder a_s -> c, decoder (c, z) -> a_r_hat."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for into, out in ((dims.channels, dims.width), (dims.width, 2 * dims.width), (2 * dims.width,) * 2):
            layers += [nn.Conv1d(into, out, 5, stride=2, padding=2), nn.LeakyReLU(_SLOPE)]
        self.encoder = nn.Sequential(*layers, nn.Flatten(), nn.Linear(2 * dims.width * dims.coarse, dims.code))
        self.decoder = PlainDecoder(dims.code + dims.noise, dims)

    def forward(self, stimulus: Tensor, noise: Tensor) -> Tensor:
        """Answer stimuli (N, C + 1, T) under noise (N, noise)."""
        answer: Tensor = self.decoder(self.encoder(stimulus)[:, :, None], noise)
        return answer


class PlainCritic(nn.Module):
    """From a condition and a motion to a score."""

    def __init__(self, condition: int, channels: int, dims: Dimensions) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for into, out in ((channels + condition, dims.width), (dims.width, 2 * dims.width), (2 * dims.width,) * 2):
            layers += [nn.Conv1d(into, out, 5, stride=2, padding=2), nn.LeakyReLU(_SLOPE)]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, condition: Tensor, motion: Tensor) -> Tensor:
        """Score motions (N, channels, T) under conditions (N, condition, T), shape (N,)."""
        score: Tensor = self.head(self.body(torch.cat([motion, condition], dim=1)).flatten(1))
        return score[:, 0]
