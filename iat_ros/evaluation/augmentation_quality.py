"""Effectiveness F and reliability R of the augmentation (eq. 5 and 6). R looks at labels: never tune by it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def effectiveness(nc: np.ndarray) -> float:
    """F = (1/N) sum_ij 1(i != j) NC(i, j): the probability that an action is replaced by another (eq. 5)."""
    return float(1.0 - np.trace(nc) / len(nc))


def reliability(nc: np.ndarray, categories: np.ndarray) -> float:
    """R = (1/N) sum_ij 1(cat_i = cat_j) NC(i, j): the probability that a replacement keeps the category (eq. 6)."""
    return float((nc * (categories[:, None] == categories[None])).sum() / len(nc))


def augmentation_quality(matrices: Sequence[np.ndarray], categories: np.ndarray) -> dict[str, float]:
    """Return F and R in percent, each averaged over the matrices NC of both sides.

    Args:
        matrices: NC of stimuli and of responses, each (N, N).
        categories: Category of each pair, shape (N,).
    """
    return {
        "augmentation_effectiveness": 100.0 * float(np.mean([effectiveness(nc) for nc in matrices])),
        "augmentation_reliability": 100.0 * float(np.mean([reliability(nc, categories) for nc in matrices])),
    }
