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

"""The chain in one process: windows and answers are handed over, and each is taken once all the same."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import from_clips
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.trajectory import OVERTAKEN
from iat_ros.skeleton.definition import load_skeleton

THROW = make_clips(people=2, trials=1, actions=("throw",))[1]
DEFINITION = load_skeleton("utd_mhad")

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def chain(rig: Any, start: Callable[..., subprocess.Popen[str]], random_model: Callable[..., Path]) -> Any:
    """All three nodes in one process, active, with a robot that says nothing."""
    settings = {"model": random_model(), "device": "cpu", "joint_states_timeout": 0.0, "stream_timeout": 0.0}
    start("interact", "--ros-args", *(word for key, value in settings.items() for word in ("-p", f"{key}:={value}")))
    for kind, topic in ((PointCloud2, "windows"), (PointCloud2, "responses"), (JointTrajectory, "joint_trajectory")):
        rig.listen(kind, topic)
    rig.wait_active("perception", "act2act", "trajectory")
    rig.skeletons = rig.node.create_publisher(
        PointCloud2, "skeletons", QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    )
    rig.windows = rig.node.create_publisher(PointCloud2, "windows", RESULT_QOS)
    assert rig.until(lambda: rig.skeletons.get_subscription_count() == 2 and rig.windows.get_subscription_count() == 2)
    assert rig.until(lambda: all(rig.node.count_publishers(topic) for topic in rig.heard))
    return rig


def act(rig: Any, bodies: Sequence[int]) -> None:
    """Let people throw, all of them at the same time, in the same frames."""
    start_s = rig.node.get_clock().now().nanoseconds * 1e-9
    done, clock = threading.Event(), threading.Event()

    def publish() -> None:
        for frame in from_clips([THROW], still_s=0.8):
            clock.wait(1 / 30)
            apart_m = np.arange(len(bodies))[:, None, None] * np.array([2.0, 0.0, 0.0])
            positions = frame.positions + apart_m
            rig.skeletons.publish(
                encode_skeletons(to_stamp(start_s + frame.time_s), "camera", np.array(bodies), positions)
            )
        done.set()

    threading.Thread(target=publish).start()
    assert rig.until(done.is_set)
    rig.until(lambda: False, 2.5)  # for what would come a second time, and diagnostics


def told(rig: Any, key: str) -> tuple[int, ...]:
    """A count of act2act and of trajectory."""
    return tuple(int(rig.counts.get(f"/{node}", {}).get(key, 0)) for node in ("act2act", "trajectory"))


def test_an_action_is_answered_once_though_its_messages_come_twice(chain: Any) -> None:
    """Handed over and heard on the topics: one window, one response, one trajectory."""
    act(chain, [1])
    assert {topic: len(heard) for topic, heard in chain.heard.items()} == dict.fromkeys(chain.heard, 1)
    assert told(chain, "answers") == (1, 1)


def test_of_two_people_who_end_with_one_frame_the_robot_answers_the_second(chain: Any) -> None:
    """Both windows and both answers go out; the robot performs one, and the other is counted."""
    act(chain, [2, 3])
    assert [message.header.frame_id for message in chain.heard["windows"][1:]] == ["body_2", "body_3"]
    assert [message.header.frame_id for message in chain.heard["responses"][1:]] == ["body_2", "body_3"]
    assert told(chain, "answers") == (3, 2)
    assert told(chain, OVERTAKEN) == (0, 1)


def test_a_window_from_elsewhere_is_answered_too(chain: Any) -> None:
    """As from a perception on another machine."""
    motion = cut_action(DEFINITION, THROW, 32).motion
    stamp = chain.node.get_clock().now().to_msg()
    chain.windows.publish(encode_motion(Header(stamp=stamp, frame_id="body_9"), motion))
    assert chain.until(lambda: chain.heard["responses"][-1].header.frame_id == "body_9")
    assert chain.until(lambda: told(chain, "answers") == (4, 3))
