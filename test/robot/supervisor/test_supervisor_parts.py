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

"""Two arms with drivers or controllers of their own: what one of them gave up, the other still follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from iat_ros.robot.model import RobotModel
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S, TooLateError
from iat_ros.robot.timeline import Timeline
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

LEFT, RIGHT = np.arange(7), np.arange(7, 14)


def with_both_arms(motion: Motion) -> Motion:
    """The left arm does what the right one does, as in a mirror."""
    names = load_skeleton("utd_mhad").limb_names
    from_right = [names.index(name.replace("left_", "right_")) for name in names]
    mirror = np.where([[name.startswith("left_")] for name in names], [1.0, -1.0, 1.0], 1.0)
    return Motion(motion.limbs_in_body[:, from_right] * mirror, motion.duration_s)


class Arms:
    """A robot in the midst of an answer with both arms; one that stands follows nothing of what it is sent."""

    def __init__(self, stage: Any, wait_s: float = 0.5) -> None:
        self.stage = stage
        self.answer = with_both_arms(stage.ANSWER)
        stage.supervisor.answer(self.answer)
        stage.wait(wait_s)
        self.ran: Timeline = stage.performer.timeline.copy()
        self.stood = self.ran.commanded(stage.now_s).position
        self.stands = np.isin(np.arange(14), LEFT)

    def led(self, joints: np.ndarray) -> State:
        """Where those that follow should be by what they were sent, whatever the supervisor takes them for."""
        stage = self.stage
        sent = [each for each, left_out in zip(stage.begun, stage.left_out, strict=True) if joints[0] not in left_out]
        running = [each for each in sent if each.began_s <= stage.now_s][-1]
        return running.plan.state(running.plan_time(stage.now_s))

    def go_on(self, seconds: float, silent_s: float = 0.0, sag_rad: float = 0.0, tell: Any = (LEFT, RIGHT)) -> None:
        """Let time pass; nobody tells of the left arm at first. Each message tells of some joints."""
        stage = self.stage
        begins_s = stage.now_s
        while stage.now_s < begins_s + seconds - 1e-9:
            stage.now_s += WATCH_S
            position, velocity = self.stood.copy(), np.zeros(14)
            for arm in (LEFT, RIGHT):
                led = self.led(arm)
                on = arm[~self.stands[arm]]
                position[on], velocity[on] = led.position[on] - sag_rad, led.velocity[on]
            for joints in tell:
                if stage.now_s >= begins_s + silent_s or joints[0] in RIGHT:
                    stage.hear(joints, position)
            stage.supervisor.observer.knew(0.0, stage.now_s)
            stage.supervisor.observer.saw_joints(State(position, velocity, np.zeros(14)), stage.now_s)
            stage.guard.saw_people(stage.now_s, stage.distance_m)
            stage.awake = stage.awake and stage.supervisor.watch()

    def restart(self, sag_rad: float = 0.0, **how: Any) -> None:
        """Start the left arm's driver anew; it is silent for a moment."""
        self.stage.supervisor.observer.driver_came(self.stage.now_s + 0.1)
        self.go_on(0.5, silent_s=0.16, sag_rad=sag_rad, **how)

    def follow_after_all(self) -> None:
        """Let the left arm be on its way, as it was all the time."""
        self.stands = np.zeros(14, bool)
        self.go_on(0.12)


@pytest.fixture
def talos(make_supervised: Any) -> Any:
    """A robot with a controller for each arm, in the midst of an answer; its left arm stands from now on."""
    return Arms(make_supervised("talos"))


def is_a_stop_of_the_right_arm(arms: Arms) -> None:
    """The left one stands where it is, and the right one's begins in its state, and ends soon."""
    stopped = arms.stage.begun[1]
    assert np.ptp(stopped.plan.control[:, LEFT], axis=0).max() < 1e-12
    np.testing.assert_allclose(stopped.plan.end[LEFT], arms.stood[LEFT], atol=1e-12)
    then = arms.ran.commanded(stopped.began_s)
    np.testing.assert_allclose(stopped.plan.start.position[RIGHT], then.position[RIGHT], atol=1e-9)
    np.testing.assert_allclose(stopped.plan.start.velocity[RIGHT], then.velocity[RIGHT], atol=1e-9)
    assert np.abs(then.velocity[RIGHT]).max() > 0.1
    assert stopped.ends_s < arms.ran.ends_s - 1.0


