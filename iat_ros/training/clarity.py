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
"""Of the distance to the nearest answer of the same interaction, as a share of the median: one that is there twice must
not outweigh all others."""


def clarity_of(decoder: AttentionDecoder) -> Tensor:
    """Compute kappa of every known answer: log(d_other / d_own).

    d_own is the distance to the most similar answer of the same neighbourhood of the embedding, d_other that to the
    most similar one outside of it, both between limb vectors. An answer that somebody gave once, or that looks like
    those of another interaction, is what a stranger may take for something else; one that was given alike several
    times, and in no other interaction, is clear. Where an answer is alone in its neighbourhood, or all answers are in
    one, nothing is known: 0.

    Args:
        decoder: Knows the answers and the places of their pairs.

    Returns:
        kappa, shape (landmarks,).
    """
    motions = decoder.answers.view(-1, decoder.dims.response_channels, decoder.dims.frames)
    limbs = motions[:, :-1].flatten(1).double()
    distances = torch.cdist(limbs, limbs)
    places = decoder.places / decoder.widths
    together = 0.5 * torch.cdist(places, places).square() <= FARTHEST
    itself = torch.eye(len(limbs), dtype=torch.bool, device=limbs.device)
    own = distances.masked_fill(~together | itself, torch.inf).amin(dim=1)
    other = distances.masked_fill(together, torch.inf).amin(dim=1)
    known = own.isfinite() & other.isfinite()
    if not bool(known.any()):
        return decoder.answers.new_zeros(len(limbs))
    floor = (_FLOOR * own[known].median()).clamp_min(1e-9)
    ratio = (
        torch.where(known, other.clamp_min(1e-9), 1.0) / torch.where(known, own.square() + floor.square(), 1.0).sqrt()
    )
    return ratio.log().to(decoder.answers.dtype)
