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

"""What the numbers say, in plain words: beside the paper, beside chance, and what they cannot tell."""

from __future__ import annotations

from collections.abc import Sequence

from iat_ros.data.protocol import DIVISIONS
from iat_ros.report.aggregation import Tables
from iat_ros.report.goals import IAT, apart, mean_of
from iat_ros.report.methods import METHODS, METRICS, NEAREST, OURS, PEOPLE, SHUFFLED
from iat_ros.report.results import Record

_YES_POSITIVES, _YES_BALANCED = 90.0, 60.0
_SAME_JUDGE_POINTS = 0.05
_CLOSE_TO_CHANCE_POINTS = 5.0
_BY = {"subject": "by subject", "random": "at random"}


def beside_paper(tables: Tables, division: str) -> list[tuple[str, str]]:
    """Tell for every method that the paper has, by title, how far its scores lie from the paper's."""
    told = []
    for method in METHODS.values():
        if method.paper is None or method.name not in tables[division]:
            continue
        parts = [
            f"{METRICS[metric].title} {_beside(tables[division][method.name][metric][0], paper)}"
            for metric, paper in zip(IAT, (method.paper.iat_test, *[method.paper.iat_train] * 2), strict=True)
        ]
        told.append((method.title, f"{'; '.join(parts)}."))
    return told


def remarks(tables: Tables, division: str) -> list[str]:
    """Tell what stands out in one division: the best of each kind, chance, the ceiling, judges that always say yes."""
    rows = tables[division]
    told = []
    generators = [name for name in rows if not METHODS[name].sanity]
    for labels, kind in ((False, "without labels"), (True, "with labels")):
        names = [name for name in generators if METHODS[name].labels == labels]
        if names:
            best = max(names, key=lambda name: rows[name]["iat_test"][0])
            train = max(names, key=lambda name: rows[name]["iat_train_balanced"][0])
            told.append(
                f"Best {kind}: {METHODS[best].title} on IAT-test ({rows[best]['iat_test'][0]:.2f}), "
                f"{METHODS[train].title} on balanced IAT-train ({rows[train]['iat_train_balanced'][0]:.2f})."
            )
    ceiling = round(tables["e_kfold"][division][0], 2)
    if OURS in rows:
        ours = mean_of(tables, division, OURS, "iat_test") or 0.0
        where = "at" if ours == ceiling else f"{apart(ours - ceiling)}"
        told.append(f"Ours lies on IAT-test {where} E's K-fold accuracy of {ceiling:.2f}, the ceiling.")
    real = mean_of(tables, division, PEOPLE, "iat_test")
    if real is not None:
        mine = mean_of(tables, division, OURS, "iat_test")
        beside = "" if mine is None else f" Ours: {apart(mine - real)}."
        told.append(
            f"Real responses of the people of A, always to the right rule, pass {real:.2f} % of the time: E learned "
            f"from people of B, and answers that move as people of A do can hardly pass more often.{beside}"
        )
    chance = mean_of(tables, division, SHUFFLED, "iat_test")
    if chance is not None:
        told.append(f"Answers at random pass {chance:.2f} % of the time: so much of IAT-test comes for nothing.")
        near = [
            METHODS[name].title for name in generators if rows[name]["iat_test"][0] < chance + _CLOSE_TO_CHANCE_POINTS
        ]
        if near:
            told.append(f"Hardly better than chance on IAT-test: {_joined(near)}.")
    copied = mean_of(tables, division, NEAREST, "iat_test")
    if copied is not None:
        below = [METHODS[name].title for name in generators if round(rows[name]["iat_test"][0], 2) < copied]
        told.append(
            f"Copying the nearest response scores {copied:.2f} on IAT-test; "
            + (f"below it: {_joined(below)}." if below else "no method that generates lies below it.")
        )
    yes = [
        METHODS[name].title
        for name, row in rows.items()
        if row["iat_train_positives"][0] >= _YES_POSITIVES and row["iat_train_balanced"][0] <= _YES_BALANCED
    ]
    if yes:
        told.append(f"High on positives only because its judge says yes to nearly everything: {_joined(yes)}.")
    return told


def reservations(tables: Tables, records: Sequence[Record]) -> list[str]:
    """Tell what to keep in mind: few seeds, judges that differ between methods."""
    told = []
    if len(tables["seeds"]) == 1:
        told.append("One seed only: there is no spread, and differences of a few points may be chance.")
    for division in DIVISIONS:
        widest = 0.0
        for seed in tables["seeds"]:
            values = [record.e_kfold for record in records if record.division == division and record.seed == seed]
            widest = max([widest, *(abs(value - values[0]) for value in values)])
        if widest > _SAME_JUDGE_POINTS:
            told.append(
                f"E's K-fold accuracy differs {_BY[division]} by up to {widest:.2f} points between methods of one "
                "seed: not one and the same E judged them all."
            )
    return told


def _beside(value: float, paper: float) -> str:
    difference = round(value - paper, 2)
    if difference == 0:
        return f"equals {paper:.2f}"
    return f"{abs(difference):.2f} {'beyond' if difference > 0 else 'short of'} {paper:.2f}"


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
