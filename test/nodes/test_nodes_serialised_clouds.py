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

"""Clouds read from their bytes are what the middleware would have read, or are refused."""

from __future__ import annotations

import array

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from iat_ros.errors import MessageError
from iat_ros.nodes.clouds import decode_skeletons, encode_skeletons, to_stamp
from iat_ros.nodes.serialised_clouds import Cloud, CloudReader

RNG = np.random.default_rng(0)
NAMES = ("height", "width", "is_bigendian", "point_step", "row_step")


def cloud(frame_id: str = "camera", fields: int = 4, size: int = 40, is_bigendian: bool = False) -> PointCloud2:
    """A cloud of these lengths, whose points are noise."""
    return PointCloud2(
        header=Header(stamp=Time(sec=-5, nanosec=7), frame_id=frame_id),
        height=3,
        width=2**31,
        fields=[
            PointField(name="f" * k, offset=k, datatype=k % 256, count=2**32 - 1 - k) for k in range(1, fields + 1)
        ],
        is_bigendian=is_bigendian,
        point_step=16,
        row_step=2**32 - 1,
        data=array.array("B", RNG.integers(0, 256, size, np.uint8).tobytes()),
        is_dense=True,
    )


def assert_same(read: Cloud | PointCloud2, message: PointCloud2) -> None:
    """All that is told is the same."""
    assert {name: getattr(read, name) for name in NAMES} == {name: getattr(message, name) for name in NAMES}
    stamp, frame_id = read.header.stamp, read.header.frame_id
    told = message.header
    assert (stamp.sec, stamp.nanosec, frame_id) == (told.stamp.sec, told.stamp.nanosec, told.frame_id)
    assert list(read.fields) == list(message.fields)
    assert bytes(read.data) == message.data.tobytes()


def test_what_is_read_is_what_was_sent() -> None:
    """Whatever the lengths of names, which decide where numbers stand; one after another, alike and not."""
    reader = CloudReader()
    for frame_id in ("", "c", "ca", "cam", "came", "Körper ☃"):
        for fields in (0, 1, 2, 5, 4, 4):
            for size in (0, 1, 40):
                message = cloud(frame_id, fields, size, is_bigendian=size == 1)
                read = reader.read(serialize_message(message))
                assert isinstance(read, Cloud)
                assert_same(read, message)


def test_skeletons_are_read_without_a_copy_of_their_message() -> None:
    """The people are the same as of the message; nobody in view is nobody."""
    reader = CloudReader()
    for people in (2, 0, 1):
        positions = RNG.normal(size=(people, 20, 3))
        positions[:1, 3] = np.nan
        message = encode_skeletons(to_stamp(5.25), "camera", np.arange(people) + 4, positions)
        told, expected = decode_skeletons(reader.read(serialize_message(message)), 20), decode_skeletons(message, 20)
        assert (told.time_s, told.frame_id, told.body_ids.tolist()) == (5.25, "camera", expected.body_ids.tolist())
        np.testing.assert_array_equal(told.positions, expected.positions)


def test_what_is_written_in_another_way_is_left_to_the_middleware() -> None:
    """More fields than a skeleton has, or a text with a zero inside; all that it reads is read."""
    reader = CloudReader()
    many = cloud(fields=80)
    assert_same(reader.read(serialize_message(many)), many)
    serialised = serialize_message(cloud(frame_id="ab"))
    inside = serialised.replace(b"ab\0", b"a\0\0")
    assert_same(reader.read(inside), deserialize_message(inside, PointCloud2))
    with pytest.raises(MessageError, match="cannot be read"):
        reader.read(serialised[:20])


def test_whatever_is_damaged_is_refused_or_read_as_the_middleware_reads_it() -> None:
    """Cut anywhere, or with any byte changed: no other error, and nothing read past the end."""
    good = serialize_message(cloud(frame_id="cam", fields=3, size=9))
    damaged = [good[:length] for length in range(len(good))]
    for at in range(4, len(good)):
        damaged += [good[:at] + bytes([value]) + good[at + 1 :] for value in (0, 1, 2, 127, 255)]
    for serialised in damaged:
        reader = CloudReader()
        reader.read(good)  # whose fields it knows
        try:
            read = reader.read(serialised)
        except MessageError:
            with pytest.raises(Exception, match=r".*"):  # rclpy raises its C layer's errors
                deserialize_message(serialised, PointCloud2)
            continue
        if isinstance(read, Cloud):
            assert len(read.data) <= len(serialised)
            if serialised[-1] <= 1:  # is_dense, of which nothing is made
                assert_same(read, deserialize_message(serialised, PointCloud2))
