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

"""Robots that heard of their stops: whatever they do then, they are let alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton

LEFT, RIGHT = np.arange(7), np.arange(7, 14)
WHY = "the robot goes on with what it was told to leave: its controller did not hear of that, or too late"


@pytest.mark.parametrize("trails_s", [0.0, 0.15])
def test_a_robot_that_heard_of_its_stop_is_let_alone(stage: Any, trails_s: float) -> None:
    """However it comes to rest: late, or sinking by its own weight; others may take it elsewhere then."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.6)
    before = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stage.follow(stage.performer.timeline.copy(), 1.0, trails_s)
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
    stage.follow(ran, 0.1)
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stage.follow(ran, 0.06)
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


def test_a_robot_that_is_near_what_it_left_and_farther_from_where_it_should_stand_was_not_left(stage: Any) -> None:
    """What ran was almost over, and ends not far from there; the arm sinks, the other way."""
    stage.performer.timing = Timing(speed_scale=0.15)
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(stage.performer.timeline.ends_s - stage.now_s - 1.6)
    ran = stage.performer.timeline.copy()
    stage.guard.halt("on request")
    assert stage.supervisor.stop()
    stage.follow(stage.performer.timeline.copy(), 0.5)
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
