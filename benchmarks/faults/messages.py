"""Messages that nobody should send, and good ones among them, so that those behind the first check are met as well."""

from __future__ import annotations

import array
import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from sensor_msgs.msg import JointState, PointCloud2, PointField
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from benchmarks.faults.actor import Actor, cloud
from benchmarks.faults.stage import DEFINITION, G1
from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import encode_motion, to_stamp

_ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, -1e30, 1e30, 3.4e38, 1e6, -1.0])
_SIZES = (0, 1, 2, 3, 7, 20, 31, 32, 33, 1000, 2**16, 2**31, 2**32 - 1)
_TEXTS = (
    "",
    "x",
    "y",
    "z",
    "t",
    "body_id",
    "confidence",
    "body_0",
    "body_-1",
    "körper",
    "a" * 300,
    "\n",
    "%s%n",
    "../x",
)
_EXTREME_TIMES = (Time(), Time(sec=2**31 - 1, nanosec=2**32 - 1), Time(sec=-(2**31)), Time(sec=-1, nanosec=10**9))

TOPICS = (
    "/skeletons", "/partial_windows", "/windows", "/responses", "/joint_states", "/joint_trajectory"
)  # fmt: skip
_SHARES = (0.56, 0.04, 0.02, 0.03, 0.23, 0.12)
_PHASE = 400
"""Messages for which a stream of skeletons stays calm, so that actions come to an end, or doesn't."""


