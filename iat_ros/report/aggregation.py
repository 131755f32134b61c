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

"""tables.json: mean and standard deviation over the seeds, per division and method."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from iat_ros.data.protocol import DIVISIONS
from iat_ros.report.methods import METHODS, METRICS
from iat_ros.report.results import Record, ResultsError, read_json, write_json

TABLES = "tables.json"
Tables = dict[str, Any]
"""{"subject" | "random": {method: {metric: [mean, std]}}, "e_kfold": {division: [mean, std]}, "seeds": [...]}"""


def aggregate(
    records: Sequence[Mapping[str, Any]],
    methods: Iterable[str] = tuple(METHODS),
    divisions: Iterable[str] = DIVISIONS,
    seeds: Iterable[int] | None = None,
) -> Tables:
    """Aggregate records over seeds.

    Every pair is [mean, std]; std is the sample's (one degree of freedom less), None where there is only one seed.
    E's K-fold accuracy is averaged over the methods of a seed first, since one E judges them all.

    Args:
        records: Records as raw.json holds them; those of other methods, divisions and seeds are left out.
        methods: The methods wanted.
        divisions: The divisions wanted.
        seeds: The seeds wanted; None takes all that occur.

    Returns:
        Content of tables.json, methods in the order of `METHODS`.

    Raises:
        ResultsError: A record is damaged, or a method misses a seed of a division, or has it twice.
    """
    wanted = set(methods)
    unknown = sorted(wanted - set(METHODS))
    if unknown:
        raise ResultsError(f"unknown methods {', '.join(unknown)}; valid ones: {', '.join(METHODS)}")
    parsed = [Record.parse(record) for record in records]
    all_seeds = sorted({record.seed for record in parsed} if seeds is None else set(seeds))
    if not all_seeds or not wanted:
        raise ResultsError("nothing to aggregate: no records, or no seeds or methods asked for")
    found: dict[tuple[str, str, int], Record] = {}
    for record in parsed:
        key = record.division, record.method, record.seed
        if key in found:
            raise ResultsError(f"two records of '{key[1]}' by {key[0]} with seed {key[2]}; expected one")
        found[key] = record
    tables: Tables = {}
    ceilings = {}
    for division in divisions:
        rows = {}
        for method in (name for name in METHODS if name in wanted):
            missing = [seed for seed in all_seeds if (division, method, seed) not in found]
            if missing:
                raise ResultsError(f"no record of '{method}' by {division} with seed {_listed(missing)}")
            rows[method] = [found[division, method, seed] for seed in all_seeds]
        tables[division] = {
            method: {metric: mean_std([record.scores[metric] for record in row]) for metric in METRICS}
            for method, row in rows.items()
        }
        by_seed = zip(*rows.values(), strict=True)
        ceilings[division] = mean_std([statistics.fmean(record.e_kfold for record in seed) for seed in by_seed])
    return {**tables, "e_kfold": ceilings, "seeds": all_seeds}


def mean_std(values: Sequence[float]) -> list[float | None]:
    """Return [mean, sample standard deviation]; None instead of the latter where there is one value."""
    return [statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None]


def write_tables(directory: Path, tables: Tables) -> None:
    """Write tables.json."""
    write_json(directory / TABLES, tables)


def read_tables(directory: Path) -> Tables:
    """Read tables.json.

    Raises:
        ResultsError: It is missing or damaged.
    """
    path = directory / TABLES
    tables = read_json(path)
    divisions = [division for division in DIVISIONS if division in tables]
    try:
        pairs = [tables["e_kfold"][division] for division in divisions]
        pairs += [
            row[metric] for division in divisions for row in tables[division].values() for metric in METRICS
        ]  # fmt: skip
        sound = bool(tables["seeds"]) and bool(pairs)
        sound &= all(
            len(pair) == 2 and _is_number(pair[0]) and (pair[1] is None or _is_number(pair[1])) for pair in pairs
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{path}: a key is missing or of the wrong type: {error}") from error
    if not sound:
        raise ResultsError(f"{path}: expected [mean, std] for every score, and seeds")
    return tables


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(str(seed) for seed in seeds)
