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

"""Arms that seemed to be lost, and are seen on their way after all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.robot.supervisor import WATCH_S

LEFT, RIGHT = np.arange(7), np.arange(7, 14)


@pytest.mark.parametrize("resumed", [False, True])
def test_an_arm_that_is_seen_on_its_way_after_all_is_stopped_alone(talos: Any, resumed: bool) -> None:
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


def test_of_two_that_seemed_to_give_up_one_may_follow(talos: Any) -> None:
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


def test_what_was_left_to_itself_counts_until_it_is_over(talos: Any) -> None:
    """An arm that still comes to its stop moves, though the other one's stop is over: no answer begins before."""
    timeline, other = talos.ran.copy(), talos.ran.copy()
    timeline._history[-1] = timeline._history[-1].__class__(timeline._history[-1].plan, talos.stage.now_s - 10.0)
    ended_s = timeline.ends_s
    timeline.leave_to(other, np.isin(np.arange(14), RIGHT))
    assert timeline.ends_s == other.ends_s > ended_s
    assert timeline.moving(other.ends_s - 0.01)
    timeline.shift(5.0)
    assert not timeline.moving(other.ends_s + 5.0)


def test_an_arm_that_is_stopped_alone_is_not_told_to_end_its_goal(talos: Any) -> None:
    """Where the other one, which it was left alone for, loses its own."""
    stage = talos.stage
    talos.restart()
    talos.follow_after_all()
    stage.cancelled.clear()
    stage.supervisor.lost(np.isin(np.arange(14), LEFT))
    assert stage.cancelled == [tuple(LEFT)]
    assert not stage.supervisor.held_by_others[RIGHT].any()


def test_an_arm_that_was_moved_away_from_its_path_does_not_follow_it(make_arms: Any) -> None:
    """It sank, say, or its new driver leads it home: a stop on the path would be a jerk."""
    arms = make_arms("talos", 1.1)
    stage = arms.stage
    arms.restart()
    while not stage.guard.halted:
        arms.go_on(WATCH_S)
    wrist = int(np.abs(arms.ran.commanded(stage.now_s).position - arms.stood)[LEFT].argmin())
    for _ in range(8):
        arms.stood = arms.stood + 0.06 * (np.arange(14) == wrist)
        arms.go_on(WATCH_S)
    assert stage.left_out == [(), tuple(LEFT)]
    assert "is followed" not in str(stage.dropped)


def test_a_stop_takes_what_was_seen_on_its_way_along(talos: Any) -> None:
    """The node is deactivated just then, and nobody looks later."""
    stage = talos.stage
    stage.held = np.where(np.isin(np.arange(14), LEFT), talos.stood, np.nan)
    while not stage.guard.halted:
        talos.go_on(WATCH_S)
    assert len(stage.begun) == 1
    stage.held, stage.awake = None, False
    talos.stands[:] = False
    talos.go_on(2 * WATCH_S)
    assert stage.supervisor.stop()
    assert stage.left_out == [(), tuple(LEFT), tuple(RIGHT)]


def test_what_is_taken_back_halts_and_an_answer_begins_where_each_arm_is_held(talos: Any) -> None:
    """Also after a resume; both hang below where their stops ended."""
    stage = talos.stage
    talos.restart(sag_rad=0.04)
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    talos.stands[:] = False
    talos.go_on(3.0, sag_rad=0.04)
    assert stage.guard.halted == "what was sent seemed to be given up, and is followed"
    assert len(stage.begun) == 3
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    talos.go_on(0.1, sag_rad=0.04)
    stage.supervisor.answer(talos.answer)
    start = stage.begun[3].plan.start.position
    for arm, stopped in ((RIGHT, stage.begun[1]), (LEFT, stage.begun[2])):
        np.testing.assert_allclose(start[arm], stopped.plan.end[arm], atol=1e-9)


def test_an_arm_that_its_controller_says_to_hold_is_not_taken_back(talos: Any) -> None:
    """Somebody pushes it along."""
    stage = talos.stage
    stage.held = np.where(np.isin(np.arange(14), LEFT), talos.stood, np.nan)
    talos.go_on(0.55)
    assert stage.left_out == [(), tuple(LEFT)]
    talos.stands[:] = False
    talos.go_on(0.3)
    assert stage.left_out == [(), tuple(LEFT)]


def test_an_arm_that_is_still_lost_after_the_other_was_taken_back_begins_where_it_is_seen(talos: Any) -> None:
    """It sank meanwhile."""
    stage = talos.stage
    stage.held = talos.stood.copy()
    talos.stands[:] = True
    talos.go_on(0.4)
    stage.held = None
    talos.stands[LEFT] = False
    talos.go_on(0.12)
    assert stage.left_out[1:] == [tuple(RIGHT)]
    talos.stood[RIGHT] -= 0.05
    talos.go_on(4.0)
    assert stage.guard.resume(stage.now_s) == ""
    stage.supervisor.release()
    stage.supervisor.answer(talos.answer)
    start = stage.begun[-1].plan.start.position
    np.testing.assert_allclose(start[RIGHT], talos.stood[RIGHT], atol=1e-9)
    np.testing.assert_allclose(start[LEFT], stage.begun[1].plan.end[LEFT], atol=1e-9)