def test_a_driver_of_one_arm_that_was_started_anew_is_sent_nothing(talos: Arms) -> None:
    """It holds its arm and never heard of the answer; the other arm is stopped on its path, and may hang below it."""
    stage = talos.stage
    talos.restart(sag_rad=0.04)
    assert stage.guard.halted == "a driver that was started anew in mid-motion holds 'arm_left_1_joint' and 6 more"
    assert stage.left_out == [(), tuple(LEFT)]
    assert stage.cancelled == [tuple(LEFT)]
    is_a_stop_of_the_right_arm(talos)
    np.testing.assert_array_equal(np.flatnonzero(stage.supervisor.held_by_others), LEFT)
    assert stage.supervisor.stop()
    assert set(stage.left_out[1:]) == {tuple(LEFT)}
    begun = len(stage.begun)
    talos.go_on(talos.ran.ends_s - stage.now_s, sag_rad=0.04)
    assert len(stage.begun) == begun
    assert not stage.awake
    # What is sent next is for both: the left arm begins where it is seen, the right one where its controller holds it.
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    talos.stood = talos.stood - 0.01  # it sank
    talos.go_on(0.4, sag_rad=0.04)
    right = talos.led(RIGHT).position[RIGHT]
    stage.supervisor.answer(talos.answer)
    assert stage.left_out[-1] == ()
    start = stage.begun[-1].plan.start.position
    np.testing.assert_allclose(start[RIGHT], right, atol=1e-9)
    np.testing.assert_allclose(start[LEFT], talos.stood[LEFT], atol=1e-9)


def test_an_arm_is_not_taken_to_trail_its_command_while_nobody_tells_of_it(make_supervised: Any) -> None:
    """Where little lag is allowed it seems to fall behind in its silence; that it did before would excuse it."""
    arms = Arms(make_supervised("talos"), 0.95)
    stage = arms.stage
    stage.guard.config = replace(stage.guard.config, following_lag_s=0.02, following_tolerance_rad=0.0)
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    arms.go_on(0.3, silent_s=0.16)
    assert "started anew" in stage.guard.halted


def test_where_one_controller_has_both_arms_the_one_that_stands_is_told_to_stay(make_supervised: Any) -> None:
    """It must be sent the stop of the other; so it is told of this one where it is."""
    arms = Arms(make_supervised("g1"))
    arms.restart()
    assert "holds 'left_" in arms.stage.guard.halted
    assert arms.stage.left_out == [(), ()]
    is_a_stop_of_the_right_arm(arms)
    assert not arms.stage.supervisor.held_by_others.any()


def test_one_of_two_controllers_that_says_that_it_gave_up_is_sent_nothing(talos: Arms) -> None:
    """The other does not say that it holds anything: it is stopped."""
    stage = talos.stage
    stage.held = np.where(np.isin(np.arange(14), LEFT), talos.stood, np.nan)
    talos.go_on(0.5)
    assert stage.guard.halted == "a controller that gave up what ran holds 'arm_left_1_joint' and 6 more"
    assert stage.left_out == [(), tuple(LEFT)]
    is_a_stop_of_the_right_arm(talos)


def test_a_controller_that_tells_of_half_its_joints_tells_nothing(talos: Arms) -> None:
    """Where the others are is not known; the arm is seen to be away from its command, and all are stopped."""
    stage = talos.stage
    stage.held = np.where(np.arange(14) < 3, talos.stood, np.nan)
    talos.go_on(0.6)
    assert "from its command" in stage.guard.halted
    assert stage.left_out[1:] == [()]


@pytest.mark.parametrize(("after_s", "late"), [(0.12, False), (0.12, True), (0.32, False)])
def test_a_slow_arm_that_gave_up_with_the_other_gets_no_stop_either(talos: Arms, after_s: float, late: bool) -> None:
    """Its command has gone on by less until the other is found to have given up; that it holds too may be told late."""
    stage = talos.stage
    gives_up_s = stage.now_s + after_s
    talos.stands[:] = True
    for _ in range(30):
        talos.stood[RIGHT] = talos.ran.commanded(min(stage.now_s + WATCH_S, gives_up_s)).position[RIGHT]
        right_tells = bool(stage.guard.halted) if late else stage.now_s >= gives_up_s
        stage.held = np.where(np.isin(np.arange(14), LEFT) | right_tells, talos.stood, np.nan)
        talos.go_on(WATCH_S)
    assert "gave up" in stage.guard.halted
    assert all(left_out == tuple(range(14)) for left_out in stage.left_out[1:])
    assert stage.supervisor.held_by_others.all()


