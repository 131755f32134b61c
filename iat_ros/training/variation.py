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

"""Small changes that keep a motion's meaning: a turn of the body, a tilt of each limb, another tempo within."""

from __future__ import annotations

import torch
from torch import Tensor

from iat_ros.training.config import VariationConfig

_AT_ONCE = 512  # motions; what is made of more does not fit the caches


class Variation:
    """Changes pairs of motions a little, at random.

    Args:
        config: How much.
        response_share: How much of that responses get; with 1, both motions of a pair get the same turn about z.
        generator: Where the random numbers come from.
    """

    def __init__(self, config: VariationConfig, response_share: float, generator: torch.Generator) -> None:
        self._config = config
        self._response_share = response_share
        self._generator = generator

    def __call__(self, stimuli: Tensor, responses: Tensor) -> tuple[Tensor, Tensor]:
        """Change N pairs of motions (N, C + 1, T)."""
        turn = self._normal(len(stimuli))
        return self._vary(stimuli, turn, 1.0), self._vary(responses, turn, self._response_share)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator)

    def _vary(self, motions: Tensor, turn: Tensor, share: float) -> Tensor:
        count, channels, _ = motions.shape
        amounts = share * self._config.warp * self._normal(count, 2)
        vectors = share * self._config.tilt_rad * self._normal(count, (channels - 1) // 3, 3)
        vectors[:, :, 2] += share * self._config.turn_rad * turn[:, None]
        parts = zip(*(tensor.split(_AT_ONCE) for tensor in (motions, amounts, vectors)), strict=True)
        return torch.cat([_change(*part) for part in parts])


def _change(motions: Tensor, amounts: Tensor, vectors: Tensor) -> Tensor:
    warped = warp(motions, amounts)
    limbs = warped[:, :-1].unflatten(1, (-1, 3))
    return torch.cat([(rotation(vectors) @ limbs).flatten(1, 2), warped[:, -1:]], dim=1)


def rotation(vectors: Tensor) -> Tensor:
    """Compute rotation matrices (..., 3, 3) from rotation vectors (..., 3) (Rodrigues' formula)."""
    angle = vectors.norm(dim=-1).clamp_min(1e-8)[..., None, None]
    x, y, z = (vectors / angle[..., 0]).unbind(dim=-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).unflatten(-1, (3, 3))
    return torch.eye(3) + angle.sin() * cross + (1 - angle.cos()) * (cross @ cross)


def warp(motions: Tensor, amounts: Tensor) -> Tensor:
    """Change the tempo within motions: time t in [0, 1] becomes t + a sin(pi t) + b sin(2 pi t) / 2.

    Args:
        motions: (N, C + 1, T); limb vectors stay of unit length.
        amounts: a and b, shape (N, 2).
    """
    count, channels, frames = motions.shape
    time = torch.linspace(0, 1, frames)
    warped = time + amounts[:, :1] * torch.sin(torch.pi * time) + amounts[:, 1:] * torch.sin(2 * torch.pi * time) / 2
    place = warped.clamp(0, 1) * (frames - 1)
    before = place.floor().long().clamp(max=frames - 2)
    share = (place - before)[:, None]
    index = before[:, None].expand(-1, channels, -1)
    mixed = motions.gather(2, index) * (1 - share) + motions.gather(2, index + 1) * share
    limbs = mixed[:, :-1].reshape(count, (channels - 1) // 3, 3, frames)
    limbs = limbs / limbs.square().sum(dim=2, keepdim=True).sqrt().clamp_min(1e-4)
    return torch.cat([limbs.reshape(count, channels - 1, frames), mixed[:, -1:]], dim=1)
