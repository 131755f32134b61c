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

"""What augmentation costs against the number of actions N: seconds, memory, and what the sparse NC leaves out.

    python benchmarks/augmentation.py --json FILE

makes up clustered embeddings from 1,000 to 1,000,000 actions and, for each, in a process of its own, builds NC, draws
from it, and computes the likelihood that s is chosen by; where a dense NC fits, it is built too. Nothing is read.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.distance import cdist
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package beside this folder, installed or not

from iat_ros.errors import IatError
from iat_ros.evaluation.augmentation_quality import effectiveness, reliability
from iat_ros.training.held_out import held_out_likelihoods
from iat_ros.training.neighbours import AT_MOST, NeighbourSampler, nearest

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
SCALES = (0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.8)
FITTED_FROM = 10_000
COLUMNS = (
    ("N", "actions", "{:,}"),
    ("NC [s]", "build_s", "{:.2f}"),
    ("NC, CPU [s]", "build_cpu_s", "{:.2f}"),
    ("1000 draws [ms]", "draw_ms", "{:.2f}"),
    ("choose s [s]", "held_out_s", "{:.1f}"),
    ("peak [MB]", "peak_mb", "{:,.0f}"),
    ("non-zeros", "entries", "{:,}"),
    ("per row", "per_row", "{:.1f}"),
    ("capped [%]", "capped_percent", "{:.1f}"),
    ("left out [%]", "left_out_percent", "{:.4f}"),
    ("worst [%]", "left_out_worst_percent", "{:.2f}"),
    ("F [%]", "f_percent", "{:.1f}"),
    ("R [%]", "r_percent", "{:.2f}"),
    ("dense [s]", "dense_s", "{:.2f}"),
    ("dense peak [MB]", "dense_peak_mb", "{:,.0f}"),
)

TITLES = {name: title for title, name, _ in COLUMNS} | {"above_start_mb": "peak above that of an idle process [MB]"}


def make_embedding(count: int, options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make up an embedding: clusters of deviation 1 and unequal size, whose centres have a deviation of 5.

    Returns:
        Points (N, D), bandwidths (N,) around the median that was asked for, and the cluster of each point (N,).
    """
    rng = np.random.default_rng(options.seed)
    clusters = max(1, count // options.per_cluster) if options.per_cluster else options.clusters
    centres = 5 * rng.normal(size=(clusters, options.dimensions))
    shares = rng.lognormal(0, 0.5, size=clusters)
    cluster = rng.choice(clusters, size=count, p=shares / shares.sum())
    points = centres[cluster] + rng.normal(size=(count, options.dimensions))
    return points, options.bandwidth * rng.lognormal(0, 0.3, size=count), cluster


def peak_mb() -> float:
    """Return the most memory that this process has held so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure(count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Build a sparse NC of N actions, draw from it and compute the likelihoods of s; return what that took."""
    start_mb = peak_mb()
    points, bandwidths, cluster = make_embedding(count, options)
    started, started_cpu = time.perf_counter(), time.process_time()
    with tqdm(total=count, desc=f"NC of {count:,}", disable=None, leave=False) as bar:
        found = nearest(
            points,
            bandwidths,
            at_most=options.at_most,
            slack=options.slack,
            workers=options.workers,
            progress=lambda done: bar.update(done - bar.n),
        )
    build_s, build_cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
    started = time.perf_counter()
    sampler = NeighbourSampler(found.nc)
    sampler_s = time.perf_counter() - started
    generator = torch.Generator().manual_seed(options.seed)
    started = time.perf_counter()
    for _ in range(20):
        sampler.draw(torch.randint(count, (1000,), generator=generator), generator)
    draw_s = (time.perf_counter() - started) / 20
    started = time.perf_counter()
    with tqdm(total=count, desc=f"s for {count:,}", disable=None, leave=False) as bar:
        likelihoods = held_out_likelihoods(
            points, bandwidths / options.bandwidth, SCALES, progress=lambda done: bar.update(done - bar.n)
        )
    return {
        "actions": count,
        "build_s": build_s,
        "build_cpu_s": build_cpu_s,
        "sampler_s": sampler_s,
        "draw_ms": 1000 * draw_s,
        "held_out_s": time.perf_counter() - started,
        "likeliest_bandwidth": SCALES[int(likelihoods.argmax())],
        "start_mb": start_mb,
        "peak_mb": peak_mb(),
        "entries": int(found.nc.nnz),
        "per_row": found.nc.nnz / count,
        "capped_percent": 100 * found.capped / count,
        "left_out_percent": 100 * found.left_out,
        "left_out_worst_percent": 100 * found.left_out_worst,
        "f_percent": 100 * effectiveness(found.nc),
        "r_percent": 100 * reliability(found.nc, cluster),
    }


def measure_dense(count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Build the dense NC of the same actions, in place, and return what that took."""
    points, bandwidths, _ = make_embedding(count, options)
    started = time.perf_counter()
    weights = cdist(points, points, "sqeuclidean")
    weights /= -2 * np.square(bandwidths)[:, None]
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=1, keepdims=True)
    return {"dense_s": time.perf_counter() - started, "dense_peak_mb": peak_mb()}


def in_fresh_process(
    task: Callable[[int, argparse.Namespace], dict[str, Any]], count: int, options: argparse.Namespace
) -> dict[str, Any]:
    """Run a measurement in a process that starts anew, so that its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(task, count, options).result()


def exponent(results: Sequence[dict[str, Any]], name: str) -> float | None:
    """Fit p of cost = a N^p, from `FITTED_FROM` actions up, where fixed costs no longer count."""
    large = [(row["actions"], row[name]) for row in results if row["actions"] >= FITTED_FROM]
    return float(np.polyfit(*np.log(np.array(large, float).T), 1)[0]) if len(large) > 1 else None


def table(results: Sequence[dict[str, Any]]) -> str:
    """Format the results as a Markdown table."""
    lines = ["| " + " | ".join(title for title, _, _ in COLUMNS) + " |", "|" + " ---: |" * len(COLUMNS)]
    for row in results:
        cells = [form.format(row[name]) if name in row else "–" for _, name, form in COLUMNS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def positive(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """Make an argparse type: a number above 0."""

    def parse(text: str) -> Any:
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
        return value

    parse.__name__ = kind.__name__
    return parse


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description="Measure what augmentation costs against the number of actions.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--sizes", type=positive(int), nargs="+", default=SIZES, metavar="N", help="numbers of actions")
    parser.add_argument("--dimensions", type=positive(int), default=6, help="dimension of the embedding")
    parser.add_argument("--clusters", type=positive(int), default=50, help="clusters that the actions lie in")
    parser.add_argument("--per-cluster", type=positive(int), metavar="M", help="M actions per cluster, whatever N is")
    parser.add_argument(
        "--bandwidth", type=positive(float), default=0.3, help="median h; clusters have a deviation of 1"
    )
    parser.add_argument("--at-most", type=positive(int), default=AT_MOST, help="most entries per row of NC")
    parser.add_argument("--slack", type=float, default=0.0, help="slack of the search; 0 is exact")
    parser.add_argument("--workers", type=int, default=-1, help="threads that search; -1: every core")
    parser.add_argument("--dense-up-to", type=int, default=10_000, help="largest N whose dense NC is built too")
    parser.add_argument("--seed", type=int, default=0, help="decides the made-up embeddings")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all sizes, print the table, and fit how cost grows."""
    options = parse(argv)
    results: list[dict[str, Any]] = []
    try:
        for count in tqdm(sorted(options.sizes), desc="sizes", disable=None):
            results.append(in_fresh_process(measure, count, options))
            if count <= options.dense_up_to:
                results[-1].update(in_fresh_process(measure_dense, count, options))
    except IatError as error:
        print(f"augmentation: {error}", file=sys.stderr)
        return 1
    except BrokenProcessPool:
        print(f"augmentation: the process for N={count} died, most likely out of memory", file=sys.stderr)
        return 1
    print(table(results))
    for row in results:
        row["above_start_mb"] = row["peak_mb"] - row["start_mb"]
    exponents = {
        name: exponent(results, name) for name in ("build_s", "build_cpu_s", "held_out_s", "above_start_mb", "entries")
    }
    for name, value in exponents.items():
        if value is not None:
            print(f"{TITLES[name]} grows as N^{value:.2f} from {FITTED_FROM:,} actions up")
    if options.json:
        settings = {key: value for key, value in vars(options).items() if key != "json"}
        content = {"options": settings, "cores": os.cpu_count(), "results": results, "exponents": exponents}
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
