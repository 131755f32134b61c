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

"""The parts of the page that hold numbers, from tables.json and raw.json."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from iat_ros.report.aggregation import Tables, mean_std
from iat_ros.report.document import Block, Bullets, Code, Details, Heading, Table, Verdict
from iat_ros.report.goals import Goal
from iat_ros.report.methods import METHODS, METRICS, OURS, Method
from iat_ros.report.results import AUGMENTATION, Record, Results
from iat_ros.resources import share_directory
from iat_ros.training.config import load_training_config

NOTHING = "–"
_BY = {"subject": "by subject", "random": "at random"}


def score_table(tables: Tables, division: str, with_paper: bool) -> Table:
    """Make the table of one division: mean ± standard deviation, the paper's numbers beside it, E's ceiling below."""
    rows = tables[division]
    columns = ["Method", "Labels used"]
    for metric in METRICS.values():
        columns.append(metric.heading)
        if with_paper and metric.name in ("iat_test", "iat_train_balanced"):
            columns.append(f"{metric.title.split(',')[0]}, paper [%]")
    places = {metric: _decimals([row[metric][0] for row in rows.values()]) for metric in METRICS}
    lines = []
    for name, row in rows.items():
        method = METHODS[name]
        cells = [method.title, "yes" if method.labels else "no"]
        for score in METRICS:
            cells.append(told(row[score], places[score]))
            if with_paper and score == "iat_test":
                cells.append(f"{method.paper.iat_test:.2f}" if method.paper else NOTHING)
            if with_paper and score == "iat_train_balanced":
                cells.append(f"{method.paper.iat_train:.2f}" if method.paper else NOTHING)
        lines.append(tuple(cells))
    ceiling = ["E's K-fold, the ceiling", NOTHING, told(tables["e_kfold"][division], 2)]
    lines.append((*ceiling, *[NOTHING] * (len(columns) - len(ceiling))))
    names = list(rows)
    count = len(tables["seeds"])
    spread = f"Mean ± standard deviation over {count} seeds." if count > 1 else "One seed, so no spread."
    doubt = " The paper does not say whether its IAT-train is measured on positives only." if with_paper else ""
    return Table(
        tuple(columns),
        tuple(lines),
        strong=frozenset({names.index(OURS)} if OURS in names else ()),
        faint=frozenset([*(i for i, name in enumerate(names) if METHODS[name].sanity), len(lines) - 1]),
        caption=spread + doubt,
    )


def goal_blocks(goals: Sequence[Goal]) -> list[Block]:
    """Show every goal with its verdict."""
    return [Heading("What was reached"), *(Verdict(goal) for goal in goals)]


def goal_summary(goals: Sequence[Goal]) -> str:
    """Count the verdicts in one sentence."""
    plural = {"holds": "hold", "holds in part": "hold in part", "does not hold": "do not hold"}
    verdicts = [goal.verdict for goal in goals]
    parts = []
    for verdict in ("holds", "holds in part", "does not hold", "cannot be told"):
        count = verdicts.count(verdict)
        if count:
            parts.append(f"{count} {verdict if count == 1 else plural.get(verdict, verdict)}")
    return f"Of {len(goals)} goals, {', '.join(parts)}."


def reading_blocks(methods: Sequence[Method], recipe: Mapping[str, Any]) -> list[Block]:
    """Say what the methods do, by which recipe this package's own was trained, and how to read the scores."""
    labels = {True: " (labels)", False: ""}
    texts = {method.name: method.text for method in methods}
    if OURS in texts:
        texts[OURS] = f"{_recipe_name(recipe.get(OURS))}: {texts[OURS]}"
    return [
        Heading("How to read this"),
        Heading("Methods", 3),
        Bullets(
            tuple(
                (method.title + labels[method.labels], f"{texts[method.name]}.")
                for method in methods
                if not method.sanity
            )
        ),
        *_sanity([method for method in methods if method.sanity]),
        Heading("Scores", 3),
        Bullets(tuple((metric.title, metric.text) for metric in METRICS.values())),
    ]


def _recipe_name(recipe: Any) -> str:
    """Say in words which recipe it is."""
    for file in sorted((share_directory() / "config" / "training").glob("*.yaml")):
        name = file.stem
        if recipe == asdict(load_training_config(name)):
            return (
                "the recipe that this package ships" if name == "default" else f"the recipe '{name}', not the default"
            )
    return "a recipe of its own, which stands below"


