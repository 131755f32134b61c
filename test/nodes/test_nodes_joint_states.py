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

"""What joint states tell, and what may be concluded from them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from iat_ros.errors import MessageError
from iat_ros.nodes.joint_states import Measurement, read_joint_states
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing

NAMES = ("shoulder", "elbow")

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def g1() -> RobotModel:
    """The Unitree G1."""
    return RobotModel.load(find_config("robots", "g1"))


def test_joints_come_in_any_order_among_others() -> None:
    """Names decide; what has no speed, or NaN for one, is taken to stand."""
    message = JointState(name=["elbow", "wheel", "shoulder"], position=[2.0, 9.0, 1.0], velocity=[np.nan, 9.0, 0.5])
    state = read_joint_states(message, NAMES)
    assert state is not None
    np.testing.assert_array_equal(state.position, [1.0, 2.0])
    np.testing.assert_array_equal(state.velocity, [0.5, 0.0])
    np.testing.assert_array_equal(state.acceleration, [0.0, 0.0])
    message.velocity = []
    standing = read_joint_states(message, NAMES)
    assert standing is not None
    assert not standing.velocity.any()


def test_another_part_of_the_robot_tells_nothing() -> None:
    """A message without all joints, or without positions, is no fault."""
    assert read_joint_states(JointState(name=["elbow"], position=[1.0]), NAMES) is None
    assert read_joint_states(JointState(name=list(NAMES), velocity=[1.0, 1.0]), NAMES) is None


@pytest.mark.parametrize(
    ("name", "position", "velocity", "said"),
    [
        ([*NAMES, "elbow"], [1.0, 2.0, 3.0], [], "name a joint twice"),
        (NAMES, [1.0], [], "another number of positions"),
        (NAMES, [1.0, np.nan], [], "hold NaN"),
        (NAMES, [1.0, -np.inf], [], "hold NaN"),
        (NAMES, [1.0, 2.0], [0.0, np.inf], "speed above 100 rad/s"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    name: tuple[str, ...], position: list[float], velocity: list[float], said: str
) -> None:
    """Each fault is named, without a word from NumPy."""
    message = JointState(name=list(name), position=position, velocity=velocity)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(MessageError, match=said):
            read_joint_states(message, NAMES)


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
    performer.held(3.0, None)
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
    performer.held(1.0, None)
    still = np.zeros(len(g1.rest))
    measured.take(State(g1.rest, still, still), 1.0)
    assert measured.standing(performer) is None
    measured.take(State(g1.rest, still, still), 1.1)
    assert measured.standing(performer) is measured.state
