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

"""Stops that never reach their controller, or too late: the robot goes on with what it should have left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S
from iat_ros.robot.timeline import Timeline
from iat_ros.skeleton.definition import load_skeleton

LEFT, RIGHT = np.arange(7), np.arange(7, 14)
WHY = "the robot goes on with what it was told to leave: its controller did not hear of that, or too late"


def assert_on_path(stage: Any, number: int, ran: Timeline) -> None:
    """Make sure that a performance begins in the state that something else has then."""
    begun = stage.begun[number]
    then = ran.commanded(begun.began_s)
    np.testing.assert_allclose(begun.plan.start.position, then.position, atol=1e-9)
    np.testing.assert_allclose(begun.plan.start.velocity, then.velocity, atol=1e-9)
    assert np.abs(then.velocity).max() > 0.1


@pytest.mark.parametrize("how", ["a person", "halt"])
@pytest.mark.parametrize("lag_s", [0.0, 0.1])
def test_a_robot_that_did_not_hear_of_its_stop_is_stopped_on_the_path_that_it_goes_on(
    stage: Any, how: str, lag_s: float
) -> None:
    """Again and again, until it does. It is halted, and says why."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    if how == "halt":
        stage.guard.halt("on request")
        assert stage.supervisor.stop()
    stage.distance_m = stage.NEAR_M
    for stops in (1, 2):
        while len(stage.begun) == stops:
            stage.follow(ran, WATCH_S, lag_s)
            assert ran.moving(stage.now_s), "never found"
        assert_on_path(stage, stops, ran)
        if stops == 1:
            continue
        assert stage.now_s - stage.begun[stops - 1].ends_s < 0.4
        assert stage.dropped[WHY] == stops - 1
        assert stage.guard.halted == ("on request" if how == "halt" else WHY)
    stage.wait(3.0)  # now it does as it is told
    assert len(stage.begun) == 3
    assert not stage.awake


def test_it_does_not_take_long_to_find_a_robot_that_trails_what_it_goes_on_with(make_supervised: Any) -> None:
    """Whenever it was to stop, however its way winds: at a turn it still goes where the command came from."""
    definition = load_skeleton("utd_mhad")
    clips = make_clips(people=2, trials=1)
    took_s = []
    for number in range(0, 20, 2):
        for begins_s in (0.4, 0.7, 1.0):
            stage = make_supervised("g1")
            stage.supervisor.answer(cut_action(definition, clips[number], 32).motion)
            stage.wait(begins_s)
            ran = stage.performer.timeline.copy()
            stage.guard.halt("on request")
            assert stage.supervisor.stop()
            while len(stage.begun) == 2 and ran.moving(stage.now_s):
                stage.follow(ran, WATCH_S, 0.1)
            if len(stage.begun) > 2:
                took_s.append(stage.now_s - stage.begun[1].ends_s)
    assert len(took_s) > 20
    assert max(took_s) < 0.6, sorted(took_s)


@pytest.mark.parametrize("answered", [False, True])
def test_a_robot_that_goes_on_is_stopped_although_somebody_let_it_go_on(stage: Any, answered: bool) -> None:
    """The halt was lifted before the robot was to stand; no answer begins from where it is not."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    while stage.now_s < stage.begun[1].ends_s + 0.05:
        stage.follow(ran, WATCH_S)
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    if answered:
        stage.supervisor.answer(stage.ANSWER)
        assert stage.counts["answers that waited for a stop"] == 1
    stage.follow(ran, 0.3)
    assert len(stage.begun) == 3
    assert_on_path(stage, 2, ran)
    assert stage.guard.halted == WHY


def test_a_robot_that_goes_on_is_not_led_home_from_where_it_should_stand(stage: Any) -> None:
    """The person went away before the stop was to be over."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.distance_m = stage.NEAR_M
    stage.follow(ran, 0.1)
    stage.distance_m = stage.FAR_M
    assert len(stage.begun) == 2
    while len(stage.begun) == 2:
        stage.follow(ran, WATCH_S)
    assert_on_path(stage, 2, ran)
    assert stage.guard.halted == WHY


