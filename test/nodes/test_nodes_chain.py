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

"""The chain as separate processes over DDS: each action gives one window, one response, one safe trajectory."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import from_clips
from iat_ros.nodes.clouds import decode_motion, encode_skeletons, stamp_s, to_stamp
from iat_ros.nodes.monitor import faults_of
from iat_ros.nodes.robot import read_path
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.simulated import SimulatedRobot
from iat_ros.skeleton.definition import load_skeleton

CLIPS = [make_clips(people=2, trials=1, actions=(name,))[1] for name in ("throw", "knock")]
DEFINITION = load_skeleton("utd_mhad")

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def chain(rig: Any, start: Callable[..., subprocess.Popen[str]], random_model: Callable[..., Path]) -> Any:
    """Perception, act2act and trajectory, each a process of its own, active."""
    start("perception")
    start("act2act", "--ros-args", "-p", f"model:={random_model()}", "-p", "noise_seed:=3", "-p", "device:=cpu")
    # Responses are given once more later, and the robot is moved by what it was told.
    without = ("joint_states_timeout", "stream_timeout", "answer_timeout")
    timeouts = [word for name in without for word in ("-p", f"{name}:=0.0")]
    start("trajectory", "--ros-args", "-p", "robot:=g1", *timeouts)
    for kind, topic in ((PointCloud2, "windows"), (PointCloud2, "responses"), (JointTrajectory, "joint_trajectory")):
        rig.listen(kind, topic)
    rig.wait_active("perception", "act2act", "trajectory")
    rig.publisher = rig.node.create_publisher(
        PointCloud2, "skeletons", QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    assert rig.until(lambda: rig.publisher.get_subscription_count() == 2)  # perception, and trajectory for its guard
    for publisher in rig.heard:
        assert rig.until(lambda topic=publisher: rig.node.count_publishers(topic) == 1)
    return rig


def ends_s(message: JointTrajectory) -> float:
    """When the robot will be done with a trajectory [s]."""
    last = message.points[-1].time_from_start
    return stamp_s(message.header.stamp) + last.sec + 1e-9 * last.nanosec


def perform(messages: list[JointTrajectory]) -> SimulatedRobot:
    """Let a simulated robot perform trajectories as they came, in steps of 1 ms."""
    robot = SimulatedRobot(RobotModel.load(find_config("robots", "g1")))
    stamps = [round(1e9 * stamp_s(message.header.stamp)) for message in messages]
    for now_ns in range(stamps[0] - 10**7, round(1e9 * ends_s(messages[-1])), 10**6):
        for message, stamp_ns in zip(messages, stamps, strict=True):
            if stamp_ns - 5 * 10**6 <= now_ns < stamp_ns - 4 * 10**6:
                robot.accept(read_path(message), stamp_ns, now_ns)
        robot.update(now_ns, 10**6)
    return robot


def fastest_at(message: JointTrajectory, time_s: float) -> float:
    """The speed of the fastest joint at the point nearest to a time [rad/s]."""
    times = [point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in message.points]
    point = message.points[int(np.argmin(np.abs(np.array(times) - time_s)))]
    return float(np.abs(point.velocities).max())


def answers(rig: Any) -> int:
    """How many answers the robot has performed or begun."""
    return int(rig.counts.get("/trajectory", {}).get("answers", "0"))


def wait_until_robot_rests(rig: Any) -> None:
    """Let time pass until the last trajectory is over and none follows it."""
    heard, now = rig.heard["joint_trajectory"], rig.node.get_clock().now
    assert rig.until(lambda: not heard or now().nanoseconds * 1e-9 > ends_s(heard[-1]) + 0.3, 40.0)


def act(rig: Any, clip: Any, body: int, speed: float = 1.0) -> None:
    """Publish a clip as a live person, best effort as sensors do."""
    start_s = rig.node.get_clock().now().nanoseconds * 1e-9
    frames = list(from_clips([clip], still_s=0.8))
    done = threading.Event()
    clock = threading.Event()

    def publish() -> None:
        for frame in frames:
            clock.wait(1 / 30 / speed)
            stamp = to_stamp(start_s + frame.time_s)
            rig.publisher.publish(encode_skeletons(stamp, "camera", np.array([body]), frame.positions))
        done.set()

    threading.Thread(target=publish).start()
    assert rig.until(done.is_set)


def test_each_action_gives_one_window_one_response_one_trajectory(chain: Any) -> None:
    """Two people act, one after the other; stamps trace each answer to its window; nothing leaves the limits."""
    robot = RobotModel.load(find_config("robots", "g1"))
    for count, clip in enumerate(CLIPS, start=1):
        act(chain, clip, body=40 + count)
        wait_until_robot_rests(chain)  # an answer that comes in motion may have to stop the robot first
        assert chain.until(lambda count=count: answers(chain) == count)
        window, response = chain.heard["windows"][-1], chain.heard["responses"][-1]
        assert window.header.frame_id == response.header.frame_id == f"body_{40 + count}"
        assert window.header.stamp == response.header.stamp
        expected = cut_action(DEFINITION, clip, 32).motion
        streamed = decode_motion(window, 8)
        assert streamed.duration_s == pytest.approx(expected.duration_s, abs=0.04)
        assert np.abs(streamed.limbs_in_body - expected.limbs_in_body).max() < 0.15
        assert faults_of(chain.heard["joint_trajectory"][-1], robot) == []
    chain.until(lambda: False, 1.0)
    assert [len(chain.heard[topic]) for topic in ("windows", "responses")] == [2, 2]


def test_fixed_noise_gives_the_same_answer_to_the_same_window(chain: Any) -> None:
    """With noise_seed set, a window that comes twice is answered twice alike."""
    windows = chain.node.create_publisher(PointCloud2, "windows", 10)
    assert chain.until(lambda: windows.get_subscription_count() >= 2)
    before = len(chain.heard["responses"])
    for _ in range(2):
        windows.publish(chain.heard["windows"][0])
    assert chain.until(lambda: len(chain.heard["responses"]) == before + 2)
    first, second = chain.heard["responses"][-2:]
    answers = [decode_motion(message, len(DEFINITION.limb_names)) for message in (first, second)]
    np.testing.assert_allclose(answers[0].limbs_in_body, answers[1].limbs_in_body, atol=1e-5)
    assert answers[0].duration_s == pytest.approx(answers[1].duration_s, abs=1e-5)
    assert len(first.data) == 32 * 8 * 16
    chain.node.destroy_publisher(windows)


def test_trigger_answers_what_is_in_the_buffer(chain: Any) -> None:
    """The service sends a window of what somebody is doing right now; with nobody there it says so."""
    before = len(chain.heard["windows"])
    clip = CLIPS[0]
    start_s = chain.node.get_clock().now().nanoseconds * 1e-9 + 100.0
    for k in range(20):
        stamp = to_stamp(start_s + k / 30)
        chain.publisher.publish(encode_skeletons(stamp, "camera", np.array([77]), clip.positions[k : k + 1]))
        chain.until(lambda: False, 0.01)
    answer = chain.call(Trigger, "/perception/trigger", Trigger.Request())
    assert answer.success
    assert "sent 1 window" in answer.message
    assert chain.until(lambda: len(chain.heard["windows"]) == before + 1)
    assert chain.heard["windows"][-1].header.frame_id == "body_77"


def test_bad_input_is_counted_and_the_chain_goes_on(chain: Any) -> None:
    """Wrong width, fields, types, cut-off data, NaN, time going back: counted; then an action is answered."""
    good = encode_skeletons(to_stamp(0.0), "camera", np.array([5]), CLIPS[0].positions[:1])
    narrow = encode_skeletons(to_stamp(0.0), "camera", np.array([5]), CLIPS[0].positions[:1, :7])
    without_z = encode_skeletons(to_stamp(0.0), "camera", np.array([5]), CLIPS[0].positions[:1])
    without_z.fields.pop(2)
    mistyped = encode_skeletons(to_stamp(0.0), "camera", np.array([5]), CLIPS[0].positions[:1])
    mistyped.fields[0].datatype = 8
    cut_off = encode_skeletons(to_stamp(0.0), "camera", np.array([5]), CLIPS[0].positions[:1])
    cut_off.data = cut_off.data[:50]
    now_s = chain.node.get_clock().now().nanoseconds * 1e-9 + 500.0
    fine = encode_skeletons(to_stamp(now_s), "camera", np.array([5]), CLIPS[0].positions[:1])
    pose = CLIPS[0].positions[:1].copy()
    pose[0, 5] = np.nan
    holes = encode_skeletons(to_stamp(now_s + 0.05), "camera", np.array([5]), pose)
    expected = {
        "dropped: cloud: expected width 20, got 7: is it of another skeleton?": narrow,
        "dropped: cloud: field 'z' is missing; found x, y, body_id": without_z,
        "dropped: cloud: field 'x' must be one f4, is 1 x f8": mistyped,
        "dropped: cloud: expected 320 bytes of data, got 50": cut_off,
        "dropped: clock jumped back": good,
        "dropped: joint not tracked: left_elbow": holes,
    }
    for message in (fine, holes, good, narrow, without_z, mistyped, cut_off):
        chain.publisher.publish(message)
        chain.until(lambda: False, 0.03)
    for reason in expected:
        assert chain.until(lambda reason=reason: chain.counts.get("/perception", {}).get(reason) == "1", 5.0), (
            reason,
            chain.counts,
        )
    before = len(chain.heard["joint_trajectory"])
    act(chain, CLIPS[1], body=6)
    assert chain.until(lambda: len(chain.heard["joint_trajectory"]) > before)


def test_windows_of_other_limbs_are_refused_by_act2act(chain: Any) -> None:
    """A window that the model was not made for is a counted drop."""
    windows = chain.node.create_publisher(PointCloud2, "windows", 10)
    assert chain.until(lambda: windows.get_subscription_count() >= 2)
    message = chain.heard["windows"][0]
    message.width, message.row_step = 7, 7 * 16
    message.data = message.data[: 32 * 7 * 16]
    windows.publish(message)
    reason = "dropped: cloud: expected width 8, got 7: is it of another skeleton?"
    assert chain.until(lambda: chain.counts.get("/act2act", {}).get(reason) == "1", 5.0)
    chain.node.destroy_publisher(windows)


def test_answers_blend_into_a_running_one(chain: Any) -> None:
    """Three answers at once: each takes over where the one before has the robot, in motion and without a step."""
    heard = chain.heard["joint_trajectory"]
    wait_until_robot_rests(chain)
    before = len(heard)
    responses = chain.node.create_publisher(PointCloud2, "responses", 10)
    assert chain.until(lambda: responses.get_subscription_count() >= 2)
    responses.publish(chain.heard["responses"][0])
    assert chain.until(lambda: len(heard) == before + 1)
    chain.until(lambda: False, 0.7)  # it is under way now
    responses.publish(chain.heard["responses"][-1])
    assert chain.until(lambda: len(heard) == before + 2)
    took_over_s = stamp_s(heard[-1].header.stamp) - stamp_s(heard[-2].header.stamp)
    assert 0.5 < took_over_s < ends_s(heard[-2]) - stamp_s(heard[-2].header.stamp)
    robot = perform(heard[-2:])
    assert robot.watch.violations == {}
    assert fastest_at(heard[-2], took_over_s) > 0.1, "the robot hardly moved: this test would tell nothing"
    chain.node.destroy_publisher(responses)


def test_a_moving_robot_is_stopped_by_deactivating(chain: Any) -> None:
    """Deactivated in motion, the robot stops soon; configured anew, it begins where it stands."""
    heard = chain.heard["joint_trajectory"]
    wait_until_robot_rests(chain)
    before = len(heard)
    responses = chain.node.create_publisher(PointCloud2, "responses", 10)
    assert chain.until(lambda: responses.get_subscription_count() >= 2)
    responses.publish(chain.heard["responses"][0])
    assert chain.until(lambda: len(heard) == before + 1)
    chain.until(lambda: False, 0.7)
    assert chain.change("trajectory", Transition.TRANSITION_DEACTIVATE)
    assert chain.until(lambda: len(heard) == before + 2)
    assert ends_s(heard[-1]) < ends_s(heard[-2])
    assert ends_s(heard[-1]) - stamp_s(heard[-1].header.stamp) < 1.5
    stopped = heard[-1].points[-1].positions
    for transition in ("CLEANUP", "CONFIGURE", "ACTIVATE"):
        assert chain.change("trajectory", getattr(Transition, f"TRANSITION_{transition}"))
    chain.until(lambda: chain.node.get_clock().now().nanoseconds * 1e-9 > ends_s(heard[-1]), 3.0)
    responses.publish(chain.heard["responses"][0])
    assert chain.until(lambda: len(heard) == before + 3, 20.0)
    begin = heard[-1].points[0]
    assert np.abs(np.array(begin.positions) - np.array(stopped)).max() < 0.05
    chain.node.destroy_publisher(responses)
