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

"""A verb in a process of its own, and people who are streamed to it over DDS."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import PointCloud2

from benchmarks.processes import Processes, verb
from iat_ros.errors import IatError
from iat_ros.nodes.base import SENSOR_QOS
from iat_ros.nodes.clouds import encode_skeletons, stamp_s, to_stamp

RATE_HZ = 30.0
_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


class Streaming:
    """A verb, a node that streams people to it, and what the verb's nodes tell of themselves.

    Attributes:
        counts: Of each node, by its name: "active", and the figures of its diagnostics.
        told_s: When each node told them, by its stamps [s].
    """

    def __init__(self, processes: Processes, *words: str) -> None:
        self._processes = processes
        self._publisher = processes.node.create_publisher(PointCloud2, "skeletons", SENSOR_QOS)
        processes.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.counts: dict[str, dict[str, str]] = {}
        self.told_s: dict[str, float] = {}
        self._id = processes.start(words[0], verb(*words))

    def start(self, *words: str) -> None:
        """Start another verb beside it."""
        self._processes.start(words[0], verb(*words))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.counts[status.name] = {"active": str(status.message.startswith("active"))}
            self.counts[status.name] |= {value.key: value.value for value in status.values}
            self.told_s[status.name] = stamp_s(message.header.stamp)

    def until(self, done: Callable[[], bool], timeout_s: float) -> None:
        """Let time pass until something holds.

        Raises:
            IatError: It does not come to hold in time, or the process ended.
        """
        if not self._processes.until(done, timeout_s):
            raise IatError(f"the nodes do not answer; last heard: {self.counts}")

    def wait_active(self, *names: str) -> None:
        """Wait until nodes are active and listen.

        Raises:
            IatError: They do not come up.
        """
        self.until(lambda: all(self.counts.get(f"/{name}", {}).get("active") == "True" for name in names), 60.0)
        listeners = 2 if "trajectory" in names else 1  # its guard watches people, too
        self.until(lambda: self._publisher.get_subscription_count() >= listeners, 10.0)

    def on_arrival(self, kind: type, topic: str, call: Callable[[float, Any], None]) -> None:
        """Call back with the time now [s] and each message of a topic that arrives."""
        self._processes.node.create_subscription(kind, topic, lambda message: call(self._processes.now_s, message), 50)

    def stream(self, frames: Iterator[np.ndarray], seconds: float, rate_hz: float = RATE_HZ) -> int:
        """Publish frames, best effort; return how many.

        Args:
            frames: Joint positions (people, J, 3) [m].
            seconds: How long at most [s].
            rate_hz: How many a second.
        """
        begin, count = time.monotonic(), 0
        for positions in frames:
            if (due := begin + count / rate_hz) > begin + seconds:
                break
            while (wait_s := due - time.monotonic()) > 0:
                time.sleep(min(wait_s, 0.001))
                self._processes.spin(0.0)
            stamp = to_stamp(self._processes.now_s)
            self._publisher.publish(encode_skeletons(stamp, "camera", np.arange(len(positions)), positions))
            count += 1
        return count

    def hear_again(self) -> None:
        """Wait until the nodes have told what they counted up to now, and half a second more.

        Raises:
            IatError: They do not.
        """
        wanted_s = self._processes.now_s + 0.5
        self.until(lambda: all(told_s > wanted_s for told_s in self.told_s.values()), 15.0)

    def count(self, node: str, key: str) -> int:
        """Return a figure of a node's diagnostics, 0 where it has none of that name."""
        return int(self.counts[node].get(key, "0"))

    def cpu_s(self) -> float:
        """CPU time that the process has used so far, all threads [s]."""
        fields = Path(f"/proc/{self._id}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S

    def memory_mb(self) -> float:
        """Memory that the process holds [MB]."""
        lines = Path(f"/proc/{self._id}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


@contextmanager
def running(*words: str) -> Iterator[Streaming]:
    """Run a verb, with its options, on a ROS domain of its own."""
    processes = Processes("bench")
    try:
        yield Streaming(processes, *words)
    finally:
        processes.close()
