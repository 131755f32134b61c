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

"""Sparse NC against the dense formula, drawing from it, eq. 5 and 6 on it, and the likelihood that s is chosen by."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.stats import chisquare

from iat_ros.errors import ConfigError, DataError
from iat_ros.evaluation.augmentation_quality import effectiveness, reliability
from iat_ros.training.held_out import held_out_likelihoods
from iat_ros.training.neighbours import (
    TOLERANCE,
    NeighbourSampler,
    nearest,
)

ROOT = Path(__file__).parents[2]
MANY = 100_000


def dense_nc(points: np.ndarray, bandwidths: np.ndarray) -> np.ndarray:
    """Eq. 3 and 4 as they stand in the paper."""
    squared = np.square(points[:, None] - points[None]).sum(axis=-1)
    weights = np.exp(-squared / (2 * np.square(bandwidths))[:, None])
    return weights / weights.sum(axis=1, keepdims=True)


def dense_likelihood(points: np.ndarray, bandwidths: np.ndarray) -> float:
    """Leave-one-out likelihood, every action held out."""
    count, dimensions = points.shape
    squared = np.square(points[:, None] - points[None]).sum(axis=-1)
    width = bandwidths[:, None]
    log_density = -squared / (2 * np.square(width)) - dimensions * np.log(np.sqrt(2 * np.pi) * width)
    np.fill_diagonal(log_density, -np.inf)
    return float(np.mean(np.logaddexp.reduce(log_density, axis=0) - np.log(count - 1)))


def clustered(count: int, dimensions: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Clusters, with a tenth of the actions in the place of another one, and one far from everything."""
    rng = np.random.default_rng(seed)
    centres = 5 * rng.normal(size=(max(1, count // 20), dimensions))
    points = centres[rng.integers(len(centres), size=count)] + rng.normal(size=(count, dimensions))
    copies = count // 10
    points[:copies] = points[count - copies :]
    points[count // 2] += 1e4
    return points, 0.5 * rng.lognormal(0, 0.5, size=count)


def total_variation(sparse: csr_array, dense: np.ndarray) -> np.ndarray:
    """Distance of each row, from 0 to 1."""
    return 0.5 * np.abs(sparse.toarray() - dense).sum(axis=1)


embeddings = st.builds(clustered, st.integers(1, 150), st.integers(1, 16), st.integers(0, 2**16))


@settings(deadline=None, max_examples=60)
@given(embeddings)
def test_nothing_left_out_is_the_dense_matrix(embedding) -> None:
    """With at_most=N and cutoff=0, sparse and dense agree to 1e-12 in every entry."""
    points, bandwidths = embedding
    found = nearest(points, bandwidths, at_most=len(points), cutoff=0, dtype=np.float64, workers=1)
    np.testing.assert_allclose(found.nc.toarray(), dense_nc(points, bandwidths), atol=1e-12, rtol=0)
    assert found.capped == 0
    assert found.left_out == pytest.approx(0, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(embeddings, st.integers(1, 40))
def test_what_defaults_and_cap_leave_out_is_told(embedding, at_most: int) -> None:
    """Rows that are not capped stay within the tolerance; of capped ones, the distance is the share that is told."""
    points, bandwidths = embedding
    dense = dense_nc(points, bandwidths)
    uncapped = nearest(points, bandwidths, workers=1, at_most=len(points))
    assert total_variation(uncapped.nc, dense).max() < TOLERANCE
    found = nearest(points, bandwidths, at_most=at_most, workers=1)
    apart = total_variation(found.nc, dense)
    assert found.left_out == pytest.approx(apart.mean(), abs=1e-6)
    assert found.left_out_worst == pytest.approx(apart.max(), abs=1e-6)
    assert np.count_nonzero(apart > TOLERANCE) <= found.capped <= len(points)


@settings(deadline=None, max_examples=40)
@given(embeddings, st.integers(1, 20))
def test_every_row_keeps_its_nearest_and_itself(embedding, at_most: int) -> None:
    """Rows sum to 1, hold no more than allowed, always their own action, and only the largest entries of their row."""
    points, bandwidths = embedding
    before = points.copy(), bandwidths.copy()
    nc = nearest(points, bandwidths, at_most=at_most, dtype=np.float64, workers=1).nc
    np.testing.assert_array_equal(before[0], points)
    np.testing.assert_array_equal(before[1], bandwidths)
    dense = dense_nc(points, bandwidths)
    np.testing.assert_allclose(nc.sum(axis=1), 1, atol=1e-12)
    for row in range(len(points)):
        kept = nc.indices[nc.indptr[row] : nc.indptr[row + 1]]
        assert row in kept
        assert len(set(kept)) == len(kept) <= at_most
        others = np.delete(dense[row], kept)
        assert not len(others) or others.max() <= max(dense[row, kept].min() * (1 + 1e-9), dense[row, row] * TOLERANCE)


def test_storage_is_narrow_and_order_of_the_input_does_not_matter() -> None:
    """By default NC takes 8 bytes per entry; the same actions in another order have the same confidence."""
    points, bandwidths = clustered(400, 6)
    nc = nearest(points, bandwidths, workers=1).nc
    assert (nc.data.dtype, nc.indices.dtype) == (np.float32, np.int32)
    order = np.random.default_rng(0).permutation(400)
    other = nearest(points[order], bandwidths[order], workers=1).nc
    np.testing.assert_allclose(other.toarray(), nc.toarray()[np.ix_(order, order)], atol=1e-7)


@pytest.mark.parametrize("deviation", [0.0, 1e-3])
def test_a_hundred_thousand_actions_within_one_bandwidth_stay_affordable(deviation: float) -> None:
    """In one place, or nearly: time is near that of actions far apart, memory is bounded, and the loss is told."""
    at_most = 16
    rng = np.random.default_rng(0)
    apart = rng.normal(size=(MANY, 4))
    started = time.process_time()
    nearest(apart, np.full(MANY, 1e-3), at_most=at_most, workers=1)
    usual_s = time.process_time() - started
    tracemalloc.start()
    started = time.process_time()
    found = nearest(deviation * apart, np.ones(MANY), at_most=at_most, workers=1)
    heavy_s = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert heavy_s < 10 * usual_s + 5
    assert peak < 400e6  # a dense matrix would take 8e10
    assert found.capped == MANY
    assert found.left_out == pytest.approx(1 - at_most / MANY, abs=1e-6)
    np.testing.assert_allclose(found.nc.diagonal(), 1 / at_most, rtol=1e-5)


def test_slack_misses_little() -> None:
    """In 16 dimensions, a search with slack keeps nearly all of the confidence that an exact one keeps."""
    points, bandwidths = clustered(3000, 16)
    exact, loose = (nearest(points, 2 * bandwidths, 32, slack=slack, workers=1) for slack in (0.0, 0.5))
    assert loose.left_out - exact.left_out < 0.01


@pytest.mark.parametrize("width", [1e-200, 1e200])
def test_extreme_bandwidths_give_no_nan(width: float) -> None:
    """With bandwidths near the limits of floating point, rows still sum to 1 and likelihoods can be compared."""
    points = np.zeros((30, 2))
    points[15:] = np.random.default_rng(0).normal(size=(15, 2))
    nc = nearest(points, np.full(30, width), at_most=4, workers=1).nc
    np.testing.assert_allclose(nc.sum(axis=1), 1, atol=1e-6)
    assert (nc.diagonal() >= 0.2).all()
    assert np.isfinite(held_out_likelihoods(points, np.full(30, width), (0.1, 0.2))).all()


@pytest.mark.parametrize(
    ("points", "bandwidths", "told"),
    [
        (np.full((3, 2), np.nan), np.ones(3), "3 of 3 embedded actions are not finite numbers, the first is 0"),
        (np.zeros((3, 2)), np.array([1.0, 0.0, 1.0]), "1 of 3 are not, the first is 1 with 0.0"),
        (np.zeros((3, 2)), np.array([1.0, 1.0, -2.0]), "the first is 2 with -2.0"),
        (np.zeros((3, 2)), np.array([1.0, np.inf, 1.0]), "the first is 1 with inf"),
        (np.zeros((3, 2)), np.ones(2), r"got \(3, 2\) and \(2,\)"),
        (np.zeros(3), np.ones(3), r"got \(3,\) and \(3,\)"),
        (np.zeros((0, 2)), np.ones(0), r"got \(0, 2\) and \(0,\)"),
    ],
)
def test_impossible_embeddings_are_refused_in_one_line(points, bandwidths, told: str) -> None:
    """NaN, bandwidths that are not above 0, and shapes that do not fit are named, with the first culprit."""
    for call in (lambda: nearest(points, bandwidths), lambda: held_out_likelihoods(points, bandwidths, [0.1])):
        with pytest.raises(DataError, match=told) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{"at_most": 0}, {"cutoff": 1.0}, {"cutoff": -0.1}, {"slack": -1.0}])
def test_impossible_options_are_refused(options) -> None:
    """Options out of range are refused."""
    with pytest.raises(ConfigError, match="at_most >= 1"):
        nearest(np.zeros((3, 2)), np.ones(3), **options)


def test_impossible_likelihoods_are_refused() -> None:
    """One action alone, no held-out actions, and an s of 0 are refused."""
    with pytest.raises(DataError, match="at least 2"):
        held_out_likelihoods(np.zeros((1, 2)), np.ones(1), [0.1])
    for options in ({"scales": [0.1, 0.0]}, {"scales": [0.1], "at_most": 0}):
        with pytest.raises(ConfigError, match="above 0"):
            held_out_likelihoods(np.zeros((3, 2)), np.ones(3), **options)


def test_draws_follow_the_rows() -> None:
    """Columns come out as often as NC says (chi-square), for rows of many, few and one entry, and never others."""
    rng = np.random.default_rng(0)
    dense = rng.random((40, 40)) ** 4 * (rng.random((40, 40)) < np.linspace(0, 1, 40)[:, None])
    dense += 0.1 * np.eye(40)
    dense /= dense.sum(axis=1, keepdims=True)
    sampler = NeighbourSampler(csr_array(dense))
    count = 20_000
    rows = torch.arange(40).repeat_interleave(count)
    columns = sampler.draw(rows, torch.Generator().manual_seed(0))
    drawn = np.bincount(40 * rows.numpy() + columns.numpy(), minlength=1600).reshape(40, 40)
    assert not drawn[dense == 0].any()
    p_values = []
    for row in range(1, 40):
        possible = dense[row] * count > 5
        rest = ~possible & (dense[row] > 0)
        seen, expected = [*drawn[row][possible]], [*(count * dense[row][possible])]
        if rest.any():
            seen, expected = [*seen, drawn[row][rest].sum()], [*expected, count * dense[row][rest].sum()]
        if len(seen) > 1:
            p_values.append(chisquare(seen, expected).pvalue)
    assert len(p_values) > 30
    assert min(p_values) > 0.001 / len(p_values)


def test_draws_are_the_inverse_of_the_cumulated_rows() -> None:
    """Each draw is the first entry, in the order of the row, whose cumulated confidence is above the random number."""
    nc = nearest(*clustered(300, 3), workers=1).nc
    rows = torch.from_numpy(np.random.default_rng(0).integers(300, size=2000))
    columns = NeighbourSampler(nc).draw(rows, torch.Generator().manual_seed(5))
    numbers = torch.rand(2000, generator=torch.Generator().manual_seed(5), dtype=torch.float64).numpy()
    for row, number, column in zip(rows.tolist(), numbers, columns.tolist(), strict=True):
        entries = slice(nc.indptr[row], nc.indptr[row + 1])
        cumulated = np.cumsum(nc.data[entries].astype(np.float64)) / nc.data[entries].sum(dtype=np.float64)
        place = int(np.flatnonzero(nc.indices[entries] == column)[0])
        assert cumulated[place] > number - 1e-6
        assert place == 0 or cumulated[place - 1] <= number + 1e-6


def test_draws_repeat_by_seed_and_skip_entries_of_zero() -> None:
    """The same generator state gives the same columns; stored zeros, also at the ends of a row, never come out."""
    nc = csr_array((np.array([0, 1, 0, 0, 0.5, 0.5, 0, 1]), np.array([0, 1, 2, 0, 1, 2, 0, 2]), np.array([0, 3, 6, 8])))
    sampler = NeighbourSampler(nc)
    rows = torch.arange(3).repeat(500)
    first, second = (sampler.draw(rows, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.dtype == torch.int64
    assert set(first[rows == 0].tolist()) == {1}
    assert set(first[rows == 1].tolist()) == {1, 2}
    assert set(first[rows == 2].tolist()) == {2}
    assert sampler.draw(rows[:0], torch.Generator()).shape == (0,)


def test_a_row_that_cannot_be_drawn_from_is_refused() -> None:
    """An empty row and a row of zeros are errors before anything is drawn."""
    for nc in (
        csr_array(np.diag([1.0, 0.0])),
        csr_array((np.array([1.0, 0.0]), np.array([0, 1]), np.array([0, 1, 2]))),
    ):
        with pytest.raises(DataError, match="entry above 0"):
            NeighbourSampler(nc)


def test_effectiveness_and_reliability_are_those_of_the_dense_matrix() -> None:
    """Eq. 5 and 6 on the sparse matrix, against sums over all pairs."""
    points, bandwidths = clustered(250, 4)
    categories = np.random.default_rng(0).integers(3, size=250)
    dense = dense_nc(points, bandwidths)
    nc = nearest(points, bandwidths, 250, cutoff=0, dtype=np.float64, workers=1).nc
    assert effectiveness(nc) == pytest.approx(dense[~np.eye(250, dtype=bool)].sum() / 250)
    assert reliability(nc, categories) == pytest.approx(dense[categories[:, None] == categories].sum() / 250)
    assert reliability(nc, np.array(["same"] * 250)) == pytest.approx(1)
    with pytest.raises(DataError, match="one category for each of 250"):
        reliability(nc, categories[:-1])


@settings(deadline=None, max_examples=30)
@given(st.builds(clustered, st.integers(2, 120), st.integers(1, 16), st.integers(0, 2**16)))
def test_held_out_likelihood_is_the_dense_one_for_few(embedding) -> None:
    """With every action held out in turn, each s has the likelihood of the dense formula."""
    points, bandwidths = embedding
    scales = (0.05, 0.2, 0.8)
    expected = [dense_likelihood(points, scale * bandwidths) for scale in scales]
    np.testing.assert_allclose(held_out_likelihoods(points, bandwidths, scales), expected, rtol=1e-10)


def test_held_out_sample_speaks_for_all() -> None:
    """Held-out actions at random tell the likelihood of all within their spread, and choose the same s, by the seed."""
    points, bandwidths = clustered(3000, 4)
    points[1500] -= 1e4  # the far one alone would decide the mean
    points[:300] += 0.1
    scales = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
    every = held_out_likelihoods(points, bandwidths, scales, at_most=3000)
    some = held_out_likelihoods(points, bandwidths, scales, at_most=600, seed=3)
    assert every.argmax() == some.argmax()
    assert 0 < every.argmax() < len(scales) - 1
    np.testing.assert_allclose(some[2:], every[2:], atol=0.5)
    np.testing.assert_array_equal(some, held_out_likelihoods(points, bandwidths, scales, at_most=600, seed=3))


def test_progress_is_told_up_to_the_last_row() -> None:
    """Both long computations say how far they are, and end at N."""
    points, bandwidths = clustered(2500, 3)
    for call in (
        lambda told: nearest(points, bandwidths, workers=1, progress=told.append),
        lambda told: held_out_likelihoods(points, bandwidths, [0.1], at_most=8, progress=told.append),
    ):
        told: list[int] = []
        call(told)
        assert told == sorted(told)
        assert told[-1] == 2500


def test_benchmark_runs_and_writes_its_figures(tmp_path: Path) -> None:
    """The benchmark measures sparse and dense in processes of their own and prints a table."""
    out = tmp_path / "figures.json"
    words = ["--sizes", "200", "--dense-up-to", "200", "--workers", "1", "--json", str(out)]
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "augmentation.py"), *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "| 200 |" in done.stdout
    (row,) = json.loads(out.read_text())["results"]
    assert row["actions"] == 200 <= row["entries"]
    assert row["dense_s"] > 0
    assert row["peak_mb"] > 0
