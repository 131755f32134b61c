"""Kills: nodes that die in the midst of an answer and are started again at once, as the launch file does it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState, PointCloud2
from std_srvs.srv import Trigger
from tqdm import tqdm
from trajectory_msgs.msg import JointTrajectory

from benchmarks.faults.actor import RATE_HZ, Actor, cloud
from benchmarks.faults.stage import Judge
from iat_ros.errors import IatError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import stamp_s
from iat_ros.nodes.monitor import percentiles

ROOT = Path(__file__).parents[2]
VICTIMS = ("perception", "act2act", "trajectory")
_IN_MOTION_RAD_S = 0.2
_PATIENCE_S = 60.0


def measure(kills: int = 50, robot_kills: int = 3, seed: int = 0) -> dict[str, Any]:
    """Kill each of the nodes so many times, in turn, while a person acts without end.

    Args:
        kills: How often each of perception, act2act and trajectory is killed (SIGKILL), while the robot moves.
        robot_kills: How often the simulated robot is killed, after which a person has to call `resume`.
        seed: Of the moments.

    Returns:
        "kills"; "recovered": after how many the chain answered a new action by itself; "recovery_s" (p50, p99): from
        the restart, which follows the kill at once, to the first joint trajectory that answers an action which ended
        after it. It holds the start of a Python process, and the time until the person has acted again.
        "came_to_rest": after how many the robot stood still by itself before the next answer, or after it;
        "limit_violations", "wrong_outputs", "by_node" (kills, recovered, recovery_s), "robot_kills" (halted: how often
        the trajectory node noticed; recovered: after `resume`).
    """
    rng = np.random.default_rng(seed)
    with _Chain(rng) as chain:
        took: dict[str, list[float]] = {name: [] for name in VICTIMS}
        rested = 0
        turns = [name for _ in range(kills) for name in VICTIMS]
        for name in tqdm(turns, desc="kills", disable=None):
            recovery_s, stood = chain.kill(name)
            took[name].append(recovery_s)
            rested += stood
        robot = [chain.kill_robot() for _ in tqdm(range(robot_kills), desc="robot killed", disable=None)]
        every = [each for values in took.values() for each in values]
        return {
            "kills": len(every),
            "recovered": int(np.isfinite(every).sum()),
            "came_to_rest": rested,
            "recovery_s": percentiles(every),
            "limit_violations": chain.violations,
            "wrong_outputs": sum(chain.judge.wrong.values()),
            "wrong": dict(chain.judge.wrong),
            "by_node": {
                name: {
                    "kills": len(values),
                    "recovered": int(np.isfinite(values).sum()),
                    "recovery_s": percentiles(values),
                }
                for name, values in took.items()
            },
            "robot_kills": {
                "kills": len(robot),
                "halted": sum(halted for halted, _ in robot),
                "recovered": sum(well for _, well in robot),
            },
        }


class _Chain:
    """The nodes and a simulated robot, each a process on a ROS domain of its own, and a person who acts for them.

    Attributes:
        judge: Looks at what the nodes publish.
        violations: How many updates of the robot broke limits, over all its lives.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.judge = Judge()
        self.violations = 0
        self._actor = Actor(still_s=0.4)
        self._frames, self._sent, self._acts = self._actor.frames(), 0, True
        self._speed_rad_s, self._speed_at_s = 0.0, 0.0
        self._window_s = self._answered_s = -np.inf  # stamps of the newest response, and of the newest answer
        self._trajectory_at_s = 0.0
        self._told: dict[str, tuple[float, str]] = {}
        self._counts: dict[str, dict[str, str]] = {}

    def __enter__(self) -> _Chain:
        domain = random.SystemRandom().randint(1, 101)
        os.environ |= {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
        self._context = Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node("faults", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._skeletons = self._node.create_publisher(PointCloud2, "skeletons", SENSOR_QOS)
        for kind, topic, call, qos in (
            (PointCloud2, "windows", lambda message: self._judge("/windows", message), RESULT_QOS),
            (PointCloud2, "responses", self._on_response, RESULT_QOS),
            (JointTrajectory, "joint_trajectory", self._on_trajectory, RESULT_QOS),
            (JointState, "joint_states", self._on_joint_states, SENSOR_QOS),
            (DiagnosticArray, "/diagnostics", self._on_diagnostics, 50),
        ):
            self._node.create_subscription(kind, topic, call, qos)
        self._processes = {name: _start(name) for name in (*VICTIMS, "robot")}
        if not self._until(lambda: all(self._active(name, 0.0) for name in self._processes), 3 * _PATIENCE_S):
            raise IatError(f"the nodes do not become active; last heard: {self._told}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def kill(self, name: str) -> tuple[float, bool]:
        """Kill a node mid-answer and start it again; return how long it took to recover [s], and whether it rested."""
        if not self._until(lambda: self._speed_rad_s > _IN_MOTION_RAD_S):
            return float("nan"), False
        self._pass(float(self._rng.uniform(0.0, 0.8)))
        restarted_s = self._restart(name)
        stood = False

        def recovered() -> bool:
            nonlocal stood
            stood = stood or (self._speed_rad_s == 0.0 and self._speed_at_s > restarted_s)
            return self._answered_s > restarted_s

        well = self._until(recovered)
        recovery_s = self._trajectory_at_s - restarted_s if well else float("nan")
        if not stood:
            stood = self.rests()
        self._count_violations()
        return recovery_s, stood

    def kill_robot(self) -> tuple[bool, bool]:
        """Kill the robot mid-answer; return whether the chain halted, and whether it goes on after `resume`."""
        if not self._until(lambda: self._speed_rad_s > _IN_MOTION_RAD_S):
            return False, False
        self._count_violations()
        restarted_s = self._restart("robot")
        self._speed_rad_s = 0.0
        halted = self._until(lambda: "halted" in self._told.get("trajectory", (0.0, ""))[1])
        self._until(lambda: self._active("robot", restarted_s) and self._speed_at_s > restarted_s + 1.0)
        client = self._node.create_client(Trigger, "resume")
        resumed_s = self._now_s()
        if self._until(client.service_is_ready):
            future = client.call_async(Trigger.Request())
            self._until(future.done)
        self._node.destroy_client(client)
        well = self._until(lambda: self._answered_s > resumed_s)
        self._count_violations()
        return halted, well

    def rests(self) -> bool:
        """Let the person stand still; return whether the robot then comes to rest."""
        self._acts = False
        rests = self._until(lambda: self._speed_rad_s == 0.0, 12.0)
        self._acts = True
        return rests

    def _restart(self, name: str) -> float:
        self._processes[name].send_signal(signal.SIGKILL)
        self._processes[name].wait(timeout=10)
        self._processes[name] = _start(name)
        return self._now_s()

    def _count_violations(self) -> None:
        """Add up what the robot told since it was last asked."""
        asked_s = self._now_s()
        self._until(lambda: self._told.get("robot", (0.0, ""))[0] > asked_s, 5.0)
        counts = self._counts.get("robot", {})
        self.violations = sum(int(value) for key, value in counts.items() if key.startswith("violations"))

    def _until(self, done: Callable[[], Any], timeout_s: float = _PATIENCE_S) -> bool:
        """Let the person act until something holds; return whether it does."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline:
                return False
            self._pass(0.02)
        return True

    def _pass(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left_s := end - time.monotonic()) > 0:
            if time.monotonic() * RATE_HZ >= self._sent:
                self._sent = max(self._sent + 1, int(time.monotonic() * RATE_HZ))
                pose = next(self._frames) if self._acts else self._actor.still()
                self._skeletons.publish(cloud(self._now_s(), (1, pose)))
            self._executor.spin_once(timeout_sec=min(left_s, 0.005))

    def _now_s(self) -> float:
        return float(self._node.get_clock().now().nanoseconds * 1e-9)

    def _active(self, name: str, since_s: float) -> bool:
        told_s, state = self._told.get(name, (-np.inf, ""))
        return told_s > since_s and state.startswith("active")

    def _judge(self, topic: str, message: Any) -> None:
        self.judge.look(topic, message, -np.inf)  # when it was sent is not known here

    def _on_response(self, message: PointCloud2) -> None:
        self._judge("/responses", message)
        self._window_s = stamp_s(message.header.stamp)

    def _on_trajectory(self, message: JointTrajectory) -> None:
        self._judge("/joint_trajectory", message)
        self._trajectory_at_s, self._answered_s = self._now_s(), self._window_s

    def _on_joint_states(self, message: JointState) -> None:
        self._speed_rad_s = float(np.abs(message.velocity).max())
        self._speed_at_s = self._now_s()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.strip("/")
            self._told[name] = stamp_s(message.header.stamp), status.message
            self._counts[name] = {value.key: value.value for value in status.values}


def _start(name: str) -> subprocess.Popen[bytes]:
    command: Sequence[str] = [sys.executable, "-m", "iat_ros", name, "--ros-args", "--log-level", "fatal"]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