def test_a_slowed_answer_that_was_lost_does_not_hide_that_stops_are(stage: Any) -> None:
    """Of what was to be slowed nothing runs any more: what counts is when the stop is over."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.4)
    ran = stage.performer.timeline.copy()
    stage.distance_m = stage.SLOW_M
    stage.follow(ran, 0.3)
    assert len(stage.begun) == 2
    stage.distance_m = stage.NEAR_M
    stage.follow(ran, 2.0)
    assert len(stage.begun) > 4
    for number in range(3, len(stage.begun)):
        assert_on_path(stage, number, ran)


@pytest.mark.parametrize(("halted_s", "later_s"), [(0.6, 1.0), (0.8, 0.35), (1.2, 0.35)])
def test_both_arms_that_go_on_are_stopped_though_one_is_found_later(
    make_arms: Any, halted_s: float, later_s: float
) -> None:
    """The right one moves by less, and is only later as far from where it should stand."""
    stage = make_arms("talos", halted_s).stage
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stood = ran.commanded(stage.now_s).position
    share = np.where(np.isin(np.arange(14), RIGHT), 0.5, 1.0)  # of its way
    moved = [0.0, 0.0]
    while ran.moving(stage.now_s + WATCH_S):
        stage.now_s += WATCH_S
        state = ran.commanded(stage.now_s)
        position = stood + share * (state.position - stood)
        for arm, joints in enumerate((LEFT, RIGHT)):
            heard = [
                each
                for each, left_out in zip(stage.begun[2:], stage.left_out[2:], strict=True)
                if joints[0] not in left_out
            ]
            if heard:
                position[joints] = heard[0].plan.end[joints]
            else:
                moved[arm] = stage.now_s
        stage.tell(State(position, state.velocity * share, np.zeros(14)))
        stage.awake = stage.awake and stage.supervisor.watch()
    assert max(moved) < ran.ends_s - 0.5, "an arm went on to the end"
    assert abs(moved[0] - moved[1]) < later_s, "the second one need not wait until the first one's stop is over"


def test_of_two_controllers_only_the_one_that_goes_on_is_stopped(make_supervised: Any) -> None:
    """The other one stands where its stop left it, and is sent nothing more."""
    stage = make_supervised("talos")
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stopped = stage.performer.timeline.copy()
    went_on = RIGHT if np.abs(ran.commanded(stage.now_s).velocity[RIGHT]).max() > 0.1 else LEFT
    while len(stage.begun) == 2:
        stage.now_s += WATCH_S
        on, stands = ran.commanded(stage.now_s), stopped.commanded(stage.now_s)
        goes = np.isin(np.arange(14), went_on)
        both = [np.where(goes, getattr(on, name), getattr(stands, name)) for name in ("position", "velocity")]
        stage.tell(State(*both, np.zeros(14)))
        stage.awake = stage.supervisor.watch()
        assert ran.moving(stage.now_s), "never found"
    other = LEFT if went_on is RIGHT else RIGHT
    assert stage.left_out[-1] == tuple(other)
    start = stage.begun[2].plan.start
    np.testing.assert_allclose(
        start.position[went_on], ran.commanded(stage.begun[2].began_s).position[went_on], atol=1e-9
    )
    np.testing.assert_allclose(start.position[other], stopped.commanded(stage.now_s).position[other], atol=1e-9)


def test_a_stop_begins_on_the_path_that_the_robot_goes_on_where_an_answer_was_not_heard_of(stage: Any) -> None:
    """What is about to be sent would be a jerk on the answer's path: it is not waited until that is over."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.8)
    ran = stage.performer.timeline.copy()
    stage.supervisor.answer(stage.ANSWER)
    while (
        np.abs(ran.commanded(stage.now_s).position - stage.performer.timeline.commanded(stage.now_s).position).max()
        < 0.2
    ):
        stage.follow(ran, WATCH_S)
    stage.follow(ran, 0.12)
    assert len(stage.begun) == 2, "it may come yet"
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    assert len(stage.begun) == 3
    assert_on_path(stage, 2, ran)


def test_a_clock_that_is_set_changes_nothing(stage: Any) -> None:
    """What was to be left goes along with it."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.distance_m = stage.NEAR_M
    stage.follow(ran, 0.3)
    assert len(stage.begun) == 2
    stage.now_s += 1000.0
    stage.guard.shift(1000.0)
    stage.supervisor.shift(1000.0)
    ran.shift(1000.0)
    while len(stage.begun) == 2:
        stage.follow(ran, WATCH_S)
        assert ran.moving(stage.now_s), "never found"
    assert_on_path(stage, 2, ran)
