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

"""From vectors to motions: the half of a generator that comes after its encoder."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.time_convolution import MARGIN, SLOPE, TimeConvolution, upward

SHORTEST = 1e-4
"""Of limbs before they are made unit vectors."""


class Decoder(nn.Module):
    """From a vector to a motion: unit limb vectors and a duration channel.

    Attributes:
        whole_batch: While it is trained, what decodes so many vectors faster.
    """

    same_limb: Tensor

    def __init__(self, inputs: int, dims: Dimensions) -> None:
        super().__init__()
        self.dims = dims
        self.whole_batch: dict[int, Callable[[Tensor], Tensor]] = {}
        self.start = nn.Linear(inputs, 2 * dims.width * dims.coarse)
        self.body = upward(dims.width, dims.coarse)
        self.limbs = TimeConvolution(dims.width, 3 * dims.response_limbs)
        self.duration = nn.Linear(2 * dims.width * dims.coarse, 1)
        # a constant, also where weights are made without values at first
        limbs = dims.response_limbs
        blocks = torch.eye(3 * limbs, device="cpu").view(-1, limbs, 3).sum(dim=2).repeat_interleave(3, dim=1)
        self.register_buffer("same_limb", blocks, persistent=False)

    def forward(self, vector: Tensor) -> Tensor:
        """Decode (N, inputs) into (N, C + 1, T)."""
        if len(vector) in self.whole_batch:
            return self.whole_batch[len(vector)](vector)
        dims = self.dims
        start = functional.leaky_relu(self.start(vector), SLOPE)
        hidden = self.body(start.view(-1, 2 * dims.width, dims.coarse).permute(2, 0, 1))
        limbs = self.limbs(functional.pad(hidden, (0, 0, 0, 0, MARGIN, MARGIN)))
        squares = limbs.square() @ self.same_limb  # of each limb's length, once for each of its channels
        limbs = limbs * squares.clamp_min(SHORTEST**2).rsqrt()
        duration = self.duration(start).expand(dims.frames, -1, 1)
        return torch.cat([limbs, duration], dim=2).permute(1, 2, 0)


class ConditionedDecoder(nn.Module):
    """The part of a generator after its encoder: decoder (c, z) -> a_r_hat.

    Args:
        decoder: From what the answer depends on (the code c, or a category) and z, side by side, to a motion.
    """

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Decode conditions repeated over time (N, K, T) and noise (N, noise) into (N, C + 1, T)."""
        motion: Tensor = self.decoder(torch.cat([condition[:, :, 0], noise], dim=1))
        return motion
