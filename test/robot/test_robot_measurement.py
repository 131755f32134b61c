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
    measured.take(State(g1.rest, still + 0.5, still), 2.0)
    measured.take(State(g1.rest, still, still), 2.1)
    assert measured.moves_strangely(performer, 2.1), "where it turns round, it stands for a moment only"
    measured.take(State(g1.rest, still, still), 2.4)
    assert not measured.moves_strangely(performer, 2.4)
    measured.take(State(g1.rest + 0.02, still, still), 3.0)
    assert measured.moves_strangely(performer, 3.0), "a robot may tell no velocities"
    performer.timeline.held(3.0, None)
    assert not measured.moves_strangely(performer, 3.0)


def test_a_clock_that_was_set_makes_no_robot_move_or_stand(g1: RobotModel) -> None:
    """What was seen before counts as if the clock had always been so."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    still = np.zeros(len(g1.rest))
    for by_s in (-95.0, 95.0):
        measured.take(State(g1.rest, still + 0.5, still), 100.0)
        measured.shift(by_s)
        assert measured.moves_strangely(performer, 100.2 + by_s)
        assert not measured.moves_strangely(performer, 100.4 + by_s)


def test_only_what_was_measured_after_the_stop_tells_where_the_robot_stands(g1: RobotModel) -> None:
    """Before its last plan ended, it was elsewhere."""
    performer, measured = Performer(g1, g1.limb_names, None, Timing()), Measurement()
    performer.timeline.held(1.0, None)
    still = np.zeros(len(g1.rest))
    measured.take(State(g1.rest, still, still), 1.0)
    assert measured.standing(performer) is None
    measured.take(State(g1.rest, still, still), 1.1)
    assert measured.standing(performer) is measured.state
