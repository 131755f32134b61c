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

"""Augmentation: replacing the actions of a pair by neighbours in the embedding space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iat_ros.training.held_out import held_out_likelihoods
from iat_ros.training.neighbours import Neighbours, NeighbourSampler, nearest
from iat_ros.training.pvae import Embedding, PairedEmbedding
from iat_ros.training.variation import Variation

SCALES = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8)
"""Candidates for s of eq. 3."""


def sigma_bandwidths(embedding: Embedding) -> np.ndarray:
    """Compute the bandwidth ||P sigma_i|| of every action in eq. 3, before s, shape (N,).

    P sigma is signed and can come near 0, so its length has a floor: a tenth of the median over all actions.
    """
    spread = np.linalg.norm(embedding.spreads, axis=1)
    return np.asarray(np.maximum(spread, 0.1 * np.median(spread)))


def confidence(embedding: Embedding, scale: float) -> Neighbours:
    """Confidence in replacing action i by action j, as the paper has it (eq. 3 and 4).

    C(i, j) = exp(-||l_i - l_j||^2 / (2 ||s P sigma_i||^2)), then every row is divided by its sum.

    Args:
        embedding: N actions of one side.
        scale: s, above 0.
    """
    return nearest(embedding.points, scale * sigma_bandwidths(embedding))


def joint_confidence(points: np.ndarray, bandwidth: float) -> Neighbours:
    """Confidence in replacing either action of pair i by the same side's action of pair j, from the joint embedding.

    C(i, j) = exp(-||l_i - l_j||^2 / (2 h^2)), then every row is divided by its sum.

    Args:
        points: l of the pairs, shape (N, D).
        bandwidth: h, one for all.
    """
    return nearest(points, np.full(len(points), bandwidth))


def choose_scale(sides: Sequence[tuple[np.ndarray, np.ndarray]], candidates: Sequence[float] = SCALES) -> float:
    """Choose s by the likelihood of held-out actions: no label and no other data is looked at.

    Eq. 3 takes N(l_i, ||s P sigma_i||^2 I) as the place where replacements of action i lie. If s is too small, no
    action is where its neighbours expect one; if it is too large, they expect actions where there is none.

    Args:
        sides: Points (N, D) and bandwidths before s (N,), of each side; their likelihoods are added.
        candidates: Values of s.
    """
    totals = sum(held_out_likelihoods(points, bandwidths, candidates) for points, bandwidths in sides)
    return float(candidates[int(np.argmax(totals))])


def sides_of(embedding: PairedEmbedding) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return both sides of a paired embedding as `choose_scale` wants them."""
    return [(side.points, sigma_bandwidths(side)) for side in (embedding.stimuli, embedding.responses)]


@dataclass(frozen=True)
class AugmentedPairs:
    """Augmented pairs.

    Attributes:
        stimuli: (count, C + 1, T).
        responses: (count, C + 1, T).
        stimulus_of: Which pair each stimulus was taken from, shape (count,).
    """

    stimuli: Tensor
    responses: Tensor
    stimulus_of: Tensor


def draw_pairs(
    stimuli: Tensor,
    responses: Tensor,
    neighbours: tuple[Neighbours, Neighbours],
    variation: Variation,
    count: int,
    generator: torch.Generator,
) -> AugmentedPairs:
    """Draw augmented pairs: (a_s, a_r) becomes (a_s', a_r'), each side from its row of NC, then both vary a little.

    Args:
        stimuli: (N, C + 1, T).
        responses: (N, C + 1, T).
        neighbours: NC of the stimuli and of the responses.
        variation: The small changes.
        count: How many pairs; the pairs of the set take turns.
        generator: Where the random numbers come from.
    """
    pairs = torch.arange(count) % len(stimuli)
    first, second = (NeighbourSampler(side.nc).draw(pairs, generator) for side in neighbours)
    return AugmentedPairs(*variation(stimuli[first], responses[second]), first)
