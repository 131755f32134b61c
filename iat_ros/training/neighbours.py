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

"""NC of eq. 3 and 4 as a sparse matrix: of a million actions, each row holds only the neighbours that matter.

A dense NC has N x N entries. Almost all of them are 0 to every digit that counts, so a k-d tree finds the few others:
memory grows with N, and so, nearly, does time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike
from scipy.sparse import csr_array
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from torch import Tensor

from iat_ros.errors import ConfigError, DataError

AT_MOST = 128
TOLERANCE = 1e-4
_ENTRIES_PER_BLOCK = 2**22
_LEAF = 64
_ROWS_TO_CHECK = 256


@dataclass(frozen=True)
class Neighbours:
    """A sparse NC, and what it lacks.

    Attributes:
        nc: NC (eq. 4), `scipy.sparse.csr_array` of shape (N, N); rows sum to 1, the diagonal is always there, and
            entries of a row come nearest first.
        capped: Number of rows that have more neighbours above the cutoff than `at_most`. Their actions are replaced
            by nearer ones than eq. 4 asks for.
        left_out: Share of a row's confidence in eq. 4 that the matrix does not hold, as a mean over rows. It is also
            the total-variation distance between the two rows. Exact for the rows that are looked at: all of them up
            to 256, otherwise 256 at random.
        left_out_worst: The largest such share among the rows that are looked at.
    """

    nc: csr_array
    capped: int
    left_out: float
    left_out_worst: float


def nearest(
    points: np.ndarray,
    bandwidths: np.ndarray,
    at_most: int = AT_MOST,
    cutoff: float | None = None,
    slack: float = 0.0,
    dtype: DTypeLike = np.float32,
    workers: int = -1,
    progress: Callable[[int], None] = lambda _: None,
) -> Neighbours:
    """Compute NC (eq. 3 and 4) from each action's nearest neighbours.

    C(i, j) = exp(-||l_i - l_j||^2 / (2 h_i^2)); of each row, the entries of at least `cutoff` are kept, but no more
    than the `at_most` largest; then every row is divided by its sum. With ``at_most=N`` and ``cutoff=0`` nothing is
    left out. With the default cutoff, a row that is not capped differs from its dense one by less than `TOLERANCE`
    in total variation, whatever the points are: N entries below TOLERANCE / N, beside 1 on the diagonal.

    Args:
        points: l, where the actions lie, shape (N, D). The tree is quick where D is small: see `slack`.
        bandwidths: h, one per row, in the unit of the points, shape (N,).
        at_most: Most entries per row, at least 1. The result takes up to 8 at_most N bytes.
        cutoff: Least C(i, j) that is kept, from 0 to below 1; the default is TOLERANCE / N.
        slack: Lets the tree miss some neighbours, for speed: its k-th is at most 1 + slack times as far as the true
            one. 0 is exact, and quick enough up to 10 dimensions.
        dtype: What NC is stored as; it is computed as float64.
        workers: Threads that search the tree; -1 uses every core.
        progress: Called with the number of rows done.

    Raises:
        DataError: Points or bandwidths are not finite, not above 0, or do not fit each other.
        ConfigError: `at_most`, `cutoff` or `slack` is out of range.
    """
    points, bandwidths = check_embedding(points, bandwidths)
    count = len(points)
    least = TOLERANCE / count if cutoff is None else cutoff
    if at_most < 1 or not 0 <= least < 1 or not 0 <= slack < np.inf:
        wanted = "at_most >= 1, 0 <= cutoff < 1 and slack >= 0"
        raise ConfigError(f"neighbours need {wanted}, got at_most={at_most}, cutoff={least}, slack={slack}")
    limit = min(at_most, count)
    search = _Search(points, bandwidths, least, slack, workers)
    columns, values = [], []
    lengths, sums, capped = np.zeros(count, np.int64), np.empty(count), 0
    for rows in _blocks(count, _ENTRIES_PER_BLOCK // limit):
        # One more than is kept, so that a row which is cut short is known.
        found, weights = search.around(rows, min(limit + 1, count))
        capped += int(np.count_nonzero(np.count_nonzero(weights >= least, axis=1) > limit))
        found, weights = found[:, :limit], weights[:, :limit]
        # Among more than at_most actions in one place, the row's own may not be the one that was found.
        lost = ~(found == rows[:, None]).any(axis=1)
        found[lost, -1], weights[lost, -1] = rows[lost], 1.0
        kept = (weights >= least) & (found < count)
        lengths[rows] = kept.sum(axis=1)
        sums[rows] = np.sum(weights, axis=1, where=kept)
        columns.append(found[kept].astype(np.int32))
        values.append((weights / sums[rows, None])[kept].astype(dtype))
        progress(int(rows[-1]) + 1)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    if starts[-1] <= np.iinfo(np.int32).max:  # wider ones would make scipy widen the columns as well
        starts = starts.astype(np.int32)
    nc = csr_array((_join(values), _join(columns), starts), shape=(count, count))
    lacking = _left_out(points, bandwidths, sums)
    return Neighbours(nc, capped, float(lacking.mean()), float(lacking.max()))


def check_embedding(points: np.ndarray, bandwidths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points (N, D) and bandwidths (N,) as float64, or say in a DataError what is wrong with them."""
    points, bandwidths = np.asarray(points, np.float64), np.asarray(bandwidths, np.float64)
    if points.ndim != 2 or 0 in points.shape or bandwidths.shape != points.shape[:1]:
        raise DataError(
            "an embedding needs points (N, D) and bandwidths (N,), N and D at least 1; "
            f"got {points.shape} and {bandwidths.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise DataError(f"{len(bad)} of {len(points)} embedded actions are not finite numbers, the first is {bad[0]}")
    bad = np.flatnonzero(~(np.isfinite(bandwidths) & (bandwidths > 0)))
    if len(bad):
        raise DataError(
            f"bandwidths must be finite and above 0: {len(bad)} of {len(points)} are not, "
            f"the first is {bad[0]} with {bandwidths[bad[0]]}"
        )
    return points, bandwidths


class _Search:
    """Finds the nearest actions and their C(i, j)."""

    def __init__(self, points: np.ndarray, bandwidths: np.ndarray, cutoff: float, slack: float, workers: int) -> None:
        # A leaf of the tree would hold all actions that lie in one place, and a search would look at each of them.
        # One more coordinate, a millionth of a bandwidth long, tells them apart; it changes C by less than 1e-12.
        apart = 1e-6 * bandwidths.min() * np.random.default_rng(0).random(len(points))
        self._points = np.column_stack([points, apart])
        # Searching is reading memory: with the points of a leaf side by side it takes one to two thirds of the time.
        order = cKDTree(self._points).indices
        self._tree = cKDTree(self._points[order], leafsize=_LEAF)
        self._place = np.argsort(order)
        self._column = np.append(order, len(points))  # the tree's "none" stays N
        self._bandwidths = bandwidths
        reach = np.sqrt(-2.0 * np.log(cutoff)) if cutoff > 0 else np.inf
        self._reach = (1 + 1e-9) * reach * bandwidths  # a bit more, as the tree's bound is an open one
        self._options: dict[str, Any] = {"eps": slack, "workers": workers}

    def around(self, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the k nearest columns of each row (N where there is none) and C(i, j), both (rows, k)."""
        order = np.argsort(self._place[rows])  # rows that are near each other in turn: the cache holds their branch
        farthest = self._reach[rows].max()
        found = self._tree.query(self._points[rows[order]], k=k, distance_upper_bound=farthest, **self._options)
        back = np.argsort(order)
        distances, places = (part.reshape(len(rows), k)[back] for part in found)
        with np.errstate(over="ignore"):  # what is infinitely many bandwidths away has C = 0
            return self._column[places], np.exp(-0.5 * np.square(distances / self._bandwidths[rows, None]))


def _blocks(count: int, size: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + max(1, size), count)) for start in range(0, count, max(1, size))]


def _join(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate the parts and empty the list: columns and values are never both there twice."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def _left_out(points: np.ndarray, bandwidths: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Compare the sums of some rows of C, as kept, with the sums over all actions; returns the shares left out."""
    count = len(points)
    rows = np.random.default_rng(0).choice(count, min(count, _ROWS_TO_CHECK), replace=False)
    totals = np.zeros(len(rows))
    with np.errstate(over="ignore"):
        for block in _blocks(count, _ENTRIES_PER_BLOCK // len(rows)):
            distances = cdist(points[rows], points[block]) / bandwidths[rows, None]
            totals += np.exp(-0.5 * np.square(distances)).sum(axis=1)
    return np.maximum(0.0, 1.0 - sums[rows] / totals)


class NeighbourSampler:
    """Draws a column of NC for each of many rows, each in O(log k) of the k entries that its row has.

    Args:
        nc: NC, sparse, shape (N, N); every row has at least one entry above 0.
    """

    def __init__(self, nc: csr_array) -> None:
        self._starts = torch.from_numpy(nc.indptr.astype(np.int64))
        self._columns = torch.from_numpy(nc.indices)
        cumulated = np.empty(nc.nnz, np.float32)
        rows_at_once = max(1, _ENTRIES_PER_BLOCK * nc.shape[0] // max(1, nc.nnz))
        for rows in _blocks(nc.shape[0], rows_at_once):
            first, last = nc.indptr[rows[0]], nc.indptr[rows[-1] + 1]
            sums = np.concatenate([[0.0], np.cumsum(nc.data[first:last], dtype=np.float64)])
            before = sums[nc.indptr[rows] - first]
            cumulated[first:last] = sums[1:] - np.repeat(before, np.diff(nc.indptr[rows[0] : rows[-1] + 2]))
        empty = np.flatnonzero(np.diff(nc.indptr) == 0)
        if len(empty) or not (cumulated[nc.indptr[1:] - 1] > 0).all():
            raise DataError("every row of NC needs an entry above 0; an action is at least its own replacement")
        self._cumulated = torch.from_numpy(cumulated)

    def draw(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Draw one column per row.

        Args:
            rows: Rows of NC, whole numbers, shape (B,).
            generator: Where the random numbers come from: one per row, so the same state gives the same columns.

        Returns:
            Columns, int64, shape (B,).
        """
        low, high = self._starts[rows], self._starts[rows + 1] - 1
        wanted = torch.rand(len(rows), generator=generator, dtype=torch.float64) * self._cumulated[high]
        while bool((low < high).any()):  # halving: the first entry whose cumulated confidence is above what is wanted
            middle = (low + high) // 2
            above = self._cumulated[middle] > wanted
            low, high = torch.where(above, low, middle + 1).minimum(high), torch.where(above, middle, high)
        return self._columns[low].long()
