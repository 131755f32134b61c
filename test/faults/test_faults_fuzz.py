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

"""The fuzzer: some thousand malformed messages do no harm, reach the deep code, and harm would be seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trajectory_msgs.msg import JointTrajectory

from benchmarks.faults import fuzz
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.robot.given_up import HeldJoints

pytest.importorskip("viser")
pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings("ignore::RuntimeWarning")]  # NumPy, about NaN and overflow


def test_malformed_messages_do_no_harm(ros_domain: int) -> None:
    """No exception, no wrong message, no limit broken; people still act, and the robot still answers."""
    report = fuzz.run_fuzz(5000, seed=3, domain=ros_domain)
    assert report["messages"] == 5000
    assert (report["crashes"], report["wrong_outputs"], report["limit_violations"]) == (0, 0, 0), report["details"]
    for name, node in report["per_node"].items():
        assert node["messages"] > 100, name
        assert node["dropped"] > 50, name
    for name, topic in (("perception", "windows"), ("act2act", "responses"), ("trajectory", "joint_trajectory")):
        assert report["per_node"][name]["published"][topic] > 0, name
    assert report["per_node"]["trajectory"]["counts"]["answers"] > 20, "the robot is kept from moving"
    assert report["per_node"]["trajectory"]["counts"]["answers from where the robot is held"] > 0


def test_harm_is_seen(ros_domain: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw, a trajectory beyond the limits and a robot that it moves, a wrong time."""
    real = TrajectoryNode._on_joint_states

    def stumble(self: Any, waiting: list[tuple[bytes, float]]) -> None:
        if any(b"alien" in serialised for serialised, _ in waiting):
            raise KeyError("alien")
        real(self, waiting)

    def beyond(path: Any, *_: int) -> Any:
        for point in path.points:
            point.positions[0] = 9.0
        return path

    monkeypatch.setattr(TrajectoryNode, "_on_joint_states", stumble)
    with fuzz._Rig(0, ros_domain) as rig:
        publish = rig.nodes["trajectory"]._output.send
        rig.nodes["trajectory"]._output.send = lambda message, left_out: publish(beyond(message), left_out)
        rig.callbacks["robot", "clock"] = rig.nodes["robot"]._time_source.clock_callback
        rig.send(3000)
        assert rig.judge.crashes["trajectory"] > 0
        assert rig.judge.wrong["trajectory joint_trajectory: a position lies outside the limits"] > 0
        assert rig.robot.watch.violations["position"] > 0
        assert any(each.startswith("robot clock: has the time") for each in rig.judge.wrong)
        assert rig.judge.crashes["robot"] > 0, "a time before zero escapes"
        rig.nodes["trajectory"]._controller_states.held = lambda _: HeldJoints(np.full(14, np.inf), np.zeros(14))
        rig._hear(JointTrajectory())
        assert any(each.startswith("trajectory controller_state: held at") for each in rig.judge.wrong)


def test_a_seed_decides_the_messages() -> None:
    """The same seed draws the same numbers, another one others."""
    draws = [[dice.share() for _ in range(5)] for dice in map(fuzz.Dice, (1, 1, 2))]
    assert draws[0] == draws[1] != draws[2]
    assert np.ptp(draws[0]) > 0
