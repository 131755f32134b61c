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

"""Joint states as they come over the network, read without making a message of each.

A robot tells its joints' names anew in every message, hundreds of times a second; rclpy makes texts and lists of all of
them, which takes longer than all else that is done with the message. Here the names are compared as they were sent.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from iat_ros.errors import MessageError, describe
from iat_ros.nodes.clouds import stamp_s

_HEAD = 4
"""Bytes that tell how the rest is written; what follows is aligned from there."""
_LITTLE_ENDIAN = b"\x00\x01"
_STAMP = struct.Struct("<iI")
_BEHIND_STAMP = _HEAD + _STAMP.size
_COUNT = struct.Struct("<I")
_MOST_LAYOUTS = 8
"""Of so many publishers, or parts of a robot, the names are kept."""
_LONGEST = 65536
"""Names longer than this in all are not kept [bytes]."""


@dataclass(frozen=True, slots=True)
class JointsTold:
    """What a message tells of joints.

    Attributes:
        stamp_s: Its time [s].
        names: Names of N joints; the same object for messages of the same publisher.
        position: Their positions (N,) [rad] or [m], unless the message is wrong.
        velocity: Their velocities (N,), or none.
    """

    stamp_s: float
    names: tuple[str, ...]
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]

    @classmethod
    def of(cls, message: JointState) -> JointsTold:
        """Take it from a message."""
        position, velocity = np.array(message.position, np.float64), np.array(message.velocity, np.float64)
        return cls(stamp_s(message.header.stamp), tuple(message.name), position, velocity)


class JointStatesDecoder:
    """Reads serialised messages, those that are laid out as one before without taking them apart."""

    def __init__(self) -> None:
        self._layouts: list[_Layout] = []

    def decode(self, serialised: bytes) -> JointsTold:
        """Return what a message tells.

        Raises:
            MessageError: It is none.
        """
        for layout in self._layouts:
            if layout.fits(serialised):
                return layout.read(serialised)
        try:
            told = JointsTold.of(deserialize_message(serialised, JointState))
        except Exception as error:  # rclpy raises its C layer's errors, which have no common base
            raise MessageError(f"joint_states cannot be read: {describe(error)}") from error
        new = _find_layout(serialised, told)
        if new is not None:
            self._layouts = [new, *self._layouts][:_MOST_LAYOUTS]
        return told


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a message holds what, in CDR: up to the first position all is the same, but for its stamp and the gaps.

    Gaps bring numbers to where they can be read at once; whatever was in the sender's memory is sent in them.
    """

    names: tuple[str, ...]
    same: NDArray[np.uint8]  # from behind the stamp to behind the number of positions
    told: NDArray[np.uint8]  # 255 where that tells something, 0 in the gaps
    position_at: int
    velocity_at: int
    velocities: int

    def fits(self, serialised: bytes) -> bool:
        """Tell whether a message is laid out like this."""
        if not serialised.startswith(_LITTLE_ENDIAN) or len(serialised) < self.velocity_at + 8 * self.velocities:
            return False
        begin = np.frombuffer(serialised, np.uint8, len(self.same), _BEHIND_STAMP)
        (velocities,) = _COUNT.unpack_from(serialised, self.position_at + 8 * len(self.names))
        return velocities == self.velocities and not ((begin ^ self.same) & self.told).any()

    def read(self, serialised: bytes) -> JointsTold:
        """Read such a message."""
        sec, nanosec = _STAMP.unpack_from(serialised, _HEAD)
        return JointsTold(
            sec + 1e-9 * nanosec,
            self.names,
            np.frombuffer(serialised, "<f8", len(self.names), self.position_at),
            np.frombuffer(serialised, "<f8", self.velocities, self.velocity_at),
        )


def _find_layout(serialised: bytes, message: JointsTold) -> _Layout | None:
    """Return how a message is laid out; None where that is unknown, or reads anything but what the middleware read."""
    names, velocities = message.names, len(message.velocity)
    if not serialised.startswith(_LITTLE_ENDIAN) or not names or len(names) != len(message.position):
        return None
    told = np.zeros(len(serialised), np.uint8)
    at = _BEHIND_STAMP
    try:
        at = _mark_text(serialised, at, told)  # the frame
        at = _mark(at, 0, told)
        for _ in names:
            at = _mark_text(serialised, at, told)
    except struct.error:  # it ends before: another encoding
        return None
    behind = _mark(at, 0, told)
    position_at = _aligned(behind, 8)
    velocity_at = position_at + 8 * len(names) + _COUNT.size
    velocity_at = _aligned(velocity_at, 8) if velocities else velocity_at
    if behind > _LONGEST or len(serialised) < velocity_at + 8 * velocities:
        return None
    same = np.frombuffer(serialised[_BEHIND_STAMP:behind], np.uint8)
    layout = _Layout(names, same, told[_BEHIND_STAMP:behind].copy(), position_at, velocity_at, velocities)
    return layout if layout.fits(serialised) and _same(layout.read(serialised), message) else None


def _same(one: JointsTold, other: JointsTold) -> bool:
    arrays = ((one.position, other.position), (one.velocity, other.velocity))
    return one.stamp_s == other.stamp_s and all(np.array_equal(*pair, equal_nan=True) for pair in arrays)


def _mark_text(serialised: bytes, at: int, told: NDArray[np.uint8]) -> int:
    return _mark(at, _COUNT.unpack_from(serialised, _aligned(at, _COUNT.size))[0], told)


def _mark(at: int, size: int, told: NDArray[np.uint8]) -> int:
    """Mark a number of bytes or things, and so many bytes after it; return where they end."""
    begin = _aligned(at, _COUNT.size)
    end = begin + _COUNT.size + size
    told[begin:end] = 255
    return end


def _aligned(at: int, size: int) -> int:
    return at + (_HEAD - at) % size
