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

"""A halt outlives the node that was halted, until somebody asks to resume."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import rclpy
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from iat_ros.nodes import halting
from iat_ros.nodes.halt_file import SWITCH
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode

pytestmark = pytest.mark.ros

REQUEST = Trigger.Request()


@pytest.fixture
def make(ros_domain: int) -> Iterator[Callable[..., TrajectoryNode]]:
    """Make nodes that do without joint states."""
    rclpy.init(domain_id=ros_domain)
    nodes: list[TrajectoryNode] = []

    def run(**options: Any) -> TrajectoryNode:
        values = [Parameter("joint_states_timeout", value=0.0), Parameter("stream_timeout", value=0.0)]
        nodes.append(TrajectoryNode(parameter_overrides=values, **options))
        assert bring_up(nodes[-1])
        return nodes[-1]

    yield run
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def test_a_node_that_was_killed_is_halted_when_it_comes_back(rig: Any) -> None:
    """It says so, for whoever wonders why nothing moves."""
    words = ["trajectory", "--ros-args", "-p", "joint_states_timeout:=0.0", "-p", "stream_timeout:=0.0"]

    def trouble() -> str | None:
        return rig.counts.get("/trajectory", {}).get("trouble")

    for halted in (False, True):
        rig.counts.clear()
        process = subprocess.Popen([sys.executable, "-m", "iat_ros", *words])
        rig.wait_active("trajectory")
        assert rig.until(lambda: trouble() is not None)
        assert ("halted" in (trouble() or "")) == halted
        if not halted:
            assert rig.call(Trigger, "halt", REQUEST).success
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert rig.until(lambda: not rig.node.count_subscribers("responses"), 40.0)  # the middleware is slow to notice


def test_only_what_was_asked_for_outlives_an_orderly_end(
    make: Callable[..., TrajectoryNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the guard saw by itself, such as a robot that was switched off first, is over with the program.

    Unless it ends by an error, or somebody asked for a halt, too.
    """
    ends, ended = Event(), Event()
    ended.set()
    monkeypatch.setattr(halting, "stopping", ends)
    first = make()
    first._guard.halt("no joint_states for 0.5 s while moving")
    first._look()
    crashed = make()
    assert crashed._guard.halted == "no joint_states for 0.5 s while moving"
    monkeypatch.setattr(halting, "stopping", ended)
    crashed.leave()  # what it found when it was started, nobody lifted
    monkeypatch.setattr(halting, "stopping", ends)
    first.leave()
    assert make()._guard.halted == "no joint_states for 0.5 s while moving"
    ends.set()
    first.leave()
    second = make()
    assert not second._guard.halted
    second._guard.halt("joint 'elbow' is 0.4 rad from its command")
    second.halting.on_halt(REQUEST, Trigger.Response())
    second.leave()
    third = make()
    assert third._guard.halted == "on request; before that: joint 'elbow' is 0.4 rad from its command"
    assert third.halting.on_resume(REQUEST, Trigger.Response()).success
    third.leave()
    assert not make()._guard.halted


def test_each_robot_has_its_own(make: Callable[..., TrajectoryNode]) -> None:
    """By its namespace."""
    make(namespace="left").halting.on_halt(REQUEST, Trigger.Response())
    assert not make(namespace="right")._guard.halted
    assert make(namespace="left")._guard.halted


def test_a_disk_that_refuses_keeps_nobody_from_halting(
    make: Callable[..., TrajectoryNode],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It is told, once for each halt, and to whoever asks for one."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("ROS_HOME", str(blocked))
    node = make()
    assert "cannot be read" in node._guard.halted  # a path through a file cannot be read: in doubt it is halted
    resumed = node.halting.on_resume(REQUEST, Trigger.Response())
    assert resumed.success
    assert "the next node will be halted" in resumed.message
    for _ in range(2):  # asked again, it is as true
        halted = node.halting.on_halt(REQUEST, Trigger.Response())
        assert halted.success
        assert "cannot outlive this node" in halted.message
    node._look()
    told = capfd.readouterr().err
    assert told.count("the halt cannot outlive this node") == 1
    blocked.unlink()
    assert node.halting.on_halt(REQUEST, Trigger.Response()).message == "halted; call resume to go on"
    assert make()._guard.halted


def test_whatever_stands_in_the_file_is_one_short_line(
    make: Callable[..., TrajectoryNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is none; it holds until somebody calls resume."""
    node = make()
    node.halting.on_halt(REQUEST, Trigger.Response())
    path = node.halting._file._path
    for content, reason in ((b"\xff\n" * 500, "\ufffd \ufffd"), (b"", "without a reason")):
        path.write_bytes(content)
        ended = Event()
        ended.set()
        monkeypatch.setattr(halting, "stopping", ended)
        for again in (make(), make()):  # an orderly end in between lifts nothing
            assert again._guard.halted.startswith(reason)
            assert len(again._guard.halted) <= 300
            again.leave()


def test_what_moves_no_real_robot_keeps_nothing(
    make: Callable[..., TrajectoryNode], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its own halts nor those of a real one concern the other."""
    real = make()
    real.halting.on_halt(REQUEST, Trigger.Response())
    with monkeypatch.context() as patch:
        patch.setenv(SWITCH, "none")
        demonstration = make()
        assert not demonstration._guard.halted
        demonstration.halting.on_halt(REQUEST, Trigger.Response())
        assert demonstration.halting.on_resume(REQUEST, Trigger.Response()).success
    assert make()._guard.halted
