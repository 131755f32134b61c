"""Augmentation: replacing the actions of a pair by neighbours in the embedding space."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iat_ros.training.pvae import Embedding
from iat_ros.training.variation import Variation


def bandwidths(embedding: Embedding, scale: float) -> np.ndarray:
    """Compute the bandwidth ||s P sigma_i|| of every action in eq. 3, shape (N,).

    P sigma is signed and can come near 0, so its length has a floor: a tenth of the median over all actions.
    """
    spread = np.linalg.norm(embedding.spreads, axis=1)
    return np.asarray(scale * np.maximum(spread, 0.1 * np.median(spread)))


def confidence(embedding: Embedding, scale: float) -> np.ndarray:
    """Confidence in replacing action i by action j (eq. 3 and 4).

    C(i, j) = exp(-||l_i - l_j||^2 / (2 ||s P sigma_i||^2)), then every row is divided by its sum.

    Args:
        embedding: N actions of one side.
        scale: s, above 0.

    Returns:
        NC, shape (N, N); rows sum to 1.
    """
    squared = np.square(embedding.points[:, None] - embedding.points[None]).sum(axis=-1)
    weights = np.exp(-squared / (2.0 * np.square(bandwidths(embedding, scale)))[:, None])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


class PairSampler:
    """Draws batches of augmented pairs.

    A pair (a_s, a_r) becomes (a_s', a_r'): each side is drawn from its row of NC. Then both are varied a little.

    Args:
        stimuli: (N, C + 1, T).
        responses: (N, C + 1, T).
        nc: NC of the stimuli and NC of the responses, both (N, N).
        variation: The small changes.
        generator: Where the random numbers come from.
    """

    def __init__(
        self,
        stimuli: Tensor,
        responses: Tensor,
        nc: tuple[np.ndarray, np.ndarray],
        variation: Variation,
        generator: torch.Generator,
    ) -> None:
        self._motions = (stimuli, responses)
        self._rows = tuple(torch.from_numpy(rows).float() for rows in nc)
        self._variation = variation
        self._generator = generator

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Draw count pairs, two tensors of shape (count, C + 1, T)."""
        pairs = torch.randint(len(self._motions[0]), (count,), generator=self._generator)
        chosen = [
            motions[torch.multinomial(rows[pairs], 1, generator=self._generator)[:, 0]]
            for motions, rows in zip(self._motions, self._rows, strict=True)
        ]
        return self._variation(chosen[0], chosen[1])
