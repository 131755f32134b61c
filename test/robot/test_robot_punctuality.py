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

"""How long a busy machine delays what the robot says."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.robot.guard import Guard, GuardConfig
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performer import Performer
from iat_ros.robot.punctuality import Punctuality
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing


def _hear(punctuality: Punctuality, begin_s: float, way_s: list[float], clock_s: float = 0.0) -> None:
    """Take in states of every 10 ms that take so long, by a robot whose clock differs."""
    for number, each in enumerate(way_s):
        punctuality.take(begin_s + 0.01 * number + clock_s, begin_s + 0.01 * number + each)


@pytest.mark.parametrize("clock_s", [0.0, -3.0, 3.0])
def test_what_comes_later_than_usual_is_a_delay_for_ten_seconds(clock_s: float) -> None:
    """Whatever the robot's clock says, and however long the usual way is."""
    punctuality = Punctuality()
    _hear(punctuality, 100.0, [0.004] * 50, clock_s)
    assert punctuality.delay_s == pytest.approx(0.0, abs=1e-9)
    _hear(punctuality, 100.5, [0.004, 0.034, 0.024, 0.014, 0.004], clock_s)
    assert punctuality.delay_s == pytest.approx(0.03)
    _hear(punctuality, 100.55, [0.004] * 900, clock_s)
    assert punctuality.delay_s == pytest.approx(0.03)
    _hear(punctuality, 109.55, [0.004] * 150, clock_s)
    assert punctuality.delay_s == pytest.approx(0.0, abs=1e-9)


def test_a_controller_that_was_held_up_counts_too() -> None:
    """Its states are then as fresh as ever, but there was a gap between them."""
    punctuality = Punctuality()
    for stamp_s in (1.0, 1.01, 1.02, 1.07, 1.08):
        punctuality.take(stamp_s, stamp_s + 0.001)
    assert punctuality.delay_s == pytest.approx(0.04)


def test_a_machine_that_stood_counts_as_a_busy_one_at_most() -> None:
    """Nothing is put off for seconds."""
    punctuality = Punctuality()
    _hear(punctuality, 1.0, [0.001, 0.001, 0.9])
    assert punctuality.delay_s == 0.2
    punctuality.forget()
    assert punctuality.delay_s == 0.0


def test_states_without_a_stamp_or_out_of_order_tell_nothing() -> None:
    """So do they leave what is known."""
    punctuality = Punctuality()
    for stamp_s, now_s in ((0.0, 1.0), (0.0, 9.0), (9.0, 9.0), (8.0, 9.5), (8.0, 9.9)):
        punctuality.take(stamp_s, now_s)
    assert punctuality.delay_s == 0.0


def test_a_delay_is_forgotten_whatever_comes_then() -> None:
    """Stamps that stand, are missing, or fall: ten seconds later nothing is known of it."""
    for stamp_s in (1.03, 0.0, 0.5):
        punctuality = Punctuality()
        _hear(punctuality, 1.0, [0.001, 0.001, 0.001, 0.101])
        assert punctuality.delay_s == pytest.approx(0.1)
        for now_s in np.arange(1.2, 12.0, 0.1):
            punctuality.take(stamp_s, now_s)
        assert punctuality.delay_s == 0.0


def test_silence_is_no_delay() -> None:
    """A robot that said nothing for a while is not late with what it says then."""
    punctuality = Punctuality()
    _hear(punctuality, 1.0, [0.001] * 10)
    _hear(punctuality, 4.0, [0.001] * 10)
    assert punctuality.delay_s == pytest.approx(0.0, abs=1e-9)


def test_a_second_publisher_whose_states_are_older_changes_nothing() -> None:
    """Only what is newer than anything before counts."""
    punctuality = Punctuality()
    for number in range(100):
        now_s = 1.0 + 0.01 * number
        punctuality.take(now_s, now_s + 0.001)
        punctuality.take(now_s - 0.05, now_s + 0.005)
    assert punctuality.delay_s == pytest.approx(0.0, abs=1e-9)


def test_a_late_robot_is_given_more_time(g1: RobotModel) -> None:
    """So that it hears of an answer before it is to begin; once the clock was set, nothing is known again."""
    performer, now_s = Performer(g1, g1.limb_names, None, Timing(delivery_s=0.04)), [0.0]
    observer = Observer(performer, Guard(GuardConfig()), lambda: now_s[0], lambda: None)
    still = np.zeros(len(g1.rest))
    for stamp_s, way_s in ((1.0, 0.001), (1.01, 0.001), (1.02, 0.001), (1.03, 0.061)):
        now_s[0] = stamp_s + way_s
        observer.knew(stamp_s, now_s[0])
        observer.saw_joints(State(g1.rest, still, still), now_s[0])
    assert performer.delivery_s == pytest.approx(0.1)
    away = g1.rest.copy()
    away[0] += 0.2
    home = performer.go_home(now_s[0], State(away, still, still))
    assert home is not None
    begun = performer.perform(home, 2.0)
    assert begun is not None
    assert begun.began_s == pytest.approx(2.1)
    observer.shift(5.0)
    now_s[0] += 5.0
    observer.knew(now_s[0], now_s[0])
    observer.saw_joints(State(g1.rest, still, still), now_s[0])
    assert performer.delivery_s == pytest.approx(0.04)
