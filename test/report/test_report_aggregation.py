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

"""Means and deviations over seeds, and what is said where something is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iat_ros.errors import IatError
from iat_ros.report.aggregation import aggregate, read_tables, write_tables
from iat_ros.report.results import Results, ResultsError, read_results, write_results

Records = list[dict[str, Any]]
METRICS = {"iat_test", "iat_train_positives", "iat_train_balanced", "diversity", "frechet"}


def by_hand(method: str, seed: int, iat_test: float, e_kfold: float, division: str = "subject") -> dict[str, Any]:
    """Make a record whose other scores are 1 and 0.5."""
    scores = dict.fromkeys(METRICS, 1.0) | {"iat_test": iat_test, "diversity": 0.5}
    return {"division": division, "method": method, "seed": seed, "e_kfold": e_kfold, "train_s": 1.0, **scores}


def test_means_and_deviations_by_hand() -> None:
    """The deviation is the sample's: 2, 4, 9 have mean 5 and variance 13."""
    records = [by_hand("ours", seed, value, 90.0 + seed) for seed, value in enumerate((2.0, 4.0, 9.0))]
    records += [by_hand("split", seed, 7.0, 92.0 + seed) for seed in range(3)]
    tables = aggregate(records, ["split", "ours"], ["subject"])
    assert tables["subject"]["ours"]["iat_test"] == [5.0, pytest.approx(math.sqrt(13.0))]
    assert tables["subject"]["split"]["iat_test"] == [7.0, 0.0]
    assert tables["subject"]["ours"]["diversity"] == [0.5, 0.0]
    assert tables["e_kfold"] == {"subject": [pytest.approx(92.0), pytest.approx(1.0)]}
    assert tables["seeds"] == [0, 1, 2]


def test_tables_hold_just_what_is_promised(records: Records) -> None:
    """Both divisions, all methods in their order, all metrics, E and the seeds."""
    tables = aggregate(records)
    assert set(tables) == {"subject", "random", "e_kfold", "seeds"}
    order = ["original", "csgn", "pe", "reassign", "split", "ours", "nearest", "shuffled", "people"]
    for division in ("subject", "random"):
        assert list(tables[division]) == order
        assert all(set(row) == METRICS for row in tables[division].values())
    assert set(tables["e_kfold"]) == {"subject", "random"}


def test_one_seed_has_no_deviation() -> None:
    """None says that there is no spread; 0 would say that there is none."""
    tables = aggregate([by_hand("ours", 4, 50.0, 97.0)], ["ours"], ["subject"])
    assert tables["subject"]["ours"]["iat_test"] == [50.0, None]
    assert tables["e_kfold"]["subject"] == [97.0, None]


def test_order_of_records_changes_nothing(records: Records) -> None:
    """Runs may end in any order."""
    assert aggregate(records[::-1]) == aggregate(records)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda r: [x for x in r if x["method"] != "split"], "no record of 'split' by subject with seed 0, 1, 2"),
        (lambda r: [x for x in r if x["division"] != "random"], "no record of 'original' by random"),
        (
            lambda r: [x for x in r if (x["division"], x["method"], x["seed"]) != ("random", "pe", 1)],
            "no record of 'pe' by random with seed 1",
        ),
        (lambda r: [*r, r[0]], "two records of 'original' by subject with seed 0"),
        (lambda r: [], "nothing to aggregate"),
        (lambda r: [{**r[0], "method": "magic"}], "unknown method; valid ones: original, csgn"),
        (lambda r: [{**r[0], "division": "moon"}], "unknown division; valid ones: subject, random"),
        (lambda r: [{**r[0], "seed": None}], "seed must be a whole number"),
        (lambda r: [{**r[0], "iat_test": float("nan")}], "iat_test must be a finite number, got nan"),
        (lambda r: [{**r[0], "frechet": None}], "record 'original' by subject with seed 0: lacks frechet"),
        (lambda r: [{key: r[0][key] for key in r[0] if key != "e_kfold"}], "lacks e_kfold"),
        (lambda r: [{**r[0], "diversity": "1.0"}], "diversity must be a finite number, got '1.0'"),
    ],
)
def test_what_is_missing_is_named_in_one_line(records: Records, spoil: Callable[..., Records], told: str) -> None:
    """A gap in the records is no table with a hole, but an error that names it."""
    with pytest.raises(ResultsError) as error:
        aggregate(spoil(records))
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, IatError)


def test_files_give_back_what_was_written(records: Records, tmp_path: Path) -> None:
    """raw.json and tables.json survive the way to disk and back, to the last digit."""
    results = Results("UTD-MHAD", [0, 1, 2], ["ours"], {"width": 32}, records, "0.1.0", "2.13.0")
    write_results(tmp_path, results)
    assert read_results(tmp_path) == results
    tables = aggregate(records)
    write_tables(tmp_path, tables)
    assert read_tables(tmp_path) == tables


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "raw.json: no such file; expected a results directory"),
        ("{", "raw.json: damaged or unreadable"),
        ("[]", "expected a mapping, got list"),
        ("{}", "lacks data_set, seeds, methods, recipe, records"),
        (json.dumps(dict.fromkeys(Results.__dataclass_fields__)), "'data_set' must be of type str"),
    ],
)
def test_damaged_results_give_one_line(tmp_path: Path, content: str | None, told: str) -> None:
    """Whatever lies in the place of raw.json."""
    if content is not None:
        (tmp_path / "raw.json").write_text(content, encoding="utf-8")
    with pytest.raises(ResultsError, match=told) as error:
        read_results(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", ['{"subject": {}}', '{"subject": {"ours": {}}, "e_kfold": {"subject": [1, 2]}}', "{}"]
)
def test_damaged_tables_give_one_line(tmp_path: Path, content: str) -> None:
    """Whatever lies in the place of tables.json."""
    (tmp_path / "tables.json").write_text(content, encoding="utf-8")
    with pytest.raises(ResultsError, match=r"tables\.json"):
        read_tables(tmp_path)
