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

"""What the trajectory node believes of joint states."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.nodes import process
from iat_ros.nodes.clouds import to_stamp
from iat_ros.robot.measurement import STANDS_S

pytestmark = pytest.mark.ros


def test_joint_states_that_nobody_can_use_are_counted_drops(stage: Any) -> None:
    """Infinite speeds, joints named twice and positions missing are named, none of them as unexpected."""
    still = np.zeros(len(stage.rest))
    for speed in (np.inf, 3e38, -1e4):
        stage.measure(stage.rest, still + speed)
    stage.measure(stage.rest, still, more=1)
    stage.measure(stage.rest[:-1], still)
    stage.answer()
    assert not stage.sent
    assert stage.node.dropped["joint_states hold a speed above 100 rad/s"] == 3
    assert stage.node.dropped["joint_states name a joint twice, or have another number of positions than names"] == 2
    assert not [reason for reason in stage.node.dropped if "unexpected" in reason]
    stage.measure(stage.rest, still * np.nan)
    stage.at(1.0 + STANDS_S)
    stage.measure(stage.rest, still * np.nan)
    stage.answer()
    assert len(stage.sent) == 1


def test_a_robot_that_turns_round_is_not_taken_over(stage: Any) -> None:
    """After a restart in mid-answer, another trajectory still moves the robot; between two moves it seems to stand."""
    still = np.zeros(len(stage.rest))
    stage.measure(stage.rest, still + 0.5)
    stage.at(1.1)
    stage.measure(stage.rest + 0.02, still)
    stage.answer()
    stage.node._watch()
    assert not stage.sent
    assert stage.node.counts["answers that waited for a stop"] == 1
    for time_s in (1.2, 1.3, 1.38):
        stage.at(time_s)
        stage.measure(stage.rest + 0.02, still)
        stage.node._watch()
    assert not stage.sent
    stage.at(1.41)
    stage.measure(stage.rest + 0.02, still)
    stage.node._watch()
    assert len(stage.sent) == 1
    np.testing.assert_allclose(stage.sent[0].points[0].positions, stage.rest + 0.02, atol=1e-6)


def test_what_was_measured_before_the_robot_stopped_is_no_start(stage: Any) -> None:
    """The next answer starts where the robot came to rest, not where it was seen before, nor where it hangs since."""
    still = np.zeros(len(stage.rest))
    stage.stand(stage.rest)
    stage.answer()
    performer = stage.node._supervisor.performer
    ends_s = performer.timeline.ends_s
    for time_s in np.arange(1.2, ends_s, 0.1):
        stage.at(float(time_s))
        stage.measure(performer.timeline.commanded(float(time_s)).position, still)
    stage.at(ends_s - 0.01)
    stage.measure(stage.rest + 0.02, still + 0.1)
    stage.at(ends_s + 0.004)
    stage.measure(stage.rest + 0.02, still + 0.1)  # comes now, and tells of a moment ago
    stage.answer()
    assert len(stage.sent) == 2
    np.testing.assert_allclose(stage.sent[1].points[0].positions, stage.rest, atol=1e-6)
    for time_s in np.arange(ends_s + 0.1, performer.timeline.ends_s + 0.03, 0.1):
        stage.at(float(time_s))
        stage.measure(performer.timeline.commanded(float(time_s)).position, still)
    stage.at(performer.timeline.ends_s + 0.03)
    stage.measure(stage.rest + 0.02, still)
    stage.answer()
    np.testing.assert_allclose(stage.sent[2].points[0].positions, stage.rest, atol=1e-6)
    ends_s = performer.timeline.ends_s
    for time_s in np.arange(stage.node._now_s() + 0.1, ends_s + 1.95, 0.1):
        stage.at(float(time_s))
        others = 0.05 * (time_s > ends_s + 1.45)  # move it meanwhile
        stage.measure(performer.timeline.commanded(float(time_s)).position + others, still)
    stage.answer()
    np.testing.assert_allclose(stage.sent[3].points[0].positions, stage.rest + 0.05, atol=1e-6)


def test_a_node_that_was_held_up_looks_before_it_halts(stage: Any, rig: Any) -> None:
    """Joint states that came meanwhile wait to be read: the robot was never unknown. Where none came, it halts."""
    publisher = rig.node.create_publisher(JointState, "/measured/joint_states", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    names, still = list(stage.node._supervisor.performer.model.joint_names), np.zeros(len(stage.rest))
    stage.stand(stage.rest)
    stage.answer()
    performer = stage.node._supervisor.performer
    stage.node._look()
    position = performer.timeline.commanded(1.3).position.tolist()
    publisher.publish(JointState(name=names, position=position, velocity=still.tolist()))
    rig.until(lambda: False, 0.3)  # on its way; this node does not spin
    stage.at(1.6)
    stage.node._watch()
    assert not stage.node._guard.halted
    stage.at(2.2)
    stage.node._watch()
    assert stage.node._guard.halted == "no joint_states for 0.5 s while moving"


@pytest.mark.parametrize(
    ("position", "stamps_s", "why"),
    [
        (np.nan, (1.1, 1.5), "joint_states hold NaN or infinity for '"),
        (0.0, (1.1, 1.1), "they repeat their stamp, as of a driver that is stuck"),
    ],
)
def test_joint_states_of_no_use_are_told_from_none(
    stage: Any, position: float, stamps_s: tuple[float, float], why: str
) -> None:
    """Of a broken encoder or a driver that is stuck: the halt and what `resume` answers say so."""
    stage.stand(stage.rest)
    stage.answer()
    names = list(stage.node._supervisor.performer.model.joint_names)
    for stamp_s, time_s in zip(stamps_s, (1.1, 1.65), strict=True):
        told = JointState(header=Header(stamp=to_stamp(stamp_s)), name=names, position=[position] * len(names))
        stage.at(time_s)
        stage.node._see_joints([(serialize_message(told), 0.0)])
    stage.at(1.7)
    stage.node._watch()
    assert stage.node._guard.halted.startswith(f"no joint_states that can be read for 0.5 s while moving: {why}")
    resumed = stage.node.halting.on_resume(Trigger.Request(), Trigger.Response())
    assert not resumed.success
    assert f"that can be read within 0.5 s: {why}" in resumed.message
    stage.node.active = False
    assert "this node is not active" in stage.node.halting.on_resume(Trigger.Request(), Trigger.Response()).message


def test_a_node_that_was_deactivated_does_not_miss_joint_states(stage: Any) -> None:
    """It does not read them, and its diagnostics must leave no halt behind, while the robot still comes to a stop."""
    stage.stand(stage.rest)
    stage.answer()
    stage.node.active = False
    stage.at(2.2)
    stage.node.publish_diagnostics()
    assert stage.node._supervisor.performer.timeline.moving(2.2)
    assert not stage.node._guard.halted
    stage.node.active = True
    stage.node.publish_diagnostics()
    assert stage.node._guard.halted == "no joint_states for 0.5 s while moving"


def test_what_is_read_late_was_measured_when_it_came(stage: Any, rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the robot is, the newest tells; that none was read before makes no machine busy."""
    publisher = rig.node.create_publisher(JointState, "/measured/joint_states", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    names, observer = list(stage.node._supervisor.performer.model.joint_names), stage.node._supervisor.observer
    heard: list[tuple[float, np.ndarray, np.ndarray]] = []
    stamps_s: list[float] = []
    monkeypatch.setattr(observer, "heard", lambda *told: heard.append(told))
    monkeypatch.setattr(observer, "knew", lambda stamp_s, _: stamps_s.append(stamp_s))
    stage.node._look()
    stage.at(5.0)
    for stamp_s, away in ((4.5, 0.1), (4.7, 0.2)):
        position = (stage.rest + away).tolist()
        publisher.publish(JointState(header=Header(stamp=to_stamp(stamp_s)), name=names, position=position))
        rig.until(lambda: False, 0.5)
    stage.node._look()
    assert stamps_s == pytest.approx([4.5, 4.7])
    first_s, second_s = (received_s for received_s, _, _ in heard)
    assert first_s + 0.2 < second_s < 4.9
    np.testing.assert_array_equal(heard[0][2], stage.rest + 0.1)
    np.testing.assert_array_equal(observer.measured.state.position, stage.rest + 0.2)
    assert observer.measured.received_s == heard[1][0]


def test_a_robot_of_which_nothing_was_heard_is_looked_at_first(stage: Any) -> None:
    """Its driver was restarted: it is near where its last plan ended, and may move; it is not started from there."""
    still, there = np.zeros(len(stage.rest)), stage.rest.copy()
    there[0] += 0.3
    stage.stand(stage.rest)
    stage.answer()
    performer = stage.node._supervisor.performer
    for time_s in np.arange(1.1, performer.timeline.ends_s + 0.5, 0.1):
        stage.at(float(time_s))
        stage.measure(performer.timeline.commanded(float(time_s)).position, still)
    back_s = stage.node._now_s() + 5.0
    for number in range(2):
        stage.at(back_s + 0.1 * number)
        stage.measure(there, still)
    stage.answer()
    stage.node._watch()
    assert len(stage.sent) == 1
    assert stage.node.counts["answers that waited for a stop"] == 1
    for number in range(2, 5):
        stage.at(back_s + 0.1 * number)
        stage.measure(there, still)
        stage.node._watch()
    assert len(stage.sent) == 2
    np.testing.assert_allclose(stage.sent[1].points[0].positions, there, atol=1e-6)


def test_what_waited_for_this_process_is_no_silence_of_the_robot(stage: Any) -> None:
    """States that came in time, and are read together, leave no gap."""
    still = np.zeros(len(stage.rest))
    stage.stand(stage.rest)
    message = JointState(name=list(stage.node._supervisor.performer.model.joint_names), position=stage.rest.tolist())
    stage.at(3.0)
    stage.node._see_joints([(serialize_message(message), waited_s) for waited_s in np.arange(1.9, 0.0, -0.1)])
    stage.answer()
    assert len(stage.sent) == 1
    stage.measure(stage.rest, still)


@pytest.mark.parametrize("kind", [SingleThreadedExecutor, process.EventsExecutor])
def test_a_driver_that_comes_in_mid_answer_is_noticed(stage: Any, rig: Any, kind: Any) -> None:
    """The middleware tells, though nobody waits for its messages; one that goes is none that comes."""
    if kind is None:
        pytest.skip("this rclpy has no EventsExecutor")
    executor, came_s = kind(context=rig.context), []
    stage.node._supervisor.observer.driver_came = came_s.append
    executor.add_node(stage.node)
    try:
        publisher = rig.node.create_publisher(JointState, "/measured/joint_states", 10)
        ends_s = time.monotonic() + 10.0
        while not came_s and time.monotonic() < ends_s:
            executor.spin_once(timeout_sec=0.1)
        assert came_s == [1.0]
        rig.node.destroy_publisher(publisher)
        for _ in range(10):
            executor.spin_once(timeout_sec=0.1)
        assert came_s == [1.0]
    finally:
        executor.remove_node(stage.node)
        executor.shutdown()
