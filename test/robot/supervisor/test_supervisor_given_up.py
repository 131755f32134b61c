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

"""Controllers that do not follow what runs, and hold the robot: they are sent no stop, which would be a jerk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S, TooLateError


@pytest.fixture
def answering(stage: Any) -> Any:
    """A robot in the midst of an answer."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    return stage


@pytest.mark.parametrize("late_s", [-0.05, 0.15])
def test_a_driver_that_was_started_anew_is_sent_no_stop(answering: Any, late_s: float) -> None:
    """It holds the robot and never heard of the answer; the middleware may tell of it sooner or later than it does."""
    stage, observer = answering, answering.supervisor.observer
    position = stage.performer.timeline.commanded(stage.now_s).position
    observer.driver_came(stage.now_s + 0.1 + late_s)
    stage.stay(0.6, silent_s=0.1)
    assert stage.guard.halted == "a driver that was started anew in mid-motion holds the robot"
    assert len(stage.begun) == 1
    assert stage.cancelled == [tuple(range(len(position)))]
    assert not stage.performer.timeline.moving(stage.now_s)
    np.testing.assert_allclose(stage.performer.timeline.commanded(stage.now_s).position, position, atol=1e-12)
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    stage.stay(0.4)
    stage.supervisor.answer(stage.ANSWER)
    np.testing.assert_allclose(stage.begun[-1].plan.start.position, position, atol=1e-12)


def test_a_hitch_after_it_hides_no_new_driver(answering: Any) -> None:
    """On a busy machine its joint states stop again for a moment."""
    stage = answering
    at = stage.performer.timeline.commanded(stage.now_s).position
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.stay(0.16, silent_s=0.1, at=at)
    stage.stay(0.5, silent_s=0.09, at=at)
    assert "started anew" in stage.guard.halted
    assert len(stage.begun) == 1


@pytest.mark.parametrize("near", [False, True])
def test_whatever_would_take_over_is_left_out_and_the_robot_halted(answering: Any, near: bool) -> None:
    """A halt on request, or a person who comes near just then; nobody goes home from there by himself."""
    stage = answering
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.awake = False  # the watch is late
    stage.stay(0.5, silent_s=0.1)
    if near:
        stage.supervisor.slow(0.3)
    else:
        assert stage.supervisor.stop()
    assert len(stage.begun) == 1
    assert "started anew" in stage.guard.halted
    stage.awake = True
    stage.stay(8.0)
    assert len(stage.begun) == 1
    assert not stage.awake


def test_a_controller_that_says_that_it_gave_up_is_sent_no_stop(answering: Any) -> None:
    """It found the robot too far from its path, say, and holds it where it was then."""
    stage = answering
    stage.held = stage.performer.timeline.commanded(stage.now_s).position
    stage.stay(0.6)
    assert stage.guard.halted == "a controller that gave up what ran holds the robot"
    assert len(stage.begun) == 1


def test_a_controller_that_holds_the_robot_where_it_should_be_did_not_give_up(stage: Any) -> None:
    """In the last pose of an answer, say, and before one begins."""
    stage.held = stage.performer.timeline.commanded(stage.now_s).position
    stage.supervisor.answer(stage.ANSWER)
    for _ in range(400):
        stage.now_s += WATCH_S
        state = stage.performer.timeline.commanded(stage.now_s)
        stage.held = None if state.moves else state.position
        stage.measure(0.15)
        stage.awake = stage.awake and stage.supervisor.watch()
    assert not stage.guard.halted


@pytest.mark.parametrize(
    ("came_s", "silent_s"),
    [(None, 0.0), (None, 0.1), (0.05, 0.0), (-2.0, 0.1), (0.4, 0.1)],
    ids=["motors", "held up", "another publisher", "came before", "came later"],
)
def test_a_robot_that_stands_for_another_reason_is_stopped_on_its_path(
    answering: Any, came_s: float | None, silent_s: float
) -> None:
    """Its motors are off, say: the controller goes on with what it was sent, and a stop must end that."""
    stage = answering
    if came_s is not None:
        stage.supervisor.observer.driver_came(stage.now_s + came_s)
    stage.stay(0.6, silent_s=silent_s)
    assert "from its command" in stage.guard.halted
    assert len(stage.begun) == 2


@pytest.mark.parametrize("away_rad", [0.0, 0.25])
def test_a_robot_that_follows_can_be_stopped_after_a_new_driver_told_of_it(answering: Any, away_rad: float) -> None:
    """The broadcaster alone was started anew; an arm that hangs below its command hung there before."""
    stage = answering
    stage.measure(-away_rad)
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.now_s += 0.1
    for _ in range(30):
        stage.now_s += WATCH_S
        stage.measure(-away_rad)
        assert stage.supervisor.watch()
    assert not stage.guard.halted
    assert stage.supervisor.stop()
    assert len(stage.begun) == 2


