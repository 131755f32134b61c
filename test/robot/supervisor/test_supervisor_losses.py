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

"""What is sent once an arm was lost, and to whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S, TooLateError
from iat_ros.robot.timeline import Timeline

LEFT, RIGHT = np.arange(7), np.arange(7, 14)


def test_an_answer_waits_for_the_rest_of_an_arm_that_was_left_alone(talos: Any) -> None:
    """It is for both arms, so it begins once nothing runs that is for one, and the robot is seen to stand."""
    stage = talos.stage
    talos.restart()
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    assert stage.performer.timeline.moving(stage.now_s)
    stage.supervisor.answer(talos.answer)
    assert len(stage.begun) == 2
    assert stage.counts["answers that waited for a stop"] == 1
    talos.go_on(stage.begun[1].ends_s - stage.now_s + STANDS_S + 0.1)
    assert len(stage.begun) == 3
    assert stage.left_out[2] == ()
    assert stage.begun[2].began_s > stage.begun[1].ends_s


@pytest.mark.parametrize("how", ["halt", "answer"])
def test_a_controller_that_gave_up_a_moment_ago_is_sent_nothing(make_arms: Any, how: str) -> None:
    """What is about to be sent is not sent: it need not have told for a while that it holds the robot."""
    arms = make_arms("g1")
    stage = arms.stage
    arms.stands[:] = True
    arms.go_on(0.16)
    assert not stage.guard.halted
    stage.held = arms.stood.copy()
    if how == "halt":
        stage.guard.halt("on request")
        assert stage.supervisor.stop()
    else:
        stage.supervisor.answer(arms.answer)
        assert stage.guard.halted == "a controller that gave up what ran holds the robot"
    assert len(stage.begun) == 1
    assert stage.cancelled == [tuple(range(14))]


def test_goals_that_end_one_after_the_other_leave_nothing_to_stop(talos: Any) -> None:
    """An operator ended both, say; the second one is told of a moment later."""
    stage = talos.stage
    stage.guard.halt("the controller cancelled the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    talos.go_on(0.06)
    assert len(stage.begun) == 1
    stage.supervisor.lost(np.isin(np.arange(14), RIGHT))
    talos.go_on(0.3)
    assert stage.left_out[1:] == [tuple(range(14))]
    assert stage.cancelled == [tuple(LEFT), tuple(RIGHT)]
    assert stage.supervisor.held_by_others.all()


def test_a_stop_that_limits_forbid_just_then_is_tried_again(talos: Any) -> None:
    """The left arm is left alone at once; the right one gets its stop as soon as it can have one."""
    stage = talos.stage
    stage.late = 3
    stage.guard.halt("the controller aborted the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    talos.go_on(0.08)
    raised = 0
    for _ in range(5):
        stage.now_s += WATCH_S
        try:
            stage.supervisor.watch()
        except TooLateError:
            raised += 1
    assert raised == 3
    assert stage.left_out == [(), tuple(LEFT)]
    talos.right_was_stopped()


def test_what_follows_is_stopped_at_once_where_nobody_looks_after_it_later(talos: Any) -> None:
    """As where the node is deactivated, or ends."""
    stage = talos.stage
    stage.guard.halt("the controller aborted the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    assert stage.supervisor.stop()
    assert stage.left_out == [(), tuple(LEFT)]


def test_what_follows_is_stopped_at_once_where_the_loss_is_found_by_that_stop(talos: Any) -> None:
    """Nobody looked since: the node was busy, and is told to deactivate now."""
    stage = talos.stage
    stage.awake = False
    talos.restart()
    assert len(stage.begun) == 1
    assert stage.supervisor.stop()
    assert "started anew" in stage.guard.halted
    assert stage.left_out == [(), tuple(LEFT)]


def test_an_arm_that_came_to_rest_after_it_was_lost_is_taken_from_there(talos: Any) -> None:
    """It was on its way when its goal ended, and coasted; no controller says where it holds it."""
    stage = talos.stage
    stage.guard.halt("the controller aborted the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    talos.stood[LEFT] += 0.12
    talos.go_on(2.0, sag_rad=0.04)
    right = talos.led(RIGHT).position[RIGHT]
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    stage.supervisor.answer(talos.answer)
    np.testing.assert_allclose(stage.begun[-1].plan.start.position[LEFT], talos.stood[LEFT], atol=1e-9)
    np.testing.assert_allclose(stage.begun[-1].plan.start.position[RIGHT], right, atol=1e-9)


def test_a_plan_without_some_joints_keeps_limits_where_they_were_measured_outside(g1: RobotModel) -> None:
    """Noise at a stop must not forbid the stop of the others."""
    timeline = Timeline(g1)
    timeline.held(0.0, State.at_rest(g1.rest))
    timeline.hold(np.isin(np.arange(14), LEFT), g1.upper + 0.01)
    np.testing.assert_allclose(timeline.commanded(1.0).position[LEFT], g1.upper[LEFT])
    np.testing.assert_allclose(timeline.commanded(1.0).position[RIGHT], g1.rest[RIGHT])


@pytest.mark.parametrize("robot", ["g1", "talos"])
def test_a_stop_that_finds_a_loss_ends(make_arms: Any, robot: str) -> None:
    """Nothing comes meanwhile that would tell of more; where one controller has both arms, it is sent the stop."""
    arms = make_arms(robot)
    arms.stage.awake = False
    arms.restart()
    assert arms.stage.supervisor.stop()
    assert arms.stage.left_out == [(), () if robot == "g1" else tuple(LEFT)]
    arms.right_was_stopped()
