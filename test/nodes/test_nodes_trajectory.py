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

"""The trajectory node and a simulated robot over DDS: halt, resume, joint states, people, parameters, clocks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion, encode_skeletons
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

G1 = RobotModel.load(find_config("robots", "g1"))
DEFINITION = load_skeleton("utd_mhad")
CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(DEFINITION, CLIP, 32).motion)

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def stage(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> Any:
    """The trajectory node, a simulated robot, and what talks to them."""
    # A busy machine may keep joint states back for longer than the 0.5 s that are allowed by default.
    start("trajectory", "--ros-args", "-p", "stream_timeout:=0.0", "-p", "joint_states_timeout:=1.0")
    rig.robot = start("robot")
    rig.listen(JointTrajectory, "joint_trajectory")
    rig.listen(JointState, "joint_states")
    rig.wait_active("trajectory", "robot")
    rig.responses = rig.node.create_publisher(PointCloud2, "responses", RESULT_QOS)
    rig.skeletons = rig.node.create_publisher(PointCloud2, "skeletons", 10)
    rig.coming = rig.node.create_publisher(PointCloud2, "coming_responses", RESULT_QOS)
    for publisher in (rig.responses, rig.coming, rig.skeletons):
        assert rig.until(lambda publisher=publisher: publisher.get_subscription_count() == 1)
    for topic in ("joint_trajectory", "joint_states"):
        assert rig.until(lambda topic=topic: rig.node.count_publishers(topic) == 1)
    assert rig.until(lambda: rig.heard["joint_states"])
    rig.wait_untroubled("trajectory")
    return rig


def speed(rig: Any) -> float:
    """The fastest joint as it was last measured [rad/s]."""
    return float(np.abs(rig.heard["joint_states"][-1].velocity).max())


def rests(rig: Any) -> bool:
    """Whether the robot stands still in its rest pose."""
    state = rig.heard["joint_states"][-1]
    return speed(rig) == 0.0 and np.abs(np.array(state.position) - G1.rest).max() < 1e-6


def perform(rig: Any) -> None:
    """Begin an answer, and wait until the robot is in motion."""
    rig.responses.publish(ANSWER)
    assert rig.until(lambda: speed(rig) > 0.2, 5.0)


def call(rig: Any, name: str) -> Any:
    """Call a service without arguments."""
    return rig.call(Trigger, name, Trigger.Request())


def set_number(rig: Any, name: str, value: float) -> Any:
    """Set a parameter of the trajectory node."""
    content = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
    request = SetParameters.Request(parameters=[Parameter(name=name, value=content)])
    return rig.call(SetParameters, "/trajectory/set_parameters", request).results[0]


def dropped(rig: Any, words: str) -> int:
    """How often the trajectory node dropped something for a reason with these words."""
    counts = rig.counts.get("/trajectory", {})
    return sum(int(count) for key, count in counts.items() if key.startswith("dropped") and words in key)


def stands_soon(rig: Any) -> np.ndarray:
    """Wait until the robot stands; return where."""
    assert rig.until(lambda: speed(rig) == 0.0, 2.5)
    return np.array(rig.heard["joint_states"][-1].position)


def show_person(rig: Any, distance_m: float) -> None:
    """Let a person stand so far from the robot."""
    positions = np.full((1, len(DEFINITION.joints), 3), [0.0, 0.0, distance_m])
    rig.skeletons.publish(encode_skeletons(Header().stamp, "camera", np.array([0]), positions))


def violations(rig: Any) -> dict[str, str]:
    """How often the robot was commanded beyond which of its limits."""
    return {key: count for key, count in rig.counts.get("/robot", {}).items() if "violations" in key}


def test_an_answer_that_comes_is_planned_and_waits(stage: Any) -> None:
    """The robot stays where it is until the answer is given; then it performs what was planned."""
    sent = len(stage.heard["joint_trajectory"])
    stage.coming.publish(ANSWER)
    stage.until(lambda: False, 0.5)
    assert len(stage.heard["joint_trajectory"]) == sent
    assert rests(stage)
    perform(stage)
    assert stage.until(lambda: int(stage.counts["/trajectory"].get("answers that were ready", 0)) == 1)
    assert stage.until(lambda: rests(stage), 15.0)
    assert violations(stage) == {}


def test_halt_stops_latches_and_needs_resume(stage: Any) -> None:
    """Halted in motion, the robot stands within limits, no answer moves it, and after resume the next one does."""
    perform(stage)
    assert call(stage, "halt").success
    where = stands_soon(stage)
    assert np.abs(where - G1.rest).max() > 0.02
    before = len(stage.heard["joint_trajectory"])
    stage.responses.publish(ANSWER)
    assert stage.until(lambda: dropped(stage, "halted: on request") >= 1, 5.0)
    assert len(stage.heard["joint_trajectory"]) == before
    np.testing.assert_array_equal(stage.heard["joint_states"][-1].position, where)
    answer = call(stage, "resume")
    assert answer.success
    assert "on request" in answer.message
    assert not call(stage, "resume").success
    perform(stage)
    assert stage.until(lambda: rests(stage), 15.0)
    assert violations(stage) == {}


def test_a_person_who_comes_near_slows_and_holds(stage: Any) -> None:
    """At 0.9 m the robot goes on slowly; at 0.3 m it stands until the person has left, then it goes home."""
    show_person(stage, 2.0)
    perform(stage)
    show_person(stage, 0.9)
    assert stage.until(lambda: stage.counts["/trajectory"].get("answers slowed because a person is near") == "1", 5.0)
    show_person(stage, 0.3)
    where = stands_soon(stage)
    stage.responses.publish(ANSWER)
    assert stage.until(lambda: dropped(stage, "nearer than 0.5 m") >= 2, 5.0)  # the rest of one answer, and another
    np.testing.assert_array_equal(stage.heard["joint_states"][-1].position, where)
    show_person(stage, 3.0)
    assert stage.until(lambda: rests(stage), 10.0)
    assert violations(stage) == {}


def test_when_the_stream_stops_the_answer_ends(stage: Any) -> None:
    """A live parameter switches the watch on; without skeletons the robot stops, and starts nothing new."""
    assert set_number(stage, "stream_timeout", 0.5).successful
    show_person(stage, 3.0)
    perform(stage)
    stands_soon(stage)
    stage.responses.publish(ANSWER)
    assert stage.until(lambda: dropped(stage, "no skeletons for 0.5 s") >= 2, 5.0)
    show_person(stage, 3.0)
    assert set_number(stage, "stream_timeout", 0.0).successful
    assert stage.until(lambda: rests(stage), 10.0)


def test_parameters_that_may_not_change_live_are_refused(stage: Any) -> None:
    """The robot cannot be exchanged while it runs; values out of range are refused; both say why."""
    assert "clean up" in stage.set_text("trajectory", "robot", "talos").reason
    assert "range" in set_number(stage, "speed_scale", 3.0).reason


def test_tempo_changes_with_the_next_answer(stage: Any) -> None:
    """At a third of the tempo, everything takes at least three times as long."""
    stage.heard["joint_trajectory"].clear()
    for scale in (1.0, 0.333):
        assert set_number(stage, "speed_scale", scale).successful
        perform(stage)
        assert stage.until(lambda: rests(stage), 30.0)
    ends = [message.points[-1].time_from_start for message in stage.heard["joint_trajectory"]]
    seconds = [end.sec + 1e-9 * end.nanosec for end in ends]
    assert seconds[1] > 2.9 * seconds[0]
    assert set_number(stage, "speed_scale", 1.0).successful


def test_joint_states_that_stop_halt_the_robot(stage: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """A robot that falls silent in motion is halted; resume is refused until it speaks again."""
    perform(stage)
    stage.robot.terminate()
    stage.robot.wait(timeout=10)
    assert stage.until(lambda: dropped(stage, "no joint_states for 1 s") >= 1, 5.0)
    answer = call(stage, "resume")
    assert not answer.success
    assert "joint_states" in answer.message
    stage.heard["joint_states"].clear()
    start("robot", "--ros-args", "-p", "frozen_joint:=right_shoulder_pitch_joint")
    assert stage.until(lambda: stage.heard["joint_states"], 20.0)
    assert stage.until(lambda: call(stage, "resume").success, 10.0)


def test_a_stuck_joint_halts_the_robot(stage: Any) -> None:
    """A joint that does not follow is named, and the robot stands."""
    perform(stage)
    assert stage.until(lambda: dropped(stage, "right_shoulder_pitch_joint") >= 1, 10.0)
    stands_soon(stage)


def test_a_second_chain_on_the_robot_is_told(stage: Any) -> None:
    """In diagnostics, for as long as it is there; and so is a topic that nobody takes."""
    second = stage.node.create_publisher(JointTrajectory, "joint_trajectory", 1)
    told = "/joint_trajectory comes from 1 more: a second chain, or another program"
    assert stage.until(lambda: stage.counts["/trajectory"].get("controller") == told)
    assert told in stage.log
    stage.node.destroy_publisher(second)
    assert stage.until(lambda: "controller" not in stage.counts["/trajectory"])