def test_one_driver_that_tells_in_two_messages_is_sent_nothing(make_supervised: Any) -> None:
    """Of the joints in one of them the command has hardly gone on."""
    arms = Arms(make_supervised("talos"))
    arms.stands[:] = True
    ahead = np.abs(arms.ran.commanded(arms.stage.now_s + 0.3).position - arms.stood)
    fast, slow = (np.flatnonzero(ahead > 0.1), np.flatnonzero(ahead <= 0.1))
    assert len(fast) > 2
    assert len(slow) > 2
    stage = arms.stage
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    stage.now_s += 0.16
    arms.go_on(0.4, tell=(fast, slow))
    assert stage.guard.halted == "a driver that was started anew in mid-motion holds the robot"
    assert len(stage.begun) == 1


def test_whoever_comes_next_takes_back_no_sign_of_the_first(make_supervised: Any) -> None:
    """The broadcaster of another arm, say, while the command of the first goes on slowly."""
    arms = Arms(make_supervised("talos"), 1.1)
    stage = arms.stage
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    arms.go_on(0.4, silent_s=0.16)
    assert not stage.guard.halted
    stage.supervisor.observer.driver_came(stage.now_s)
    arms.go_on(0.6)
    assert "started anew" in stage.guard.halted
    assert stage.left_out[1:] == [tuple(LEFT)]


def test_silences_that_end_in_one_look_are_told_apart(talos: Arms) -> None:
    """This process was held up, and a middleware that tells no times has all messages come at once."""
    stage = talos.stage
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    stage.now_s += 0.14
    talos.go_on(0.5)
    assert stage.left_out == [(), tuple(LEFT)]


def test_an_arm_whose_broadcaster_alone_was_started_anew_is_stopped_on_its_path(talos: Arms) -> None:
    """It moves on, and the other too."""
    talos.stands[:] = False
    talos.restart()
    assert not talos.stage.guard.halted
    assert talos.stage.supervisor.stop()
    assert talos.stage.left_out == [(), ()]


@pytest.mark.parametrize("resumed", [False, True])
def test_an_arm_that_is_seen_on_its_way_after_all_is_stopped_alone(talos: Arms, resumed: bool) -> None:
    """The signs were wrong. It goes on beside an arm that stands elsewhere than planned, so it is stopped anyway."""
    stage = talos.stage
    talos.restart()
    assert stage.left_out == [(), tuple(LEFT)]
    if resumed:
        assert stage.guard.resume(stage.now_s) == ""
        stage.supervisor.release()
    talos.follow_after_all()
    assert stage.dropped["what was sent seemed to be given up, and is followed"] == 1
    assert stage.left_out == [(), tuple(LEFT), tuple(RIGHT)]
    stopped, then = stage.begun[2], talos.ran.commanded(stage.begun[2].began_s)
    np.testing.assert_allclose(stopped.plan.start.position[LEFT], then.position[LEFT], atol=1e-9)
    np.testing.assert_allclose(stopped.plan.start.velocity[LEFT], then.velocity[LEFT], atol=1e-9)
    assert np.ptp(stopped.plan.control[:, RIGHT], axis=0).max() < 1e-12
    assert not stage.supervisor.held_by_others.any()


def test_of_two_that_seemed_to_give_up_one_may_follow(talos: Arms) -> None:
    """It is stopped; the other is still left alone."""
    stage = talos.stage
    stage.held = talos.stood.copy()
    talos.stands[:] = True
    talos.go_on(0.4)
    assert stage.left_out == [()]
    assert stage.supervisor.held_by_others.all()
    stage.held = None
    talos.stands[LEFT] = False
    talos.go_on(0.12)
    assert stage.left_out[1:] == [tuple(RIGHT)]
    np.testing.assert_array_equal(np.flatnonzero(stage.supervisor.held_by_others), RIGHT)
    talos.stands[:] = False
    talos.go_on(0.5)
    assert stage.left_out[1:] == [tuple(RIGHT), tuple(LEFT)], "the other one after it"


