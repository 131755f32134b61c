"""Effectiveness F and reliability R of the augmentation (eq. 5 and 6). R looks at labels: never tune by it."""

from __future__ import annotations

import numpy as np


def effectiveness(nc: np.ndarray) -> float:
    """F = (1/N) sum_ij 1(i != j) NC(i, j): the probability that an action is replaced by another (eq. 5)."""
    return float(1.0 - np.trace(nc) / len(nc))


def reliability(nc: np.ndarray, categories: np.ndarray) -> float:
    """R = (1/N) sum_ij 1(cat_i = cat_j) NC(i, j): the probability that a replacement keeps the category (eq. 6)."""
    return float((nc * (categories[:, None] == categories[None])).sum() / len(nc))
