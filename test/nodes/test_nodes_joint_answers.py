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

"""Answers in joint space over DDS: a model of joints, the trajectory node, a simulated robot."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action, stack
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import PairSet
from iat_ros.data.recording import from_clips
from iat_ros.errors import IatError
from iat_ros.nodes.answer_message import decode_joints, encode_joints
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_skeletons, to_stamp
from iat_ros.nodes.monitor import faults_of
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import JointMotion, JointScale
from iat_ros.skeleton.motion import MotionArray
from iat_ros.training.config import GanConfig, TrainingConfig
from iat_ros.training.pipeline import prepare_output, train

G1 = RobotModel.load(find_config("robots", "g1"))
JOINTS = ("left_shoulder_pitch_joint", "left_elbow_joint", "right_elbow_joint", "waist_lamp")
"""Of the robot's 14 joints three, and one that it has not."""
DEFINITION = load_skeleton("utd_mhad")
CLIPS = make_clips(people=3, trials=3, actions=("throw", "knock"))

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def joint_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has learned to answer throws with the left arm, and knocks with the right elbow."""
    stimuli = [cut_action(DEFINITION, clip, 32) for clip in CLIPS]
    up = np.sin(np.linspace(0.0, np.pi, 32))[:, None] * np.ones(4)
    moved = {"throw": (-0.8, 0.6, 0.0, 0.3), "knock": (0.0, 0.0, 0.7, 0.3)}
    rest = np.array([G1.rest[G1.joint_names.index(name)] if name in G1.joint_names else 0.0 for name in JOINTS])
    positions = np.stack([rest + up * moved[clip.action] for clip in CLIPS])
    scale = JointScale.of(JOINTS, list(positions))
    responses = MotionArray(scale.to_vectors(positions), np.full(len(CLIPS), 1.5))
    directory = tmp_path_factory.mktemp("joints") / "model"
    prepare_output(directory, resume=False)
    pairs = PairSet(stack(stimuli), responses, np.array([clip.person for clip in CLIPS]))
    config = TrainingConfig(width=8, pool=64, gan=GanConfig(steps=4, batch=8))
    card = {"skeleton": "utd_mhad", "limb_names": DEFINITION.limb_names, "data_set": {}, "joints": scale}
    train(pairs, config, 0, directory, card)
    return directory


@pytest.fixture(scope="module")
def chain(rig: Any, start: Callable[..., subprocess.Popen[str]], joint_model: Path) -> Any:
    """Perception, act2act with a model of joints, trajectory and a simulated robot, each a process of its own."""
    start("perception")
    start("act2act", "--ros-args", "-p", f"model:={joint_model}", "-p", "device:=cpu")
    start("trajectory", "--ros-args", "-p", "stream_timeout:=0.0", "-p", "joint_states_timeout:=1.0")
    start("robot")
    for kind, topic in (
        (PointCloud2, "windows"),
        (PointCloud2, "responses"),
        (JointTrajectory, "joint_responses"),
        (JointTrajectory, "coming_joint_responses"),
        (JointTrajectory, "joint_trajectory"),
        (JointState, "joint_states"),
    ):
        rig.listen(kind, topic)
    rig.wait_active("perception", "act2act", "trajectory", "robot")
    rig.skeletons = rig.node.create_publisher(
        PointCloud2, "skeletons", QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    rig.joint_responses = rig.node.create_publisher(JointTrajectory, "joint_responses", RESULT_QOS)
    rig.coming = rig.node.create_publisher(JointTrajectory, "coming_joint_responses", RESULT_QOS)
    for publisher, count in ((rig.skeletons, 2), (rig.joint_responses, 2), (rig.coming, 2)):
        assert rig.until(lambda each=publisher, count=count: each.get_subscription_count() == count)
    for topic in ("windows", "joint_trajectory", "joint_states"):
        assert rig.until(lambda topic=topic: rig.node.count_publishers(topic) == 1)
    assert rig.until(lambda: rig.heard["joint_states"])
    return rig


def count(rig: Any, node: str, key: str) -> int:
    """One of a node's counters."""
    return int(rig.counts.get(f"/{node}", {}).get(key, "0"))


def rests(rig: Any) -> bool:
    """Whether the robot stands still in its rest pose."""
    state = rig.heard["joint_states"][-1]
    return float(np.abs(state.velocity).max()) == 0.0 and np.abs(np.array(state.position) - G1.rest).max() < 1e-3