def test_a_robot_that_falls_behind_but_moves_follows(answering: Any) -> None:
    """Whoever tells of it: a controller moves it, and must be sent the stop."""
    stage, timeline = answering, answering.performer.timeline
    began = timeline.commanded(stage.now_s)
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.now_s += 0.1
    for _ in range(20):
        stage.now_s += WATCH_S
        now = timeline.commanded(stage.now_s)
        stage.tell(State(0.5 * (began.position + now.position), 0.5 * now.velocity, 0.5 * now.acceleration))
        assert stage.supervisor.watch()
    assert np.abs(now.position - began.position).max() > 0.4
    assert "started anew" not in stage.guard.halted


def test_what_was_sent_since_a_driver_came_is_known_to_it(answering: Any) -> None:
    """Once its controllers are up; a robot that stands all the same is stopped on its path."""
    stage = answering
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.now_s += 0.1
    stage.wait(1.2)
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.5)
    stage.stay(0.6)
    assert "from its command" in stage.guard.halted
    assert len(stage.begun) == 3


@pytest.mark.parametrize("late", [0, 2])
@pytest.mark.parametrize("resumed", [False, True])
def test_a_robot_that_is_seen_on_its_way_is_looked_after_again(answering: Any, late: int, resumed: bool) -> None:
    """The signs were wrong: it was held up, and somebody else told of one that stands. It is stopped on its path."""
    stage, plan = answering, answering.performer.timeline.copy()
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.stay(0.3, silent_s=0.1)
    assert "started anew" in stage.guard.halted
    assert len(stage.begun) == 1
    assert stage.supervisor.held_by_others.any()
    if resumed:
        assert stage.guard.resume(stage.now_s) == ""
        stage.supervisor.release()
    stage.late = late  # a busy machine
    for _ in range(8):
        stage.now_s += WATCH_S
        trails = plan.commanded(stage.now_s)
        stage.tell(State(trails.position - 0.2, trails.velocity, trails.acceleration))
        try:
            stage.awake = stage.awake and stage.supervisor.watch()
        except TooLateError:
            assert late
    assert stage.dropped["what was sent seemed to be given up, and is followed"] == 1
    assert not stage.supervisor.held_by_others.any()
    assert len(stage.begun) == 2
    stopped = stage.begun[1]
    assert stopped.plan.start.moves
    np.testing.assert_allclose(stopped.plan.start.position, plan.commanded(stopped.began_s).position, atol=1e-9)
    assert stage.performer.timeline.moving(stage.now_s)


@pytest.fixture
def given_up(answering: Any) -> Any:
    """A robot in the midst of an answer that is taken to be given up, and what it was."""
    answering.ran = answering.performer.timeline.copy()
    answering.supervisor.observer.driver_came(answering.now_s + 0.05)
    answering.stay(0.3, silent_s=0.1)
    assert answering.supervisor.held_by_others.all()
    answering.now_s += WATCH_S
    return answering


def test_a_clock_that_is_set_hides_no_robot_on_its_way(given_up: Any) -> None:
    """It was seen just before, and is stopped on its path, which is timed by the new clock."""
    stage = given_up
    stage.tell(stage.ran.commanded(stage.now_s))
    stage.now_s += 1000.0
    stage.guard.shift(1000.0)
    stage.supervisor.shift(1000.0)
    stage.ran.shift(1000.0)
    stage.supervisor.watch()
    stopped = stage.begun[1]
    np.testing.assert_allclose(stopped.plan.start.position, stage.ran.commanded(stopped.began_s).position, atol=1e-9)


def test_what_was_given_up_is_not_taken_back_once_it_is_over(given_up: Any) -> None:
    """A robot that is seen on its way at the last moment has come to its end."""
    given_up.tell(given_up.ran.commanded(given_up.now_s))
    assert given_up.supervisor.observer.followed_after_all(given_up.ran.ends_s + 1.0, sending=False) is None


def test_what_was_given_up_is_not_taken_back_from_what_was_sent_since(given_up: Any) -> None:
    """That replaced it, whatever was seen before; a halt is one of the new answer then."""
    stage = given_up
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    stage.stay(0.4)
    stage.tell(stage.ran.commanded(stage.now_s))  # seen, and not looked at yet
    stage.begin(stage.performer, lambda now_s, _: stage.performer.go_home(now_s, None))
    assert stage.supervisor.observer.followed_after_all(stage.now_s, sending=False) is None


