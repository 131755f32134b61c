"""Running the comparison: every method, division and seed, side by side; each record is kept as soon as it is there."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

import iat_ros
from iat_ros.comparison.methods import METHODS, SetA, learn
from iat_ros.data.protocol import Division
from iat_ros.errors import ConfigError
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.report.results import read_json, write_json
from iat_ros.training.config import TrainingConfig

RECORDS = "records"
_RECIPE_OF = {"ours": "ours", "nearest": None, "shuffled": None}  # all others are the paper's


@dataclass(frozen=True)
class Job:
    """Methods that one E judges.

    Attributes:
        division: Sets A and B.
        seed: Decides everything that is drawn.
        methods: Names of the methods still to be run.
        recipes: ``ours`` and ``paper``.
    """

    division: Division
    seed: int
    methods: tuple[str, ...]
    recipes: dict[str, TrainingConfig]


def run_job(job: Job) -> list[dict[str, Any]]:
    """Train and score the methods of a job; records as raw.json holds them."""
    torch.set_num_threads(1)
    evaluation = IatEvaluation(job.division, seed=job.seed)
    data = SetA(job.division, job.recipes, job.seed)
    records = []
    for method in job.methods:
        learned = learn(method, data)
        scores = evaluation.score(learned.answer).as_dict()
        record = {"division": job.division.by, "method": method, "seed": job.seed, **scores, **learned.augmentation}
        records.append({**record, "train_s": learned.train_s, "fingerprint": fingerprint(method, job.recipes)})
    return records


def fingerprint(method: str, recipes: dict[str, TrainingConfig]) -> str:
    """Tell recipes apart: what a record of this method depends on beside data and seed."""
    recipe = recipes.get(_RECIPE_OF.get(method, "paper") or "")
    content = [iat_ros.__version__, asdict(recipe) if recipe else None]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def plan(
    divide: Callable[[str, int], Division],
    divisions: Sequence[str],
    seeds: Sequence[int],
    methods: Sequence[str],
    recipes: dict[str, TrainingConfig],
    directory: Path,
) -> list[Job]:
    """List what is still to be run: records that are there with the same recipe are not made again.

    Raises:
        ConfigError: A method is unknown.
    """
    unknown = sorted(set(methods) - METHODS.keys())
    if unknown:
        raise ConfigError(f"unknown method {', '.join(unknown)}; valid ones: {', '.join(METHODS)}")
    jobs = []
    for by in divisions:
        for seed in seeds:
            missing = [name for name in methods if not _is_done(directory, by, seed, name, recipes)]
            # What takes long goes apart, so that no job outlasts the others; E is the same, being made from the seed.
            half = (len(missing) + 1) // 2
            for part in (missing[:half], missing[half:]):
                if part:
                    jobs.append(Job(divide(by, seed), seed, tuple(part), recipes))
    return jobs


def run_jobs(jobs: Sequence[Job], directory: Path, workers: int, ray_address: str | None) -> Iterator[int]:
    """Run jobs and write each one's records as soon as it ends; yields the number of records written.

    Args:
        jobs: From `plan`.
        directory: The results directory.
        workers: Processes on this machine.
        ray_address: Run them on this Ray cluster instead (``auto``: the one this machine belongs to).

    Raises:
        ConfigError: Ray is asked for and not installed, or does not answer.
    """
    (directory / RECORDS).mkdir(parents=True, exist_ok=True)
    for records in _on_ray(jobs, ray_address) if ray_address else _side_by_side(jobs, workers):
        for record in records:
            write_json(_path(directory, record["division"], record["seed"], record["method"]), record)
        yield len(records)


def collect(directory: Path, divisions: Sequence[str], seeds: Sequence[int], methods: Sequence[str]) -> list[Any]:
    """Read the records of a finished comparison, without what only `plan` needs."""
    records = [read_json(_path(directory, by, seed, name)) for by in divisions for seed in seeds for name in methods]
    return [{key: value for key, value in record.items() if key != "fingerprint"} for record in records]


def _path(directory: Path, by: str, seed: int, method: str) -> Path:
    return directory / RECORDS / f"{by}_{seed}_{method}.json"


def _is_done(directory: Path, by: str, seed: int, method: str, recipes: dict[str, TrainingConfig]) -> bool:
    path = _path(directory, by, seed, method)
    return path.exists() and read_json(path).get("fingerprint") == fingerprint(method, recipes)


def _side_by_side(jobs: Sequence[Job], workers: int) -> Iterator[list[dict[str, Any]]]:
    context = multiprocessing.get_context("spawn")  # forking a process that holds torch's threads can hang
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        futures = [pool.submit(run_job, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _on_ray(jobs: Sequence[Job], address: str) -> Iterator[list[dict[str, Any]]]:
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--ray needs Ray: pip install ray, here and on every machine of the cluster") from error
    try:
        ray.init(address=address, log_to_driver=False)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ConfigError(f"--ray {address}: no cluster answers there: {str(error).splitlines()[0]}") from error
    remote = ray.remote(num_cpus=1)(run_job)
    waiting = [remote.remote(job) for job in jobs]
    while waiting:
        done, waiting = ray.wait(waiting)
        yield ray.get(done[0])
