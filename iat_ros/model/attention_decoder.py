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

"""The decoder of the recipe that ships: answers between those that people gave to similar stimuli."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.time_convolution import SLOPE

SHORTEST = 1e-4
"""Of limbs before they are made unit vectors."""
BOUND = 2.0
"""b: most that the network adds to a logarithm of w, or takes from it."""
FARTHEST = 3.4
"""Known answers whose confidence is e^-3.4 (a 30th) of the best one's or less have no part in an answer."""
CHOICE = 2.0
"""tau: by how much the noise, on its own, favours one known answer or another."""
_DIRECTIONS_SEED = 5


class AttentionDecoder(nn.Module):
    """From a code and noise to a motion: unit limb vectors and a duration channel.

    a_r_hat = sum_m w_m r_m with limb vectors brought back to unit length, where

        w = softmax_m(-||(c - v_m) / h||^2 / 2 + b tanh(f(c, z)_m / b) + tau z e_m + k_m).

    Known answers r lie at the places v of their pairs, and the first term is the confidence of eq. 3 in each of them:
    it keeps an answer within its interaction, which 80 pairs are too few to learn; those far below the best have no
    part in it. The network f learns under the critic which of the answers near c come together, and how z decides it;
    it is bounded by b, so that it cannot outvote the first term. Each e_m is a fixed random unit vector: whatever f
    makes of z, different noise leans on different people's answers, so that answers vary as people do and are not all
    the same mean. k_m favours answers that others would understand (`training.clarity`) among those that have a part;
    it is 0 while f learns, since the critic wants all answers of people alike. What is decoded lies between motions of
    people, so no limb jitters, and none moves in a way that nobody showed.
    """

    places: Tensor
    widths: Tensor
    answers: Tensor
    directions: Tensor
    favour: Tensor

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.dims = dims
        self.register_buffer("places", torch.zeros(dims.landmarks, dims.code))
        self.register_buffer("widths", torch.ones(dims.code))
        self.register_buffer("answers", torch.zeros(dims.landmarks, dims.response_channels * dims.frames))
        draws = torch.Generator().manual_seed(_DIRECTIONS_SEED)  # not a seed of the training's: e is part of the design
        directions = torch.randn(dims.noise, dims.landmarks, generator=draws)
        self.register_buffer("directions", functional.normalize(directions, dim=0))
        self.register_buffer("favour", torch.zeros(dims.landmarks))
        hidden = 4 * dims.width
        self.weigh = nn.Sequential(
            nn.Linear(dims.code + dims.noise, hidden), nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden), nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, dims.landmarks),
        )  # fmt: skip

    def weights(self, vector: Tensor) -> Tensor:
        """Compute w, shape (N, landmarks), for (c, z), shape (N, code + noise)."""
        code, noise = vector[:, : self.dims.code], vector[:, self.dims.code :]
        near = only_near(-0.5 * torch.cdist(code / self.widths, self.places / self.widths).square())
        learned = BOUND * torch.tanh(self.weigh(vector) / BOUND)
        return functional.softmax(near + learned + CHOICE * noise @ self.directions + self.favour, dim=1)

    def forward(self, vector: Tensor) -> Tensor:
        """Decode (c, z), shape (N, code + noise), into (N, C + 1, T)."""
        dims = self.dims
        motion = (self.weights(vector) @ self.answers).view(-1, dims.response_channels, dims.frames)
        limbs = motion[:, :-1].unflatten(1, (dims.response_limbs, 3))
        squares = limbs.square().sum(dim=2, keepdim=True)  # `norm` takes forty times as long, over this dimension
        limbs = limbs * squares.clamp_min(SHORTEST**2).rsqrt()
        return torch.cat([limbs.flatten(1, 2), motion[:, -1:]], dim=1)


def only_near(confidence: Tensor) -> Tensor:
    """Leave out known answers far below the best: logarithms (N, landmarks), -inf where they are left out."""
    return confidence.masked_fill(confidence < confidence.amax(dim=1, keepdim=True) - FARTHEST, -torch.inf)
