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

"""Which goals the scores reach and which they miss, computed from tables.json and compared as printed, to 0.01."""

from __future__ import annotations

import math
from dataclasses import dataclass

from iat_ros.data.protocol import DIVISIONS
from iat_ros.report.aggregation import Tables
from iat_ros.report.methods import METHODS, METRICS, NEAREST, OURS

IAT = ("iat_test", "iat_train_positives", "iat_train_balanced")
PAPER_IAT_TEST, PAPER_IAT_TRAIN = 91.03, 64.94
"""The paper's numbers for its method, without labels, on UTD-MHAD [%]."""
NEAR_POINTS = 1.0
"""Ours may lie so far below the copy of the nearest response on IAT-test [points]."""
CLEAR_ERRORS = 2.0
"""Clearly ahead means by more than so many standard errors of the difference..."""
CLEAR = {"iat_train_positives": 1.0, "iat_train_balanced": 1.0, "diversity": 0.05}
"""... and by more than this."""
_BY = {"subject": "by subject", "random": "at random"}


@dataclass(frozen=True)
class Check:
    """One comparison of two figures.

    Attributes:
        holds: Whether it comes out as wished; None: there are no figures to tell by.
        text: What was compared, with the figures.
    """

    holds: bool | None
    text: str


@dataclass(frozen=True)
class Goal:
    """Something that was set out to be reached.

    Attributes:
        title: What was wished for.
        groups: Checks by the title of their group.
    """

    title: str
    groups: dict[str, tuple[Check, ...]]

    @property
    def verdict(self) -> str:
        """``holds``, ``holds in part``, ``does not hold`` or ``cannot be told``."""
        reached = [all(check.holds for check in checks) for checks in self.groups.values()]
        outcomes = [check.holds for checks in self.groups.values() for check in checks]
        if all(reached):
            return "holds"
        if None in outcomes and False not in outcomes:
            return "cannot be told"
        return "holds in part" if any(outcomes) else "does not hold"


def judge_goals(tables: Tables, with_paper: bool = True) -> list[Goal]:
    """Judge every goal by the tables.

    Args:
        tables: Content of tables.json.
        with_paper: Whether the data set is the paper's; if not, its numbers are nobody's goal.
    """
    goals = [
        Goal(
            "By subject, ours reaches without labels what the methods with labels reach here",
            {
                f"Against {METHODS[other].title}": tuple(_at_least(tables, other, metric, 0.0) for metric in IAT)
                for other in ("split", "reassign")
            },
        ),
        Goal(
            f"In neither division does ours lie below the paper's numbers for its method: {PAPER_IAT_TEST:.2f} on "
            f"IAT-test and {PAPER_IAT_TRAIN:.2f} on IAT-train",
            {_BY[division].capitalize(): _against_paper(tables, division) for division in DIVISIONS},
        ),
        Goal(
            f"By subject, ours generates rather than copies: no more than {NEAR_POINTS:g} point below the nearest copy "
            "on IAT-test, and clearly ahead of it on IAT-train and diversity",
            {
                f"Against {METHODS[NEAREST].title}": (
                    _at_least(tables, NEAREST, "iat_test", -NEAR_POINTS),
                    *(_clearly_ahead(tables, NEAREST, metric) for metric in CLEAR),
                )
            },
        ),
    ]
    return goals if with_paper else [goals[0], goals[2]]


def mean_of(tables: Tables, division: str, method: str, metric: str) -> float | None:
    """Return a mean to 0.01, as printed; None where the tables do not have it."""
    pair = tables.get(division, {}).get(method, {}).get(metric)
    return None if pair is None else round(pair[0], 2)


def standard_error(tables: Tables, division: str, methods: tuple[str, str], metric: str) -> float | None:
    """Return the standard error of the difference of two methods' means; None for one seed."""
    spreads = [tables[division][method][metric][1] for method in methods]
    if None in spreads:
        return None
    return math.sqrt(sum(spread**2 for spread in spreads) / len(tables["seeds"]))


def apart(difference: float) -> str:
    """Say how far one figure lies from another: ``1.20 above``, ``0.30 below``, ``as much``."""
    difference = round(difference, 2)
    return "as much" if difference == 0 else f"{abs(difference):.2f} {'above' if difference > 0 else 'below'}"


def _at_least(tables: Tables, other: str, metric: str, margin: float) -> Check:
    """Ours lies by subject no further below another method than ``-margin``."""
    pair = _pair(tables, other, metric)
    if isinstance(pair, Check):
        return pair
    mine, others, error = pair
    return Check(round(mine - others, 2) >= margin, _told(metric, other, mine, others, error))


def _clearly_ahead(tables: Tables, other: str, metric: str) -> Check:
    """Ours is by subject ahead of another method by more than a margin and the noise; diversity: nearer to 1."""
    pair = _pair(tables, other, metric)
    if isinstance(pair, Check):
        return pair
    mine, others, error = pair
    lead = abs(others - 1.0) - abs(mine - 1.0) if metric == "diversity" else mine - others
    clear = round(lead, 2) > CLEAR[metric] and (error is None or lead > CLEAR_ERRORS * error)
    verdict = "clearly ahead" if clear else "ahead, not clearly" if round(lead, 2) > 0 else "not ahead"
    return Check(clear, f"{_told(metric, other, mine, others, error)}: {verdict}")


def _pair(tables: Tables, other: str, metric: str) -> tuple[float, float, float | None] | Check:
    mine, others = (mean_of(tables, "subject", method, metric) for method in (OURS, other))
    if mine is None or others is None:
        lacking = OURS if mine is None else other
        return Check(None, f"{METRICS[metric].title}: no results of {METHODS[lacking].title} by subject")
    return mine, others, standard_error(tables, "subject", (OURS, other), metric)


def _told(metric: str, other: str, mine: float, others: float, error: float | None) -> str:
    noise = "" if error is None else f" (standard error {error:.2f})"
    return (
        f"{METRICS[metric].title}: {mine:.2f} against {others:.2f} of {METHODS[other].title}, "
        f"{apart(mine - others)}{noise}"
    )


def _against_paper(tables: Tables, division: str) -> tuple[Check, ...]:
    checks = []
    for metric, paper in zip(IAT, (PAPER_IAT_TEST, PAPER_IAT_TRAIN, PAPER_IAT_TRAIN), strict=True):
        mine = mean_of(tables, division, OURS, metric)
        told = f"{METRICS[metric].title}: "
        if mine is None:
            checks.append(Check(None, f"{told}no results of {METHODS[OURS].title} {_BY[division]}"))
        else:
            checks.append(
                Check(mine >= paper, f"{told}{mine:.2f} against the paper's {paper:.2f}, {apart(mine - paper)}")
            )
    return tuple(checks)
