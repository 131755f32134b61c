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

"""Jobs on a real Ray cluster, where Ray is installed; test_comparison_ray_stand_in.py has those with a stand-in."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAD = """
import sys, ray
ray.init("local", num_cpus=2, include_dashboard=False, _temp_dir=sys.argv[1], object_store_memory=80_000_000)
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""
DRIVER = """
import os, sys, time
from iat_ros.commands.entry import run_verb
from iat_ros.comparison.ray_jobs import run_on_ray
from iat_ros.errors import DataError

kind, address, note = sys.argv[1:]

def fine(job):
    import iat_ros
    return job, "py_modules_files" in iat_ros.__file__  # what travelled, not what the worker finds elsewhere

def same(job):
    import numpy as np
    from iat_ros.comparison.methods import SetA, learn
    learned = learn("ours", SetA(*job))
    return float(np.abs(learned.answer(job[0].pairs.stimuli).limbs_in_body).sum())

def pairs_to_learn_from():
    from iat_ros.data.opening import open_source
    from iat_ros.training.config import load_training_config
    quick = {"ours": load_training_config("quick"), "paper": load_training_config("paper")}
    return [(open_source("made_up").divide(32, "subject", seed), quick, seed) for seed in (1, 2)]

def bad(job):
    raise DataError("clip.mat: no joints")

def missing(job):
    import no_such_package

def dies(job):
    os._exit(3)

def slow(job):
    with open(note, "w") as file:
        file.write(str(os.getpid()))
    time.sleep(100)

def run(args):
    jobs = pairs_to_learn_from() if kind == "same" else [1, 2]
    there = sorted(run_on_ray(globals()[kind], jobs, address))
    print(there == sorted(map(same, jobs)) if kind == "same" else there)
    return 0

sys.exit(run_verb("reproduce", "", lambda parser: None, run, []))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Ray listens on every interface, so the cluster lets nobody in without a token made for these tests alone."""
    pytest.importorskip("ray")
    own = {"HOME": str(tmp_path_factory.mktemp("home")), "PYTHONPATH": str(ROOT), "RAY_AUTH_MODE": "token"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**inherited, **own, "RAY_USAGE_STATS_ENABLED": "0"}


@pytest.fixture(scope="module")
def address(environment: dict[str, str]) -> Iterator[str]:
    """A cluster with two CPUs; it ends with the process that started it."""
    # a short path: those of Ray's sockets may have 107 letters only
    with tempfile.TemporaryDirectory(prefix="iat", dir="/tmp", ignore_cleanup_errors=True) as directory:
        words = [sys.executable, "-c", HEAD, directory]
        head = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert head.stdout is not None
            yield head.stdout.readline().strip()
            head.communicate(timeout=30)  # closes stdin
        finally:
            head.kill()
            head.wait()


def drive(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    """Run two jobs of a kind on a cluster, in a process as a user starts it, beside another copy of the package."""
    command = [sys.executable, "-c", DRIVER, *words]
    return subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(
    ("kind", "code", "told"),
    [
        ("fine", 0, "[(1, True), (2, True)]"),
        ("same", 0, "True"),  # what is learned there is what is learned here
        ("bad", 1, "iat_ros reproduce: clip.mat: no joints"),
        ("missing", 1, "iat_ros reproduce: a machine of the cluster lacks the Python package no_such_package: "),
        ("dies", 1, "iat_ros reproduce: a process on the cluster ended again and again without a word"),
    ],
)
def test_results_and_errors(environment: dict[str, str], address: str, kind: str, code: int, told: str) -> None:
    """They are those of the stand-in, without a traceback."""
    driver = drive(environment, kind, address, "")
    try:
        out, err = driver.communicate(timeout=60)
    finally:
        driver.kill()
    assert driver.returncode == code, err
    assert told in out + err
    assert "Traceback" not in err


def test_who_has_no_token_is_told_to_set_one(environment: dict[str, str], address: str, tmp_path: Path) -> None:
    """Whether the token is not asked for here or is not there."""
    for mode in ("disabled", "token"):
        driver = drive({**environment, "HOME": str(tmp_path), "RAY_AUTH_MODE": mode}, "fine", address, "")
        try:
            _, err = driver.communicate(timeout=60)
        finally:
            driver.kill()
        assert driver.returncode == 1, err
        assert f"--ray {address}: no cluster can be joined there: " in err
        assert "RAY_AUTH_MODE=token" in err


def test_sigterm_leaves_the_cluster(environment: dict[str, str], address: str, tmp_path: Path) -> None:
    """One line and exit code 130, and the job is not left running there."""
    note = tmp_path / "pid"
    driver = drive(environment, "slow", address, str(note))
    until = time.monotonic() + 60
    try:
        while not (note.exists() and note.read_text()) and driver.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        driver.terminate()
        _, err = driver.communicate(timeout=30)
    finally:
        driver.kill()
    assert driver.returncode == 130, err
    assert "iat_ros reproduce: interrupted" in err
    assert "***" not in err  # Ray's own handler prints a stack
    worker = Path("/proc") / note.read_text()
    while worker.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not worker.exists()
