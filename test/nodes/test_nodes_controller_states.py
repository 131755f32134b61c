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

"""Where controllers say that they hold the robot: answers begin there, and not where its weight lets it hang."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes import controller_states
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion
from iat_ros.nodes.controller_states import STATE
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.waiting import take_waiting
from iat_ros.resources import find_config
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

G1 = RobotModel.load(find_config("robots", "g1"))
TALOS = RobotModel.load(find_config("robots", "talos"))
CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)
SAG_RAD = 0.05


class Lab:
    """A trajectory node, and controllers that the test plays over DDS."""

    def __init__(self, robot: RobotModel, states: Sequence[str], remap: Sequence[str] = (), **values: Any) -> None:
        given = {"check_collisions": False, "joint_states_timeout": 10.0, "robot": robot.config.name, **values}
        remaps = [word for each in remap for word in ("-r", each)]
        self.node = TrajectoryNode(
            parameter_overrides=[Parameter(name, value=each) for name, each in given.items()],
            cli_args=["--ros-args", *remaps] if remaps else None,
        )
        self.robot = robot
        self._other = rclpy.create_node("controllers")
        self._tells = [self._other.create_publisher(JointTrajectory, topic, RESULT_QOS) for topic in states]
        assert bring_up(self.node)
        self.sent: list[tuple[JointTrajectory, int]] = []  # and when [ns]
        self.node._output.send = self._send  # type: ignore[method-assign]

    def close(self) -> None:
        """Take the nodes down."""
        self.node.destroy_node()
        self._other.destroy_node()

    def tell(self, poses: Sequence[Any], names: Sequence[tuple[str, ...]], speed: float = 0.0) -> None:
        """Have each controller tell its reference now; it is there a moment later."""
        for publisher, pose, joints in zip(self._tells, poses, names, strict=True):
            until_s = time.monotonic() + 5.0
            while not publisher.get_subscription_count() and time.monotonic() < until_s:
                time.sleep(0.01)
            message = JointTrajectory(joint_names=list(joints))
            message.header.stamp = self.node.get_clock().now().to_msg()
            message.points = [JointTrajectoryPoint(positions=list(map(float, pose)), velocities=[speed] * len(pose))]
            publisher.publish(message)
        time.sleep(0.02)

    def hears(self) -> list[str]:
        """Return which controllers it listens to."""
        who = self.node.get_name(), self.node.get_namespace()
        return [name for name, _ in self.node.get_subscriber_names_and_types_by_node(*who) if STATE in name]

    def stand(self, positions: np.ndarray) -> None:
        """Say that the robot stands, and has for long enough."""
        message = JointState(name=list(self.robot.joint_names), position=positions.tolist())
        self.node._on_joint_states(message)
        self.node._supervisor.observer.measured.shift(-STANDS_S)  # type: ignore[union-attr]
        self.node._on_joint_states(message)

    def answer(self) -> tuple[list[float], list[float]]:
        """Answer; return how long after it is sent the first two points are due [s], and the first one's positions."""
        self.node._on_response(ANSWER)
        message, sent_ns = self.sent[-1]
        stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        due = [stamp_ns - sent_ns + point.time_from_start.nanosec for point in message.points[:2]]
        return [1e-9 * each for each in due], list(message.points[0].positions)

    def _send(self, message: JointTrajectory) -> None:
        self.sent.append((message, self.node.get_clock().now().nanoseconds))


@pytest.fixture
def make(ros_domain: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Lab]]:
    """Make a lab; control_msgs is not on PyPI, so another message, which is, stands for its own on the way."""
    package, module = ModuleType("control_msgs"), ModuleType("control_msgs.msg")
    module.JointTrajectoryControllerState = JointTrajectory  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "control_msgs", package)
    monkeypatch.setitem(sys.modules, "control_msgs.msg", module)

    def take(subscription: Subscription) -> Iterator[SimpleNamespace]:
        """Give messages the fields of the real one."""
        for message in take_waiting(subscription):
            yield SimpleNamespace(header=message.header, joint_names=message.joint_names, reference=message.points[0])

    monkeypatch.setattr(controller_states, "take_waiting", take)
    rclpy.init(domain_id=ros_domain)
    labs: list[Lab] = []

    def run(*args: Any, **values: Any) -> Lab:
        labs.append(Lab(*args, **values))
        return labs[-1]

    yield run
    for lab in labs:
        lab.close()
    rclpy.try_shutdown()


def test_an_answer_begins_where_the_controller_holds_the_robot(make: Callable[..., Lab]) -> None:
    """The first point is that pose, a moment ago: the controller need not go by where the robot hangs."""
    lab = make(G1, [STATE])
    lab.tell([G1.rest[::-1]], [G1.joint_names[::-1]])  # in any order
    lab.stand(G1.rest - SAG_RAD)
    due_s, first = lab.answer()
    assert first == pytest.approx(list(G1.rest), abs=1e-9)
    assert -0.05 < due_s[0] < 0.0 < due_s[1]


@pytest.mark.parametrize(
    ("offset_rad", "speed", "age_s"),
    [(0.0, 0.1, 0.0), (0.0, 0.0, 0.2), (0.5, 0.0, 0.0), (np.nan, 0.0, 0.0)],
    ids=["it moves", "it is silent", "its motors are off", "it tells NaN"],
)
def test_else_it_begins_where_the_robot_is_measured(
    make: Callable[..., Lab], offset_rad: float, speed: float, age_s: float
) -> None:
    """A reference that is not where the robot is held is of no use."""
    lab = make(G1, [STATE])
    lab.tell([G1.rest + offset_rad], [G1.joint_names], speed)
    time.sleep(age_s)
    lab.stand(G1.rest - SAG_RAD)
    due_s, first = lab.answer()
    assert first == pytest.approx(list(G1.rest - SAG_RAD), abs=1e-3)
    assert due_s[0] > 0.0


def test_without_control_msgs_nothing_is_listened_to(make: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the robot is where it is measured."""
    monkeypatch.setitem(sys.modules, "control_msgs.msg", None)
    lab = make(G1, [])
    assert not lab.hears()
    lab.stand(G1.rest - SAG_RAD)
    assert lab.answer()[0][0] > 0.0


def test_each_controller_must_tell(make: Callable[..., Lab]) -> None:
    """Two arms of which one controller is silent are where they are measured, both."""
    topics = [f"{side}_arm_controller/{STATE}" for side in ("left", "right")]
    lab = make(TALOS, topics)
    names = TALOS.joint_names[:7], TALOS.joint_names[7:]
    lab.tell([TALOS.rest[:7], TALOS.rest[7:]], names)
    states = lab.node._controller_states
    assert states is not None
    assert states.held() == pytest.approx(TALOS.rest)
    states._newest[1] = None
    assert states.held() is None


def test_a_remapped_controller_is_heard_beside_its_topic(make: Callable[..., Lab]) -> None:
    """Whoever remaps joint_trajectory names the controller with it; cleanup listens no more."""
    lab = make(G1, [f"/arms/{STATE}"], remap=["joint_trajectory:=/arms/joint_trajectory"])
    lab.tell([G1.rest], [G1.joint_names])
    assert lab.hears() == [f"/arms/{STATE}"]
    lab.node.trigger_deactivate()
    lab.node.trigger_cleanup()
    assert not lab.hears()


def test_no_executor_hands_on_what_controllers_tell(make: Callable[..., Lab]) -> None:
    """It comes up to a thousand times a second."""
    lab = make(G1, [STATE])
    assert lab.hears() == [f"/{STATE}"]
    assert f"/{STATE}" not in [each.topic_name for each in lab.node.subscriptions]
