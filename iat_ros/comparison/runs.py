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

"""Running the comparison: every method, division and seed, side by side; each record is kept as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import iat_ros
from iat_ros.comparison.methods import METHODS, SetA, learn
from iat_ros.comparison.ray_jobs import run_on_ray
from iat_ros.data.actions import stack
from iat_ros.data.protocol import Division
from iat_ros.errors import ConfigError
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.judge import JudgeConfig
from iat_ros.model.responder import choose_device
from iat_ros.report.results import read_json, write_json
from iat_ros.training.config import TrainingConfig

RECORDS = "records"
_GPU_SHARE = 0.125
"""Of a GPU, for a job: its networks are small, and much of its work is on the CPU."""
_RECIPE_OF = {"ours": "ours", "nearest": None, "shuffled": None, "people": None}  # all others are the paper's


@dataclass(frozen=True)
class Job:
    """One method to train and score.

    Attributes:
        division: Sets A and B.
        seed: Decides everything that is drawn.
        method: Name of the method.
        recipes: ``ours`` and ``paper``.
        device: Type of the device where generators are trained.
    """

    division: Division
    seed: int
    method: str
    recipes: dict[str, TrainingConfig]
    device: str = "cpu"


_evaluations: dict[tuple[str, int], IatEvaluation] = {}


def run_job(job: Job) -> dict[str, Any]:
    """Train and score the method of a job; the record as raw.json holds it."""
    torch.set_num_threads(1)
    key = (job.division.by, job.seed)
    if key not in _evaluations:  # E is made from the seed alone: made anew in another process, it is the same
        _evaluations.clear()
        _evaluations[key] = IatEvaluation(job.division, seed=job.seed)
    learned = learn(job.method, SetA(job.division, job.recipes, job.seed, choose_device(job.device)))
    scores = _evaluations[key].score(learned.answer).as_dict()
    record = {"division": job.division.by, "method": job.method, "seed": job.seed, **scores, **learned.augmentation}
    kept = {"train_s": learned.train_s, "fingerprint": fingerprint(job.method, job.recipes, job.division, job.device)}
    return {**record, **kept}


def fingerprint(method: str, recipes: dict[str, TrainingConfig], division: Division, device: str) -> str:
    """Tell records apart: what one depends on beside the seed: version, data, recipe, judge and device."""
    recipe = recipes.get(_RECIPE_OF.get(method, "paper") or "")
    content = [iat_ros.__version__, asdict(recipe) if recipe else None, asdict(JudgeConfig()), device]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    actions = [stack(division.stimuli), stack(division.responses)]
    for motions in (division.pairs.stimuli, division.pairs.responses, *actions):
        digest.update(motions.limbs_in_body.tobytes() + motions.durations_s.tobytes())
    return digest.hexdigest()[:16]


def plan(
    divide: Callable[[str, int], Division],
    divisions: Sequence[str],
    seeds: Sequence[int],
    methods: Sequence[str],
    recipes: dict[str, TrainingConfig],
    directory: Path,
    device: str = "cpu",
) -> list[Job]:
    """List what is still to be run: records that are there of the same data and recipe are not made again.

    Raises:
        ConfigError: A method is unknown.
    """
    unknown = sorted(set(methods) - METHODS.keys())
    if unknown:
        raise ConfigError(f"unknown method {', '.join(unknown)}; valid ones: {', '.join(METHODS)}")
    jobs = []
    for by in divisions:
        for seed in seeds:
            division = divide(by, seed)
            for name in methods:
                path = _path(directory, by, seed, name)
                wanted = fingerprint(name, recipes, division, device)
                if not path.exists() or read_json(path).get("fingerprint") != wanted:
                    jobs.append(Job(division, seed, name, recipes, device))
    return jobs


def run_jobs(jobs: Sequence[Job], directory: Path, workers: int, ray_address: str | None) -> Iterator[str]:
    """Run jobs and write each one's record as soon as it ends; yields the name of its method.

    Args:
        jobs: From `plan`.
        directory: The results directory.
        workers: Processes on this machine.
        ray_address: Run them on this Ray cluster instead (``auto``: the one this machine belongs to).

    Raises:
        ConfigError: A process or the cluster cannot run the jobs.
        IatError: Something is wrong with a job.
    """
    (directory / RECORDS).mkdir(parents=True, exist_ok=True)
    for record in _on_ray(jobs, ray_address) if ray_address else _side_by_side(jobs, workers):
        write_json(_path(directory, record["division"], record["seed"], record["method"]), record)
        yield record["method"]


def collect(directory: Path, divisions: Sequence[str], seeds: Sequence[int], methods: Sequence[str]) -> list[Any]:
    """Read the records of a finished comparison, without what only `plan` needs."""
    records = [read_json(_path(directory, by, seed, name)) for by in divisions for seed in seeds for name in methods]
    return [{key: value for key, value in record.items() if key != "fingerprint"} for record in records]


def _path(directory: Path, by: str, seed: int, method: str) -> Path:
    return directory / RECORDS / f"{by}_{seed}_{method}.json"


def _on_ray(jobs: Sequence[Job], address: str) -> Iterator[dict[str, Any]]:
    return run_on_ray(run_job, jobs, address, _GPU_SHARE if any(job.device == "cuda" for job in jobs) else 0.0)


def _side_by_side(jobs: Sequence[Job], workers: int) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")  # forking a process that holds torch's threads can hang
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(run_job, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise ConfigError("a process ended without a word, maybe for want of memory; try fewer --jobs") from error
        finally:  # after an error or Ctrl-C nobody waits for the minutes that other jobs still have to go
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
