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

"""The chain as processes, and a person who acts in front of it without end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory

from benchmarks.processes import Processes, verb
from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.errors import IatError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import encode_skeletons, stamp_s, to_stamp

NODES = ("perception", "act2act", "trajectory", "robot")
RATE_HZ = 30.0
HELD_UP_S = 1.0
"""So long joint states may be away [s]. Where discovery is kept to this machine, Fast DDS uses shared memory in any
case, and its health check holds the robot up for 0.33 s at every start, at times twice in a row."""


class Chain:
    """Each node in a process of its own, on a ROS domain of its own. A context manager.

    Attributes:
        active_s: When each node that is active now was first known to be so, on the monotonic clock [s].
        acting: Whether the person begins new actions; without, they finish the one they do and stand still.
        violations: How many updates broke which limit, as the robot tells once a second.
        told: What each node said last of its state.
        told_s: When the robot told, on the monotonic clock [s].
        speed: Of the fastest joint [rad/s].
        rested_s: When the robot last stood still, on the monotonic clock [s].
        answers: Of each response: when it came on the monotonic clock, and the stamp of its action's last frame [s].
        trajectories_s: When each joint_trajectory came, on the monotonic clock [s].
        crashes: Processes that ended without being killed, in words.
    """

    def __init__(self, logs: Path) -> None:
        """Keep what the nodes print in this folder, a file each, made anew.

        Raises:
            OSError: It cannot be written to.
        """
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = {name: logs / f"{name}.log" for name in NODES}
        for log in self._logs.values():
            log.write_bytes(b"")
        self.active_s: dict[str, float] = {}
        self.violations: dict[str, int] = {}
        self.told: dict[str, str] = {}
        self.told_s = 0.0
        self.speed = 0.0
        self.rested_s = -np.inf
        self.answers: list[tuple[float, float]] = []
        self.trajectories_s: list[float] = []
        self.crashes: list[str] = []
        self._deaf_until_s: dict[str, float] = {}
        clips = [with_stillness(clip, 0.6, 0.8) for clip in make_clips(people=1, trials=1)]
        self._poses = np.concatenate([clip.positions for clip in clips])
        self._ends = {int(end) - 1 for end in np.cumsum([len(clip.positions) for clip in clips])}
        self.acting = True

    def __enter__(self) -> Chain:
        self._processes = Processes("faults", int(os.environ.get("ROS_DOMAIN_ID") or 0) or None)
        node = self._processes.node
        self._skeletons = node.create_publisher(PointCloud2, "skeletons", SENSOR_QOS)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR_QOS)
        node.create_subscription(PointCloud2, "responses", self._on_response, RESULT_QOS)
        node.create_subscription(JointTrajectory, "joint_trajectory", self._on_trajectory, RESULT_QOS)
        self._begun_s, self._frame, self._pose = time.monotonic(), 0, 0
        for name in NODES:
            self.start(name)
        if not self.until(lambda: set(self.active_s) == set(NODES), 90.0):
            self.__exit__()
            raise IatError(f"the nodes do not come up; active: {', '.join(self.active_s) or 'none'}; {self.crashes}")
        return self

    def __exit__(self, *_: object) -> None:
        self.crashes += [f"{name} ended with {code}" for name, code in self._processes.close().items() if code]

    def start(self, name: str) -> None:
        """Start a node's process."""
        patient = ("-p", f"joint_states_timeout:={HELD_UP_S}") if name == "trajectory" else ()
        self._processes.start(name, verb(name, "--ros-args", *patient), self._logs[name])

    def kill(self, name: str) -> float:
        """End a node's process by SIGKILL; return when, on the monotonic clock [s]."""
        killed_s = time.monotonic()
        self._processes.kill(name)
        self.active_s.pop(name, None)
        self._deaf_until_s[name] = killed_s + 0.3  # what it said last may still be on its way
        return killed_s

    def state(self) -> str:
        """What each node told last, and the last line that it printed: for a chain that no longer moves."""
        lines = []
        for name, log in self._logs.items():
            printed = log.read_text(errors="replace").splitlines()
            lines.append(
                f"{name}: {self.told.get(name, 'tells nothing')}; printed last: {(printed or ['nothing'])[-1]}"
            )
        return " | ".join(lines)

    def until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Let the person act until something holds; return whether it does."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline or self._lost():
                return False
            due_s = self._begun_s + self._frame / RATE_HZ
            if time.monotonic() >= due_s:
                self._publish()
            self._processes.spin(max(0.0, min(0.01, due_s - time.monotonic())))
        return True

    @property
    def now_s(self) -> float:
        """The time that stamps are in [s]."""
        return self._processes.now_s

    def _publish(self) -> None:
        pose = self._poses[self._pose]
        self._frame += 1
        if self.acting or self._pose not in self._ends:
            self._pose = (self._pose + 1) % len(self._poses)
        self._skeletons.publish(encode_skeletons(to_stamp(self.now_s), "camera", np.array([1]), pose[None]))

    def _lost(self) -> bool:
        for name, code in self._processes.ended().items():
            if not any(line.startswith(name) for line in self.crashes):
                self.crashes.append(f"{name} ended by itself with {code}")
        return bool(self.crashes)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now_s = time.monotonic()
        for status in message.status:
            name = status.name.strip("/")
            if now_s < self._deaf_until_s.get(name, 0.0):
                continue
            self.told[name] = status.message
            if not status.message.startswith("not active"):
                self.active_s.setdefault(name, now_s)
            if name == "robot":
                counts = {each.key: int(each.value) for each in status.values if each.key.startswith("violations")}
                self.violations, self.told_s = counts, now_s

    def _on_joints(self, message: JointState) -> None:
        self.speed = float(np.abs(message.velocity).max())
        if self.speed == 0.0:
            self.rested_s = time.monotonic()

    def _on_response(self, message: PointCloud2) -> None:
        self.answers.append((time.monotonic(), stamp_s(message.header.stamp)))

    def _on_trajectory(self, _: JointTrajectory) -> None:
        self.trajectories_s.append(time.monotonic())
