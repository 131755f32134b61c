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

"""The joint embedding: pairs lie near each other where both their stimuli and their responses are alike.

The paper embeds stimuli and responses each by a VAE and draws the two points of a pair together. Here a pair is one
point from the start: its neighbours are the pairs that are near on both sides, so each side confirms the other's, and
a diffusion map of this graph (Coifman and Lafon, 2006) places pairs of one interaction close together, others apart.
Nothing is learned by gradient, so 80 pairs are enough, and no label is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iat_ros.errors import DataError
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.training.config import EmbeddingConfig


@dataclass(frozen=True)
class JointEmbedding:
    """Where pairs lie, and what places a new stimulus among them.

    Attributes:
        points: l of every pair, shape (N, D), centred, with a total standard deviation of 1.
        encoder: Places stimuli among the pairs.
        landmarks: Index of the pairs that the encoder holds, shape (M,).
        eigenvalues: Of the diffusion, largest first, shape (D,); a gap after the k-th tells of k + 1 interactions.
    """

    points: np.ndarray
    encoder: AttentionEncoder
    landmarks: Tensor
    eigenvalues: np.ndarray


def embed_jointly(
    stimuli: Tensor, responses: Tensor, dims: Dimensions, config: EmbeddingConfig, generator: torch.Generator
) -> JointEmbedding:
    """Embed pairs.

    W(i, j) = exp(-(d_s(i, j)^2 / (h_s,i h_s,j) + d_r(i, j)^2 / (h_r,i h_r,j)) / 2), where d is the distance between
    limb vectors and h_i the distance to the k-th neighbour (Zelnik-Manor and Perona, 2004). With the degrees q_i, the
    coordinates of pair i are lambda_k psi_k(i): eigenvalues and right eigenvectors of W(i, j) / q_i.

    Args:
        stimuli: (N, C + 1, T); stimulus n was answered with response n.
        responses: (N, C + 1, T).
        dims: Sizes; ``code`` is the dimension D, ``landmarks`` the number M of pairs that are embedded so; the others
            are placed by attention to them.
        config: How to embed.
        generator: Chooses landmarks where there are more pairs.

    Raises:
        DataError: There are no more pairs or landmarks than dimensions.
    """
    landmarks = torch.arange(len(stimuli))
    if dims.landmarks < len(stimuli):
        landmarks = torch.randperm(len(stimuli), generator=generator)[: dims.landmarks].sort()[0]
    if len(landmarks) <= dims.code:
        raise DataError(
            f"{len(landmarks)} pairs are too few for an embedding of {dims.code} dimensions: give more pairs (and "
            "landmarks), or lower embedding.dimensions"
        )
    sides = [_limb_vectors(motions[landmarks]) for motions in (stimuli, responses)]
    affinity = torch.stack([_scaled_squares(side, config.neighbours) for side in sides]).sum(dim=0)
    weights = torch.exp(-affinity / 2).fill_diagonal_(0.0)
    degrees = weights.sum(dim=1).clamp_min(1e-12)
    roots = degrees.sqrt()
    values, vectors = torch.linalg.eigh(weights / (roots[:, None] * roots))
    values, vectors = values.flip(0), vectors.flip(1)
    kept = slice(1, dims.code + 1)  # the first eigenvector is constant
    points = values[kept] * vectors[:, kept] / roots[:, None]
    points = points * torch.sign(points.sum(dim=0) + 1e-12)  # eigenvectors leave their sign open
    points = points - points.mean(dim=0)
    points = (points / points.square().sum(dim=1).mean().sqrt().clamp_min(1e-12)).float()
    keys = stimuli[landmarks]
    near = torch.cdist(sides[0], sides[0]).fill_diagonal_(torch.inf).min(dim=1)[0].median().clamp_min(1e-6)
    encoder = AttentionEncoder(dims).requires_grad_(False).eval()
    encoder.keys.copy_(encoder.limb_vectors(keys))
    encoder.values.copy_(points)
    encoder.width.fill_(float(config.attention * near))
    everywhere = points.numpy()
    if len(landmarks) < len(stimuli):
        placed = encoder(stimuli)
        placed[landmarks] = points
        everywhere = placed.numpy()
    return JointEmbedding(everywhere, encoder, landmarks, values[kept].numpy())


def _limb_vectors(motions: Tensor) -> Tensor:
    return motions[:, :-1].flatten(1).double() / motions.shape[2] ** 0.5


def _scaled_squares(points: Tensor, neighbours: int) -> Tensor:
    distances = torch.cdist(points, points)
    place = min(neighbours + 1, len(points))  # the first is the action itself
    reach = distances.kthvalue(place, dim=1)[0].clamp_min(1e-9)
    return distances.square() / (reach[:, None] * reach)
