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

"""Messages malformed in every field: clouds, joint states and joint trajectories, some of them nearly right."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from sensor_msgs.msg import JointState, PointCloud2, PointField
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

_UINT32 = (0, 1, 2, 3, 7, 8, 16, 19, 21, 32, 64, 255, 4096, 65536, 2**31 - 1, 2**31, 2**32 - 16, 2**32 - 1)
_SECONDS = (-(2**31), -1, 0, 1, 2**31 - 1)
_NANOSECONDS = (0, 1, 999_999_999, 1_000_000_000, 2**32 - 1)
_NUMBERS = (np.nan, np.inf, -np.inf, 1e-45, -1e-310, -0.0, 0.0, 1.0, -1.0, 1e4, -1e4, 3e38, -3e38, 1e308)
_FRAMES = ("", "camera", "body_0", "body_-1", "body_99999999999999999999", "/", "a/b", "Körper ☃ \U0001f916", " ", "\t",
           "\n", "\x7f", "%s%n", "../../etc", "{0}", "body_1" * 500)  # fmt: skip
_FIELDS = ("x", "y", "z", "t", "confidence", "body_id", "", "X", "rgb", "☃", "x" * 2000)


class Dice:
    """Cheap seeded draws; NumPy's own cost some microseconds each, so uniform numbers are drawn in blocks."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._block: list[float] = []

    def share(self) -> float:
        """Return a number from 0 to 1."""
        if not self._block:
            self._block = self.rng.random(16384).tolist()
        return self._block.pop()

    def below(self, count: int) -> int:
        """Return a whole number from 0 to count - 1."""
        return int(self.share() * count)

    def one(self, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        return choices[int(self.share() * len(choices))]


def damaged_bytes(dice: Dice, serialised: bytes) -> bytes:
    """Damage a message as it comes over the network: a byte of it, its end, or what tells how it is written."""
    at, kind = dice.below(len(serialised)), dice.below(4)
    if kind == 0:
        return serialised[:at]
    if kind == 1:
        return bytes([0, dice.one((0, 1, 2, 3, 6, 7, 255)), 0, 0]) + serialised[4:]
    at = at if kind == 2 else at % 200  # lengths and fields stand at its begin
    return serialised[:at] + bytes([dice.below(256)]) + serialised[at + 1 :]


class Malformer:
    """Damages messages in place, one to three times each.

    Args:
        dice: What is drawn with.
        now: Tells the time [ns], near which some of the stamps lie.
    """

    def __init__(self, dice: Dice, now: Callable[[], int]) -> None:
        self._dice, self._now = dice, now

    def cloud(self, message: PointCloud2) -> PointCloud2:
        """Damage a cloud."""
        return self._damage(message, _CLOUD)

    def joint_state(self, message: JointState) -> JointState:
        """Damage joint states; they never tell a plausible place where the robot is not, which nobody could notice."""
        return self._damage(message, _JOINT_STATE)

    def trajectory(self, message: JointTrajectory) -> JointTrajectory:
        """Damage a joint trajectory."""
        return self._damage(message, _TRAJECTORY)

    def _damage(self, message: Any, ways: Sequence[Callable[[Malformer, Any], None]]) -> Any:
        for _ in range(self._dice.one((1, 1, 1, 2, 3))):
            self._dice.one(ways)(self, message)
        return message

    def stamp(self) -> Time:
        """Return a strange stamp."""
        dice = self._dice
        if dice.share() < 0.3:
            near = max(0, self._now() + round((dice.share() - 0.5) * 10.0 ** (6 + dice.below(5))))
            return Time(sec=near // 10**9, nanosec=near % 10**9)
        return Time(sec=dice.one(_SECONDS), nanosec=dice.one(_NANOSECONDS))

    def _header(self, message: Any) -> None:
        if self._dice.share() < 0.6:
            message.header.stamp = self.stamp()
        else:
            message.header.frame_id = self._dice.one(_FRAMES)

    def _size(self, message: PointCloud2) -> None:
        name = self._dice.one(("height", "width", "point_step", "row_step"))
        near = max(0, getattr(message, name) + self._dice.one((-1, 1, 4)))
        setattr(message, name, self._dice.one((near, self._dice.one(_UINT32))))

    def _other_width(self, message: PointCloud2) -> None:
        """Another number of joints or limbs, with sizes that agree."""
        message.width = self._dice.one((0, 1, 7, 9, 19, 21, 300))
        message.point_step, message.height = min(message.point_step, 64), min(message.height, 200)
        message.row_step = message.width * message.point_step
        message.data = array.array("B", bytes(message.height * message.row_step))

    def _other_height(self, message: PointCloud2) -> None:
        """Another number of people or frames, with sizes that agree."""
        message.height = self._dice.one((0, 1, 2, 3, 31, 33, 70))
        whole = message.data.tobytes() * (message.height // 2 + 2)
        message.data = array.array("B", whole[: message.height * message.row_step])

    def _field(self, message: PointCloud2) -> None:
        dice = self._dice
        fields = [PointField(name=f.name, offset=f.offset, datatype=f.datatype, count=f.count) for f in message.fields]
        message.fields = fields
        if not fields:
            return
        at = dice.below(len(fields))
        change = dice.below(8)
        if change == 0:
            fields[at].name = dice.one(_FIELDS)
        elif change == 1:
            fields[at].datatype = dice.one((0, 1, 2, 3, 4, 5, 6, 8, 9, 127, 255))
        elif change == 2:
            fields[at].offset = dice.one((dice.one(_UINT32), 4 * dice.below(5), dice.below(20)))
        elif change == 3:
            fields[at].count = dice.one((0, 2, 3, 2**31, 2**32 - 1))
        elif change == 4:
            del fields[at]
        elif change == 5:
            fields.append(PointField(name=dice.one(_FIELDS), offset=4 * dice.below(5), datatype=7, count=1))
        elif change == 6:
            fields.reverse()
        else:
            fields.clear()

    def _endian(self, message: PointCloud2) -> None:
        message.is_bigendian = not message.is_bigendian

    def _data_length(self, message: PointCloud2) -> None:
        data, length = message.data, len(message.data)
        message.data = self._dice.one(
            (data[: self._dice.below(length + 1)], data[:-1], data + data[:1], data + data, array.array("B"))
        )

    def _noise(self, message: PointCloud2) -> None:
        data = np.frombuffer(message.data, np.uint8).copy()
        if len(data):
            at = self._dice.below(len(data))
            piece = data[at : at + 1 + self._dice.below(64)]
            piece[:] = self._dice.rng.integers(0, 256, len(piece), np.uint8)
            message.data = array.array("B", data.tobytes())

    def _numbers(self, message: PointCloud2) -> None:
        """Numbers that are strange, alone or in a whole row, column or message."""
        values = np.frombuffer(message.data, np.uint8)[: len(message.data) // 4 * 4].view("<f4").copy()
        if not len(values):
            return
        with np.errstate(over="ignore"):
            number = np.float32(self._dice.one(_NUMBERS))
        at, step = self._dice.below(len(values)), self._dice.one((1, 4, 4 * 20, 4 * 8))
        few = self._dice.one((1, 3, len(values)))
        with np.errstate(all="ignore"):
            if self._dice.share() < 0.7:
                values[at::step][:few] = number
            else:
                values *= self._dice.one((np.float32(1e-30), np.float32(1e30), np.float32(-1.0), np.float32(1.0005)))
        message.data = array.array("B", values.tobytes())

    def _padded(self, message: PointCloud2) -> None:
        """Longer rows, as some drivers send them: still right."""
        more, height, row = 4 * self._dice.below(8), message.height, message.row_step
        if len(message.data) == height * row and height < 300 and row:
            rows = np.frombuffer(message.data, np.uint8).reshape(height, row)
            message.data = array.array("B", np.pad(rows, ((0, 0), (0, more))).tobytes())
            message.row_step = row + more

    def _names(self, message: Any, key: str) -> None:
        names = list(getattr(message, key))
        change = self._dice.below(7)
        if change == 0 or not names:
            names = []
        elif change == 1:
            names[self._dice.below(len(names))] = self._dice.one(names)
        elif change == 2:
            names[self._dice.below(len(names))] = self._dice.one(("", "alien", "☃", "j" * 5000))
        elif change == 3:
            names.append(self._dice.one((*names, "alien")))
        elif change == 4:
            names.pop()
        elif change == 5:
            names *= 2
        else:
            names = ["wheel_left", "wheel_right"]
        setattr(message, key, names)

    def _state_names(self, message: JointState) -> None:
        self._names(message, "name")

    def _state_values(self, message: JointState) -> None:
        key = self._dice.one(("position", "velocity", "effort"))
        setattr(message, key, self._row(getattr(message, key)))

    def _state_lengths(self, message: JointState) -> None:
        """All arrays agree, but they are those of another robot, or of nobody."""
        count = self._dice.one((0, 1, 5))
        message.name, message.position = list(message.name)[:count], message.position[:count]
        message.velocity = message.velocity[: self._dice.one((0, count))]

    def _state_order(self, message: JointState) -> None:
        """Joints in another order, and others among them: still right."""
        message.name = [*reversed(list(message.name)), "alien"]
        message.position = array.array("d", [*reversed(message.position), 1.0])
        message.velocity = array.array("d", [*reversed(message.velocity), 1.0])

    def _row(self, values: array.array[float]) -> array.array[float]:
        row = array.array("d", values)
        change = self._dice.below(5)
        if change == 0:
            return row[: self._dice.below(len(row) + 1)]
        if change == 1:
            return row + array.array("d", [float(self._dice.one(_NUMBERS))])
        if row:
            row[self._dice.below(len(row))] = float(self._dice.one(_BEYOND))
        return array.array("d", [float(self._dice.one(_BEYOND))] * len(row)) if change == 2 else row

    def _path_names(self, message: JointTrajectory) -> None:
        self._names(message, "joint_names")

    def _path_values(self, message: JointTrajectory) -> None:
        if message.points:
            point = self._dice.one(message.points)
            key = self._dice.one(("positions", "velocities", "accelerations", "effort"))
            setattr(point, key, self._row(getattr(point, key)))

    def _path_times(self, message: JointTrajectory) -> None:
        if message.points:
            at = Duration(sec=self._dice.one(_SECONDS), nanosec=self._dice.one(_NANOSECONDS))
            self._dice.one(message.points).time_from_start = at

    def _path_points(self, message: JointTrajectory) -> None:
        points = list(message.points)
        empty = JointTrajectoryPoint()
        message.points = self._dice.one(([], points[:1], points[::-1], points * 2, [empty], [*points, empty]))

    def _blank(self, message: Any) -> None:
        """Everything at its default, but for the header."""
        fresh = type(message)(header=Header(stamp=message.header.stamp))
        for name in message.get_fields_and_field_types():
            setattr(message, name, getattr(fresh, name))


_BEYOND = tuple(number for number in _NUMBERS if not abs(number) < 1e3)
_CLOUD = (
    Malformer._header, Malformer._size, Malformer._other_width, Malformer._other_height, Malformer._field,
    Malformer._endian, Malformer._data_length, Malformer._noise, Malformer._numbers, Malformer._numbers,
    Malformer._padded, Malformer._blank,
)  # fmt: skip
_JOINT_STATE = (
    Malformer._header, Malformer._state_names, Malformer._state_values, Malformer._state_values,
    Malformer._state_lengths, Malformer._state_order, Malformer._blank,
)  # fmt: skip
_TRAJECTORY = (
    Malformer._header, Malformer._path_names, Malformer._path_values, Malformer._path_values, Malformer._path_times,
    Malformer._path_points, Malformer._blank,
)  # fmt: skip
