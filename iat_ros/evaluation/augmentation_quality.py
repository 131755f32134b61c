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

"""Effectiveness F and reliability R of the augmentation (eq. 5 and 6). R looks at labels: never tune by it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from iat_ros.errors import DataError


def effectiveness(nc: csr_array) -> float:
    """F = (1/N) sum_ij 1(i != j) NC(i, j): the probability that an action is replaced by another (eq. 5)."""
    return float(1.0 - nc.diagonal().sum(dtype=np.float64) / nc.shape[0])


def reliability(nc: csr_array, categories: np.ndarray) -> float:
    """R = (1/N) sum_ij 1(cat_i = cat_j) NC(i, j): the probability that a replacement keeps the category (eq. 6).

    Args:
        nc: NC, shape (N, N).
        categories: Category of each action, shape (N,).

    Raises:
        DataError: There is not one category per action.
    """
    count = int(nc.shape[0])
    if np.shape(categories) != (count,):
        raise DataError(f"R needs one category for each of {count} actions, got {np.shape(categories)}")
    kept = 0.0
    for row in range(count):
        entries = slice(nc.indptr[row], nc.indptr[row + 1])
        same = categories[nc.indices[entries]] == categories[row]
        kept += float(nc.data[entries].sum(where=same, dtype=np.float64))
    return kept / count


def augmentation_quality(matrices: Sequence[csr_array], categories: np.ndarray) -> dict[str, float]:
    """Return F and R in percent, each averaged over the matrices NC of both sides.

    Args:
        matrices: NC of stimuli and of responses, each (N, N).
        categories: Category of each pair, shape (N,).
    """
    return {
        "augmentation_effectiveness": 100.0 * float(np.mean([effectiveness(nc) for nc in matrices])),
        "augmentation_reliability": 100.0 * float(np.mean([reliability(nc, categories) for nc in matrices])),
    }
