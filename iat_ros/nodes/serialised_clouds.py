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

"""Clouds as they come over the network, read without making a message of each.

rclpy makes a message of a cloud in five times the time that it takes to find in its bytes what is needed, thirty times
a second for each camera, and while the last frame of an action waits for its answer.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import PointCloud2, PointField

from iat_ros.errors import MessageError, describe

_HEAD = 4
"""Bytes that tell how the rest is written; what follows is aligned from there."""
_LITTLE_ENDIAN = b"\x00\x01"
_STAMP, _COUNT, _SIZES, _KIND = (struct.Struct(each) for each in ("<iI", "<I", "<II", "<IB"))
_MOST_FIELDS = 64


@dataclass(slots=True)
class Stamp:
    """A builtin_interfaces/Time."""

    sec: int
    nanosec: int


@dataclass(slots=True)
class CloudHeader:
    """A std_msgs/Header."""

    stamp: Stamp
    frame_id: str


@dataclass(slots=True)
class Cloud:
    """What a sensor_msgs/PointCloud2 holds, under its names; the data are what came, not a copy."""

    header: CloudHeader
    height: int
    width: int
    fields: list[PointField]
    is_bigendian: bool
    point_step: int
    row_step: int
    data: memoryview


class CloudReader:
    """Reads serialised clouds; the fields of the last one are known again by their bytes."""

    def __init__(self) -> None:
        self._bytes, self._fields = b"", list[PointField]()

    def read(self, serialised: bytes) -> Cloud | PointCloud2:
        """Return the cloud.

        Raises:
            MessageError: It is none.
        """
        try:
            return self._read(serialised)
        except (struct.error, ValueError):  # written in another way, or damaged: the middleware knows
            return _deserialised(serialised)

    def _read(self, serialised: bytes) -> Cloud:
        if not serialised.startswith(_LITTLE_ENDIAN):
            raise ValueError("not little-endian CDR")
        sec, nanosec = _STAMP.unpack_from(serialised, _HEAD)
        frame_id, at = _text(serialised, _HEAD + _STAMP.size)
        at = _aligned(at)
        height, width = _SIZES.unpack_from(serialised, at)
        fields, at = self._read_fields(serialised, at + _SIZES.size)
        (is_bigendian,) = serialised[at : at + 1]
        if is_bigendian > 1:
            raise ValueError("neither true nor false")
        at = _aligned(at + 1)
        point_step, row_step = _SIZES.unpack_from(serialised, at)
        (length,) = _COUNT.unpack_from(serialised, at + _SIZES.size)
        at += _SIZES.size + _COUNT.size
        if at + length >= len(serialised):  # is_dense follows
            raise ValueError("ends within its data")
        header = CloudHeader(Stamp(sec, nanosec), frame_id)
        data = memoryview(serialised)[at : at + length]
        return Cloud(header, height, width, fields, bool(is_bigendian), point_step, row_step, data)

    def _read_fields(self, serialised: bytes, at: int) -> tuple[list[PointField], int]:
        """Return the fields, and where they end."""
        known = len(self._bytes)
        if known and serialised[at : at + known] == self._bytes:
            return self._fields, at + known
        begun_at = at
        (count,) = _COUNT.unpack_from(serialised, at)
        if count > _MOST_FIELDS:
            raise ValueError("too many fields")
        at += _COUNT.size
        fields = []
        for _ in range(count):
            name, at = _text(serialised, _aligned(at))
            at = _aligned(at)
            offset, datatype = _KIND.unpack_from(serialised, at)
            at = _aligned(at + _KIND.size)
            (many,) = _COUNT.unpack_from(serialised, at)
            at += _COUNT.size
            fields.append(PointField(name=name, offset=offset, datatype=datatype, count=many))
        self._bytes, self._fields = serialised[begun_at:at], fields
        return fields, at


def _deserialised(serialised: bytes) -> PointCloud2:
    """Read a cloud as the middleware does.

    Raises:
        MessageError: It is none.
    """
    try:
        message: PointCloud2 = deserialize_message(serialised, PointCloud2)
    except Exception as error:  # rclpy raises its C layer's errors, which have no common base
        raise MessageError(f"cloud: cannot be read: {describe(error)}") from error
    return message


def _aligned(at: int) -> int:
    """Return where the next number of four bytes is."""
    return at + -(at - _HEAD) % 4


def _text(serialised: bytes, at: int) -> tuple[str, int]:
    """Return a text, which ends with a zero, and where it ends."""
    (length,) = _COUNT.unpack_from(serialised, at)
    end = at + _COUNT.size + length
    text = serialised[at + _COUNT.size : end]
    if len(text) != length or text.find(b"\0") != length - 1:
        raise ValueError("a text that does not end with its only zero")
    return text[:-1].decode(), end
