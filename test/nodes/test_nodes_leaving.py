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

"""However the trajectory node leaves, but for a kill, it stops the robot first."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

REST = RobotModel.load(find_config("robots", "g1")).rest
CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def robot(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> Any:
    """A simulated robot that is listened to."""
    start("robot")
    rig.listen(JointState, "joint_states")
    rig.wait_active("robot")
    rig.responses = rig.node.create_publisher(PointCloud2, "responses", RESULT_QOS)
    return rig


def perform(rig: Any, start: Callable[..., subprocess.Popen[str]], name: str) -> subprocess.Popen[str]:
    """Start a trajectory node and an answer; return once the robot is well under way."""
    process = start(
        "trajectory",
        "--ros-args",
        "-r",
        f"__node:={name}",
        "-p",
        "stream_timeout:=0.0",
        "-p",
        "joint_states_timeout:=1.0",
    )
    rig.wait_active(name)
    assert rig.until(lambda: rig.responses.get_subscription_count() == 1)
    assert rig.until(lambda: rig.node.count_publishers("joint_trajectory") == 1)
    rig.wait_untroubled(name)
    rig.responses.publish(ANSWER)
    assert rig.until(lambda: np.abs(rig.heard["joint_states"][-1].velocity).max() > 0.2, 5.0)
    rig.until(lambda: False, 0.5)
    return process


def off_rest(rig: Any) -> float:
    """How far the robot is from its rest pose [rad]."""
    return float(np.abs(np.array(rig.heard["joint_states"][-1].position) - REST).max())


def stood_within(rig: Any, seconds: float) -> bool:
    """Whether the robot stands within so long, away from its rest pose, and stays there."""
    if not rig.until(lambda: not any(rig.heard["joint_states"][-1].velocity), seconds):
        return False
    where = off_rest(rig)
    rig.until(lambda: False, 1.0)
    return where > 0.1 and abs(off_rest(rig) - where) < 1e-6


def test_ctrl_c_stops_the_robot(robot: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """Whoever ends the program in mid-answer wants no more of it."""
    process = perform(robot, start, "ended")
    process.send_signal(signal.SIGINT)
    assert stood_within(robot, 1.5)
    assert process.wait(timeout=10) == 0


def test_shutdown_stops_the_robot(robot: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """As deactivating does; halt then says how it is."""
    process = perform(robot, start, "shut_down")
    assert robot.change("shut_down", Transition.TRANSITION_ACTIVE_SHUTDOWN)
    assert stood_within(robot, 1.5)
    answer = robot.call(Trigger, "halt", Trigger.Request())
    assert answer.success
    process.terminate()
    assert process.wait(timeout=10) == 0
