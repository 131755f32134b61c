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
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton

LEFT, RIGHT = np.arange(7), np.arange(7, 14)
WHY = "the robot goes on with what it was told to leave: its controller did not hear of that, or too late"


def follow(stage: Any, ran: Timeline, seconds: float, lag_s: float = 0.0) -> None:
    """Let time pass while the robot does what ran, whatever it was sent since."""
    for _ in range(round(seconds / WATCH_S)):
        stage.now_s += WATCH_S
        stage.tell(ran.commanded(stage.now_s - lag_s))
        stage.awake = stage.awake and stage.supervisor.watch()


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
            follow(stage, ran, WATCH_S, lag_s)
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


@pytest.mark.parametrize("answered", [False, True])
def test_a_robot_that_goes_on_is_stopped_although_somebody_let_it_go_on(stage: Any, answered: bool) -> None:
    """The halt was lifted before the robot was to stand; no answer begins from where it is not."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    while stage.now_s < stage.begun[1].ends_s + 0.05:
        follow(stage, ran, WATCH_S)
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    if answered:
        stage.supervisor.answer(stage.ANSWER)
        assert stage.counts["answers that waited for a stop"] == 1
    follow(stage, ran, 0.3)
    assert len(stage.begun) == 3
    assert_on_path(stage, 2, ran)
    assert stage.guard.halted == WHY


def test_a_robot_that_goes_on_is_not_led_home_from_where_it_should_stand(stage: Any) -> None:
    """The person went away before the stop was to be over."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.distance_m = stage.NEAR_M
    follow(stage, ran, 0.1)
    stage.distance_m = stage.FAR_M
    assert len(stage.begun) == 2
    while len(stage.begun) == 2:
        follow(stage, ran, WATCH_S)
    assert_on_path(stage, 2, ran)
    assert stage.guard.halted == WHY


@pytest.mark.parametrize("trails_s", [0.0, 0.15])
def test_a_robot_that_heard_of_its_stop_is_let_alone(stage: Any, trails_s: float) -> None:
    """However it comes to rest: late, or sinking by its own weight; others may take it elsewhere then."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    before = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    follow(stage, stage.performer.timeline.copy(), 1.0, trails_s)
    at = stage.performer.timeline.commanded(stage.now_s).position
    elbow = int(np.abs(before.commanded(stage.now_s).position - at).argmax())
    down = -np.sign(before.commanded(stage.now_s).position - at)[elbow] * (np.arange(14) == elbow)
    for step in range(60):
        stage.now_s += WATCH_S
        stage.tell(State.at_rest(at + 0.02 * step * down))
        stage.awake = stage.awake and stage.supervisor.watch()
    assert len(stage.begun) == 2
    assert WHY not in stage.dropped


def test_a_robot_that_trails_by_more_than_it_should_is_let_alone(stage: Any) -> None:
    """It still comes nearer to where it should stand, though what it left sweeps through the place where it is."""
    trails_s, rng = 0.25, np.random.default_rng(0)
    definition = load_skeleton("utd_mhad")
    answers = [cut_action(definition, clip, 32).motion for clip in make_clips(people=2, trials=1)]
    position = stage.performer.timeline.commanded(stage.now_s).position

    def go_on(seconds: float) -> None:
        nonlocal position
        for _ in range(round(seconds / WATCH_S)):
            stage.now_s += WATCH_S
            way = (stage.performer.timeline.commanded(stage.now_s).position - position) * WATCH_S / trails_s
            position = position + way
            stage.tell(State(position, way / WATCH_S, np.zeros(14)))
            stage.awake = stage.awake and stage.supervisor.watch()

    stops = 0
    for _ in range(40):
        stage.supervisor.answer(answers[rng.integers(len(answers))])
        go_on(rng.uniform(0.3, 1.4))
        stage.supervisor.answer(answers[rng.integers(len(answers))])
        go_on(rng.uniform(0.2, 1.2))
        if not stage.guard.halted:
            stops += 1
            stage.guard.halt("on request")
            assert stage.supervisor.stop()
        go_on(2.0)
        assert stage.guard.resume(stage.now_s) == ""
        stage.supervisor.release()
    assert stops > 20
    assert WHY not in stage.dropped


@pytest.mark.parametrize("silent_s", [0.0, 0.6])
def test_a_driver_that_was_started_anew_near_what_was_left_does_not_go_on_with_it(stage: Any, silent_s: float) -> None:
    """It has the robot stand there."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    follow(stage, ran, 0.1)
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    follow(stage, ran, 0.06)
    stage.now_s += silent_s
    stood = ran.commanded(stage.now_s + 0.3).position
    assert np.abs(stood - stage.begun[1].plan.end).max() > 0.15
    for _ in range(50):
        stage.now_s += WATCH_S
        stage.tell(State.at_rest(stood))
        stage.awake = stage.awake and stage.supervisor.watch()
    assert len(stage.begun) == 2
    assert WHY not in stage.dropped


