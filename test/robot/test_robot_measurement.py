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

"""What may be concluded from where a robot was measured."""

from __future__ import annotations

import numpy as np

from iat_ros.robot.measurement import Measurement
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing


def test_a_robot_that_no_plan_moves_moves_strangely(g1: RobotModel) -> None:
    """That holds until it was seen to stand for a while, or a plan of this node was performed."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    still = np.zeros(len(g1.rest))
    assert not measured.moves_strangely(performer, 0.9)  # of a robot that nobody measures, nothing is known
    measured.take(State(g1.rest, still, still), 1.0)
    assert measured.moves_strangely(performer, 1.0)
    measured.take(State(g1.rest + 0.005, still + 0.01, still), 1.31)  # noise of a sensor is no motion
    assert not measured.moves_strangely(performer, 1.31)
    for now_s in np.arange(2.0, 2.2, 0.01):
        measured.take(State(g1.rest + 0.1 * np.sin(10.0 * (now_s - 2.0)), still, still), now_s)
        assert measured.moves_strangely(performer, now_s) == (now_s > 2.015), "also where it turns round, at 2.157 s"
    stands_at = measured.state
    assert stands_at is not None
    measured.take(State(stands_at.position, still, still), 2.48)
    assert not measured.moves_strangely(performer, 2.5)
    measured.take(State(g1.rest + 0.2, still, still), 3.0)
    assert measured.moves_strangely(performer, 3.0), "a robot may tell no velocities"
    performer.timeline.held(3.0, None)
    assert not measured.moves_strangely(performer, 3.0)


def test_a_clock_that_was_set_makes_no_robot_move_or_stand(g1: RobotModel) -> None:
    """What was seen before counts as if the clock had always been so."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    still = np.zeros(len(g1.rest))
    for by_s in (-95.0, 95.0):
        measured.take(State(g1.rest + 0.001 * by_s, still, still), 100.0)
        measured.shift(by_s)
        assert measured.moves_strangely(performer, 100.2 + by_s)
        assert not measured.moves_strangely(performer, 100.4 + by_s)


def test_where_the_robot_stands_is_told_once_it_was_seen_to_stand(g1: RobotModel) -> None:
    """Not while it trails its last plan, whose end it has yet to reach; and with no sensor's noise in its speed."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    performer.timeline.held(1.0, None)
    still = np.zeros(len(g1.rest))
    measured.take(State(g1.rest + 0.6, still, still), 0.9)
    measured.take(State(g1.rest + 0.4, still, still), 1.0)
    assert measured.standing(performer) is None, "before its last plan ended, it was elsewhere"
    for now_s in np.arange(1.05, 1.3, 0.01):
        measured.take(State(g1.rest + 0.3 * np.exp(-10.0 * (now_s - 1.05)), still - 1.0, still), now_s)
        assert measured.standing(performer) is None
    for now_s in (1.4, 1.71):
        measured.take(State(g1.rest + 0.01, still + 0.03, still), now_s)
    assert measured.standing(performer) is None, "it has come near the end of its plan, and is held there"
    for now_s in (3.0, 3.31):
        measured.take(State(g1.rest + 0.05, still + 0.03, still), now_s)
    stands = measured.standing(performer)
    assert stands is not None, "others moved it since"
    assert not stands.moves
    np.testing.assert_array_equal(stands.position, g1.rest + 0.05)


def test_a_robot_that_settles_far_from_its_plans_end_is_not_held_there(g1: RobotModel) -> None:
    """Its weight does not keep it so far away; its motors may be off."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    performer.timeline.held(1.0, None)
    still = np.zeros(len(g1.rest))
    for away_rad, held in ((0.09, True), (0.11, False)):
        for now_s in (1.1, 1.5):
            measured.take(State(g1.rest + away_rad, still, still), now_s)
        assert (measured.standing(performer) is None) == held


def test_a_robot_that_no_plan_moved_begins_as_it_moves(g1: RobotModel) -> None:
    """There is no plan whose end it could be at."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    still = np.zeros(len(g1.rest))
    for now_s in (1.0, 1.1, 1.2):
        measured.take(State(g1.rest + now_s, still + 1.0, still), now_s)
    assert measured.standing(performer) is measured.state
