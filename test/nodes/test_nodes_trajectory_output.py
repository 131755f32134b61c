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

"""Where trajectories go: a topic or goals of an action, and what the controller makes of those goals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
import yaml
from action_msgs.msg import GoalStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes import trajectory_output
from iat_ros.nodes.clouds import encode_motion
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import TrajectoryNode
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.resources import find_config
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.definition import load_skeleton

G1 = RobotModel.load(find_config("robots", "g1"))
CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(frame_id="body_0"), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)

SUCCEEDED, ABORTED, CANCELED = GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_ABORTED, GoalStatus.STATUS_CANCELED


@pytest.fixture
def make(ros_domain: int) -> Iterator[Callable[..., TrajectoryNode]]:
    """Make trajectory nodes."""
    rclpy.init(domain_id=ros_domain)
    nodes: list[TrajectoryNode] = []

    def run(**values: Any) -> TrajectoryNode:
        given = {"check_collisions": False, "stream_timeout": 0.0, **values}
        nodes.append(TrajectoryNode(parameter_overrides=[Parameter(name, value=each) for name, each in given.items()]))
        return nodes[-1]

    yield run
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


@pytest.fixture
def node(controller: Any, make: Callable[..., TrajectoryNode]) -> TrajectoryNode:
    """An active node that sends goals to a robot in its rest pose."""
    node = make(output="action", joint_states_timeout=10.0, following_tolerance=0.0)
    assert bring_up(node)
    tell_joints(node)
    return node


def tell_joints(node: TrajectoryNode, away_rad: float = 0.0) -> None:
    """Say that the robot stands still near its rest pose."""
    stand(node, G1.joint_names, G1.rest + away_rad)


def stand(node: TrajectoryNode, joint_names: tuple[str, ...], positions: np.ndarray) -> None:
    """Say that a robot stands still, and has done so for long enough."""
    message = JointState(name=list(joint_names), position=positions.tolist())
    node._see_joints([(serialize_message(message), 0.0)])
    node._supervisor.observer.measured.shift(-STANDS_S)
    node._see_joints([(serialize_message(message), 0.0)])


def test_each_trajectory_is_a_goal_that_replaces_the_one_before(node: TrajectoryNode, controller: Any) -> None:
    """An answer in motion is a new goal; that the controller then ends the old one as aborted is no fault."""
    assert controller.names == ["follow_joint_trajectory"]
    node._on_responses([ANSWER])
    (first,) = controller.goals
    assert tuple(first.trajectory.joint_names) == G1.joint_names
    assert len(first.trajectory.points[0].accelerations) == 0
    first.accept()
    tell_joints(node)
    node._on_responses([ANSWER])
    second = controller.goals[-1]
    assert second is not first
    first.finish(ABORTED, "Current goal preempted by new incoming action.")  # may come before the new one's answer
    assert node.trouble() == ""
    second.accept()
    assert node.trouble() == ""
    second.finish(SUCCEEDED)
    assert node.trouble() == ""
    assert not node.dropped
    assert node.counts["goals"] == len(controller.goals) == node.counts["trajectories"]


@pytest.mark.parametrize(("status", "word"), [(ABORTED, "aborted"), (CANCELED, "cancelled")])
def test_a_goal_that_was_given_up_halts_the_robot_where_it_is(
    node: TrajectoryNode, controller: Any, status: int, word: str
) -> None:
    """The controller holds the robot: nothing more is sent until resume, and then the way begins where it stands."""
    node._on_responses([ANSWER])
    controller.goals[0].accept()
    tell_joints(node, 0.05)
    controller.goals[0].finish(status, "path tolerance")
    reason = f"the controller {word} the goal: path tolerance"
    assert node.trouble() == f"halted: {reason}; call resume"
    assert node.dropped == {f"rest of a trajectory: {reason}": 1}
    for _ in range(3):
        node._watch()
    node._on_responses([ANSWER])
    assert len(controller.goals) == 1
    tell_joints(node, 0.05)
    assert node.halting.on_resume(Trigger.Request(), Trigger.Response()).success
    node._on_responses([ANSWER])
    start = controller.goals[1].trajectory.points[0]
    assert list(start.positions) == pytest.approx(list(G1.rest + 0.05), abs=1e-3)


@pytest.mark.parametrize("moving", [False, True])
def test_a_rejected_goal_halts(node: TrajectoryNode, controller: Any, moving: bool) -> None:
    """The robot does not do what it is thought to do; what the controller still follows is cancelled."""
    for goal in range(1 + moving):
        tell_joints(node)
        node._on_responses([ANSWER])
        if goal < moving:
            controller.goals[0].accept()
    controller.goals[-1].reject()
    reason = "the controller rejected the goal; its log says why"
    assert node.dropped == {f"trajectory: {reason}": 1}
    assert node.trouble() == f"halted: {reason}; call resume"
    assert controller.goals[0].cancelled == moving
    controller.goals[0].finish(CANCELED)
    assert node.dropped == {f"trajectory: {reason}": 1}
    tell_joints(node)
    assert node.halting.on_resume(Trigger.Request(), Trigger.Response()).success
    assert node.trouble() == ""


def test_a_goal_that_ended_while_its_successor_was_rejected_was_given_up(node: TrajectoryNode, controller: Any) -> None:
    """Nothing took its place, so the robot stands although it should move."""
    node._on_responses([ANSWER])
    first = controller.goals[0]
    first.accept()
    tell_joints(node)
    node._on_responses([ANSWER])
    first.finish(ABORTED, "path tolerance")
    controller.goals[1].reject()
    assert node.trouble() == "halted: the controller aborted the goal: path tolerance; call resume"


def test_without_a_controller_the_trajectory_is_dropped(node: TrajectoryNode, controller: Any) -> None:
    """Nobody would hear of it, so it is named, and the robot is not thought to move."""
    controller.ready = False
    node._on_responses([ANSWER])
    assert not controller.goals
    assert node.dropped == {"trajectory: no controller serves the action 'follow_joint_trajectory'": 1}
    assert not node._supervisor.performer.timeline.moving(node._now_s())
    assert node.counts["trajectories"] == 0
    controller.ready = True
    node._on_responses([ANSWER])
    assert len(controller.goals) == 1


def test_a_halt_that_no_controller_hears_is_tried_again(node: TrajectoryNode, controller: Any) -> None:
    """Until it is there; that it was not is told."""
    node._on_responses([ANSWER])
    controller.goals[0].accept()
    controller.ready = False
    answer = node.halting.on_halt(Trigger.Request(), Trigger.Response())
    assert not answer.success
    assert "could not be told to stop yet" in answer.message
    assert len(controller.goals) == 1
    assert node.dropped == {"stop: trajectory: no controller serves the action 'follow_joint_trajectory'": 1}
    controller.ready = True
    tell_joints(node)
    node._watch()
    assert len(controller.goals) == 2
    assert node._supervisor.performer.timeline.moving(node._now_s())


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_node_that_ends_tries_again_to_stop_the_robot(
    node: TrajectoryNode, controller: Any, monkeypatch: pytest.MonkeyPatch, comes_back: bool
) -> None:
    """Nobody does so later; where it is in vain, that is told, and the node ends."""
    node._on_responses([ANSWER])
    controller.goals[0].accept()
    controller.ready = False
    waits: list[float] = []

    def wait(seconds: float) -> None:
        """Have the controller come back after three tries, or never."""
        waits.append(seconds)
        controller.ready = comes_back and len(waits) == 3
        elapse(seconds)

    elapse = time.sleep
    monkeypatch.setattr("iat_ros.nodes.trajectory.time.sleep", wait)
    began_s = time.monotonic()
    assert node.leave() == comes_back
    assert time.monotonic() - began_s < 2.0
    assert len(controller.goals) == 1 + comes_back
    assert comes_back == (len(waits) == 3)


def test_a_goal_that_was_never_answered_hides_nothing(node: TrajectoryNode, controller: Any) -> None:
    """Its controller died; what becomes of later goals is told all the same."""
    for _ in range(2):
        tell_joints(node)
        node._on_responses([ANSWER])
    controller.goals[1].accept()
    controller.goals[1].finish(ABORTED, "path tolerance")
    assert node.trouble() == "halted: the controller aborted the goal: path tolerance; call resume"


def test_cleanup_frees_the_client_and_late_answers_mean_nothing(node: TrajectoryNode, controller: Any) -> None:
    """What the controller says about goals from before a cleanup no longer counts."""
    node._on_responses([ANSWER])
    late = controller.goals[0]
    assert node.trigger_deactivate() == node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert controller.destroyed == 1
    late.accept()
    assert bring_up(node)
    late.finish(ABORTED)
    tell_joints(node)
    assert node.trouble() == ""


def test_without_control_msgs_the_action_is_refused_in_one_line(
    make: Callable[..., TrajectoryNode], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The line says what to install; the topic needs nothing."""
    monkeypatch.setitem(sys.modules, "control_msgs", None)
    assert not bring_up(make(output="action"))
    said = [line for line in capfd.readouterr().err.splitlines() if "refused to configure" in line]
    assert len(said) == 1
    assert "needs control_msgs" in said[0]
    assert "apt install ros-jazzy-control-msgs" in said[0]
    assert bring_up(make(output="topic"))


