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

"""What joint states tell, and what is refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from iat_ros.errors import MessageError
from iat_ros.nodes.joint_states import JointStatesReader, read_known_joints
from iat_ros.nodes.joint_states_decoder import JointsTold

NAMES = ("shoulder", "elbow")

pytestmark = pytest.mark.ros


def told(**fields: Any) -> JointsTold:
    """What such a message tells."""
    return JointsTold.of(JointState(**fields))


def test_joints_come_in_any_order_among_others() -> None:
    """Names decide; what has no speed, or NaN for one, is taken to stand."""
    message = JointState(name=["elbow", "wheel", "shoulder"], position=[2.0, 9.0, 1.0], velocity=[np.nan, 9.0, 0.5])
    state = JointStatesReader(NAMES).read(JointsTold.of(message), 1.0)
    assert state is not None
    np.testing.assert_array_equal(state.position, [1.0, 2.0])
    np.testing.assert_array_equal(state.velocity, [0.5, 0.0])
    np.testing.assert_array_equal(state.acceleration, [0.0, 0.0])
    message.velocity = []
    standing = JointStatesReader(NAMES).read(JointsTold.of(message), 1.0)
    assert standing is not None
    assert not standing.velocity.any()


def test_another_part_of_the_robot_tells_nothing() -> None:
    """A message without any of the joints, or without positions, is no fault, however often it comes."""
    reader = JointStatesReader(NAMES)
    for now_s in (1.0, 2.0, 3.0):
        assert reader.read(told(name=["wheel"], position=[1.0]), now_s) is None
        assert reader.read(told(name=list(NAMES), velocity=[1.0, 1.0]), now_s) is None


def test_joints_that_are_told_one_after_the_other_are_put_together() -> None:
    """As long as each was told lately; joints of which nobody tells are named."""
    reader = JointStatesReader(NAMES)
    assert reader.read(told(name=["elbow"], position=[2.0], velocity=[0.5]), 1.0) is None
    together = reader.read(told(name=["shoulder", "wheel"], position=[1.0, 9.0]), 1.01)
    assert together is not None
    np.testing.assert_array_equal(together.position, [1.0, 2.0])
    np.testing.assert_array_equal(together.velocity, [0.0, 0.5])
    again = reader.read(told(name=["elbow"], position=[3.0]), 1.02)
    assert again is not None
    np.testing.assert_array_equal(again.position, [1.0, 3.0])
    np.testing.assert_array_equal(together.position, [1.0, 2.0])
    for now_s in (1.5, 2.0, 2.5):
        assert reader.read(told(name=["elbow"], position=[4.0]), now_s) is None
        assert reader.why == "they lack shoulder; expected all joints of the robot's file within 0.2 s"
    with pytest.raises(MessageError, match="they lack shoulder"):
        reader.read(told(name=["elbow"], position=[4.0]), 2.6)


def test_parts_are_put_together_with_what_tells_of_all_joints() -> None:
    """A hand that tells of itself, beside a broadcaster that tells of everything, lacks nothing."""
    reader = JointStatesReader(NAMES)
    for number in range(20):
        now_s = 1.0 + 0.1 * number
        assert reader.read(told(name=list(NAMES), position=[1.0, 2.0]), now_s) is not None
        part = reader.read(told(name=["elbow"], position=[3.0]), now_s + 0.01)
        assert part is not None
        np.testing.assert_array_equal(part.position, [1.0, 3.0])


def test_what_tells_nothing_of_this_robot_says_why() -> None:
    """Joints under other names are what a wrong prefix looks like."""
    reader = JointStatesReader(NAMES)
    assert reader.read(told(name=["left/elbow"], position=[1.0]), 1.0) is None
    assert reader.why == "those that come name none of this robot's joints, as 'shoulder'; is its driver there?"
    assert reader.read(told(name=list(NAMES)), 1.0) is None
    assert reader.why == "they hold no positions"
    assert reader.read(told(name=list(NAMES), position=[1.0, 2.0]), 1.0) is not None
    assert not reader.why


@pytest.mark.parametrize(
    ("name", "position", "velocity", "said"),
    [
        ([*NAMES, "elbow"], [1.0, 2.0, 3.0], [], "name a joint twice"),
        (NAMES, [1.0], [], "another number of positions"),
        (NAMES, [1.0, np.nan], [], "hold NaN or infinity for 'elbow'"),
        (NAMES, [-np.inf, np.nan], [], "hold NaN or infinity for 'shoulder'"),
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
            JointStatesReader(NAMES).read(JointsTold.of(message), 1.0)


def test_joints_of_others_are_left_out() -> None:
    """Whatever they hold; what this robot's hold must be angles."""
    message = JointState(name=["elbow", "wheel"], position=[0.5, np.nan])
    assert read_known_joints(message, ("elbow", "wrist")) == {"elbow": 0.5}
    with pytest.raises(MessageError, match="NaN"):
        read_known_joints(message, ("wheel",))
    with pytest.raises(MessageError, match="as many positions"):
        read_known_joints(JointState(name=["elbow"]), ("wrist",))


def test_a_driver_that_repeats_itself_tells_nothing_new() -> None:
    """By its stamps, for each part of the robot; without stamps that is not told."""
    reader, now_s = JointStatesReader(NAMES), 1.0
    stamped = JointsTold.of(JointState(header=Header(stamp=Time(sec=5)), name=list(NAMES), position=[1.0, 2.0]))
    assert reader.read(stamped, now_s) is not None
    assert not reader.why
    assert reader.read(stamped, now_s) is None
    assert "repeat their stamp" in reader.why
    assert reader.read(told(name=list(NAMES), position=[1.0, 2.0]), now_s) is not None
    assert reader.read(told(name=list(NAMES), position=[1.0, 2.0]), now_s) is not None
    assert not reader.why
    assert reader.read(stamped, now_s) is not None, "the one before had no stamp"
    part = JointsTold(5.0, ("elbow",), np.array([3.0]), np.zeros(0))
    together = reader.read(part, now_s)
    assert together is not None
    assert together.position.tolist() == [1.0, 3.0]
    assert reader.read(part, now_s) is None, "each part has stamps of its own"