class Fuzzer:
    """Makes messages for all inputs of all nodes from a seed.

    A third to a half is good, the rest damaged in one field or in several. Skeletons of three people are of one stream;
    in every other phase few of them are damaged, so that people are followed and actions come to an end.
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._actors = [Actor(seed=k, away_m=0.8 * k) for k in range(3)]
        clips = make_clips(people=2, trials=1)
        self._motions = [cut_action(DEFINITION, clip, 32).motion for clip in clips]
        self._stream_s = -np.inf
        self._drawn = 0

    def draw(self, now_s: float) -> tuple[str, Any]:
        """Make the next message, sent at a time [s]; return its topic, too."""
        rng = self._rng
        self._drawn += 1
        calm = self._drawn // _PHASE % 2 == 0
        topic = TOPICS[int(rng.choice(len(TOPICS), p=_SHARES))]
        make = {"/joint_states": self._joint_states, "/joint_trajectory": self._trajectory}.get(topic)
        if make is not None:
            return topic, make(now_s)
        if topic == "/skeletons":
            message, whole = self._skeletons(now_s, calm), 0.98 if calm else 0.4
        else:
            message, whole = self._motion(now_s), 0.15
        if rng.random() >= whole:
            for _ in range(int(rng.choice((1, 2, 3), p=(0.7, 0.2, 0.1)))):
                message = self._damaged_cloud(message)
        return topic, message

    def _pick(self, choices: Any) -> Any:
        return choices[int(self._rng.integers(len(choices)))]

    def _stamp(self, now_s: float) -> Time:
        how = self._rng.random()
        if how < 0.9:
            return to_stamp(now_s)
        if how < 0.97:
            return to_stamp(now_s + self._rng.normal(0.0, 1.0))
        return self._pick(_EXTREME_TIMES)

    def _skeletons(self, now_s: float, calm: bool) -> PointCloud2:
        behind = now_s - self._stream_s
        self._stream_s = self._stream_s + 0.01 if abs(behind) < 0.3 else now_s
        count = 3 if calm else int(self._rng.integers(0, 4))
        people = [(k, self._actors[k].pose(self._stream_s)) for k in range(count)]
        message = cloud(self._stream_s, *people)
        if not calm:
            message.header.stamp = self._stamp(self._stream_s)
        return message

    def _motion(self, now_s: float) -> PointCloud2:
        header = Header(stamp=self._stamp(now_s), frame_id=f"body_{int(self._rng.integers(0, 5))}")
        return encode_motion(header, self._pick(self._motions))

    def _damaged_cloud(self, message: PointCloud2) -> PointCloud2:
        """Damage one thing of a copy."""
        rng, message = self._rng, copy.copy(message)
        how = int(rng.integers(12))
        if how < 4:  # values, where the layout stays whole: nobody refuses these at the door
            message.data = self._odd_values(bytes(message.data))
        elif how == 4:
            setattr(message, self._pick(("height", "width", "point_step", "row_step")), self._pick(_SIZES))
        elif how == 5:
            cut = int(rng.integers(0, len(message.data) + 1))
            message.data = array.array("B", bytes(message.data)[:cut])
        elif how == 6:
            message.is_bigendian = not message.is_bigendian
        elif how == 7:
            message.header = Header(stamp=self._pick(_EXTREME_TIMES), frame_id=self._pick(_TEXTS))
        elif how == 8:  # fewer or more rows, all of them whole
            rows = int(rng.integers(0, 70))
            row = bytes(message.data)[: message.row_step]
            message.height, message.data = rows, array.array("B", row * rows)
        elif how == 9:
            fields = list(message.fields)
            rng.shuffle(fields)  # type: ignore[arg-type]
            message.fields = fields[: int(rng.integers(0, len(fields) + 1))]
        elif how == 10:
            message.fields = [*message.fields, self._field()]
        elif message.fields:
            fields = list(message.fields)
            fields[int(rng.integers(len(fields)))] = self._field()
            message.fields = fields
        return message

    def _field(self) -> PointField:
        rng = self._rng
        return PointField(
            name=self._pick(_TEXTS),
            offset=self._pick((0, 4, 8, 12, 16, 2**31, 2**32 - 1)),
            datatype=int(rng.integers(0, 256)) if rng.random() < 0.3 else int(rng.integers(1, 9)),
            count=self._pick((0, 1, 2, 2**32 - 1)),
        )

    def _odd_values(self, data: bytes) -> array.array[int]:
        """Put odd numbers, noise or constants in the place of some of the numbers."""
        rng = self._rng
        values = np.frombuffer(data[: len(data) // 4 * 4], "<f4").copy()
        if values.size:
            how = rng.random()
            places = rng.integers(0, values.size, int(rng.integers(1, 6)))
            with np.errstate(over="ignore"):
                if how < 0.4:
                    values[places] = self._pick(_ODD)
                elif how < 0.6:
                    values[:] = self._pick(_ODD)
                elif how < 0.8:
                    values[places] *= np.float32(rng.normal(1.0, 0.5))
                else:
                    values.view(np.uint32)[places] = rng.integers(0, 2**32, places.size, dtype=np.uint32)
        return array.array("B", values.tobytes())

    def _numbers(self, values: np.ndarray, damaged: float = 0.2) -> array.array[float]:
        """Write numbers, damaged with some probability."""
        rng = self._rng
        if rng.random() >= damaged:
            return array.array("d", values.tobytes())
        values, how = values.copy(), rng.random()
        if how < 0.6 and values.size:
            values[rng.integers(values.size)] = self._pick(_ODD)
        elif how < 0.9:
            values = values[: int(rng.integers(0, values.size + 1))]
        else:
            values = np.concatenate([values, values])
        return array.array("d", values.tobytes())

    def _names(self) -> list[str]:
        names, how = list(G1.joint_names), self._rng.random()
        if how < 0.03:
            names[0] = names[1]
        elif how < 0.06:
            names[-1] = self._pick(_TEXTS)
        elif how < 0.09:
            names = names[: int(self._rng.integers(0, len(names)))]
        elif how < 0.2:
            self._rng.shuffle(names)
        return names

    def _joint_states(self, now_s: float) -> JointState:
        """Good ones are far from any command, too: a robot that is elsewhere."""
        rng, names = self._rng, self._names()
        spread = self._pick((0.0, 0.0, 0.05, 1.0))
        message = JointState(name=names)
        message.header.stamp = self._stamp(now_s)
        message.position = self._numbers(G1.rest + spread * rng.normal(size=len(G1.rest)))
        message.velocity = self._numbers(spread * rng.normal(size=len(G1.rest)))
        if rng.random() < 0.2:
            message.velocity = array.array("d")
        if rng.random() < 0.2:
            message.effort = self._numbers(rng.normal(size=len(G1.rest)))
        return message

    def _trajectory(self, now_s: float) -> JointTrajectory:
        rng = self._rng
        message = JointTrajectory(joint_names=self._names())
        message.header.stamp = Time() if rng.random() < 0.3 else self._stamp(now_s)
        times_ns = np.cumsum(rng.integers(1, 5 * 10**8, int(rng.integers(0, 12))))
        if rng.random() < 0.05:
            rng.shuffle(times_ns)
        joints = len(G1.rest)
        fields: dict[str, Callable[[bool], np.ndarray]] = {
            "positions": lambda _: G1.rest + 0.1 * rng.normal(size=joints),
            "velocities": lambda last: 0.1 * rng.normal(size=joints) * (not last),
            "accelerations": lambda last: 0.1 * rng.normal(size=joints) * (not last),
        }
        kinds = [name for name in fields if name == "positions" or rng.random() < 0.7]
        for index, at_ns in enumerate(times_ns.tolist()):
            values = {name: self._numbers(fields[name](index == len(times_ns) - 1), 0.02) for name in kinds}
            point = JointTrajectoryPoint(time_from_start=Duration(sec=at_ns // 10**9, nanosec=at_ns % 10**9), **values)
            message.points.append(point)
        if message.points and rng.random() < 0.05:
            odd = Duration(sec=self._pick((0, -1, -(2**31), 2**31 - 1)), nanosec=self._pick((0, 10**9, 2**32 - 1)))
            self._pick(message.points).time_from_start = odd
        if message.points and rng.random() < 0.02:
            self._pick(message.points).effort = array.array("d", [1.0])
        return message
