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

"""A robot whose URDF comes on the topic robot_description, and whose arms have a controller each, over DDS."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from lifecycle_msgs.msg import State, Transition
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header, String
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion
from iat_ros.nodes.monitor import faults_of, joined
from iat_ros.nodes.robot_description import LATCHED_QOS
from iat_ros.robot.description import load_robot_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)
TOPICS = ["left_arm_controller/joint_trajectory", "right_arm_controller/joint_trajectory"]

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def mapping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mapping without URDF."""
    arms = {
        side: {
            "shoulder": f"{side}_shoulder_roll_link",
            "elbow": f"{side}_elbow_link",
            "wrist": f"{side}_wrist_pitch_link",
            "controller": f"{side}_arm_controller/joint_trajectory",
        }
        for side in ("left", "right")
    }
    path = tmp_path_factory.mktemp("robot") / "mine.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "torso": "waist_yaw_link", "arms": arms}))
    return path


def test_a_node_that_gets_no_description_says_so(
    rig: Any, start: Callable[..., Any], mapping: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It waits, refuses with one line that names the topic, and can be configured once the URDF is there."""
    words = ["-p", f"robot:={mapping}", "-p", "description_timeout:=0.3", "-p", "check_collisions:=false"]
    start("trajectory", "--ros-args", "-r", "__node:=early", *words)
    told: list[str] = []
    line = "no URDF came on the topic /robot_description within 0.3 s"
    assert rig.until(lambda: told.append(capfd.readouterr().err) or line in "".join(told), 30.0)
    assert rig.state("early") == State.PRIMARY_STATE_UNCONFIGURED


def test_a_node_that_waits_can_be_ended(mapping: Path, ros_domain: int) -> None:
    """Ctrl-C is not held up until the time is over."""
    words = [sys.executable, "-m", "iat_ros", "robot", "--ros-args", "-p", f"robot:={mapping}"]
    process = subprocess.Popen([*words, "-p", "description_timeout:=60.0"], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "waiting up to 60 s" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=15) == 0
    said = process.stderr.read()
    process.stderr.close()
    assert "asked to end while waiting for a URDF" in said
    assert "no URDF came" not in said


def test_both_arms_are_moved_by_their_controllers(
    rig: Any, start: Callable[..., subprocess.Popen[str]], mapping: Path, robot_urdf: Callable[..., str]
) -> None:
    """Each controller gets the part for its joints, with one stamp; put together they keep all limits."""
    urdf = robot_urdf()
    words = ["--ros-args", "-p", f"robot:={mapping}", "-p", "description_timeout:=30.0"]
    patient = ["-p", "stream_timeout:=0.0", "-p", "joint_states_timeout:=1.0"]
    start("trajectory", *words, *patient, "-p", "check_collisions:=false")
    start("robot", "simulate", *words)
    assert rig.until(lambda: rig.node.count_subscribers("robot_description") == 2, 30.0)
    description = rig.node.create_publisher(String, "robot_description", LATCHED_QOS)  # comes after who waits for it
    description.publish(String(data=urdf))
    rig.wait_active("trajectory", "robot")
    heard = [rig.listen(JointTrajectory, topic) for topic in TOPICS]
    states = rig.listen(JointState, "joint_states")
    responses = rig.node.create_publisher(PointCloud2, "responses", RESULT_QOS)
    for topic in TOPICS:
        assert rig.until(lambda topic=topic: rig.node.count_publishers(topic) == 1)
        assert rig.node.count_subscribers(topic) == 2

    def own() -> list[str]:
        return [name for name, _ in rig.node.get_publisher_names_and_types_by_node("trajectory", "/")]

    assert rig.until(lambda: "/joint_trajectory" not in own())
    assert rig.until(lambda: states and responses.get_subscription_count() >= 1)
    rig.wait_untroubled("trajectory")
    responses.publish(ANSWER)
    assert rig.until(lambda: all(heard), 10.0)
    left, right = (messages[0] for messages in heard)
    assert left.header.stamp == right.header.stamp
    model = RobotModel(load_robot_config(mapping), urdf)
    assert faults_of(joined([left, right]), model) == []
    assert tuple(left.joint_names) == model.joint_names[:7]
    ends_s = left.points[-1].time_from_start.sec + 1.0
    assert rig.until(lambda: max(np.abs(states[-1].velocity)) > 0.2, ends_s)
    at = [states[-1].name.index(name) for name in model.joint_names]
    assert rig.until(lambda: max(np.abs(states[-1].velocity)) == 0.0, ends_s + 5.0)
    moved = np.abs(np.array([np.array(state.position)[at] for state in states]) - model.rest).max(axis=0)
    assert moved[:7].max() > 0.05
    assert moved[7:].max() > 0.5, "a throw is the right arm's"
    assert not [key for key in rig.counts.get("/robot", {}) if "violation" in key or "dropped" in key]
    assert rig.change("early", Transition.TRANSITION_CONFIGURE), "what was refused before works now"
