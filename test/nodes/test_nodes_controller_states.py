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
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message, serialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes import controller_states
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_motion, stamp_s
from iat_ros.nodes.controller_states import STATE_TOPIC, ControllerStates
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.waiting import take_waiting
from iat_ros.resources import find_config
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import HELD_BEFORE_S
from iat_ros.skeleton.definition import load_skeleton

G1 = RobotModel.load(find_config("robots", "g1"))
TALOS = RobotModel.load(find_config("robots", "talos"))
CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)
SAG_RAD = 0.05


class Lab:
    """A trajectory node, and controllers that the test plays over DDS."""

    def __init__(self, robot: RobotModel, states: Sequence[str], remap: Sequence[str] = (), **values: Any) -> None:
        given = {
            "check_collisions": False,
            "joint_states_timeout": 10.0,
            "stream_timeout": 0.0,
            "robot": robot.config.name,
            **values,
        }
        remaps = [word for each in remap for word in ("-r", each)]
        self.node = TrajectoryNode(
            parameter_overrides=[Parameter(name, value=each) for name, each in given.items()],
            cli_args=["--ros-args", *remaps] if remaps else None,
        )
        self.robot = robot
        self.ahead_s = 0.0  # so much the controllers' clocks are
        self._other = rclpy.create_node("controllers")
        self._tells = [self._other.create_publisher(JointTrajectory, topic, RESULT_QOS) for topic in states]
        assert bring_up(self.node)
        self.sent: list[tuple[JointTrajectory, int]] = []  # and when [ns]
        self.node._output.send = self._send  # type: ignore[method-assign]

    def close(self) -> None:
        """Take the nodes down."""
        self.node.destroy_node()
        self._other.destroy_node()

    @property
    def states(self) -> ControllerStates:
        """What listens to controllers."""
        states = self.node._controller_states
        assert states is not None
        return states

    def tell(self, *messages: JointTrajectory) -> None:
        """Have each controller tell its reference now, and wait until it is there."""
        for number, (publisher, message) in enumerate(zip(self._tells, messages, strict=True)):
            until_s = time.monotonic() + 10.0
            while not publisher.get_subscription_count() and time.monotonic() < until_s:
                time.sleep(0.01)
            message.header.stamp = (self.node.get_clock().now() + Duration(seconds=self.ahead_s)).to_msg()
            publisher.publish(message)
            while time.monotonic() < until_s:
                self.states.held(-np.inf)
                newest = self.states._newest[number][1]
                if newest is not None and newest.header.stamp == message.header.stamp:
                    break
            else:
                pytest.fail("a message never came")

    def hears(self) -> list[str]:
        """Return which controllers it listens to, by its own account: the graph is slow to forget other tests."""
        return [each.topic_name for each in self.node._subscriptions if STATE_TOPIC in each.topic_name]

    def stand(self, positions: np.ndarray) -> None:
        """Say that the robot stands, and has for long enough."""
        message = JointState(name=list(self.robot.joint_names), position=positions.tolist())
        self.node._see_joints([(serialize_message(message), 0.0)])
        self.node._supervisor.observer.measured.shift(-STANDS_S)  # type: ignore[union-attr]
        self.node._see_joints([(serialize_message(message), 0.0)])

    def answer(self) -> tuple[list[float], list[float]]:
        """Answer; return how long after it is sent the first two points are due [s], and the first one's positions."""
        self.node._on_responses([ANSWER])
        message, sent_ns = self.sent[-1]
        stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        due = [stamp_ns - sent_ns + point.time_from_start.nanosec for point in message.points[:2]]
        return [1e-9 * each for each in due], list(message.points[0].positions)

    def _send(self, message: JointTrajectory, _: Any) -> None:
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
        for serialised in take_waiting(subscription):
            message = deserialize_message(serialised, JointTrajectory)
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


def reference(
    joint_names: Sequence[str], positions: Sequence[float] | np.ndarray, velocities: Sequence[float] | None = None
) -> JointTrajectory:
    """Write what a controller follows: it stands, unless velocities are given."""
    speeds = [0.0] * len(joint_names) if velocities is None else list(velocities)
    point = JointTrajectoryPoint(positions=[float(each) for each in positions], velocities=speeds)
    return JointTrajectory(joint_names=list(joint_names), points=[point])


def test_an_answer_begins_where_the_controller_holds_the_robot(make: Callable[..., Lab]) -> None:
    """The first point is that pose, a moment ago: the controller need not go by where the robot hangs."""
    lab = make(G1, [STATE_TOPIC])
    lab.tell(reference(G1.joint_names[::-1], G1.rest[::-1]))  # in any order
    lab.stand(G1.rest - SAG_RAD)
    due_s, first = lab.answer()
    assert first == pytest.approx(list(G1.rest), abs=1e-9)
    assert due_s[0] == pytest.approx(-HELD_BEFORE_S, abs=0.01)
    assert due_s[1] > 0.0
    assert lab.node.counts["answers from where the robot is held"] == 1


STILL = [0.0] * len(G1.rest)


