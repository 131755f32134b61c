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

"""How soon the chain reacts: from the last frame of an action to its joint trajectory, beside a bare relay.

People act one after the other, at true speed for the frames that end an action. The frame that ends an action is known
beforehand, since the segmenter is the same here; from its publication to the arrival of the trajectory is the reaction.
The relay passes the same messages through the same number of nodes in one process and computes nothing.

    python benchmarks/reaction.py --actions 40 --json FILE
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import PointCloud2
from tqdm import tqdm
from trajectory_msgs.msg import JointTrajectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.processes import ROOT, Processes, verb
from benchmarks.reporting import report
from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.errors import IatError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import encode_skeletons, to_stamp
from iat_ros.nodes.monitor import percentiles
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.stream.segment import LIVE
from iat_ros.stream.segmenter import ActionSegmenter

DEFINITION = load_skeleton("utd_mhad")
RATE_HZ = 30.0
CHAIN = ("perception", "act2act", "trajectory")
_BYSTANDER = 1_000_000
_LIVELY = 8  # frames before the one that ends the action that come at true speed; those before come faster


def measure(actions: int = 40) -> dict[str, Any]:
    """Measure all three, one after the other in one run.

    Returns:
        "reaction_ms", "relay_ms", "reaction_separate_ms" (p50, p99) and "reaction_to_relay" (ratios of both).
    """
    setups = {
        "relay_ms": ([sys.executable, str(ROOT / "benchmarks" / "relay.py")],),
        "reaction_ms": (verb("interact"), verb("robot")),
        "reaction_separate_ms": tuple(verb(name) for name in (*CHAIN, "robot")),
    }
    took: dict[str, list[float]] = {}
    for name, commands in setups.items():
        with _Rig(commands, () if name == "relay_ms" else (*CHAIN, "robot")) as rig:
            took[name] = [
                rig.react(number, odd=name == "relay_ms") for number in tqdm(range(actions), desc=name, disable=None)
            ]
    figures: dict[str, Any] = {name: percentiles(values) for name, values in took.items()}
    figures["answered"] = {name: int(np.isfinite(values).sum()) for name, values in took.items()}
    figures["reaction_to_relay"] = {
        key: round(figures["reaction_ms"][key] / figures["relay_ms"][key], 2) for key in ("p50", "p99")
    }
    return figures


class _Rig:
    """Processes on a ROS domain of their own, and a node that streams a person to them."""

    def __init__(self, commands: Sequence[list[str]], nodes: Sequence[str]) -> None:
        self._commands, self._nodes = commands, nodes

    def __enter__(self) -> _Rig:
        self._processes = Processes("bench")
        self._node = self._processes.node
        for number, command in enumerate(self._commands):
            self._processes.start(str(number), command)
        self._arrived_s = float("nan")
        self._rests_s = 0.0
        self._active: set[str] = set()
        self._skeletons = self._node.create_publisher(PointCloud2, "skeletons", SENSOR_QOS)
        self._node.create_subscription(JointTrajectory, "joint_trajectory", self._on_trajectory, RESULT_QOS)
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        listeners = 1 if not self._nodes else 2  # perception, and trajectory for its guard
        self._until(
            lambda: self._active >= set(self._nodes) and self._skeletons.get_subscription_count() >= listeners, 90.0
        )
        self._until(lambda: self._node.count_publishers("joint_trajectory") == 1, 10.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.close()

    def react(self, number: int, odd: bool) -> float:
        """Let a person act; return the reaction [ms], NaN if none came within a second.

        Args:
            number: Of the action; also the person's id.
            odd: Mark the frame that ends the action for the relay.
        """
        times_s, poses, last = ACTIONS[number % len(ACTIONS)]
        begin = time.time()
        for index in range(last + 1):
            time.sleep(1.0 / RATE_HZ if index > last - _LIVELY else 0.1 / RATE_HZ)
            self._processes.spin(0)
            stamp = to_stamp(begin + float(times_s[index]))
            stamp.nanosec -= stamp.nanosec % 2
            stamp.nanosec += int(odd and index == last)
            message = encode_skeletons(stamp, "camera", np.array([number]), poses[index][None])
            self._arrived_s = float("nan")
            published_s = time.perf_counter()
            self._skeletons.publish(message)
        deadline = published_s + 1.0
        while np.isnan(self._arrived_s) and time.perf_counter() < deadline:
            self._processes.spin(0.02)
        took_ms = 1e3 * (self._arrived_s - published_s)
        while time.time() < self._rests_s:  # an answer that begins at rest is the usual one
            self._stand(poses[0])
        return took_ms

    def _stand(self, pose: np.ndarray) -> None:
        """Let somebody stand in view for a frame: without a stream the robot would be stopped, and still go home."""
        self._skeletons.publish(encode_skeletons(to_stamp(time.time()), "camera", np.array([_BYSTANDER]), pose[None]))
        until_s = time.monotonic() + 1.0 / RATE_HZ
        while (left_s := until_s - time.monotonic()) > 0.0:
            self._processes.spin(left_s)

    def _on_trajectory(self, message: JointTrajectory) -> None:
        self._arrived_s = time.perf_counter()
        lasts = message.points[-1].time_from_start
        self._rests_s = 0.0 if self._node.count_publishers("joint_states") == 0 else time.time() + lasts.sec + 1.1

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self._active |= {status.name.strip("/") for status in message.status if status.message.startswith("active")}

    def _until(self, done: Callable[[], bool], timeout_s: float) -> None:
        if not self._processes.until(done, timeout_s):
            raise IatError(f"the nodes do not come up; active: {sorted(self._active)}")


def _actions() -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Return times [s], poses and the index of the frame that ends the action, for made-up people."""
    found = []
    for clip in make_clips(people=4, trials=2):
        still = with_stillness(clip, 0.6, 0.6)
        times_s = np.arange(int(still.times_s[-1] * RATE_HZ)) / RATE_HZ
        nearest = np.searchsorted(still.times_s, times_s).clip(0, len(still.times_s) - 1)
        poses = still.positions[nearest]
        segmenter = ActionSegmenter(DEFINITION, LIVE)
        ends = [
            k for k, (now, pose) in enumerate(zip(times_s, poses, strict=True)) if segmenter.push(now, pose) is not None
        ]
        if len(ends) == 1:
            found.append((times_s, poses, ends[0]))
    return found


ACTIONS = _actions()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; return 0, or 1 after an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=40, help="actions of each set-up")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    return report(lambda: measure(args.actions), args.json)


if __name__ == "__main__":
    sys.exit(main())
