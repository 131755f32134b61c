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

"""Running the comparison: what is there is not made again, what has another recipe is."""

from __future__ import annotations

import copy
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.comparison import runs
from iat_ros.comparison.methods import METHODS
from iat_ros.comparison.runs import Job, collect, fingerprint, plan, run_job, run_jobs
from iat_ros.data.protocol import Division
from iat_ros.errors import ConfigError
from iat_ros.report.results import ResultsError, read_json
from iat_ros.training.config import TrainingConfig

Recipes = dict[str, TrainingConfig]
CHEAP = ("nearest", "shuffled")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs are run in this process, one after the other; those that were run."""
    done: list[Job] = []

    def one_by_one(jobs: Sequence[Job], _: int) -> Iterator[dict[str, Any]]:
        for job in jobs:
            done.append(job)
            yield run_job(job)

    monkeypatch.setattr(runs, "_side_by_side", one_by_one)
    return done


def planned(division: Division, recipes: Recipes, directory: Path, **changes: Any) -> list[Job]:
    """Plan nearest and shuffled by subject with two seeds, or something else."""
    wanted: dict[str, Any] = {"divisions": ["subject"], "seeds": [0, 1], "methods": CHEAP, **changes}
    return plan(lambda by, _: replace(division, by=by), recipes=recipes, directory=directory, **wanted)


def names(jobs: list[Job]) -> list[tuple[str, int, str]]:
    """What jobs will run, in order."""
    return sorted((job.division.by, job.seed, job.method) for job in jobs)


def test_everything_is_planned_once(division: Division, recipes: Recipes, tmp_path: Path) -> None:
    """Each method, division and seed is a job of its own; each division is made once per seed."""
    divided: list[tuple[str, int]] = []

    def divide(by: str, seed: int) -> Division:
        divided.append((by, seed))
        return replace(division, by=by)

    jobs = plan(divide, ["subject", "random"], [0, 3], list(METHODS), recipes, tmp_path)
    both = [(by, seed) for by in ("subject", "random") for seed in (0, 3)]
    assert names(jobs) == sorted((by, seed, name) for by, seed in both for name in METHODS)
    assert divided == both
    assert all(job.recipes == recipes for job in jobs)


def test_an_unknown_method_is_named(division: Division, recipes: Recipes, tmp_path: Path) -> None:
    """Together with those that there are, before anything is divided."""
    with pytest.raises(ConfigError, match=r"unknown method magic; valid ones: original, csgn, pe, reassign, split"):
        planned(division, recipes, tmp_path, methods=["nearest", "magic"])


def test_records_that_are_there_are_not_made_again(
    division: Division, recipes: Recipes, tmp_path: Path, here: list[Job]
) -> None:
    """After a run nothing is left to do; one record removed, or another seed asked for, is all that is run."""
    assert len(list(run_jobs(planned(division, recipes, tmp_path), tmp_path, 1, None))) == 4
    assert planned(division, recipes, tmp_path) == []
    assert names(planned(division, recipes, tmp_path, seeds=[0, 1, 2])) == [("subject", 2, name) for name in CHEAP]
    (tmp_path / "records" / "subject_1_nearest.json").unlink()
    assert names(planned(division, recipes, tmp_path)) == [("subject", 1, "nearest")]


def test_another_recipe_is_run_anew(division: Division, recipes: Recipes, tmp_path: Path, here: list[Job]) -> None:
    """Only where the recipe decides: ours by its own, the paper's methods by the paper's, copying by neither."""
    methods = ("ours", "original", *CHEAP)
    assert len(list(run_jobs(planned(division, recipes, tmp_path, seeds=[0], methods=methods), tmp_path, 1, None))) == 4
    for changed, again in (
        ({**recipes, "ours": replace(recipes["ours"], spread=0.1)}, "ours"),
        ({**recipes, "paper": replace(recipes["paper"], width=4)}, "original"),
    ):
        assert names(planned(division, changed, tmp_path, seeds=[0], methods=methods)) == [("subject", 0, again)]
    assert planned(division, recipes, tmp_path, seeds=[0], methods=methods) == []


def test_other_data_are_run_anew(division: Division, recipes: Recipes, tmp_path: Path, here: list[Job]) -> None:
    """Records of other pairs in the same directory are no results of these."""
    list(run_jobs(planned(division, recipes, tmp_path), tmp_path, 1, None))
    fewer = replace(division, pairs=division.pairs[list(range(10))], pair_rules=division.pair_rules[:10])
    assert len(planned(fewer, recipes, tmp_path)) == 4


def test_fingerprints_tell_recipes_and_versions_apart(
    division: Division, recipes: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another recipe or package version gives another one; the same gives the same."""
    before = {name: fingerprint(name, recipes, division, "cpu") for name in METHODS}
    assert before == {name: fingerprint(name, copy.deepcopy(recipes), division, "cpu") for name in METHODS}
    assert before["ours"] != before["pe"] != before["nearest"]
    monkeypatch.setattr("iat_ros.__version__", "99.0.0")
    assert all(fingerprint(name, recipes, division, "cpu") != before[name] for name in METHODS)


