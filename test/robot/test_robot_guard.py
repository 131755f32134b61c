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

"""The guard: what stops the robot, what holds it, and what it takes to go on."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.robot.guard import Guard, GuardConfig, Leave, Verdict

NAMES = ("shoulder", "elbow")
POSE = np.zeros(2)
BAND = (POSE - 0.1, POSE + 0.1)


def well(guard: Guard, now_s: float) -> None:
    """Joint states and an empty room arrive."""
    guard.saw_joints(now_s, POSE, BAND, NAMES)
    guard.saw_people(now_s, np.inf)


def test_all_well() -> None:
    """With fresh joint states and nobody near the robot may move."""
    guard = Guard(GuardConfig())
    well(guard, 1.0)
    assert guard.verdict(1.1, True).leave is Leave.MOVE


def test_a_halt_is_latched_until_resume() -> None:
    """A halt outlasts its cause, keeps its first reason, and only resume lifts it."""
    guard = Guard(GuardConfig())
    well(guard, 1.0)
    guard.halt("on request")
    guard.halt("again")
    assert guard.verdict(1.1, False).leave is Leave.HALT
    assert "on request" in guard.verdict(1.1, False).reason
    guard.halt("on request, too", instead=True)
    assert guard.halted == "on request, too"
    assert guard.resume(1.1) == ""
    assert guard.verdict(1.1, True).leave is Leave.MOVE


def test_without_joint_states_a_halt_cannot_be_lifted() -> None:
    """Resume says what is missing."""
    guard = Guard(GuardConfig())
    guard.halt("on request")
    assert "joint_states" in guard.resume(5.0)
    assert guard.halted


def test_joint_states_that_cannot_be_read_are_told_as_such() -> None:
    """They come, so nobody is sent to look for a driver that is not started; what is wrong is told while it is so."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.5))
    assert guard.verdict(1.0, False).reason == "no joint_states: where the robot is, is unknown"
    guard.could_not_read_joints(1.0, "they hold NaN")
    held = guard.verdict(1.4, False)
    assert held == Verdict(
        Leave.HOLD, "no joint_states that can be read: they hold NaN: where the robot is, is unknown"
    )
    well(guard, 2.0)
    assert guard.verdict(2.1, True).leave is Leave.MOVE
    guard.could_not_read_joints(2.6, "they hold NaN")
    halted = "no joint_states that can be read for 0.5 s while moving: they hold NaN"
    assert guard.verdict(2.7, True) == Verdict(Leave.HALT, f"halted: {halted}; call resume")
    assert guard.resume(2.7) == "no joint_states that can be read within 0.5 s: they hold NaN"
    guard.shift(10.0)
    assert "hold NaN" in guard.resume(12.7), "the clock was set: they are as old as they were"
    assert guard.resume(20.0) == ("no joint_states within 0.5 s; start the robot's joint state broadcaster first"), (
        "none come any more"
    )


@pytest.mark.parametrize(("moving", "leave"), [(True, Leave.HALT), (False, Leave.HOLD)])
def test_stale_joint_states(moving: bool, leave: Leave) -> None:
    """They halt a robot that moves, for good, and hold one that stands, until they come again."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.3))
    well(guard, 1.0)
    assert guard.verdict(1.29, moving).leave is Leave.MOVE
    assert guard.verdict(1.4, moving).leave is leave
    well(guard, 1.5)
    assert guard.verdict(1.5, moving).leave is (Leave.HALT if moving else Leave.MOVE)


def test_joint_states_may_be_done_without() -> None:
    """With 0 as timeout nobody needs to tell where the robot is."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0, stream_timeout_s=0.0))
    assert guard.verdict(100.0, True).leave is Leave.MOVE


def test_a_joint_that_does_not_follow_halts() -> None:
    """Off by more than the tolerance, for longer than the lag; a shorter difference is forgiven."""
    guard = Guard(GuardConfig(following_tolerance_rad=0.3, following_lag_s=0.2, stream_timeout_s=0.0))
    off = np.array([0.0, 0.5])
    guard.saw_joints(1.0, off, BAND, NAMES)
    assert guard.verdict(1.1, True).leave is Leave.MOVE
    guard.saw_joints(1.1, POSE, BAND, NAMES)
    guard.saw_joints(1.15, off, BAND, NAMES)
    assert guard.verdict(1.3, True).leave is Leave.MOVE
    guard.saw_joints(1.36, off, BAND, NAMES)
    verdict = guard.verdict(1.36, True)
    assert verdict.leave is Leave.HALT
    assert "elbow" in verdict.reason
    assert "0.40 rad" in verdict.reason


