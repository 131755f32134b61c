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

"""Made-up results: plausible scores, and motions of made-up people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action, stack
from iat_ros.data.made_up import make_clips
from iat_ros.report.aggregation import aggregate, write_tables
from iat_ros.report.figure_data import AnswerData, AugmentationData, EmbeddingData, FigureData, write_figure_data
from iat_ros.report.methods import METHODS
from iat_ros.report.results import Results, write_results
from iat_ros.skeleton.definition import load_skeleton

MEANS = {
    "original": (60.0, 62.0, 58.0, 0.7, 31.0),
    "csgn": (62.0, 66.0, 60.0, 0.6, 28.0),
    "pe": (66.0, 80.0, 72.0, 0.9, 22.0),
    "reassign": (72.0, 87.0, 80.0, 0.95, 18.0),
    "split": (73.0, 88.0, 81.0, 1.0, 17.0),
    "nearest": (72.0, 78.0, 74.0, 0.0, 9.0),
    "shuffled": (20.0, 96.0, 51.0, 1.3, 40.0),
    "people": (88.0, 95.0, 90.0, 1.0, 5.0),
    "ours": (92.0, 91.0, 84.0, 0.97, 14.0),
}
SCORES = ("iat_test", "iat_train_positives", "iat_train_balanced", "diversity", "frechet")


def make_records(seeds: tuple[int, ...] = (0, 1, 2), **changed: tuple[float, ...]) -> list[dict[str, Any]]:
    """Make records of all methods in both divisions; each seed lies a little beside the means, all the same way."""
    records: list[dict[str, Any]] = []
    for division in ("subject", "random"):
        for method, usual in MEANS.items():
            for number, seed in enumerate(seeds):
                means = changed.get(method, usual)
                scores = dict(zip(SCORES, (mean + 0.01 * (number - 1) for mean in means), strict=True))
                augmented = {"augmentation_effectiveness": 22.0, "augmentation_reliability": 96.0}
                records.append(
                    {"division": division, "method": method, "seed": seed, **scores, "e_kfold": 97.0 + number}
                    | {"train_s": None if method in ("nearest", "shuffled", "people") else 360.0}
                    | (augmented if method == "pe" else {})
                )
    return records


def make_figure_data() -> FigureData:
    """Make data of all figures up: real poses, other numbers at random."""
    rng = np.random.default_rng(0)
    definition = load_skeleton("utd_mhad")
    clips = make_clips(people=1, trials=1, actions=("throw", "knock", "catch", "wave"))
    motions = stack([cut_action(definition, clip, 32) for clip in clips])
    category = np.repeat([0, 1, 2], 6)
    points = [spread * rng.normal(size=(18, 4)) + category[:, None] for spread in (2.0, 2.0, 0.05, 0.05)]
    percent = np.linspace(5.0, 95.0, 8).reshape(2, 4)
    return FigureData(
        EmbeddingData(*points, category, category, ("throw", "knock", "box"), ("catch", "wave", "cross")),
        AugmentationData(
            ("one", "other"), np.array([0.01, 0.1, 1.0, 2.0]), percent, 100 - percent,
            np.array([1, 3, 8, 16]), percent, 100 - percent,
        ),
        AnswerData(
            definition, ("throw", "knock"), motions[[0, 1]], (motions[[2, 3]], motions[[3, 2]], motions[[2, 2]]),
        ),
    )  # fmt: skip


@pytest.fixture
def records() -> list[dict[str, Any]]:
    """Records of three seeds."""
    return make_records()


@pytest.fixture
def records_with() -> Callable[..., list[dict[str, Any]]]:
    """Makes records with other means of some methods, or of other seeds."""
    return make_records


@pytest.fixture
def figure_data() -> FigureData:
    """Data of all three figures."""
    return make_figure_data()


@pytest.fixture
def results_in() -> Callable[..., Path]:
    """Writes a results directory from records, without data of figures unless given."""

    def write(
        directory: Path,
        records: list[dict[str, Any]],
        figures: FigureData | None = None,
        data_set: str = "UTD-MHAD",
    ) -> Path:
        seeds = sorted({record["seed"] for record in records})
        methods = [name for name in METHODS if any(record["method"] == name for record in records)]
        write_results(directory, Results(data_set, seeds, methods, {"width": 32}, records, "0.1.0", "2.13.0"))
        write_tables(directory, aggregate(records, methods))
        if figures is not None:
            write_figure_data(directory, figures)
        return directory

    return write
