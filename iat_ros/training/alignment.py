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

"""Known answers of one neighbourhood laid over each other in time, so that what is blended is the same moment."""

from __future__ import annotations

import numpy as np
import torch

from iat_ros.model.attention_decoder import AttentionDecoder

_BAND = 0.25
"""Most by which moments that are laid over each other may lie apart, as a share of the motion."""
_STEP = 0.3
"""What it costs that one motion stands while the other goes on, in mean distances of their frames."""
_SMOOTHINGS = 2
"""How often a course of time is smoothed over three frames; it has steps of half a frame otherwise."""
_CELLS = 2**22
"""So many pairs of frames are looked at together."""


def align(decoder: AttentionDecoder) -> None:
    """Let every known answer of a decoder move in the time of the most usual one of its neighbourhood.

    That is the one with the smallest sum of distances to the others. What moved when is found by dynamic time warping
    of the limb vectors; it is kept in ``decoder.moments``, which gives answers their timing back.
    """
    dims = decoder.dims
    motions = decoder.answers.view(-1, dims.response_channels, dims.frames)
    limbs = motions[:, :-1].double().numpy()
    flat = torch.from_numpy(limbs).flatten(1)
    apart = torch.cdist(flat, flat, compute_mode="donot_use_mm_for_euclid_dist").numpy()
    together = decoder.neighbours().numpy()
    usual = np.where(together, together @ apart, np.inf).argmin(axis=1)
    chunk = max(1, _CELLS // dims.frames**2)
    for first in range(0, len(limbs), chunk):
        some = slice(first, first + chunk)
        own = own_moments(limbs[some], limbs[usual[some]])
        decoder.moments[some] = torch.from_numpy(_inverse(own)).float()
        motions[some, :-1] = torch.from_numpy(_at(limbs[some], own)).float()


def own_moments(motions: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Find at which moment each motion does what its reference does in every frame.

    Args:
        motions: Shape (M, C, T).
        references: One for each, shape (M, C, T).

    Returns:
        Moments [frames], from 0 to T - 1 and never going back, shape (M, T).
    """
    squares = [np.square(side).sum(axis=1) for side in (motions, references)]
    products = motions.transpose(0, 2, 1) @ references
    cost = np.maximum(squares[0][:, :, None] + squares[1][:, None, :] - 2.0 * products, 0.0)
    moments = _mean_partner(_steps(cost))
    for _ in range(_SMOOTHINGS):
        wide = np.pad(moments, ((0, 0), (1, 1)), mode="edge")
        moments = 0.25 * wide[:, :-2] + 0.5 * wide[:, 1:-1] + 0.25 * wide[:, 2:]
        moments[:, 0], moments[:, -1] = 0.0, cost.shape[1] - 1
    return np.asarray(np.maximum.accumulate(moments, axis=1))


def _steps(cost: np.ndarray) -> np.ndarray:
    """Find the cheapest way to each pair of frames: its last step, 0 in both motions, 1 in the first, 2 in the second.

    Pairs whose two frames have the same sum need nothing of each other, so they are worked out together.
    """
    count, frames, _ = cost.shape
    band = max(1, round(_BAND * frames))
    price = _STEP * cost.mean(axis=(1, 2))[:, None]
    total = np.full((count, frames + 1, frames + 1), np.inf)
    total[:, 0, 0] = 0.0
    steps = np.zeros(cost.shape, dtype=np.int8)
    for both in range(2, 2 * frames + 1):
        i = np.arange(max(1, both - frames), min(frames, both - 1) + 1)
        i = i[np.abs(both - 2 * i) <= band]
        j = both - i
        ways = np.stack([total[:, i - 1, j - 1], total[:, i - 1, j] + price, total[:, i, j - 1] + price])
        steps[:, i - 1, j - 1] = ways.argmin(axis=0)
        total[:, i, j] = ways.min(axis=0) + cost[:, i - 1, j - 1]
    return steps


def _mean_partner(steps: np.ndarray) -> np.ndarray:
    """Go the cheapest way back from the end; return the first motion's mean frame at each of the second, (M, T)."""
    count, frames, _ = steps.shape
    each = np.arange(count)
    sums, numbers = np.zeros((count, frames)), np.zeros((count, frames))
    i = j = np.full(count, frames - 1)
    for _ in range(2 * frames - 1):
        under_way = (i >= 0) & (j >= 0)
        np.add.at(sums, (each[under_way], j[under_way]), i[under_way])
        np.add.at(numbers, (each[under_way], j[under_way]), 1)
        step = steps[each, i, j]
        i, j = np.where(under_way & (step != 2), i - 1, i), np.where(under_way & (step != 1), j - 1, j)
    return np.asarray(sums / numbers)


def _at(motions: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Interpolate motions (M, C, T) at moments (M, T)."""
    before = np.clip(moments.astype(int), 0, motions.shape[2] - 2)
    after = (moments - before)[:, None]
    frames = [np.take_along_axis(motions, (before + step)[:, None], axis=2) for step in (0, 1)]
    return np.asarray(frames[0] * (1.0 - after) + frames[1] * after)


def _inverse(moments: np.ndarray) -> np.ndarray:
    """Turn moments of motions at frames of their references into moments of the references at frames of the motions."""
    frames = np.arange(moments.shape[1])
    rising = moments + 1e-6 * frames
    return np.stack([np.interp(frames, each, frames) for each in rising])
