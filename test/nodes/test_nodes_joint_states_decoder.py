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

"""Joint states read from their bytes: always what rclpy would read of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from iat_ros.errors import MessageError
from iat_ros.nodes import joint_states_decoder
from iat_ros.nodes.joint_states_decoder import JointStatesDecoder, JointsTold

pytestmark = pytest.mark.ros


def message(names: list[str], frame: str = "", **values: Any) -> JointState:
    """A message with a stamp."""
    return JointState(header=Header(stamp=Time(sec=-5, nanosec=7), frame_id=frame), name=names, **values)


def assert_same(told: JointsTold, expected: JointsTold) -> None:
    """Compare bit for bit."""
    assert (told.names, told.stamp_s) == (expected.names, expected.stamp_s)
    assert told.position.tobytes() == expected.position.tobytes()
    assert told.velocity.tobytes() == expected.velocity.tobytes()


def test_whatever_comes_in_whatever_order_is_read_as_rclpy_reads_it() -> None:
    """Frames and names of every length, so that numbers lie everywhere; names, values and lengths change."""
    rng, decoder = np.random.default_rng(0), JointStatesDecoder()
    names = ["", "a", "ab", "abc", "abcd", "Körper ☃", "x" * 300]
    for _ in range(3000):
        count = rng.integers(0, 6)
        sizes = [count if rng.random() < 0.7 else rng.integers(0, 6) for _ in range(3)]
        values = [np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)).tolist() for n in sizes]
        sent = message([names[n] for n in rng.integers(0, 3, count)], names[rng.integers(7)])
        if rng.random() < 0.3:
            sent.name = [names[n] for n in rng.integers(0, 7, count)]
        sent.header.stamp.sec = int(rng.integers(-(2**31), 2**31))
        sent.position, sent.velocity, sent.effort = values
        assert_same(decoder.decode(serialize_message(sent)), JointsTold.of(sent))


def test_what_is_laid_out_as_before_is_not_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where several publishers take turns; names that were never heard are."""
    decoder = JointStatesDecoder()
    parts = [["left", "right"], ["head"], ["wheel_1", "wheel_2"]]
    first = [decoder.decode(serialize_message(message(names, position=[1.0] * len(names)))) for names in parts]
    monkeypatch.setattr(joint_states_decoder, "deserialize_message", None)
    for number, names in list(enumerate(parts)) * 2:
        told = decoder.decode(serialize_message(message(names, position=[2.0] * len(names), effort=[3.0])))
        assert told.names is first[number].names
        assert told.position.tolist() == [2.0] * len(names)
    for other in (message(["left", "tight"], position=[1.0, 1.0]), message(["head"], position=[1.0], velocity=[0.0])):
        with pytest.raises(MessageError, match="cannot be read"):
            decoder.decode(serialize_message(other))


def test_a_flood_of_names_fills_no_memory() -> None:
    """Only a few layouts are kept, and none of endless names."""
    decoder = JointStatesDecoder()
    for number in range(100):
        decoder.decode(serialize_message(message([f"joint_{number}"], position=[0.0])))
    decoder.decode(serialize_message(message(["x" * 10**6], position=[0.0])))
    assert len(decoder._layouts) == 8
    assert max(len(each.same) for each in decoder._layouts) < 100


def test_another_encoding_is_left_to_the_middleware(monkeypatch: pytest.MonkeyPatch) -> None:
    """As from a machine with the other order of bytes."""
    told = JointsTold.of(message(["left"], position=[1.0]))
    monkeypatch.setattr(joint_states_decoder, "deserialize_message", lambda *_: message(["left"], position=[1.0]))
    decoder = JointStatesDecoder()
    raw = bytearray(serialize_message(message(["left"], position=[1.0])))
    raw[1] = 0
    assert_same(decoder.decode(bytes(raw)), told)
    assert not decoder._layouts
    raw[1] = 1
    raw[20] ^= 1  # a letter of the name: what the middleware reads is another one
    decoder.decode(bytes(raw))
    assert_same(decoder.decode(bytes(raw)), told)


def test_bytes_that_are_no_message_are_refused() -> None:
    """Cut anywhere, whether such a message is known or not."""
    whole = serialize_message(message(["left", "right"], position=[1.0, 2.0], velocity=[1.0, 2.0]))
    for known in (False, True):
        decoder = JointStatesDecoder()
        if known:
            decoder.decode(whole)
        for length in range(0, len(whole) - 24):
            with pytest.raises(MessageError, match="joint_states cannot be read"):
                decoder.decode(whole[:length])
