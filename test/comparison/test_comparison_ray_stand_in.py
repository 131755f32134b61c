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

"""Jobs on a Ray cluster that a stand-in plays; test_comparison_ray_jobs.py has those on a real one."""

from __future__ import annotations

import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from iat_ros.comparison.runs import Job, plan, run_jobs
from iat_ros.data.protocol import Division
from iat_ros.errors import ConfigError, DataError, IatError
from iat_ros.training.config import TrainingConfig

Recipes = dict[str, TrainingConfig]
CHEAP = ("nearest", "shuffled")


def planned(division: Division, recipes: Recipes, directory: Path) -> list[Job]:
    """Plan nearest and shuffled by subject with two seeds."""
    return plan(lambda by, _: replace(division, by=by), ["subject"], [0, 1], CHEAP, recipes, directory)


class RayError(Exception):
    """Stands for Ray's own errors."""


class RayTaskError(RayError):
    """Stands for what a job raised on the cluster; as in Ray, its text is a whole traceback."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"ray::run_job()\n  File somewhere\n{type(cause).__name__}: {cause}")
        self.cause = cause


class WorkerCrashedError(RayError):
    """Stands for a worker that is gone."""


class MadeUpRay:
    """Stands for the module ray: runs in this process, and the newest job ends first."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError, WorkerCrashedError=WorkerCrashedError)

    def __init__(self, joining: Exception | None = None, running: Exception | None = None) -> None:
        self.addresses: list[str] = []
        self.left = 0
        self.asked: list[dict[str, Any]] = []
        self._joining = joining
        self._running = running

    def init(self, address: str, **options: Any) -> None:
        """Join a cluster."""
        assert options["runtime_env"]["py_modules"], "the package travels to the cluster"
        assert options["runtime_env"]["working_dir"], "else Ray prefers a copy where this process works"
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Ray takes it too
        if self._joining is not None:
            raise self._joining
        self.addresses.append(address)

    def shutdown(self) -> None:
        """Leave it."""
        self.left += 1

    def remote(self, **options: Any) -> Any:
        """Make a function a remote one."""
        self.asked.append(options)
        return lambda function: SimpleNamespace(remote=lambda job: (function, job))

    def wait(self, waiting: list[Any]) -> tuple[list[Any], list[Any]]:
        """Tell what has ended."""
        return waiting[-1:], waiting[:-1]

    def get(self, one: Any) -> Any:
        """Return a result."""
        if self._running is not None:
            raise self._running
        return one[0](one[1])


def test_jobs_on_a_ray_cluster(
    division: Division, recipes: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All jobs are run there, whichever ends first, and their records written here; then the cluster is left."""
    cluster = MadeUpRay()
    monkeypatch.setitem(sys.modules, "ray", cluster)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        assert list(run_jobs(planned(division, recipes, tmp_path), tmp_path, 1, address)) == [*CHEAP, *CHEAP][::-1]
    assert cluster.addresses == [address]
    assert cluster.left == 1
    assert cluster.asked == [{"num_cpus": 1, "num_gpus": 0.0}]
    assert planned(division, recipes, tmp_path) == []


def test_jobs_for_gpus_ask_the_cluster_for_a_share_of_one(
    division: Division, recipes: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several jobs go on one GPU; Ray hides GPUs from jobs that ask for none."""
    cluster = MadeUpRay()
    monkeypatch.setitem(sys.modules, "ray", cluster)  # type: ignore[arg-type]
    monkeypatch.setattr("iat_ros.comparison.runs.choose_device", lambda name: torch.device("cpu"))
    jobs = [replace(job, device="cuda") for job in planned(division, recipes, tmp_path)]
    assert len(list(run_jobs(jobs, tmp_path, 1, "auto"))) == 4
    (asked,) = cluster.asked
    assert 0 < asked["num_gpus"] <= 0.5


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (RayTaskError(DataError("clip 7 is empty")), DataError, "^clip 7 is empty$"),
        (
            RayTaskError(ModuleNotFoundError("No module named 'sklearn'")),
            ConfigError,
            "lacks the Python package sklearn",
        ),
        (WorkerCrashedError("gone"), ConfigError, "a process on the cluster ended again and again"),
        (RayError("no room"), ConfigError, "the cluster could not run a job: .*no room"),
    ],
)
def test_what_goes_wrong_on_a_cluster_comes_back_as_one_line(
    division: Division,
    recipes: Recipes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[IatError],
    message: str,
) -> None:
    """A job's own error is raised here as it was there, anything else says what to do; the cluster is left."""
    cluster = MadeUpRay(running=error)
    monkeypatch.setitem(sys.modules, "ray", cluster)  # type: ignore[arg-type]
    with pytest.raises(kind, match=message) as raised:
        list(run_jobs(planned(division, recipes, tmp_path), tmp_path, 1, "auto"))
    assert "\n" not in str(raised.value)
    assert cluster.left == 1


def test_nobody_at_an_address_is_known_at_once(
    division: Division, recipes: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray itself would wait for minutes; it isn't even asked."""
    cluster = MadeUpRay()
    monkeypatch.setitem(sys.modules, "ray", cluster)  # type: ignore[arg-type]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConfigError, match=rf"--ray 127\.0\.0\.1:{port}: no cluster answers there .*is it started\?"):
        list(run_jobs(planned(division, recipes, tmp_path), tmp_path, 1, f"127.0.0.1:{port}"))
    assert cluster.addresses == []


def test_ray_that_is_missing_or_does_not_answer(
    division: Division, recipes: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear line each, and no record."""
    jobs = planned(division, recipes, tmp_path)
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    with pytest.raises(IatError, match="--ray needs Ray: pip install ray") as missing:
        list(run_jobs(jobs, tmp_path, 1, "auto"))
    sigterm = signal.getsignal(signal.SIGTERM)
    for error in (ConnectionError("nobody\nis there"), RayError("no\ntoken")):
        monkeypatch.setitem(sys.modules, "ray", MadeUpRay(joining=error))  # type: ignore[arg-type]
        with pytest.raises(
            ConfigError, match=r"--ray auto: no cluster can be joined there: .*no.*RAY_AUTH_MODE"
        ) as silent:
            list(run_jobs(jobs, tmp_path, 1, "auto"))
        assert "\n" not in str(missing.value) + str(silent.value)
    assert signal.getsignal(signal.SIGTERM) == sigterm
    assert list((tmp_path / "records").iterdir()) == []


def test_who_stops_early_leaves_the_cluster(
    division: Division, recipes: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs that nobody waits for any more are not left running there, and SIGTERM is what it was."""
    cluster = MadeUpRay()
    monkeypatch.setitem(sys.modules, "ray", cluster)  # type: ignore[arg-type]
    sigterm = signal.getsignal(signal.SIGTERM)
    running = run_jobs(planned(division, recipes, tmp_path), tmp_path, 1, "auto")
    assert next(running) == "shuffled"
    assert signal.getsignal(signal.SIGTERM) == sigterm
    running.close()
    assert cluster.left == 1