@pytest.mark.parametrize(
    ("message", "age_s", "ahead_s"),
    [
        (reference(G1.joint_names, G1.rest, [0.1, *STILL[1:]]), 0.0, 0.0),
        (reference(G1.joint_names, G1.rest), 0.6, 0.0),
        (reference(G1.joint_names, G1.rest), 0.0, 1.0),
        (reference(G1.joint_names, G1.rest + 0.5), 0.0, 0.0),
        (reference(G1.joint_names, [np.nan, *G1.rest[1:]]), 0.0, 0.0),
        (reference(G1.joint_names, G1.rest[1:]), 0.0, 0.0),
        (reference(G1.joint_names, G1.rest, []), 0.0, 0.0),
        (reference(G1.joint_names, G1.rest, [np.nan, *STILL[1:]]), 0.0, 0.0),
        (reference(G1.joint_names[1:], G1.rest[1:]), 0.0, 0.0),
    ],
    ids=[
        "it moves", "it is silent", "its clock is ahead", "its motors are off", "it tells NaN", "a position is missing",
        "no speed is told", "a speed is NaN", "a joint is missing",
    ],
)  # fmt: skip
def test_else_it_begins_where_the_robot_is_measured(
    make: Callable[..., Lab], message: JointTrajectory, age_s: float, ahead_s: float
) -> None:
    """A reference that is not where the robot is held is of no use, and no harm."""
    lab = make(G1, [STATE_TOPIC])
    lab.ahead_s = ahead_s
    lab.tell(message)
    time.sleep(age_s)
    lab.stand(G1.rest - SAG_RAD)
    due_s, first = lab.answer()
    assert first == pytest.approx(list(G1.rest - SAG_RAD), abs=1e-3)
    assert due_s[0] > 0.0
    assert not lab.node.dropped


def test_what_is_held_is_known_until_the_controller_says_otherwise(make: Callable[..., Lab]) -> None:
    """It is asked more often than it tells; but what it told before a plan ended counts for nothing after."""
    lab = make(G1, [STATE_TOPIC])
    lab.tell(reference(G1.joint_names, G1.rest))
    told_s = stamp_s(lab.states._newest[0][1].header.stamp)
    for _ in range(3):
        assert lab.states.held(told_s - 0.01).position == pytest.approx(G1.rest)
    assert np.isnan(lab.states.held(told_s + 0.01).position).all()


def test_what_was_told_long_ago_is_not_new_when_the_clock_comes_by_again(
    make: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated time may be started anew."""
    lab = make(G1, [STATE_TOPIC])
    lab.tell(reference(G1.joint_names, G1.rest))
    then_s = lab.node.get_clock().now().nanoseconds * 1e-9
    time.sleep(0.6)
    monkeypatch.setattr(lab.states, "_now_s", lambda: then_s)
    assert np.isnan(lab.states.held(-np.inf).position).all()


def test_without_control_msgs_nothing_is_listened_to(
    make: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Then the robot is where it is measured, and the node says what to install."""
    monkeypatch.setitem(sys.modules, "control_msgs.msg", None)
    lab = make(G1, [])
    assert not lab.hears()
    assert "control_msgs is not installed (apt install" in capfd.readouterr().err
    lab.stand(G1.rest - SAG_RAD)
    assert lab.answer()[0][0] > 0.0


def test_a_controller_that_may_not_be_heard_keeps_nobody_from_answering(
    make: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Security may forbid one of two topics: then neither is listened to, and the node says which was forbidden."""
    create = TrajectoryNode.create_polled_subscription

    def refuse(node: TrajectoryNode, kind: type, topic: str, *given: Any, **named: Any) -> Subscription:
        """Let the left arm's controller be heard only."""
        if "right" in topic:
            raise RuntimeError("not allowed")
        return create(node, kind, topic, *given, **named)

    monkeypatch.setattr(TrajectoryNode, "create_polled_subscription", refuse)
    lab = make(TALOS, [])
    assert not lab.hears()
    assert f"/right_arm_controller/{STATE_TOPIC}: RuntimeError: not allowed" in capfd.readouterr().err
    lab.stand(TALOS.rest)
    assert lab.answer()[0][0] > 0.0


def test_a_controller_with_another_name_is_not_guessed_at(make: Callable[..., Lab]) -> None:
    """Nothing tells what its state would be called."""
    lab = make(G1, [], remap=["joint_trajectory:=/arms/commands"])
    assert not lab.hears()
    assert lab.states.silent == "the controller '/arms/commands' does not end in 'joint_trajectory'"


def test_each_controller_must_tell(make: Callable[..., Lab]) -> None:
    """Two arms of which one controller falls silent are where they are measured, both."""
    lab = make(TALOS, [f"{side}_arm_controller/{STATE_TOPIC}" for side in ("left", "right")])
    left, right = (reference(TALOS.joint_names[half], TALOS.rest[half]) for half in (slice(7), slice(7, None)))
    lab.tell(left, right)
    assert lab.states.held(-np.inf).position == pytest.approx(TALOS.rest)
    time.sleep(0.6)
    lab._tells.pop()
    lab.tell(left)
    assert lab.states.held(-np.inf).position[:7] == pytest.approx(TALOS.rest[:7])
    assert np.isnan(lab.states.held(-np.inf).position[7:]).all()
    lab.stand(TALOS.rest + SAG_RAD)
    assert lab.node._supervisor.observer.standing(lab.node._now_s()).position == pytest.approx(TALOS.rest + SAG_RAD)


def test_a_remapped_controller_is_heard_beside_its_topic(make: Callable[..., Lab]) -> None:
    """Whoever remaps joint_trajectory names the controller with it; cleanup listens no more."""
    lab = make(G1, [f"/arms/{STATE_TOPIC}"], remap=["joint_trajectory:=/arms/joint_trajectory"])
    lab.tell(reference(G1.joint_names, G1.rest))
    assert lab.hears() == [f"/arms/{STATE_TOPIC}"]
    lab.node.trigger_deactivate()
    lab.node.trigger_cleanup()
    assert not lab.hears()


def test_no_executor_hands_on_what_controllers_tell(make: Callable[..., Lab]) -> None:
    """It comes up to a thousand times a second."""
    lab = make(G1, [STATE_TOPIC])
    assert lab.hears() == [f"/{STATE_TOPIC}"]
    assert f"/{STATE_TOPIC}" not in [each.topic_name for each in lab.node.subscriptions]