def test_a_halt_after_a_new_answer_is_sent_and_told_so(given_up: Any) -> None:
    """What was given up would still run, and is no longer what the robot does."""
    stage = given_up
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    stage.stay(0.4)
    stage.supervisor.answer(stage.ANSWER)
    assert len(stage.begun) == 2
    assert stage.ran.moving(stage.now_s)
    assert not stage.supervisor.held_by_others.any()
    stage.wait(0.5)
    assert stage.supervisor.stop()
    assert len(stage.begun) == 3


def test_two_who_tell_of_the_same_joints_and_disagree_are_no_new_driver(answering: Any) -> None:
    """A simulated robot that was started by mistake stands, and tells so more often than the real one, which moves."""
    stage, still = answering, State.at_rest(answering.performer.model.rest)
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.now_s += 0.1
    for _ in range(20):
        real = stage.performer.timeline.commanded(stage.now_s)
        stage.supervisor.observer.heard(
            stage.now_s + 0.001, np.arange(len(real.position)), real.position
        )  # not the newest of its batch
        stage.now_s += WATCH_S
        stage.tell(still)
        stage.awake = stage.awake and stage.supervisor.watch()
    assert "from its command" in stage.guard.halted
    assert len(stage.begun) == 2
    assert stage.begun[1].plan.start.moves


def test_a_clock_that_is_set_hides_no_new_driver(answering: Any) -> None:
    """All that was noted goes along with it."""
    stage = answering
    at = stage.performer.timeline.commanded(stage.now_s).position
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.stay(0.15, silent_s=0.1, at=at)
    stage.now_s += 1000.0
    stage.guard.shift(1000.0)
    stage.supervisor.shift(1000.0)
    stage.stay(0.5, at=at)
    assert "started anew" in stage.guard.halted
    assert len(stage.begun) == 1


def test_an_arm_that_hangs_in_the_last_pose_of_an_answer_is_followed(stage: Any) -> None:
    """The broadcaster alone was started anew, and the robot stands, below its command as before: it can be stopped."""
    stage.performer.timing = replace(stage.performer.timing, rest_after_s=5.0)
    stage.supervisor.answer(stage.ANSWER)
    while stage.performer.timeline.commanded(stage.now_s).moves or stage.now_s < 102.0:
        stage.now_s += WATCH_S
        stage.measure(-0.25)
    stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.now_s += 0.1
    for _ in range(30):
        stage.now_s += WATCH_S
        stage.measure(-0.25)
        assert stage.supervisor.watch()
    assert not stage.guard.halted
    assert stage.supervisor.stop()
    assert len(stage.begun) == 2


@pytest.mark.parametrize("silent_s", [0.0, 0.7])
def test_after_a_halt_for_silence_an_answer_begins_where_the_robot_is_seen(answering: Any, silent_s: float) -> None:
    """Its driver may have been started anew, near where the stop ended but not there; one that hangs was never away."""
    stage = answering
    stage.now_s += silent_s
    stage.supervisor.watch()
    if not silent_s:
        stage.guard.halt("on request")
        stage.supervisor.stop()
    assert stage.guard.halted
    for _ in range(100):
        stage.now_s += WATCH_S
        stage.measure(0.08)
        stage.supervisor.watch()
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    end = stage.performer.timeline.commanded(stage.now_s).position
    stage.supervisor.answer(stage.ANSWER)
    away_rad = 0.08 if silent_s else 0.0
    np.testing.assert_allclose(stage.begun[-1].plan.start.position, end + away_rad, atol=1e-9)


@pytest.mark.parametrize("told_late", [False, True])
def test_a_new_driver_holds_the_robot_where_it_is_measured(stage: Any, told_late: bool) -> None:
    """Not where the last plan ended, which it knows nothing of: the next answer begins there once that is sure."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(12.0)
    assert stage.at_rest
    if not told_late:
        stage.supervisor.observer.driver_came(stage.now_s + 0.05)
    stage.now_s += 0.1
    stage.measure(0.05)
    if told_late:
        stage.supervisor.observer.driver_came(stage.now_s + 0.01)
        stage.now_s += WATCH_S
        stage.measure(0.05)
    stage.supervisor.answer(stage.ANSWER)
    assert len(stage.begun) == 1
    for _ in range(20):
        stage.now_s += WATCH_S
        stage.measure(0.05)
        assert stage.supervisor.watch()
    assert len(stage.begun) == 2
    np.testing.assert_allclose(stage.begun[1].plan.start.position, stage.performer.model.rest + 0.05, atol=1e-9)
    assert stage.begun[1].held is None
