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

"""Verdicts and remarks follow the numbers: where those flip, these do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iat_ros.report.aggregation import aggregate
from iat_ros.report.goals import judge_goals
from iat_ros.report.methods import METHODS, PaperScores
from iat_ros.report.remarks import beside_paper, remarks, reservations
from iat_ros.report.results import Record

Make = Callable[..., list[dict[str, Any]]]
GOOD, POOR = (92.0, 91.0, 84.0, 0.97, 14.0), (40.0, 50.0, 50.0, 0.0, 50.0)


def verdicts(records: list[dict[str, Any]], **options: Any) -> list[str]:
    """Judge all goals."""
    return [goal.verdict for goal in judge_goals(aggregate(records, **options))]


def test_all_goals_hold_where_ours_is_best(records_with: Make) -> None:
    """Ours above everything, the paper included."""
    assert verdicts(records_with(ours=GOOD)) == ["holds", "holds", "holds"]


def test_no_goal_holds_where_ours_is_worst(records_with: Make) -> None:
    """The same records but for ours."""
    assert verdicts(records_with(ours=POOR)) == ["does not hold"] * 3


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ((73.0, 88.0, 81.0, 1.0, 17.0), ["holds", "holds in part", "holds"]),  # just as good as Split
        ((72.99, 88.0, 81.0, 1.0, 17.0), ["holds in part", "holds in part", "holds"]),  # 0.01 below on IAT-test
        ((73.0, 88.0, 80.5, 1.0, 17.0), ["holds in part", "holds in part", "holds"]),  # balanced alone below Split
        ((91.03, 88.0, 81.0, 1.0, 17.0), ["holds", "holds", "holds"]),  # the paper's number
        ((91.02, 88.0, 81.0, 1.0, 17.0), ["holds", "holds in part", "holds"]),
        ((92.0, 88.0, 64.93, 1.0, 17.0), ["holds in part", "holds in part", "holds in part"]),  # balanced IAT-train
        ((71.0, 88.0, 81.0, 1.0, 17.0), ["holds in part", "holds in part", "holds"]),  # a point below nearest
        ((70.9, 88.0, 81.0, 1.0, 17.0), ["holds in part", "holds in part", "holds in part"]),
        ((92.0, 78.5, 81.0, 1.0, 17.0), ["holds in part", "holds", "holds in part"]),  # ahead, but not clearly
        ((92.0, 88.0, 81.0, 0.02, 17.0), ["holds", "holds", "holds in part"]),  # as little diverse as copies
        ((92.0, 88.0, 81.0, 2.1, 17.0), ["holds", "holds", "holds in part"]),  # scattered, not diverse
    ],
)
def test_verdicts_flip_with_the_numbers(records_with: Make, ours: tuple[float, ...], expected: list[str]) -> None:
    """Each goal on either side of its limit."""
    assert verdicts(records_with(ours=ours)) == expected


def test_the_papers_numbers_must_be_reached_in_both_divisions(records_with: Make) -> None:
    """Ours reaches them at random only: that is a part."""
    good, poor = records_with(ours=GOOD), records_with(ours=POOR)
    mixed = [a if a["division"] == "random" else b for a, b in zip(good, poor, strict=True)]
    assert verdicts(mixed) == ["does not hold", "holds in part", "does not hold"]


def test_noise_is_not_taken_for_a_clear_lead(records_with: Make) -> None:
    """Two points ahead of the nearest copy count only where the seeds agree."""
    records = records_with(ours=(92.0, 80.0, 76.0, 1.0, 14.0))
    assert verdicts(records)[2] == "holds"
    for record in records:
        if record["method"] == "ours":
            record["iat_train_balanced"] += 5.0 * (record["seed"] - 1)
    assert verdicts(records)[2] == "holds in part"
    lines = [check.text for check in judge_goals(aggregate(records))[2].groups["Against Nearest copy"]]
    assert "ahead, not clearly" in lines[2]


def test_without_a_method_its_goal_cannot_be_told(records_with: Make) -> None:
    """The method that is missing is named."""
    methods = [name for name in METHODS if name not in ("split", "nearest")]
    tables = aggregate(records_with(), methods)
    goals = judge_goals(tables)
    assert [goal.verdict for goal in goals] == ["cannot be told", "holds", "cannot be told"]
    told = [check.text for goal in goals for checks in goal.groups.values() for check in checks if check.holds is None]
    assert any("no results of Split by subject" in text for text in told)
    assert any("no results of Nearest copy by subject" in text for text in told)


def test_one_missed_figure_decides_though_others_are_missing(records_with: Make) -> None:
    """By subject alone, with IAT-test below the paper's: whatever the other division says, the goal is not reached."""
    records = [record for record in records_with(ours=(73.0, 88.0, 81.0, 1.0, 17.0)) if record["division"] == "subject"]
    assert judge_goals(aggregate(records, divisions=("subject",)))[1].verdict == "holds in part"


