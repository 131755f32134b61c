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

"""The chain under a clock that steps, and what is wrong with what it says."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from sensor_msgs.msg import PointCloud2
from trajectory_msgs.msg import JointTrajectory

from iat_ros.nodes.chain_options import ChainOptions
from iat_ros.nodes.clouds import decode_motion
from iat_ros.nodes.stepped_chain import SteppedChain, run_stepped
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import BEHIND_S
from iat_ros.skeleton.motion import Motion


class WatchedChain(SteppedChain):
    """The chain with a witness.

    Attributes:
        windows: When each window came [s], whose it is, and what it holds.
        answers: How many responses came.
        trajectories: How many joint_trajectory came.
        faults: Trajectories that are none, by what is wrong with them.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.windows: list[tuple[float, str, Motion]] = []
        self.answers = self.trajectories = 0
        self.faults: Counter[str] = Counter()
        self.on_window, self.on_response, self.on_trajectory = self._saw_window, self._saw_response, self._saw

    def _saw_window(self, message: PointCloud2) -> None:
        self.windows.append((self.true_s, message.header.frame_id, decode_motion(message, 8)))

    def _saw_response(self, _: PointCloud2) -> None:
        self.answers += 1

    def _saw(self, message: JointTrajectory) -> None:
        self.trajectories += 1
        for fault in trajectory_faults(message, self.model, self.clock.ros_ns):
            self.faults[fault] += 1


@contextlib.contextmanager
def stepped_chain(simulated: bool = False) -> Iterator[WatchedChain]:
    """Bring the nodes up under a clock that steps.

    Args:
        simulated: Whether they are told that time is simulated.

    Raises:
        IatError: A node does not come up.
    """
    with run_stepped(ChainOptions(simulated=simulated), WatchedChain) as chain:
        yield chain


def lies_in_the_past(message: JointTrajectory, now_ns: int) -> bool:
    """Tell whether more of a trajectory lies before a time [ns] than the beginning of the stretch that runs then.

    What takes over from a running trajectory begins with the last point of that; one more may be `BEHIND_S` old when
    it is sent, and it takes as long at most to get here.
    """
    stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
    dues = [stamp_ns + each.time_from_start.sec * 10**9 + each.time_from_start.nanosec for each in message.points[:2]]
    return dues[-1] <= now_ns - (round(2e9 * BEHIND_S) if len(dues) > 1 else 0)


def trajectory_faults(message: JointTrajectory, model: RobotModel, now_ns: int) -> list[str]:
    """Say what is wrong with a trajectory that is sent at a time [ns]; nothing if it is as it must be."""
    times = np.array([each.time_from_start.sec * 10**9 + each.time_from_start.nanosec for each in message.points])
    if not len(times) or tuple(message.joint_names) != model.joint_names:
        return ["no points, or other joints"]
    positions = np.array([each.positions for each in message.points])
    velocities = np.array([each.velocities for each in message.points])
    found = {
        "not finite": not (np.isfinite(positions).all() and np.isfinite(velocities).all()),
        "positions beyond the limits": bool(
            ((positions < model.lower - 1e-6) | (positions > model.upper + 1e-6)).any()
        ),
        "velocities beyond the limits": bool((np.abs(velocities) > model.max_velocity * 1.0001).any()),
        "times that do not increase": bool((np.diff(times) <= 0).any()),
        "lies in the past": lies_in_the_past(message, now_ns),
        "does not end at rest": bool(np.any(velocities[-1])),
    }
    return [fault for fault, holds in found.items() if holds]
