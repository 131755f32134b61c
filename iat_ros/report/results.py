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

"""raw.json: every score of every model, with what is needed to tell where it came from."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iat_ros.data.protocol import DIVISIONS
from iat_ros.errors import IatError, describe
from iat_ros.report.methods import METHODS, METRICS

RAW = "raw.json"
AUGMENTATION = ("augmentation_effectiveness", "augmentation_reliability")


class ResultsError(IatError):
    """A results directory that is missing, incomplete or damaged."""


@dataclass(frozen=True)
class Record:
    """The scores of one model.

    Attributes:
        division: ``subject`` or ``random``.
        method: A key of `iat_ros.report.methods.METHODS`.
        seed: Seed of division, training and judge.
        scores: Every metric of `iat_ros.report.methods.METRICS` by name.
        e_kfold: Accuracy of E on held-out pairs of B [%].
        train_s: How long the training took [s]; None where nothing was trained.
        augmentation: Effectiveness F and reliability R [%] by name, where the method augments.
    """

    division: str
    method: str
    seed: int
    scores: dict[str, float]
    e_kfold: float
    train_s: float | None
    augmentation: dict[str, float]

    @staticmethod
    def parse(content: Mapping[str, Any]) -> Record:
        """Read one record as raw.json holds it; keys that nobody knows are left alone.

        Raises:
            ResultsError: A key is missing, or a value is none that it can have.
        """
        division, method, seed = (content.get(key) for key in ("division", "method", "seed"))
        where = f"record '{method}' by {division} with seed {seed}"
        if division not in DIVISIONS:
            raise ResultsError(f"{where}: unknown division; valid ones: {', '.join(DIVISIONS)}")
        if method not in METHODS:
            raise ResultsError(f"{where}: unknown method; valid ones: {', '.join(METHODS)}")
        if type(seed) is not int:
            raise ResultsError(f"{where}: the seed must be a whole number")
        train_s = content.get("train_s")
        return Record(
            division=division,
            method=method,
            seed=seed,
            scores={name: _number(where, name, content.get(name)) for name in METRICS},
            e_kfold=_number(where, "e_kfold", content.get("e_kfold")),
            train_s=None if train_s is None else _number(where, "train_s", train_s),
            augmentation={
                name: _number(where, name, content[name]) for name in AUGMENTATION if content.get(name) is not None
            },
        )


@dataclass(frozen=True)
class Results:
    """Content of raw.json.

    Attributes:
        data_set: Name of the data set.
        seeds: All seeds.
        methods: All methods that were run.
        recipe: The training recipes and whatever else decides the scores; any JSON.
        records: Every record as a mapping; `Record.parse` reads one.
        package_version: Version of this package.
        torch_version: Version of PyTorch.
    """

    data_set: str
    seeds: list[int]
    methods: list[str]
    recipe: dict[str, Any]
    records: list[dict[str, Any]]
    package_version: str
    torch_version: str

    def __post_init__(self) -> None:
        kinds = {
            "data_set": str, "seeds": list, "methods": list, "recipe": dict, "records": list,
            "package_version": str, "torch_version": str,
        }  # fmt: skip
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise ResultsError(f"'{name}' must be of type {kind.__name__}, got {getattr(self, name)!r:.80}")
        if not all(isinstance(record, dict) for record in self.records):
            raise ResultsError("'records' must be a list of mappings")
        unknown = [str(name) for name in self.methods if name not in METHODS]
        if unknown:
            raise ResultsError(f"unknown methods {', '.join(unknown)}; valid ones: {', '.join(METHODS)}")

    def parsed(self) -> list[Record]:
        """Return the records of the methods and seeds listed."""
        records = [Record.parse(record) for record in self.records]
        return [record for record in records if record.method in self.methods and record.seed in self.seeds]


def write_results(directory: Path, results: Results) -> None:
    """Write raw.json."""
    write_json(directory / RAW, dict(vars(results)))


def read_results(directory: Path) -> Results:
    """Read raw.json.

    Raises:
        ResultsError: It is missing or damaged.
    """
    path = directory / RAW
    content = read_json(path)
    names = Results.__dataclass_fields__
    missing = [name for name in names if name not in content]
    if missing:
        raise ResultsError(f"{path}: lacks {', '.join(missing)}")
    try:
        return Results(**{name: content[name] for name in names})
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}") from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file; it appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds a mapping.

    Raises:
        ResultsError: It is missing or damaged.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ResultsError(f"{path}: no such file; expected a results directory as 'reproduce' writes it") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError(f"{path}: damaged or unreadable: {describe(error)}") from error
    if not isinstance(content, dict):
        raise ResultsError(f"{path}: expected a mapping, got {type(content).__name__}")
    return content


def replace_file(path: Path, content: bytes) -> None:
    """Write a file; it appears whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _number(where: str, name: str, value: Any) -> float:
    if value is None:
        raise ResultsError(f"{where}: lacks {name}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ResultsError(f"{where}: {name} must be a finite number, got {value!r:.40}")
    return float(value)