def act(rig: Any, clip: Any, body: int) -> None:
    """Publish a clip as a live person."""
    start_s = rig.node.get_clock().now().nanoseconds * 1e-9
    done, clock = threading.Event(), threading.Event()

    def publish() -> None:
        for frame in from_clips([clip], still_s=0.8):
            clock.wait(1 / 30)
            stamp = to_stamp(start_s + frame.time_s)
            rig.skeletons.publish(encode_skeletons(stamp, "camera", np.array([body]), frame.positions))
        done.set()

    threading.Thread(target=publish).start()
    assert rig.until(done.is_set)


def swing(names: tuple[str, ...] = ("left_elbow_joint",), height: float = 0.5, duration_s: float = 1.5) -> JointMotion:
    """Joints that go up from rest and come back."""
    rest = np.array([G1.rest[G1.joint_names.index(name)] if name in G1.joint_names else 0.0 for name in names])
    up = height * np.sin(np.linspace(0.0, np.pi, 32)) ** 2
    return JointMotion(names, rest + up[:, None], duration_s)


def give(rig: Any, motion: JointMotion) -> JointTrajectory:
    """Publish an answer in joints to a robot at rest; return the trajectory that it gives."""
    assert rig.until(lambda: rests(rig), 30.0)
    before = len(rig.heard["joint_trajectory"])
    rig.joint_responses.publish(encode_joints(Header(frame_id="body_9"), motion))
    assert rig.until(lambda: len(rig.heard["joint_trajectory"]) > before)
    return rig.heard["joint_trajectory"][-1]


def furthest(message: JointTrajectory, joint: str) -> float:
    """The highest position of a joint in a trajectory [rad]."""
    column = list(message.joint_names).index(joint)
    return float(max(point.positions[column] for point in message.points))


def test_an_action_is_answered_in_joints(chain: Any) -> None:
    """The answer has the window's stamp, the joints' names and 32 frames; the robot moves these joints alone."""
    act(chain, CLIPS[-1], body=7)
    assert chain.until(lambda: chain.heard["joint_responses"] and chain.heard["joint_trajectory"])
    window, answer = chain.heard["windows"][-1], chain.heard["joint_responses"][-1]
    assert answer.header == window.header
    motion = decode_joints(answer)
    assert (motion.joint_names, motion.positions.shape) == (JOINTS, (32, 4))
    assert motion.duration_s == pytest.approx(1.5, abs=0.01)
    assert np.ptp(motion.positions[:, 2]) == pytest.approx(0.7, abs=0.1)  # a knock: the right elbow
    message = chain.heard["joint_trajectory"][-1]
    assert faults_of(message, G1) == []
    assert furthest(message, "right_elbow_joint") == pytest.approx(motion.positions[:, 2].max(), abs=0.05)
    still = [name for name in message.joint_names if name not in JOINTS]
    for name in still:
        rest = G1.rest[G1.joint_names.index(name)]
        assert furthest(message, name) == pytest.approx(rest, abs=1e-3)
    assert not chain.heard["responses"]
    assert chain.until(lambda: any("waist_lamp of the answers are not commanded" in line for line in chain.log))


def test_prepared_answers_are_in_joints_too(chain: Any) -> None:
    """The answer was made and planned during the silence after the action."""
    assert chain.until(lambda: count(chain, "act2act", "answers that were ready") > 0)
    assert chain.heard["coming_joint_responses"]
    assert chain.until(lambda: rests(chain), 30.0)
    motion, ready = swing(height=0.3), count(chain, "trajectory", "answers that were ready")
    chain.coming.publish(encode_joints(Header(frame_id="body_9"), motion))
    chain.until(lambda: False, 0.5)  # topics keep no common order
    give(chain, motion)
    assert chain.until(lambda: count(chain, "trajectory", "answers that were ready") == ready + 1)


def test_answers_on_request_are_in_joints_too(chain: Any) -> None:
    """Again and other noise publish joints; there is no figure of alternatives."""
    before = len(chain.heard["joint_responses"])
    for service in ("again", "other_noise"):
        assert chain.call(Trigger, f"/act2act/{service}", Trigger.Request()).success
    assert chain.until(lambda: len(chain.heard["joint_responses"]) == before + 2)
    refused = chain.call(Trigger, "/act2act/alternatives", Trigger.Request())
    assert not refused.success
    assert "no figure" in refused.message