def test_a_change_that_is_refused_as_a_whole_forgets_no_refusal(make: Callable[..., TrajectoryNode]) -> None:
    """A tempo out of range keeps the node unconfigured until a good one was taken."""
    node = make(speed_scale=7.0)
    good, bad = Parameter("speed_scale", value=0.3), Parameter("output", value="nonsense")
    assert not node.set_parameters_atomically([good, bad]).successful
    assert not bring_up(node)
    assert node.set_parameters_atomically([good]).successful
    assert bring_up(node)


def test_the_action_is_taken_where_it_is_served(make: Callable[..., TrajectoryNode], controller: Any) -> None:
    """By default, as it tells what becomes of a goal."""
    node = make()
    assert bring_up(node)
    tell_joints(node)
    node._on_responses([ANSWER])
    assert len(controller.goals) == 1


@pytest.mark.parametrize("why", ["not served", "not installed", "not allowed", "named otherwise"])
def test_else_the_topic_is_taken(
    make: Callable[..., TrajectoryNode], controller: Any, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody would hear of goals, as with the simulated robot; what is performed is published."""

    def refuse(*_: Any) -> None:
        raise RuntimeError("not allowed")

    controller.ready = why != "not served"
    given, topic = {}, TOPIC
    if why == "not installed":
        monkeypatch.setitem(sys.modules, "control_msgs.action", None)
    if why == "not allowed":
        monkeypatch.setattr(trajectory_output, "ActionClient", refuse)
    if why == "named otherwise":
        content, topic = yaml.safe_load(find_config("robots", "g1").read_text()), "arms/command"
        (tmp_path / "it.yaml").write_text(yaml.safe_dump({**content, "controller": topic}))
        given = {"robot": str(tmp_path / "it.yaml")}
    node = make(**given)
    assert bring_up(node)
    assert node._output._goals == {}
    heard: list[Any] = []
    node._output._publishers[topic].publish = heard.append
    tell_joints(node)
    node._on_responses([ANSWER])
    assert len(heard) == 1
    assert not controller.goals


def test_a_controller_without_an_action_is_refused(
    make: Callable[..., TrajectoryNode], controller: Any, tmp_path: Path
) -> None:
    """Its topic tells the action's name, or the node says that it does not."""
    content = yaml.safe_load(find_config("robots", "g1").read_text())
    (tmp_path / "it.yaml").write_text(yaml.safe_dump({**content, "controller": "arms/command"}))
    node = make(robot=str(tmp_path / "it.yaml"), output="action")
    assert not bring_up(node)
    assert controller.names == []


def test_a_topic_that_no_controller_takes_is_told(make: Callable[..., TrajectoryNode]) -> None:
    """As where it has another name than the node was told; a goal has `missing` for that."""
    node = make()
    assert not node.state()
    assert bring_up(node)
    assert node.state() == {"controller": "nobody takes /joint_trajectory: is that the controller's topic?"}