def _sanity(methods: Sequence[Method]) -> list[Block]:
    if not methods:
        return []
    return [
        Heading("Rows that generate nothing, to show what the scores are worth", 3),
        Bullets(tuple((method.title, f"{method.text}.") for method in methods)),
    ]


def effort_blocks(records: Sequence[Record], divisions: Sequence[str]) -> list[Block]:
    """Show how long training took and, where recorded, how much the augmentation changed."""
    names = [name for name in METHODS if any(record.method == name for record in records)]
    columns = ["Method", *(f"Training time, {_BY[division]}" for division in divisions)]
    augmented = [name for name in names if any(r.method == name and r.augmentation for r in records)]
    rows = []
    for name in names:
        cells = [METHODS[name].title]
        for division in divisions:
            mine = [r for r in records if (r.division, r.method) == (division, name)]
            cells.append(_duration([r.train_s for r in mine if r.train_s is not None]))
        rows.append(tuple(cells))
    blocks: list[Block] = [
        Heading("What it took"),
        Table(tuple(columns), tuple(rows), caption="Mean over the seeds, per model."),
    ]
    if augmented:
        columns = ["Method", *(f"{letter}, {_BY[d]} [%]" for d in divisions for letter in ("F", "R"))]
        rows = []
        for name in augmented:
            cells = [METHODS[name].title]
            for division in divisions:
                mine = [r for r in records if (r.division, r.method) == (division, name)]
                for quality in AUGMENTATION:
                    values = [r.augmentation[quality] for r in mine if quality in r.augmentation]
                    cells.append(told(mean_std(values), 2) if values else NOTHING)
            rows.append(tuple(cells))
        caption = "Augmentation: F, how often an action is replaced by another; R, how often its category is kept."
        blocks.append(Table(tuple(columns), tuple(rows), caption=caption))
    return blocks


def raw_blocks(results: Results, records: Sequence[Record], divisions: Sequence[str]) -> list[Block]:
    """Show the score of every seed, the recipe and where it all came from."""
    columns = ("Model", *(metric.heading for metric in METRICS.values()), "E's K-fold [%]", "Training time")
    blocks: list[Block] = [Heading("All that this page was made from")]
    for division in divisions:
        mine = [record for record in records if record.division == division]
        places = {metric: _decimals([record.scores[metric] for record in mine]) for metric in METRICS}
        mine.sort(key=lambda record: (list(METHODS).index(record.method), record.seed))
        rows = tuple(
            (
                f"{METHODS[record.method].title}, seed {record.seed}",
                *(f"{record.scores[metric]:.{places[metric]}f}" for metric in METRICS),
                f"{record.e_kfold:.2f}",
                _duration([] if record.train_s is None else [record.train_s]),
            )
            for record in mine
        )
        blocks.append(Details(f"Every seed, {_BY[division]}", (Table(columns, rows),)))
    blocks.append(Details("Recipe", (Code(json.dumps(results.recipe, indent=2, ensure_ascii=False)),)))
    seeds = ", ".join(str(seed) for seed in results.seeds)
    blocks.append(
        Bullets(
            (
                ("Data", results.data_set),
                ("Seeds", seeds),
                ("iat_ros", results.package_version),
                ("PyTorch", results.torch_version),
                ("Files", "raw.json holds every score, tables.json means and deviations, figures.npz and figures.json "
                 "what the figures are drawn from."),
            )
        )
    )  # fmt: skip
    return blocks


def told(pair: Sequence[float | None], decimals: int) -> str:
    """Write ``mean ± std``; without a deviation, the mean alone."""
    mean, std = pair
    return f"{mean:.{decimals}f}" if std is None else f"{mean:.{decimals}f} ± {std:.{decimals}f}"


def _decimals(values: Sequence[float]) -> int:
    """Two decimals, as in the paper; four where all is below 0.1."""
    return 2 if max(abs(value) for value in values) >= 0.1 else 4


def _duration(values_s: Sequence[float]) -> str:
    if not values_s:
        return NOTHING
    mean_s = statistics.fmean(values_s)
    return f"{mean_s:.0f} s" if mean_s < 100 else f"{mean_s / 60:.1f} min"
