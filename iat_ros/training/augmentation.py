"""Augmentation: replacing actions by neighbours in the embedding space, and small changes that keep a meaning."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iat_ros.training.config import AugmentationConfig
from iat_ros.training.pvae import Embedding


def confidence(embedding: Embedding, scale: float) -> np.ndarray:
    """Confidence in replacing action i by action j (eq. 3 and 4).

    C(i, j) = exp(-||l_i - l_j||^2 / (2 ||s P sigma_i||^2)), then every row is divided by its sum. P sigma is signed
    and can come near 0, so its length has a floor: a tenth of the median over all actions.

    Args:
        embedding: N actions of one side.
        scale: s.

    Returns:
        NC, shape (N, N); rows sum to 1.
    """
    squared = np.square(embedding.points[:, None] - embedding.points[None]).sum(axis=-1)
    spread = np.linalg.norm(embedding.spreads, axis=1)
    spread = np.maximum(spread, 0.1 * np.median(spread))
    weights = np.exp(-squared / (2.0 * np.square(scale * spread))[:, None])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class PairSampler:
    """Draws batches of augmented pairs.

    A pair (a_s, a_r) becomes (a_s', a_r'): each side is drawn from its row of NC. Then tempo and directions change a
    little: both are turned about z together, each limb is tilted a little, time is warped.
    """

    def __init__(
        self,
        stimuli: Tensor,
        responses: Tensor,
        nc_stimuli: np.ndarray,
        nc_responses: np.ndarray,
        config: AugmentationConfig,
        generator: torch.Generator,
    ) -> None:
        self._motions = (stimuli, responses)
        self._rows = tuple(torch.from_numpy(nc).float() for nc in (nc_stimuli, nc_responses))
        self._config = config
        self._generator = generator

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Draw count pairs, two tensors of shape (count, C + 1, T)."""
        pairs = torch.randint(len(self._motions[0]), (count,), generator=self._generator)
        chosen = [
            motions[torch.multinomial(rows[pairs], 1, generator=self._generator)[:, 0]]
            for motions, rows in zip(self._motions, self._rows, strict=True)
        ]
        turn = self._normal(count) * self._config.turn_rad
        return self._vary(chosen[0], turn), self._vary(chosen[1], turn)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator)

    def _vary(self, motions: Tensor, turn: Tensor) -> Tensor:
        config = self._config
        count, channels, frames = motions.shape
        limbs = (channels - 1) // 3
        if config.warp > 0:
            motions = _warp(motions, config.warp * self._normal(count, 2))
        if config.turn_rad > 0 or config.tilt_rad > 0:
            vectors = config.tilt_rad * self._normal(count, limbs, 3)
            vectors[:, :, 2] += turn[:, None]
            turned = torch.matrix_exp(_skew(vectors)) @ motions[:, :-1].reshape(count, limbs, 3, frames)
            motions = torch.cat([turned.reshape(count, channels - 1, frames), motions[:, -1:]], dim=1)
        return motions


def _skew(vectors: Tensor) -> Tensor:
    x, y, z = vectors.unbind(dim=-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=-1).reshape(*vectors.shape[:-1], 3, 3)


def _warp(motions: Tensor, amounts: Tensor) -> Tensor:
    """Change the tempo within motions (N, C + 1, T): time t becomes t + a sin(pi t) + b sin(2 pi t) / 2."""
    frames = motions.shape[2]
    time = torch.linspace(0, 1, frames)
    warped = time + amounts[:, :1] * torch.sin(torch.pi * time) + amounts[:, 1:] * torch.sin(2 * torch.pi * time) / 2
    place = warped.clamp(0, 1) * (frames - 1)
    before = place.floor().long().clamp(max=frames - 2)
    share = (place - before)[:, None]
    index = before[:, None].expand(-1, motions.shape[1], -1)
    mixed = motions.gather(2, index) * (1 - share) + motions.gather(2, index + 1) * share
    count, channels, _ = mixed.shape
    limbs = mixed[:, :-1].reshape(count, (channels - 1) // 3, 3, frames)
    limbs = limbs / limbs.norm(dim=2, keepdim=True).clamp_min(1e-4)
    return torch.cat([limbs.reshape(count, channels - 1, frames), mixed[:, -1:]], dim=1)