def test_a_stream_that_stops_holds() -> None:
    """No new answer without skeletons; when they come again, the robot may move again."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0, stream_timeout_s=1.0))
    guard.saw_people(50.0, 3.0)
    assert guard.verdict(50.9, True).leave is Leave.MOVE
    assert guard.verdict(51.1, True).leave is Leave.HOLD
    guard.saw_people(52.0, 3.0)
    assert guard.verdict(52.0, True).leave is Leave.MOVE


def test_before_the_first_skeletons_the_robot_stays_still() -> None:
    """Nobody has said where people are; the reason tells whether anything came. With 0 as timeout nobody needs to."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0))
    assert guard.verdict(50.0, False) == Verdict(Leave.HOLD, "no skeletons: none came yet")
    guard.could_not_read_people("skeletons: expected width 20, got 32")
    verdict = guard.verdict(50.0, False)
    assert verdict.leave is Leave.HOLD
    assert "none that can be read: skeletons: expected width 20, got 32" in verdict.reason
    guard.saw_people(50.1, np.inf)
    guard.could_not_read_people("of another sender")
    assert guard.verdict(50.1, False).leave is Leave.MOVE
    answers_from_elsewhere = Guard(GuardConfig(joint_states_timeout_s=0.0, stream_timeout_s=0.0))
    assert answers_from_elsewhere.verdict(50.0, False).leave is Leave.MOVE


@pytest.mark.parametrize(("distance_m", "leave"), [(2.0, Leave.MOVE), (0.9, Leave.SLOW), (0.4, Leave.HOLD)])
def test_people_who_come_near(distance_m: float, leave: Leave) -> None:
    """A person slows the robot at one distance and holds it at another."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0, stop_distance_m=0.5, slow_distance_m=1.0))
    guard.saw_people(1.0, distance_m)
    assert guard.verdict(1.0, True).leave is leave


@pytest.mark.parametrize(("watched_m", "leave"), [(0.5, Leave.HOLD), (0.0, Leave.MOVE)])
def test_a_distance_that_cannot_be_believed_holds(watched_m: float, leave: Leave) -> None:
    """In doubt it stays still, unless it was told that distances do not matter; the next good message frees it."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0, stop_distance_m=0.0, slow_distance_m=watched_m))
    guard.saw_people(1.0, 700.0, "skeletons must be in metres")
    assert guard.verdict(1.0, True).leave is leave
    assert ("skeletons must be in metres" in guard.verdict(1.0, True).reason) == (leave is Leave.HOLD)
    guard.saw_people(1.1, 3.0)
    assert guard.verdict(1.1, True).leave is Leave.MOVE


@pytest.mark.parametrize("by_s", [-95.0, 95.0])
def test_a_clock_that_was_set_makes_nothing_older_or_newer(by_s: float) -> None:
    """A robot that is observed well is not halted by the clock alone; joint states that stop are missed as before."""
    guard = Guard(GuardConfig())
    well(guard, 100.0)
    guard.shift(by_s)
    assert guard.verdict(100.1 + by_s, True).leave is Leave.MOVE
    assert guard.verdict(100.6 + by_s, True).leave is Leave.HALT


def test_skeletons_that_repeat_their_stamp_are_no_stream() -> None:
    """A camera's driver that sends its last frame for ever sees nobody come near; without stamps that is not told."""
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0))
    for number in range(20):
        guard.saw_people(1.0 + 0.1 * number, 3.0, stamp_s=50.0)
    assert guard.verdict(1.95, True).leave is Leave.MOVE
    assert guard.verdict(2.95, True) == Verdict(Leave.HOLD, "no new skeletons, the last ones repeated, for 1 s")
    guard.saw_people(3.0, 3.0, stamp_s=40.0)  # a recording that begins anew
    assert guard.verdict(3.0, True).leave is Leave.MOVE
    for number in range(20):
        guard.saw_people(3.0 + 0.1 * number, 3.0)
    assert guard.verdict(4.95, True).leave is Leave.MOVE


def test_a_robot_whose_clock_is_ahead_is_held() -> None:
    """It would begin what it is sent where it should be only later: a step."""
    guard = Guard(GuardConfig())
    well(guard, 100.0)
    for stamp_s in (0.0, 99.0, 100.1):
        guard.saw_stamp(100.0, stamp_s)
        assert guard.verdict(100.1, False).leave is Leave.MOVE
    for now_s in (100.0, 100.05, 100.15):
        assert guard.verdict(now_s, False).leave is Leave.MOVE, "seen for too short a time"
        guard.saw_stamp(now_s, now_s + 0.3)
    held = guard.verdict(100.2, False)
    assert held == Verdict(Leave.HOLD, "joint_states are stamped 0.30 s ahead of this node's clock: set them alike")
    guard.saw_stamp(100.2, 100.25)  # it was held up on its way here
    assert guard.verdict(100.2, False).leave is Leave.HOLD
    well(guard, 101.2)
    assert guard.verdict(101.2, False).leave is Leave.MOVE
    for now_s in (101.2, 101.35):
        guard.saw_stamp(now_s, now_s + 0.9)
    guard.shift(0.9)
    assert guard.verdict(102.3, False).leave is Leave.MOVE


def test_a_simulated_clock_that_stands_still_is_not_behind() -> None:
    """This process is at work, say, and reads at once what came meanwhile."""
    guard = Guard(GuardConfig())
    well(guard, 100.0)
    for stamp_s in (100.1, 100.3, 100.5, 100.9):
        guard.saw_stamp(100.0, stamp_s)
    guard.saw_stamp(100.9, 100.9)
    well(guard, 100.9)
    assert guard.verdict(100.9, False).leave is Leave.MOVE
    guard.saw_stamp(100.9, 101.2)
    well(guard, 101.2)
    assert guard.verdict(101.2, False).leave is Leave.MOVE
