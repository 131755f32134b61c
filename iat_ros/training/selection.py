"""Choosing s of eq. 3 on the pairs themselves: no label and no other data is looked at."""

from __future__ import annotations

import numpy as np

from iat_ros.training.augmentation import bandwidths
from iat_ros.training.pvae import Embedding, PairedEmbedding

CANDIDATES = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8)


def held_out_likelihood(embedding: Embedding, scale: float) -> float:
    """Mean log density of each action under the Gaussians around all the others (leave-one-out).

    Eq. 3 takes N(l_i, ||s P sigma_i||^2 I) as the place where replacements of action i lie. If s is too small, no
    action is where its neighbours expect one; if it is too large, they expect actions where there is none.

    Args:
        embedding: N actions of one side, in D dimensions.
        scale: s.
    """
    count, dimensions = embedding.points.shape
    squared = np.square(embedding.points[:, None] - embedding.points[None]).sum(axis=-1)
    width = bandwidths(embedding, scale)[:, None]
    log_density = -squared / (2 * np.square(width)) - dimensions * np.log(np.sqrt(2 * np.pi) * width)
    np.fill_diagonal(log_density, -np.inf)
    return float(np.mean(np.logaddexp.reduce(log_density, axis=0) - np.log(count - 1)))


def choose_scale(embedding: PairedEmbedding) -> float:
    """Choose s from `CANDIDATES` by the likelihood of held-out actions, both sides together."""
    sides = (embedding.stimuli, embedding.responses)
    return max(CANDIDATES, key=lambda scale: sum(held_out_likelihood(side, scale) for side in sides))
