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

"""What an action will have been, told from its beginning, and how sure that is."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.encoders import AttentionEncoder

_SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""How much of a known stimulus may have been seen so far."""
_ENOUGH = 0.4
"""An action that has come less far is too young to be answered: so early, all look alike."""
_WIDER = 2.5
"""Width of the comparison as a ratio to h: how an action goes on is less certain than how it went."""
_DURATION_WIDTH = 2.0
"""Standard deviation of log durations as a ratio to that of the data."""
_STRANGE = 0.95
"""A stimulus further away than this quantile of the keys' distances to their nearest is nothing that is known."""

SURE = 0.3
"""Confidence above which an answer comes early; chosen with the rest on set A, one person left out at a time."""


class EarlyEncoder(nn.Module):
    """From the beginning of a stimulus to a code c, as `AttentionEncoder` finds it, and a confidence.

    How far the action has come is unknown, so it is compared with the first 20, 30, ... 100 % of each key,

        w_ms = softmax_ms(-||a - k_m(s)||^2 / (2 h'^2) - (log(d / s) - mu)^2 / (2 sigma'^2)),   c = sum_ms w_ms v_m,

    with mu the mean log duration of the data and d the time so far. One more place in the softmax stands for "nothing
    that I know". The confidence is the share of the weights that lies on pairs around c and on actions that have come
    far enough: sum over m and s >= 40 % of w_ms exp(-||(c - v_m) / width||^2 / 2). So it is low while several
    interactions go on from here, and c lies between them.

    Args:
        encoder: Of the whole stimuli.
        decoder: Tells the widths of a neighbourhood.
        frames: T.
        log_std: Standard deviation of the log durations of stimuli, which are given as standardised.
    """

    beginnings: Tensor
    values: Tensor
    places: Tensor
    widths: Tensor
    progress: Tensor
    stranger: Tensor

    def __init__(self, encoder: AttentionEncoder, decoder: AttentionDecoder, frames: int, log_std: float) -> None:
        super().__init__()
        self._width = _WIDER * float(encoder.width)
        self._young = sum(share < _ENOUGH for share in _SHARES)
        with torch.no_grad():
            keys = encoder.keys * frames**0.5  # (M, C T)
            keys = keys.view(len(keys), -1, 3, frames)
            beginnings = torch.stack([_beginning(keys, share) for share in _SHARES])  # (S, M, L, 3, T)
            beginnings = beginnings.permute(0, 1, 4, 2, 3).flatten(0, 1).flatten(1) / frames**0.5
            self.register_buffer("beginnings", beginnings.T.contiguous())  # (T C, S M)
            self.register_buffer("values", encoder.values.clone())
            self.register_buffer("places", encoder.values / decoder.widths)
            self.register_buffer("widths", decoder.widths.clone())
            self.register_buffer("progress", torch.tensor([math.log(share) / log_std for share in _SHARES]))
            squares = torch.cdist(encoder.keys, encoder.keys).square().fill_diagonal_(torch.inf)
            nearest = squares.min(dim=1).values
            strange = nearest.quantile(_STRANGE) if len(nearest) > 1 else nearest.new_zeros(())
            self.register_buffer("stranger", -strange / (2.0 * self._width**2))

    def forward(self, limbs: Tensor, duration: Tensor) -> tuple[Tensor, Tensor]:
        """Encode N actions so far.

        Args:
            limbs: Unit limb vectors, shape (N, T, L, 3).
            duration: Standardised logarithm of the time so far, shape (N,).

        Returns:
            c, shape (N, code), and the confidence from 0 to 1, shape (N,).
        """
        count, frames, limb_count = limbs.shape[:3]
        # unit vectors: ||a - k||^2 is 2 L - 2 a k
        near = (limbs.flatten(1) @ self.beginnings / frames**0.5 - limb_count) / self._width**2
        late = (duration[:, None] - self.progress) / _DURATION_WIDTH
        logits = near.unflatten(1, (len(_SHARES), -1)) - 0.5 * late.square()[:, :, None]
        logits = torch.cat([logits.flatten(1), self.stranger.expand(count, 1)], dim=1)
        weights = functional.softmax(logits, dim=1)[:, :-1].unflatten(1, (len(_SHARES), -1))  # (N, S, M)
        by_pair = weights.sum(dim=1)
        by_pair = by_pair / by_pair.sum(dim=1, keepdim=True).clamp_min(1e-12)
        code = by_pair @ self.values
        around = torch.exp(-0.5 * torch.cdist(code / self.widths, self.places).square())
        grown = weights[:, self._young :].sum(dim=1)
        return code, (grown * around).sum(dim=1).clamp(0.0, 1.0)


def _beginning(keys: Tensor, share: float) -> Tensor:
    """Resample the first share of motions (M, L, 3, T) to T frames of unit vectors."""
    frames = keys.shape[3]
    times = torch.linspace(0.0, share * (frames - 1), frames)
    before = times.long().clamp_max(frames - 2)
    rest = times - before
    return functional.normalize(keys[..., before] * (1.0 - rest) + keys[..., before + 1] * rest, dim=2)