@pytest.mark.parametrize(
    "motion",
    [
        swing(height=9.0),  # far beyond the joint's limit
        swing(height=1.2, duration_s=0.1),  # faster than any motor
        swing(G1.joint_names, height=0.6, duration_s=0.3),  # all joints at once, through the robot's own body
    ],
)
def test_limits_hold_whatever_is_asked_for(chain: Any, motion: JointMotion) -> None:
    """Positions are held inside the limits, time is stretched; the simulated robot never leaves them."""
    message = give(chain, motion)
    assert faults_of(message, G1) == []
    assert chain.until(lambda: np.abs(chain.heard["joint_states"][-1].velocity).max() > 0.05)
    assert chain.until(lambda: rests(chain), 30.0)
    positions = np.array([state.position for state in chain.heard["joint_states"]])
    assert (positions >= G1.lower - 1e-6).all()
    assert (positions <= G1.upper + 1e-6).all()


def test_halt_stops_an_answer_in_joints(chain: Any) -> None:
    """The guard holds for these answers as for others."""
    give(chain, swing(height=0.8, duration_s=4.0))
    assert chain.until(lambda: np.abs(chain.heard["joint_states"][-1].velocity).max() > 0.05)
    assert chain.call(Trigger, "/halt", Trigger.Request()).success
    assert chain.until(lambda: np.abs(chain.heard["joint_states"][-1].velocity).max() == 0.0, 5.0)
    before = len(chain.heard["joint_trajectory"])
    chain.joint_responses.publish(encode_joints(Header(frame_id="body_9"), swing()))
    chain.until(lambda: False, 0.5)
    assert len(chain.heard["joint_trajectory"]) == before
    assert chain.call(Trigger, "/resume", Trigger.Request()).success


def test_joints_of_another_robot_are_refused(chain: Any) -> None:
    """One line names the joints of both, and no trajectory comes."""
    before = len(chain.heard["joint_trajectory"])
    chain.joint_responses.publish(encode_joints(Header(frame_id="body_9"), swing(("panda_joint1", "panda_joint2"))))
    reason = "answer for joints panda_joint1, panda_joint2, none of which robot 'g1' commands"
    assert chain.until(lambda: any(reason in line for line in chain.log))
    assert len(chain.heard["joint_trajectory"]) == before


Change = Callable[[JointTrajectory], Any]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda m: m.points.clear(), "expected 2 to 256 points, got 0"),
        (lambda m: setattr(m.points[3], "positions", [0.0, 1.0]), "expected 1 positions in each point"),
        (lambda m: setattr(m.points[3], "positions", [float("nan")]), "NaN"),
        (lambda m: setattr(m.points[3], "positions", [1e300]), "beyond 1000"),
        (lambda m: setattr(m.points[3], "time_from_start", m.points[2].time_from_start), "must increase"),
        (lambda m: m.joint_names.append("left_elbow_joint"), "expected 2 positions"),
        (lambda m: m.joint_names.clear(), "expected 0 positions"),
        (lambda m: setattr(m.points[-1].time_from_start, "sec", 10**6), "between 0.05 and 60 s"),
    ],
)
def test_malformed_answers_are_refused(change: Change, problem: str) -> None:
    """Whatever a stranger publishes is one clear line, and no trajectory."""
    message = encode_joints(Header(), swing())
    change(message)
    with pytest.raises(IatError, match=problem):
        decode_joints(message)


def test_uneven_times_are_made_even() -> None:
    """Frames that come faster at the end are brought to even steps; the way stays the same."""
    message = encode_joints(Header(), swing(duration_s=3.1))
    for point in message.points[16:]:
        at_s = 1.6 + (point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec - 1.6) / 3
        point.time_from_start.sec, point.time_from_start.nanosec = int(at_s), int(1e9 * (at_s % 1.0))
    motion = decode_joints(message)
    assert motion.duration_s == pytest.approx(2.1)
    rest = G1.rest[G1.joint_names.index("left_elbow_joint")]
    assert motion.positions[:, 0].max() == pytest.approx(rest + 0.5, abs=0.01)
    assert motion.times_s[int(motion.positions[:, 0].argmax())] == pytest.approx(1.55, abs=0.08)
    assert message.header.stamp == Time()
