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

"""Jobs on a Ray cluster: this machine's code travels along, and what goes wrong there comes back as one clear line."""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import iat_ros
from iat_ros.errors import ConfigError, describe

_ANSWER_S = 5.0  # Ray itself waits for minutes where nobody listens
Task = TypeVar("Task")
Result = TypeVar("Result")


def run_on_ray(
    run: Callable[[Task], Result], jobs: Sequence[Task], address: str, gpu_share: float = 0.0
) -> Iterator[Result]:
    """Run jobs on a cluster, one CPU each; yields results as they come.

    However this ends, with an error or because nobody wants the rest, no job is left running on the cluster.

    Args:
        run: A function of this package.
        jobs: What it takes.
        address: ``HOST:PORT`` of the cluster's head, or ``auto`` for the cluster that this machine belongs to.
        gpu_share: How much of a GPU each job takes.

    Raises:
        ConfigError: Ray is not installed, nobody answers, or the cluster cannot run the jobs.
        IatError: What was wrong with a job, as if it had been run here.
    """
    ray = _load()
    _join(ray, address)
    try:
        remote = ray.remote(num_cpus=1, num_gpus=gpu_share)(run)
        waiting = [remote.remote(job) for job in jobs]
        while waiting:
            done, waiting = ray.wait(waiting)
            yield _result(ray, done[0])
    finally:
        ray.shutdown()  # leaving the cluster ends there what this process has started


def _load() -> Any:
    # Ray's twenty attempts of 40 s each do not help against the address of a cluster that is gone.
    os.environ.setdefault("RAY_NUM_REDIS_GET_RETRIES", "1")
    try:
        import ray
    except ImportError as error:
        raise ConfigError("--ray needs Ray: pip install ray, here and on every machine of the cluster") from error
    return ray


def _join(ray: Any, address: str) -> None:
    _knock(address)
    try:
        with _sigterm_kept(), tempfile.TemporaryDirectory() as empty:
            # The package goes along: other machines need what it imports only. With a working directory of its own, Ray
            # does not first look for it where this process works, where another machine may have an older copy.
            code = {"py_modules": [iat_ros], "working_dir": empty}
            ray.init(address=address, log_to_driver=False, logging_level="ERROR", runtime_env=code)
    except (ImportError, OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        hint = "is it started, and RAY_AUTH_MODE=token set here if it asks for a token?"
        raise ConfigError(f"--ray {address}: no cluster can be joined there: {describe(error)} ({hint})") from error


def _knock(address: str) -> None:
    match = re.fullmatch(r"\[?([^/]+?)\]?:(\d{1,5})", address)
    if match is None:  # 'auto' and others that Ray resolves or refuses itself
        return
    try:
        socket.create_connection((match[1], int(match[2])), timeout=_ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(f"--ray {address}: no cluster answers there ({error}); is it started?") from error


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Take the handler of SIGTERM back, which Ray replaces by one that prints a stack and exits."""
    ours = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if ours is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, ours)


def _result(ray: Any, reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:  # its own text is a traceback over many lines
        if missing := re.search(r"ModuleNotFoundError: No module named '([^']+)'", str(error)):
            raise ConfigError(
                f"a machine of the cluster lacks the Python package {missing[1]}: "
                "install what is in requirements/base.txt there, for the Python that runs Ray"
            ) from error
        raise error.cause from error
    except ray.exceptions.WorkerCrashedError as error:
        raise ConfigError(
            "a process on the cluster ended again and again without a word, maybe for want of memory; "
            "give ray start fewer --num-cpus"
        ) from error
    except ray.exceptions.RayError as error:
        raise ConfigError(f"the cluster could not run a job: {describe(error)}") from error
