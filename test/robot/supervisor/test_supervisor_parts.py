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

from typing import Any

import numpy as np
import pytest

from iat_ros.robot.model import RobotModel
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S
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
    """A robot in the midst of an answer whose left arm stands from now on, while the right one goes on."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.answer = with_both_arms(stage.ANSWER)
        stage.supervisor.answer(self.answer)
        stage.wait(0.5)
        self.ran: Timeline = stage.performer.timeline.copy()
        self.stood = self.ran.commanded(stage.now_s).position
        self.fresh = self.stood  # what is known of the left arm
        self.came = False

    def go_on(self, seconds: float, silent_s: float = 0.0, sag_rad: float = 0.0) -> None:
        """Let time pass; nobody tells of the left arm at first."""
        stage = self.stage
        begins_s = stage.now_s
        while stage.now_s < begins_s + seconds:
            stage.now_s += WATCH_S
            commanded = stage.performer.timeline.commanded(stage.now_s)
            position = commanded.position.copy()
            position[LEFT] = self.stood[LEFT]
            position[RIGHT] -= sag_rad
            stage.hear(RIGHT, position)
            if stage.now_s >= begins_s + silent_s:
                stage.hear(LEFT, position)
            velocity = np.where(np.isin(np.arange(14), LEFT), 0.0, commanded.velocity)
            stage.supervisor.observer.knew(0.0, stage.now_s)
            stage.supervisor.observer.saw_joints(State(position, velocity, np.zeros(14)), stage.now_s)
            stage.guard.saw_people(stage.now_s, stage.distance_m)
            stage.awake = stage.awake and stage.supervisor.watch()

    def restart(self, sag_rad: float = 0.0) -> None:
        """Start the left arm's driver anew; it is silent for a moment."""
        self.stage.supervisor.observer.driver_came(self.stage.now_s + 0.1)
        self.go_on(0.5, silent_s=0.16, sag_rad=sag_rad)


@pytest.fixture
def talos(make_supervised: Any) -> Any:
    """A robot with a controller for each arm, in the midst of an answer."""
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
    right = stage.performer.timeline.commanded(stage.now_s).position[RIGHT]
    stage.supervisor.answer(talos.answer)
    assert stage.left_out[-1] == ()
    start = stage.begun[-1].plan.start.position
    np.testing.assert_allclose(start[RIGHT], right, atol=1e-9)
    np.testing.assert_allclose(start[LEFT], talos.stood[LEFT], atol=1e-9)


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


def test_an_arm_whose_broadcaster_alone_was_started_anew_is_stopped_on_its_path(talos: Arms) -> None:
    """It moves on, and the other too."""
    stage = talos.stage
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    for step in range(25):
        stage.now_s += WATCH_S
        talos.stood = talos.ran.commanded(stage.now_s).position
        stage.now_s -= WATCH_S
        talos.go_on(WATCH_S / 2, silent_s=0.0 if step > 7 else 1.0)
    assert not stage.guard.halted
    assert stage.supervisor.stop()
    assert stage.left_out == [(), ()]


@pytest.mark.parametrize("resumed", [False, True])
def test_an_arm_that_is_seen_on_its_way_after_all_is_stopped_alone(talos: Arms, resumed: bool) -> None:
    """The signs were wrong; the other arm has come to rest, or is about to, and gets nothing more."""
    stage = talos.stage
    talos.restart()
    if resumed:
        assert stage.guard.resume(stage.now_s) == ""
        stage.supervisor.release()
    for _ in range(10):
        talos.stood = talos.ran.commanded(stage.now_s + WATCH_S).position
        talos.go_on(WATCH_S / 2)
    assert stage.dropped["what was sent seemed to be given up, and is followed"] == 1
    if resumed:
        assert len(stage.begun) == 2
        stage.guard.halt("on request")
        assert stage.supervisor.stop()
    stopped = stage.begun[2]
    assert stage.left_out[2] == tuple(RIGHT)
    np.testing.assert_allclose(
        stopped.plan.start.position[LEFT], talos.ran.commanded(stopped.began_s).position[LEFT], atol=1e-9
    )
    assert np.ptp(stopped.plan.control[:, RIGHT], axis=0).max() < 1e-12
    assert not stage.supervisor.held_by_others.any()


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


def test_an_arm_that_is_given_up_after_the_other_leaves_nothing_to_send_to(talos: Arms) -> None:
    """Its controller gave up the stop, say."""
    stage = talos.stage
    talos.restart()
    stage.supervisor.lost(np.isin(np.arange(14), RIGHT))
    assert stage.left_out[2:] == [tuple(range(14))]
    assert stage.supervisor.held_by_others.all()


def test_a_stop_that_limits_forbid_just_then_is_tried_again(talos: Arms, monkeypatch: pytest.MonkeyPatch) -> None:
    """The left arm is left alone at once; the right one gets its stop as soon as it can have one."""
    stage = talos.stage
    stage.late = 3
    stage.guard.halt("the controller aborted the goal")
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    assert len(stage.begun) == 1
    assert sum(count for reason, count in stage.dropped.items() if reason.startswith("stop: ")) == 1
    for _ in range(2):
        with pytest.raises(Exception, match="too late"):
            stage.supervisor.watch()
    talos.go_on(0.1)
    assert stage.left_out == [(), tuple(LEFT)]
    is_a_stop_of_the_right_arm(talos)


def test_a_plan_without_some_joints_keeps_limits_where_they_were_measured_outside(g1: RobotModel) -> None:
    """Noise at a stop must not forbid the stop of the others."""
    timeline = Timeline(g1)
    timeline.held(0.0, State.at_rest(g1.rest))
    timeline.hold(np.isin(np.arange(14), LEFT), g1.upper + 0.01)
    np.testing.assert_allclose(timeline.commanded(1.0).position[LEFT], g1.upper[LEFT])
    np.testing.assert_allclose(timeline.commanded(1.0).position[RIGHT], g1.rest[RIGHT])
