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

from iat_ros.robot.supervisor import WATCH_S

LEFT, RIGHT = np.arange(7), np.arange(7, 14)


def test_a_driver_of_one_arm_that_was_started_anew_is_sent_nothing(talos: Any) -> None:
    """It holds its arm and never heard of the answer; the other arm is stopped on its path, and may hang below it."""
    stage = talos.stage
    talos.restart(sag_rad=0.04)
    assert stage.guard.halted == "a driver that was started anew in mid-motion holds 'arm_left_1_joint' and 6 more"
    assert stage.left_out == [(), tuple(LEFT)]
    assert stage.cancelled == [tuple(LEFT)]
    talos.right_was_stopped()
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


def test_an_arm_is_not_taken_to_trail_its_command_while_nobody_tells_of_it(make_arms: Any) -> None:
    """Where little lag is allowed it seems to fall behind in its silence; that it did before would excuse it."""
    arms = make_arms("talos", 0.95)
    stage = arms.stage
    stage.guard.config = replace(stage.guard.config, following_lag_s=0.02, following_tolerance_rad=0.0)
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    arms.go_on(0.3, silent_s=0.16)
    assert "started anew" in stage.guard.halted


def test_where_one_controller_has_both_arms_the_one_that_stands_is_told_to_stay(make_arms: Any) -> None:
    """It must be sent the stop of the other; so it is told of this one where it is."""
    arms = make_arms("g1")
    arms.restart()
    assert "holds 'left_" in arms.stage.guard.halted
    assert arms.stage.left_out == [(), ()]
    arms.right_was_stopped()
    assert not arms.stage.supervisor.held_by_others.any()


def test_one_of_two_controllers_that_says_that_it_gave_up_is_sent_nothing(talos: Any) -> None:
    """The other does not say that it holds anything: it is stopped."""
    stage = talos.stage
    stage.held = np.where(np.isin(np.arange(14), LEFT), talos.stood, np.nan)
    talos.go_on(0.5)
    assert stage.guard.halted == "a controller that gave up what ran holds 'arm_left_1_joint' and 6 more"
    assert stage.left_out == [(), tuple(LEFT)]
    talos.right_was_stopped()


def test_a_controller_that_tells_of_half_its_joints_tells_nothing(talos: Any) -> None:
    """Where the others are is not known; the arm is seen to be away from its command, and all are stopped."""
    stage = talos.stage
    stage.held = np.where(np.arange(14) < 3, talos.stood, np.nan)
    talos.go_on(0.6)
    assert "from its command" in stage.guard.halted
    assert stage.left_out[1:] == [()]


@pytest.mark.parametrize(("after_s", "late"), [(0.12, False), (0.12, True), (0.32, False)])
def test_a_slow_arm_that_gave_up_with_the_other_gets_no_stop_either(talos: Any, after_s: float, late: bool) -> None:
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


def test_one_driver_that_tells_in_two_messages_is_sent_nothing(make_arms: Any) -> None:
    """Of the joints in one of them the command has hardly gone on."""
    arms = make_arms("talos")
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


def test_whoever_comes_next_takes_back_no_sign_of_the_first(make_arms: Any) -> None:
    """The broadcaster of another arm, say, while the command of the first goes on slowly."""
    arms = make_arms("talos", 1.1)
    stage = arms.stage
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    arms.go_on(0.4, silent_s=0.16)
    assert not stage.guard.halted
    stage.supervisor.observer.driver_came(stage.now_s)
    arms.go_on(0.6)
    assert "started anew" in stage.guard.halted
    assert stage.left_out[1:] == [tuple(LEFT)]


def test_silences_that_end_in_one_look_are_told_apart(talos: Any) -> None:
    """This process was held up, and a middleware that tells no times has all messages come at once."""
    stage = talos.stage
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    stage.now_s += 0.14
    talos.go_on(0.5)
    assert stage.left_out == [(), tuple(LEFT)]


def test_an_arm_whose_broadcaster_alone_was_started_anew_is_stopped_on_its_path(talos: Any) -> None:
    """It moves on, and the other too."""
    talos.stands[:] = False
    talos.restart()
    assert not talos.stage.guard.halted
    assert talos.stage.supervisor.stop()
    assert talos.stage.left_out == [(), ()]


def test_an_arm_that_hardly_moves_and_fell_silent_too_is_stopped(make_arms: Any) -> None:
    """Its messages were held up when the other's driver was killed; its controller goes on."""
    arms = make_arms("talos", 1.4, right=False)
    arms.stage.supervisor.observer.driver_came(arms.stage.now_s + 0.1)
    arms.go_on(0.7, silent_s=0.16, right_silent_s=0.1)
    assert "started anew" in arms.stage.guard.halted
    assert arms.stage.left_out == [(), tuple(LEFT)]


def test_an_arm_that_stands_after_it_followed_a_new_broadcaster_is_stopped_on_its_path(talos: Any) -> None:
    """Its motors were switched off later: its controller goes on, and must be told to stop."""
    talos.stands[:] = False
    talos.restart()
    talos.stands[LEFT] = True
    talos.stood = talos.ran.commanded(talos.stage.now_s).position
    talos.go_on(1.2)
    assert "from its command" in talos.stage.guard.halted
    assert talos.stage.left_out[1:] == [()]


def test_a_driver_that_is_back_before_another_is_sent_nothing(talos: Any) -> None:
    """Both were killed; where the whole robot is, is not known any more, but that this arm stands is."""
    stage = talos.stage
    begins_s = stage.now_s
    talos.stood = talos.ran.commanded(begins_s + 0.02).position  # killed a little after it was heard last
    stage.supervisor.observer.driver_came(begins_s + 0.1)
    while stage.now_s < begins_s + 0.9:
        stage.now_s += WATCH_S
        if stage.now_s > begins_s + 0.16:
            stage.hear(LEFT, talos.stood)
        stage.guard.saw_people(stage.now_s, stage.distance_m)
        stage.awake = stage.awake and stage.supervisor.watch()
    assert "started anew in mid-motion holds 'arm_left_1_joint'" in stage.guard.halted
    assert stage.left_out == [(), tuple(LEFT)]
    np.testing.assert_allclose(stage.begun[1].plan.end[LEFT], talos.stood[LEFT], atol=1e-9)


@pytest.mark.parametrize("what", ["halt", "answer", "slow"])
@pytest.mark.parametrize(("begins_s", "after_s"), [(0.5, 0.0), (0.5, 0.04), (1.1, 0.04)])
def test_what_is_sent_just_after_a_driver_is_back_is_not_for_it(
    make_arms: Any, what: str, begins_s: float, after_s: float
) -> None:
    """There is no time to see for how long its arm stands, whose command may be slow just then."""
    talos = make_arms("talos", begins_s)
    stage = talos.stage
    talos.stood = talos.ran.commanded(stage.now_s + 0.06).position  # killed a little after it was heard last
    stage.awake = False
    stage.supervisor.observer.driver_came(stage.now_s + 0.1)
    talos.go_on(0.14 + after_s, silent_s=0.13)
    assert not stage.guard.halted
    if what == "halt":
        assert stage.supervisor.stop()
    elif what == "answer":
        stage.supervisor.answer(talos.answer)
        assert "answer, since the robot's controllers do not follow what runs" in stage.dropped
    else:
        stage.supervisor.slow(0.3)
    talos.go_on(0.3)
    assert "started anew" in stage.guard.halted
    assert stage.left_out == [(), tuple(LEFT)]