def test_checks_tell_their_figures(records_with: Make) -> None:
    """Every line has both figures and how far they lie apart, with the standard error of that."""
    goal = judge_goals(aggregate(records_with(ours=(70.0, 91.0, 84.0, 0.97, 14.0))))[0]
    text = goal.groups["Against Split"][0].text
    assert text == "IAT-test: 70.00 against 73.00 of Split, 3.00 below (standard error 0.01)"


def test_the_papers_numbers_are_those_of_its_table() -> None:
    """The column of UTD-MHAD in the paper's tables 1 and 2; what it calls label-given uses labels."""
    told = {name: (method.paper.iat_test, method.paper.iat_train) for name, method in METHODS.items() if method.paper}
    assert told == {
        "original": (85.32, 53.92),
        "csgn": (87.86, 58.97),
        "pe": (91.03, 64.94),
        "reassign": (90.97, 68.93),
        "split": (91.35, 71.64),
    }
    assert [name for name, method in METHODS.items() if method.labels] == ["reassign", "split", "people"]
    assert METHODS["ours"].paper is None
    assert PaperScores(91.03, 64.94) == METHODS["pe"].paper


def test_distance_from_the_paper_by_hand(records_with: Make) -> None:
    """Short of, beyond, or equal, for each score."""
    tables = aggregate(records_with(pe=(90.0, 64.94, 70.0, 1.0, 20.0)))
    told = dict(beside_paper(tables, "subject"))
    assert told["Paired embedding"] == (
        "IAT-test 1.03 short of 91.03; IAT-train, positives equals 64.94; IAT-train, balanced 5.06 beyond 64.94."
    )
    assert set(told) == {method.title for method in METHODS.values() if method.paper}


def test_remarks_follow_the_numbers(records_with: Make) -> None:
    """Best methods, copies and judges that always say yes are found, not written down beforehand."""
    before = "\n".join(remarks(aggregate(records_with()), "subject"))
    assert "Best without labels: Ours on IAT-test (92.00)" in before
    assert "says yes to nearly everything: Shuffled." in before
    assert "Answers at random pass 20.00 %" in before
    assert "below it: Original pairs, CSGN samples and Paired embedding." in before
    assert "Ours lies on IAT-test 6.00 below E's K-fold accuracy of 98.00" in before
    changed = records_with(ours=POOR, pe=(99.5, 95.0, 55.0, 1.0, 9.0), shuffled=(37.0, 60.0, 50.0, 1.0, 40.0))
    after = "\n".join(remarks(aggregate(changed), "subject"))
    assert "Best without labels: Paired embedding on IAT-test (99.50)" in after
    assert "says yes to nearly everything: Paired embedding." in after
    assert "below it: Original pairs, CSGN samples and Ours." in after
    assert "Hardly better than chance on IAT-test: Ours." in after


def test_reservations_name_few_seeds_and_different_judges(records_with: Make) -> None:
    """One seed, and an E that is not the same for all methods."""
    records = records_with()
    assert reservations(aggregate(records), [Record.parse(record) for record in records]) == []
    single = records_with(seeds=(0,))
    single[0]["e_kfold"] += 2.0
    told = reservations(aggregate(single), [Record.parse(record) for record in single])
    assert "One seed only" in told[0]
    assert "differs by subject by up to 2.00 points" in told[1]
    assert len(told) == 2
