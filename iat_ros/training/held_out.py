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

"""The likelihood that s of eq. 3 is chosen by, for any number of actions in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial.distance import cdist

from iat_ros.errors import ConfigError, DataError
from iat_ros.training.neighbours import check_embedding

HELD_OUT = 512
_COLUMNS_PER_BLOCK = 1024  # with 512 rows a block of 4 MiB, which stays in the cache


def held_out_likelihoods(
    points: np.ndarray,
    bandwidths: np.ndarray,
    scales: Sequence[float],
    at_most: int = HELD_OUT,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> np.ndarray:
    """Compute the mean log density of actions under the Gaussians around all the others, for every s at once.

    Action j has the density (1 / (N - 1)) sum_{i != j} N(l_j; l_i, (s h_i)^2 I). Up to `at_most` actions are held
    out in turn, all of them where there are no more, otherwise as many at random; the sum goes over all N in either
    case. So time grows with N, and every s sees the same held-out actions: their differences are surer than each.

    Args:
        points: l, shape (N, D), N at least 2.
        bandwidths: h = ||P sigma_i||, before s, in the unit of the points, shape (N,).
        scales: Values of s, above 0.
        at_most: Most actions that are held out, at least 1.
        seed: Decides which ones.
        progress: Called with the number of actions summed over.

    Returns:
        One mean log density per s, shape (len(scales),), for points measured in their own unit.

    Raises:
        DataError: Points or bandwidths are not finite, not above 0, do not fit each other, or are fewer than 2.
        ConfigError: An s is not above 0, or `at_most` is below 1.
    """
    points, bandwidths = check_embedding(points, bandwidths)
    count, dimensions = points.shape
    if count < 2:
        raise DataError("one action alone has no others around it; at least 2 are needed to choose s")
    if at_most < 1 or not all(0 < scale < np.inf for scale in scales):
        raise ConfigError(f"choosing s needs at_most >= 1 and scales above 0, got {at_most} and {tuple(scales)}")
    rows = np.arange(count)
    if count > at_most:
        rows = np.sort(np.random.default_rng(seed).choice(count, at_most, replace=False))
    totals = np.full((len(scales), len(rows)), -np.inf)
    for start in range(0, count, _COLUMNS_PER_BLOCK):
        block = slice(start, start + _COLUMNS_PER_BLOCK)
        widths = bandwidths[block]
        with np.errstate(over="ignore"):
            exponents = -0.5 * np.square(cdist(points[rows], points[block]) / widths)
        np.maximum(exponents, -1e290, out=exponents)  # keeps infinity, and with it NaN, out of what follows
        own = np.flatnonzero((start <= rows) & (rows < start + len(widths)))
        for number, scale in enumerate(scales):
            log_density = exponents / scale**2 - dimensions * np.log(np.sqrt(2 * np.pi) * scale * widths)
            log_density[own, rows[own] - start] = -np.inf
            totals[number] = np.logaddexp(totals[number], _log_sum(log_density))
        progress(min(start + _COLUMNS_PER_BLOCK, count))
    return np.asarray(totals.mean(axis=1) - np.log(count - 1))


def _log_sum(values: np.ndarray) -> np.ndarray:
    """Compute log(sum(exp(values))) of each row, in place; -inf for a row of nothing else."""
    largest = np.maximum(values.max(axis=1), -np.finfo(float).max)
    np.subtract(values, largest[:, None], out=values)
    with np.errstate(divide="ignore"):
        return np.asarray(largest + np.log(np.exp(values, out=values).sum(axis=1)))
