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
PACE = 5.0
"""tau': by how much the noise favours the timing of one known answer or another; so most answers keep one's time."""
_DIRECTIONS_SEED, _PACES_SEED = 5, 6


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

    People do the same thing at different moments, and what is blended across moments is neither's. So once f has
    learned, the r_m are laid over each other in time (`training.alignment`), where frame t of r_m had been at moment
    s_m(t) of the others, and the answer moves at the time of

        s = sum_m softmax_m(-||(c - v_m) / h||^2 / 2 + tau' z e'_m) s_m,

    with e'_m drawn apart from e_m: noise picks how somebody moves and when as two things. While it trains, the decoder
    leaves time as it is.
    """

    places: Tensor
    widths: Tensor
    answers: Tensor
    directions: Tensor
    favour: Tensor
    moments: Tensor
    paces: Tensor

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.dims = dims
        self.register_buffer("places", torch.zeros(dims.landmarks, dims.code))
        self.register_buffer("widths", torch.ones(dims.code))
        self.register_buffer("answers", torch.zeros(dims.landmarks, dims.response_channels * dims.frames))
        self.register_buffer("directions", _directions(dims, _DIRECTIONS_SEED))
        self.register_buffer("favour", torch.zeros(dims.landmarks))
        self.register_buffer("moments", torch.arange(float(dims.frames)).repeat(dims.landmarks, 1))
        self.register_buffer("paces", _directions(dims, _PACES_SEED))
        hidden = 4 * dims.width
        self.weigh = nn.Sequential(
            nn.Linear(dims.code + dims.noise, hidden), nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, hidden), nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, dims.landmarks),
        )  # fmt: skip

    def weights(self, vector: Tensor) -> Tensor:
        """Compute w, shape (N, landmarks), for (c, z), shape (N, code + noise)."""
        learned = BOUND * torch.tanh(self.weigh(vector) / BOUND)
        choice = CHOICE * vector[:, self.dims.code :] @ self.directions
        return functional.softmax(self._near(vector) + learned + choice + self.favour, dim=1)

    def when(self, vector: Tensor) -> Tensor:
        """Compute s [frames], shape (N, T), for (c, z)."""
        choice = PACE * vector[:, self.dims.code :] @ self.paces
        return functional.softmax(self._near(vector) + choice, dim=1) @ self.moments

    def neighbours(self) -> Tensor:
        """Tell which known answers have a part in answers at each other's place, shape (landmarks, landmarks)."""
        places = (self.places / self.widths).double()
        apart = torch.cdist(places, places, compute_mode="donot_use_mm_for_euclid_dist")
        return 0.5 * apart.square() <= FARTHEST

    def forward(self, vector: Tensor) -> Tensor:
        """Decode (c, z), shape (N, code + noise), into (N, C + 1, T)."""
        dims = self.dims
        motion = (self.weights(vector) @ self.answers).view(-1, dims.response_channels, dims.frames)
        channels = motion[:, :-1] if self.training else motion[:, :-1] @ shares_of_frames(self.when(vector)).mT
        limbs = channels.unflatten(1, (dims.response_limbs, 3))
        squares = limbs.square().sum(dim=2, keepdim=True)  # `norm` takes forty times as long, over this dimension
        limbs = limbs * squares.clamp_min(SHORTEST**2).rsqrt()
        return torch.cat([limbs.flatten(1, 2), motion[:, -1:]], dim=1)

    def _near(self, vector: Tensor) -> Tensor:
        places = self.places / self.widths
        return only_near(-0.5 * torch.cdist(vector[:, : self.dims.code] / self.widths, places).square())


def only_near(confidence: Tensor) -> Tensor:
    """Leave out known answers far below the best: logarithms (N, landmarks), -inf where they are left out."""
    return confidence.masked_fill(confidence < confidence.amax(dim=1, keepdim=True) - FARTHEST, -torch.inf)


def shares_of_frames(moments: Tensor) -> Tensor:
    """Tell how motions at moments between frames are interpolated from frames, linearly.

    Args:
        moments: [frames], shape (N, T).

    Returns:
        Share of frame j at moment k of motion n, shape (N, T, T).
    """
    frames = torch.arange(moments.shape[1], dtype=moments.dtype, device=moments.device)
    return (1.0 - (moments[:, :, None] - frames).abs()).clamp_min(0.0)


def _directions(dims: Dimensions, seed: int) -> Tensor:
    """Draw a unit vector for each known answer; not by a seed of the training's, since they are part of the design."""
    draws = torch.Generator().manual_seed(seed)
    return functional.normalize(torch.randn(dims.noise, dims.landmarks, generator=draws), dim=0)