def test_what_was_left_to_itself_counts_until_it_is_over(talos: Arms) -> None:
    """An arm that still comes to its stop moves, though the other one's stop is over: no answer begins before."""
    timeline, other = talos.ran.copy(), talos.ran.copy()
    timeline._history[-1] = timeline._history[-1].__class__(timeline._history[-1].plan, talos.stage.now_s - 10.0)
    ended_s = timeline.ends_s
    timeline.leave_to(other, np.isin(np.arange(14), RIGHT))
    assert timeline.ends_s == other.ends_s > ended_s
    assert timeline.moving(other.ends_s - 0.01)
    timeline.shift(5.0)
    assert not timeline.moving(other.ends_s + 5.0)


def test_an_answer_waits_for_the_rest_of_an_arm_that_was_left_alone(talos: Arms) -> None:
    """It is for both arms, so it begins once nothing runs that is for one."""
    stage = talos.stage
    talos.restart()
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    assert stage.performer.timeline.moving(stage.now_s)
    stage.supervisor.answer(talos.answer)
    assert len(stage.begun) == 2
    assert stage.counts["answers that waited for a stop"] == 1
    talos.go_on(stage.begun[1].ends_s - stage.now_s + 0.1)
    assert len(stage.begun) == 3
    assert stage.left_out[2] == ()
    assert stage.begun[2].began_s > stage.begun[1].ends_s


def test_goals_that_end_one_after_the_other_leave_nothing_to_stop(talos: Arms) -> None:
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


def test_a_stop_that_limits_forbid_just_then_is_tried_again(talos: Arms) -> None:
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
    is_a_stop_of_the_right_arm(talos)


def test_what_follows_is_stopped_at_once_where_nobody_looks_after_it_later(talos: Arms) -> None:
    """As where the node is deactivated, or ends."""
    stage = talos.stage
    stage.guard.halt("the controller aborted the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    assert stage.supervisor.stop()
    assert stage.left_out == [(), tuple(LEFT)]


def test_what_follows_is_stopped_at_once_where_the_loss_is_found_by_that_stop(talos: Arms) -> None:
    """Nobody looked since: the node was busy, and is told to deactivate now."""
    stage = talos.stage
    stage.awake = False
    talos.restart()
    assert len(stage.begun) == 1
    assert stage.supervisor.stop()
    assert "started anew" in stage.guard.halted
    assert stage.left_out == [(), tuple(LEFT)]


def test_an_arm_that_is_stopped_alone_is_not_told_to_end_its_goal(talos: Arms) -> None:
    """Where the other one, which it was left alone for, loses its own."""
    stage = talos.stage
    talos.restart()
    talos.follow_after_all()
    stage.cancelled.clear()
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    assert stage.cancelled == [tuple(LEFT)]
    assert not stage.supervisor.held_by_others[RIGHT].any()


def test_an_arm_that_came_to_rest_after_it_was_lost_is_taken_from_there(talos: Arms) -> None:
    """It was on its way when its goal ended, and coasted; no controller says where it holds it."""
    stage = talos.stage
    stage.guard.halt("the controller aborted the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    talos.stood[LEFT] += 0.06
    talos.go_on(2.0)
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    stage.supervisor.answer(talos.answer)
    np.testing.assert_allclose(stage.begun[-1].plan.start.position[LEFT], talos.stood[LEFT], atol=1e-9)


def test_a_plan_without_some_joints_keeps_limits_where_they_were_measured_outside(g1: RobotModel) -> None:
    """Noise at a stop must not forbid the stop of the others."""
    timeline = Timeline(g1)
    timeline.held(0.0, State.at_rest(g1.rest))
    timeline.hold(np.isin(np.arange(14), LEFT), g1.upper + 0.01)
    np.testing.assert_allclose(timeline.commanded(1.0).position[LEFT], g1.upper[LEFT])
    np.testing.assert_allclose(timeline.commanded(1.0).position[RIGHT], g1.rest[RIGHT])
