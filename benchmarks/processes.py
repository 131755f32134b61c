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

"""Verbs of this package as processes on a ROS domain of their own, and a node beside them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor

from iat_ros.nodes.transport import keep_to_this_machine, require_loopback

ROOT = Path(__file__).parents[1]


def verb(name: str, *words: str) -> list[str]:
    """Return the command line of a verb of this package."""
    return [sys.executable, "-m", "iat_ros", name, *words]


class Processes:
    """Processes that talk to each other and to one node, and to nobody else.

    Attributes:
        node: The node.
        environment: What the processes see.
    """

    def __init__(self, name: str, domain: int | None = None) -> None:
        """Make the node.

        Args:
            name: Of the node.
            domain: ROS domain; None: any.
        """
        domain = domain or random.SystemRandom().randint(1, 101)
        keep_to_this_machine()
        self._home = tempfile.TemporaryDirectory()  # halts that earlier runs left behind are not theirs
        self.environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_HOME": self._home.name}
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        require_loopback(self._context)
        self.node = rclpy.create_node(name, context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def now_s(self) -> float:
        """The time that stamps are in [s]."""
        return float(self.node.get_clock().now().nanoseconds * 1e-9)

    def start(self, name: str, command: Sequence[str], log: Path | None = None) -> int:
        """Start a process under a name, in the place of one that has ended; return its id.

        What it prints goes to the end of the log; None: to where this process prints.
        """
        with ExitStack() as files:
            output = None if log is None else files.enter_context(log.open("ab"))
            self._processes[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=output
            )
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """End a process by SIGKILL."""
        self._processes[name].kill()
        self._processes[name].wait()

    def ended(self) -> dict[str, int]:
        """Return the exit codes of the processes that have ended."""
        return {name: code for name, each in self._processes.items() if (code := each.poll()) is not None}

    def spin(self, timeout_s: float) -> None:
        """Let the node hear one message, or wait for none longer than this [s]."""
        self._executor.spin_once(timeout_sec=timeout_s)

    def until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Let the node hear until something holds; return whether it does, in time and before a process ends."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline or self.ended():
                return False
            self.spin(0.05)
        return True

    def close(self) -> dict[str, int]:
        """End everything; return the processes' exit codes, below 0 of those that a signal ended."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)
        self._home.cleanup()
        return self.ended()
