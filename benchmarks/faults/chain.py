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
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray
from sensor_msgs.msg import JointState, PointCloud2
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from benchmarks.faults.endless import EndlessPerson, to_pose_array, to_skeletons
from benchmarks.faults.served_page import ServedPage
from benchmarks.processes import Processes, verb
from iat_ros.errors import IatError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import stamp_s
from iat_ros.nodes.trajectory_parameters import PARAMETERS

NODES = ("perception", "act2act", "trajectory", "robot")
HELD = {"interact": NODES[:3]}
"""The nodes of a process that holds several; all others hold the one whose name they have."""
RATE_HZ = 30.0
AWAY_S = next(float(each.default) for each in PARAMETERS if each.name == "joint_states_timeout")
"""So long joint states may be away [s]."""


class Chain:
    """Processes of the chain on a ROS domain of their own. A context manager.

    Where a tracker or a camera is among them, it makes skeletons of pose arrays; else the person comes as skeletons.

    Attributes:
        active_s: When each node that is active now was first known to be so, on the monotonic clock [s].
        person: Who acts.
        violations: How many updates broke which limit, as the robot tells once a second.
        told: What each node said last of its state.
        told_s: When the robot told, on the monotonic clock [s].
        speed: Of the fastest joint [rad/s].
        rested_s: When the robot last stood still, on the monotonic clock [s].
        answers: Of each response: when it came on the monotonic clock, and the stamp of its action's last frame [s].
        trajectories_s: When each joint_trajectory came, on the monotonic clock [s].
        planned_until_s: When the newest joint_trajectory ends, on the clock of the stamps [s].
        crashes: Processes that ended without being killed, in words.
    """

    def __init__(self, logs: Path, processes: tuple[str, ...] = NODES) -> None:
        """Keep what the processes print in this folder, a file each, made anew.

        Raises:
            OSError: It cannot be written to.
        """
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = {name: logs / f"{name}.log" for name in processes}
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
        self.planned_until_s = -np.inf
        self.crashes: list[str] = []
        self._killed: set[str] = set()
        self._deaf_until_s: dict[str, float] = {}
        self.person = EndlessPerson()
        self._page = ServedPage()

    def __enter__(self) -> Chain:
        self._processes = Processes("faults", int(os.environ.get("ROS_DOMAIN_ID") or 0) or None)
        node = self._processes.node
        tracked = not self._logs.keys().isdisjoint(("tracker", "camera"))
        kind, topic = (PoseArray, "pose_array") if tracked else (PointCloud2, "skeletons")
        self._people = node.create_publisher(kind, topic, SENSOR_QOS)
        self._to_message = to_pose_array if tracked else to_skeletons
        self._resume = node.create_client(Trigger, "resume")
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        node.create_subscription(JointState, "joint_states", self._on_joints, SENSOR_QOS)
        node.create_subscription(PointCloud2, "responses", self._on_response, RESULT_QOS)
        node.create_subscription(JointTrajectory, "joint_trajectory", self._on_trajectory, RESULT_QOS)
        self._begun_s, self._frame = time.monotonic(), 0
        for name in self._logs:
            self.start(name)
        if not self.until(lambda: all(np.isfinite(self.back_s(name)) for name in self._logs), 90.0):
            self.__exit__()
            raise IatError(f"the nodes do not come up; active: {', '.join(self.active_s) or 'none'}; {self.crashes}")
        return self

    def __exit__(self, *_: object) -> None:
        self.crashes += [f"{name} ended with {code}" for name, code in self._processes.close().items() if code]

    def start(self, name: str) -> None:
        """Start a process."""
        words = ["--ros-args"]
        if name == "tracker":
            words = ["--input", "pose_array", *words]
        elif name == "viewer":
            words += ["-p", f"port:={self._page.port}"]
        if "camera" in self._logs and name != "robot":
            words += ["-p", "skeleton:=mediapipe"]
        command = verb(name, *words)
        if name == "camera":
            video = str(self._logs[name].with_suffix(".avi").resolve())
            command = [sys.executable, "-m", "benchmarks.faults.stand_in_camera", video, *words]
        self._processes.start(name, command, self._logs[name])
        self._killed.discard(name)

    def kill(self, name: str) -> float:
        """End a process by SIGKILL; return when, on the monotonic clock [s]."""
        killed_s = time.monotonic()
        self._processes.kill(name)
        self._killed.add(name)
        for node in nodes_of(name):
            self.active_s.pop(node, None)
            self._deaf_until_s[node] = killed_s + 0.3  # what it said last may still be on its way
        if name == "viewer":
            self._page.forget()
        return killed_s

    def back_s(self, name: str) -> float:
        """When a process was first known to work, on the monotonic clock [s]; NaN while it does not.

        All its nodes are active, and the viewer serves its page.
        """
        active_s = float(np.max([self.active_s.get(node, np.nan) for node in nodes_of(name)]))
        return self._page.ask() if name == "viewer" and np.isfinite(active_s) else active_s

    def resume(self, timeout_s: float) -> bool:
        """Ask for the end of a halt until that is granted; return whether it was."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            answer = self._resume.call_async(Trigger.Request())
            if self.until(answer.done, 1.0) and answer.result().success:
                return True
            self.until(lambda: False, 0.2)
        return False

    def answered(self, since_s: float) -> list[bool]:
        """Whether each action that ended after this stamp [s] had an answer, and that a trajectory."""
        return [self._performed(*action) for action in self.person.acted if action[1] > since_s]

    def state(self) -> str:
        """What each node told last, and the last line that it printed: for a chain that no longer moves."""
        lines = []
        for name, log in self._logs.items():
            printed = log.read_text(errors="replace").splitlines()
            told = ", ".join(self.told.get(node, "tells nothing") for node in nodes_of(name))
            lines.append(f"{name}: {told}; printed last: {(printed or ['nothing'])[-1]}")
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
        self._frame += 1
        now_s = self.now_s
        self._people.publish(self._to_message(now_s, self.person.next_pose(now_s)))

    def _performed(self, begins_s: float, ends_s: float) -> bool:
        came_s = next((came_s for came_s, stamp in self.answers if begins_s < stamp <= ends_s), np.inf)
        return any(-0.1 <= each - came_s < 2.0 for each in self.trajectories_s)

    def _lost(self) -> bool:
        for name, code in self._processes.ended().items():
            if name not in self._killed and not any(line.startswith(name) for line in self.crashes):
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

    def _on_trajectory(self, message: JointTrajectory) -> None:
        self.trajectories_s.append(time.monotonic())
        self.planned_until_s = stamp_s(message.header.stamp) + stamp_s(message.points[-1].time_from_start)


def nodes_of(process: str) -> tuple[str, ...]:
    """Return the nodes that a process holds."""
    return HELD.get(process, (process,))
