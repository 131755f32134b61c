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

"""How clearly an answer that people gave belongs to its interaction, told without labels."""

from __future__ import annotations

import torch
from torch import Tensor

from iat_ros.model.attention_decoder import FARTHEST, AttentionDecoder

_FLOOR = 0.5
"""Of distances, as a share of the median of all that are not 0 between an answer and the most similar of its own
interaction: motions that are there twice must not outweigh all others, nor one that two interactions share vanish."""
_MOST = 1.0
"""Most that kappa may be away from that of the usual answer."""


def clarity_of(decoder: AttentionDecoder) -> Tensor:
    """Compute kappa of every known answer: log(d_other / d_own), less the median of all.

    d_own is the distance to the most similar answer of the same neighbourhood of the embedding, d_other that to the
    most similar one outside of it, both between limb vectors. An answer that somebody gave once, or that looks like
    those of another interaction, is what a stranger may take for something else; one that was given alike several
    times, and in no other interaction, is clear. Where an answer is alone in its neighbourhood, or all answers are in
    one, nothing is known: 0, as for the usual answer.

    Args:
        decoder: Knows the answers and the places of their pairs.

    Returns:
        kappa, shape (landmarks,), from -1 to 1.
    """
    motions = decoder.answers.view(-1, decoder.dims.response_channels, decoder.dims.frames)
    distances = _distances(motions[:, :-1].flatten(1))
    together = 0.5 * _distances(decoder.places / decoder.widths).square() <= FARTHEST
    itself = torch.eye(len(distances), dtype=torch.bool, device=distances.device)
    own = distances.masked_fill(~together | itself, torch.inf).amin(dim=1)
    other = distances.masked_fill(together, torch.inf).amin(dim=1)
    known = own.isfinite() & other.isfinite()
    apart = own[known & (own > 0)]
    kappa = distances.new_zeros(len(distances))
    if len(apart):
        floor = (_FLOOR * apart.median()).square()
        ratio = (other[known].square() + floor) / (own[known].square() + floor)
        logarithms = 0.5 * ratio.log()
        kappa[known] = (logarithms - logarithms.median()).clamp(-_MOST, _MOST)
    return kappa.to(decoder.answers.dtype)


def _distances(points: Tensor) -> Tensor:
    """Return distances between all points (N, D), those of equal ones exactly 0."""
    points = points.double()
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