def test_one_sight_is_not_enough(stage: Any) -> None:
    """The robot stands where it should; one message was wrong, and the next ones are late."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stage.wait(0.5)
    stage.tell(ran.commanded(stage.now_s))
    for _ in range(15):
        stage.now_s += WATCH_S
        stage.awake = stage.awake and stage.supervisor.watch()
    assert len(stage.begun) == 2


def test_a_slowed_answer_that_was_lost_does_not_hide_that_stops_are(stage: Any) -> None:
    """Of what was to be slowed nothing runs any more: what counts is when the stop is over."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.4)
    ran = stage.performer.timeline.copy()
    stage.distance_m = stage.SLOW_M
    follow(stage, ran, 0.3)
    assert len(stage.begun) == 2
    stage.distance_m = stage.NEAR_M
    follow(stage, ran, 2.0)
    assert len(stage.begun) > 4
    for number in range(3, len(stage.begun)):
        assert_on_path(stage, number, ran)


@pytest.mark.parametrize("halted_s", [0.6, 1.0])
def test_both_arms_that_go_on_are_stopped_though_one_is_found_later(make_arms: Any, halted_s: float) -> None:
    """The right one moves by less, and is only later as far from where it should stand."""
    stage = make_arms("talos", halted_s).stage
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stood = ran.commanded(stage.now_s).position
    share = np.where(np.isin(np.arange(14), RIGHT), 0.4, 1.0)  # of its way
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


def test_a_robot_that_is_near_what_it_left_and_farther_from_where_it_should_stand_was_not_left(stage: Any) -> None:
    """What ran was almost over, and ends not far from there; the arm sinks, the other way."""
    stage.performer.timing = Timing(speed_scale=0.15)
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(stage.performer.timeline.ends_s - stage.now_s - 1.6)
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    follow(stage, stage.performer.timeline.copy(), 0.5)
    at, ends = stage.performer.timeline.commanded(stage.now_s).position, ran.commanded(ran.ends_s).position
    assert 0.001 < np.abs(ends - at).max() < 0.08
    elbow = int(np.abs(ends - at).argmax())
    down = -np.sign(ends - at)[elbow] * (np.arange(14) == elbow)
    for step in range(14):
        stage.now_s += WATCH_S
        stage.tell(State.at_rest(at + 0.016 * step * down))
        stage.awake = stage.awake and stage.supervisor.watch()
    assert ran.moving(stage.now_s)
    assert len(stage.begun) == 2


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
        follow(stage, ran, WATCH_S)
    follow(stage, ran, 0.12)
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
    follow(stage, ran, 0.3)
    assert len(stage.begun) == 2
    stage.now_s += 1000.0
    stage.guard.shift(1000.0)
    stage.supervisor.shift(1000.0)
    ran.shift(1000.0)
    while len(stage.begun) == 2:
        follow(stage, ran, WATCH_S)
        assert ran.moving(stage.now_s), "never found"
    assert_on_path(stage, 2, ran)
