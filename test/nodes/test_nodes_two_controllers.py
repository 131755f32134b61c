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

"""Two arms with controllers of their own: each gets its part, and what one gives up the other does not finish alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from action_msgs.msg import GoalStatus
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import encode_motion
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.resources import find_config
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

TALOS = RobotModel.load(find_config("robots", "talos"))
LEFT, RIGHT = TALOS.joint_names[:7], TALOS.joint_names[7:]
CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)
ABORTED, CANCELED = GoalStatus.STATUS_ABORTED, GoalStatus.STATUS_CANCELED


@pytest.fixture
def make(ros_domain: int) -> Iterator[Callable[[str], TrajectoryNode]]:
    """Make an active node whose robot stands in its rest pose, with an output."""
    rclpy.init(domain_id=ros_domain)
    nodes: list[TrajectoryNode] = []

    def run(output: str) -> TrajectoryNode:
        given = {"robot": "talos", "output": output, "check_collisions": False, "stream_timeout": 0.0}
        given |= {"joint_states_timeout": 10.0, "following_tolerance": 0.0}
        node = TrajectoryNode(parameter_overrides=[Parameter(name, value=each) for name, each in given.items()])
        nodes.append(node)
        assert bring_up(node)
        message = JointState(name=list(TALOS.joint_names), position=TALOS.rest.tolist())
        node._see_joints([(serialize_message(message), 0.0)])
        node._supervisor.observer.measured.shift(-STANDS_S)
        node._see_joints([(serialize_message(message), 0.0)])
        return node

    yield run
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def answering(make: Callable[[str], TrajectoryNode], controller: Any) -> TrajectoryNode:
    """Make a node whose answer both controllers have accepted."""
    node = make("action")
    node._on_responses([ANSWER])
    for goal in controller.goals:
        goal.accept()
    return node


def give_up(node: TrajectoryNode, joints: tuple[str, ...]) -> None:
    """Have it found out once, when the node looks next, that controllers do not follow."""
    node._supervisor.observer.given_up = lambda _, sending=False: finds.pop() if finds else None
    finds = [np.isin(TALOS.joint_names, joints)]


@pytest.mark.parametrize("accepted_late", [False, True])
def test_with_two_controllers_no_arm_goes_on_alone(
    make: Callable[[str], TrajectoryNode], controller: Any, accepted_late: bool
) -> None:
    """Each gets a goal for its joints; where one gives up, the other is stopped on its path, and the robot halted."""
    node = make("action")
    assert controller.names == [f"{side}_arm_controller/follow_joint_trajectory" for side in ("left", "right")]
    node._on_responses([ANSWER])
    left, right = controller.goals
    assert tuple(left.trajectory.joint_names) == LEFT
    assert tuple(right.trajectory.joint_names) == RIGHT
    assert left.trajectory.header.stamp == right.trajectory.header.stamp
    left.accept()
    if not accepted_late:
        right.accept()
    left.finish(ABORTED, "path tolerance")
    if accepted_late:
        right.accept()
    assert len(controller.goals) == 2, "the other one's end may be on its way"
    time.sleep(0.12)
    node._watch()
    *_, stopped = controller.goals
    assert len(controller.goals) == 3
    assert tuple(stopped.trajectory.joint_names) == RIGHT
    stopped.accept()
    right.finish(ABORTED, "Current goal preempted by new incoming action.")
    assert not left.cancelled
    assert not right.cancelled
    assert node.halting.on_halt(Trigger.Request(), Trigger.Response()).success
    assert all(tuple(goal.trajectory.joint_names) == RIGHT for goal in controller.goals[2:])
    reason = "the controller aborted the goal: path tolerance"
    assert node.trouble() == f"halted: on request; before that: {reason}; call resume"
    assert node.dropped == {f"rest of a trajectory: {reason}": 1}


def test_of_two_goals_that_end_together_neither_is_followed_by_another(
    make: Callable[[str], TrajectoryNode], controller: Any
) -> None:
    """An operator ended both: a stop would begin where the second arm would be by now, and it stands."""
    node = answering(make, controller)
    left, right = controller.goals
    left.finish(CANCELED)
    node._watch()
    right.finish(CANCELED)
    time.sleep(0.12)
    node._watch()
    assert len(controller.goals) == 2
    assert node._supervisor.held_by_others.all()


def test_controllers_that_do_not_follow_their_goals_are_asked_to_end_them(
    make: Callable[[str], TrajectoryNode], controller: Any
) -> None:
    """A stop would be a jerk; so none is sent, and neither arm goes on."""
    node = answering(make, controller)
    give_up(node, TALOS.joint_names)
    answer = node.halting.on_halt(Trigger.Request(), Trigger.Response())
    assert answer.success
    assert answer.message.startswith("halted; nothing was sent to the robot, held by controllers that")
    assert [goal.cancelled for goal in controller.goals] == [True, True]
    assert not node._supervisor.performer.timeline.moving(node._now_s())


def test_the_arm_that_is_left_alone_gets_no_message_and_the_halt_says_so(
    make: Callable[[str], TrajectoryNode],
) -> None:
    """By topics, where nothing can be called back."""
    node = make("topic")
    sent: dict[str, list[JointTrajectory]] = {}
    for topic, publisher in node._output._publishers.items():
        sent[topic] = []
        publisher.publish = sent[topic].append
    node._on_responses([ANSWER])
    give_up(node, LEFT)
    answer = node.halting.on_halt(Trigger.Request(), Trigger.Response())
    assert answer.success
    assert answer.message.startswith(f"halted; nothing was sent to '{LEFT[0]}' and 6 more, held by controllers")
    assert {topic: len(messages) for topic, messages in sent.items()} == {
        "left_arm_controller/joint_trajectory": 1,
        "right_arm_controller/joint_trajectory": 2,
    }


def test_an_arm_is_stopped_though_the_other_ones_controller_is_away(
    make: Callable[[str], TrajectoryNode], controller: Any
) -> None:
    """That is being started anew; what was sent to it before ends with it."""
    node = answering(make, controller)
    left, right = node._output._goals.values()
    left.served = lambda: False
    give_up(node, LEFT)
    assert node.halting.on_halt(Trigger.Request(), Trigger.Response()).success
    assert [goal.cancelled for goal in controller.goals] == [True, False, False]
    assert tuple(controller.goals[2].trajectory.joint_names) == RIGHT
    assert right.served()