def test_records_hold_what_was_measured(division: Division, recipes: Recipes, tmp_path: Path, here: list[Job]) -> None:
    """Scores, F and R, time and where they come from; collected in the order asked for, without the fingerprint."""
    methods = ("nearest", "pe")
    list(run_jobs(planned(division, recipes, tmp_path, seeds=[2, 5], methods=methods), tmp_path, 1, None))
    assert [(job.seed, job.method) for job in here] == [
        (2, "nearest"),
        (2, "pe"),
        (5, "nearest"),
        (5, "pe"),
    ]
    records = collect(tmp_path, ["subject"], [5, 2], methods)
    assert [(record["seed"], record["method"]) for record in records] == [(s, m) for s in (5, 2) for m in methods]
    copied, paper = records[:2]
    assert copied == {
        "division": "subject",
        "method": "nearest",
        "seed": 5,
        "iat_test": pytest.approx(division.pairs.responses.durations_s.mean()),
        "e_kfold": 5,
        "train_s": None,
    }
    assert paper["train_s"] > 0
    assert 0 <= paper["augmentation_effectiveness"] <= 100
    stored = read_json(tmp_path / "records" / "subject_5_pe.json")
    assert stored["fingerprint"] == fingerprint("pe", recipes, division, "cpu")


def test_a_method_does_not_depend_on_those_beside_it(division: Division, recipes: Recipes) -> None:
    """Its record is the same alone and after others, but for the time it took."""
    alone = run_job(Job(division, 1, "original", recipes))
    for name in ("shuffled", "ours"):
        run_job(Job(division, 1, name, recipes))
    after = run_job(Job(division, 1, "original", recipes))
    assert {**alone, "train_s": 0} == {**after, "train_s": 0}


def test_records_are_kept_as_they_come(division: Division, recipes: Recipes, tmp_path: Path, here: list[Job]) -> None:
    """A run that is stopped between two jobs leaves the records of the first, and goes on with the second."""
    running = run_jobs(planned(division, recipes, tmp_path, seeds=[0]), tmp_path, 1, None)
    assert next(running) == "nearest"
    running.close()
    assert names(planned(division, recipes, tmp_path, seeds=[0])) == [("subject", 0, "shuffled")]


def test_missing_and_damaged_records_are_named(
    division: Division, recipes: Recipes, tmp_path: Path, here: list[Job]
) -> None:
    """Half a record is neither taken nor passed over."""
    with pytest.raises(ResultsError, match=r"subject_0_nearest\.json: no such file"):
        collect(tmp_path, ["subject"], [0], CHEAP)
    list(run_jobs(planned(division, recipes, tmp_path, seeds=[0]), tmp_path, 1, None))
    path = tmp_path / "records" / "subject_0_nearest.json"
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ResultsError, match=r"subject_0_nearest\.json: damaged"):
        planned(division, recipes, tmp_path, seeds=[0])


def all_ended() -> bool:
    """Whether no process of a pool is left, a moment later; one may still be starting when the others are ended."""
    end = time.monotonic() + 20
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.1)
    return multiprocessing.active_children() == []


def test_processes_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs go to processes of their own and their records come back, each written."""
    jobs: Any = [{"division": "subject", "seed": seed, "method": "nearest", "at": np.pi} for seed in range(3)]
    monkeypatch.setattr(runs, "run_job", copy.copy)  # something that any process knows
    assert list(run_jobs(jobs, tmp_path, 2, None)) == ["nearest"] * 3
    assert all_ended()
    assert [record["seed"] for record in collect(tmp_path, ["subject"], [0, 1, 2], ["nearest"])] == [0, 1, 2]


def test_an_error_in_a_process_ends_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was wrong comes back, and so does the end of a process that just stopped; nothing is left running."""
    monkeypatch.setattr(runs, "run_job", int)
    with pytest.raises(ValueError, match="invalid literal"):
        list(run_jobs(["five"], tmp_path, 1, None))  # type: ignore[list-item]
    monkeypatch.setattr(runs, "run_job", os._exit)
    with pytest.raises(ConfigError, match=r"ended without a word.*fewer --jobs"):
        list(run_jobs([3], tmp_path, 1, None))  # type: ignore[list-item]
    assert all_ended()


def test_one_e_judges_all_methods_of_a_division_and_seed(
    division: Division, recipes: Recipes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E is trained once for them, and anew for another division or seed."""
    made: list[tuple[str, int]] = []
    quick_scores: Any = runs.IatEvaluation

    def make(judged: Division, seed: int) -> Any:
        made.append((judged.by, seed))
        return quick_scores(judged, seed)

    monkeypatch.setattr(runs, "IatEvaluation", make)
    for by, seed in (("subject", 0), ("subject", 1), ("random", 1)):
        for name in CHEAP:
            run_job(Job(replace(division, by=by), seed, name, recipes))
    assert made == [("subject", 0), ("subject", 1), ("random", 1)]
