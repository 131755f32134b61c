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

"""Skeleton recordings as ROS 2 bags (sqlite3 or mcap), read and written without ROS."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from heapq import merge
from pathlib import Path
from typing import Any

import numpy as np
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from iat_ros.data.bag_file import open_bag, read_message
from iat_ros.data.recording import JointFrame, StreamFrame
from iat_ros.errors import DataError

CLOUD = "sensor_msgs/msg/PointCloud2"
JOINT_STATE = "sensor_msgs/msg/JointState"
_FLOAT32, _UINT32 = 7, 6


def read_bag(path: Path, topic: str = "skeletons") -> Iterator[StreamFrame]:
    """Read the skeletons of a bag, in the order in which they were recorded.

    Args:
        path: The bag's directory, or its .mcap or .db3 file.
        topic: Name of the topic of skeleton clouds, with or without a namespace before it.

    Yields:
        Frames; times count from the first one, by the messages' stamps.

    Raises:
        DataError: No such bag, a damaged one, no such topic, or a message that is not a skeleton cloud.
    """
    with open_bag(path) as reader:
        wanted = _skeletons(path, reader, topic)
        first: float | None = None
        for connection, _, raw in reader.messages(connections=wanted):
            frame = _frame(path, read_message(path, reader, connection, raw))
            first = frame.time_s if first is None else first
            yield StreamFrame(frame.time_s - first, frame.frame_id, frame.body_ids, frame.positions)


def find_skeletons(path: Path) -> list[str]:
    """List the topics of a bag that `read_bag` reads.

    Args:
        path: The bag's directory, or its .mcap or .db3 file.

    Raises:
        DataError: No such bag, a damaged one, or no such topic.
    """
    with open_bag(path) as reader:
        return sorted({connection.topic for connection in _skeletons(path, reader, "skeletons")})


def read_joint_states(path: Path, topic: str = "joint_states", skeletons: str = "skeletons") -> Iterator[JointFrame]:
    """Read the joint states of a bag, in the order in which they were recorded.

    Args:
        path: The bag's directory, or its .mcap or .db3 file.
        topic: Name of the topic, with or without a namespace before it.
        skeletons: Name of the topic of skeleton clouds.

    Yields:
        Frames; times count from the first skeletons, by the messages' stamps, as those of `read_bag` do. There are none
        where the topic is not in the bag.

    Raises:
        DataError: No such bag, a damaged one, or a message with another number of positions than names.
    """
    with open_bag(path) as reader:
        wanted, people = _named(reader, topic, JOINT_STATE), _named(reader, skeletons, CLOUD)
        if not wanted or not people:
            return
        clouds = (read_message(path, reader, connection, raw) for connection, _, raw in reader.messages(people))
        first = next((_stamp_s(cloud) for cloud in clouds), 0.0)
        for connection, _, raw in reader.messages(wanted):
            message = read_message(path, reader, connection, raw)
            if len(message.position) == 0:  # some broadcasters send efforts alone
                continue
            if len(message.position) != len(message.name) or len(set(message.name)) != len(message.name):
                raise DataError(
                    f"{path}: '{topic}' names a joint twice, or has {len(message.position)} positions for "
                    f"{len(message.name)} names"
                )
            positions = np.asarray(message.position, dtype=float)
            yield JointFrame(_stamp_s(message) - first, tuple(message.name), positions)


def _skeletons(path: Path, reader: AnyReader, topic: str) -> list[Any]:
    wanted = _named(reader, topic, CLOUD)
    if not wanted:
        found = ", ".join(f"{connection.topic} ({connection.msgtype})" for connection in reader.connections)
        raise DataError(f"{path}: no topic '{topic}' of type {CLOUD}; it holds {found or 'nothing'}")
    return wanted


def _named(reader: AnyReader, topic: str, kind: str) -> list[Any]:
    return [
        connection
        for connection in reader.connections
        if connection.msgtype == kind and f"/{connection.topic}".endswith(f"/{topic.strip('/')}")
    ]


def _time_s(frame: StreamFrame | JointFrame) -> float:
    return frame.time_s


def _stamp_s(message: Any) -> float:
    return float(message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec)


def write_bag(
    path: Path, frames: Iterable[StreamFrame], topic: str = "skeletons", joints: Iterable[JointFrame] = ()
) -> int:
    """Write skeletons as a compressed mcap bag directory.

    Args:
        path: The bag's directory; must not exist.
        frames: What to write.
        topic: Name of the topic.
        joints: A robot's joint states on the same clock, for the topic ``joint_states``; without any, there is none.

    Returns:
        How many frames of skeletons were written.

    Raises:
        DataError: The directory exists.
    """
    if path.exists():
        raise DataError(f"{path}: exists already; choose another name or remove it first")
    store = get_typestore(Stores.ROS2_JAZZY)
    count = 0
    try:
        path.absolute().mkdir(parents=True)
        path.rmdir()  # the writer makes it; whatever it lacks shows here
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
    writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        connection = writer.add_connection(f"/{topic.strip('/')}", CLOUD, typestore=store)
        states = None
        every: Iterable[StreamFrame | JointFrame] = merge(frames, joints, key=_time_s)
        for frame in every:
            at_ns = round(frame.time_s * 1e9)
            if isinstance(frame, StreamFrame):
                writer.write(connection, at_ns, store.serialize_cdr(_message(store, frame), CLOUD))
                count += 1
                continue
            if states is None:
                states = writer.add_connection("/joint_states", JOINT_STATE, typestore=store)
            writer.write(states, at_ns, store.serialize_cdr(_joint_state(store, frame), JOINT_STATE))
    return count


def _frame(path: Path, message: Any) -> StreamFrame:
    offsets = {field.name: (field.offset, field.datatype) for field in message.fields}
    size = message.height * message.row_step
    kinds = {"x": _FLOAT32, "y": _FLOAT32, "z": _FLOAT32, "confidence": _FLOAT32, "body_id": _UINT32}
    names = [name for name in kinds if name in offsets]
    if (
        not {"x", "y", "z"} <= offsets.keys()
        or any(offsets[name][1] != kinds[name] for name in names)
        or len(message.data) != size
    ):
        raise DataError(
            f"{path}: a skeleton cloud needs float32 fields x, y, z (and, where they are there, float32 confidence and "
            f"uint32 body_id) and {size} bytes of data"
        )
    layout = np.dtype(
        {
            "names": names,
            "formats": ["<u4" if name == "body_id" else "<f4" for name in names],
            "offsets": [offsets[name][0] for name in names],
            "itemsize": message.point_step,
        }
    )
    rows = np.asarray(message.data).reshape((message.height, message.row_step))[:, : message.width * message.point_step]
    points = np.ascontiguousarray(rows).view(layout)
    ids = points["body_id"][:, 0] if "body_id" in names else np.arange(message.height)
    positions = np.stack([points["x"], points["y"], points["z"]], axis=-1).astype(float)
    if "confidence" in names:
        positions[points["confidence"] <= 0] = np.nan
    return StreamFrame(
        _stamp_s(message),
        message.header.frame_id,
        ids.astype(np.int64),
        positions,
    )


def _message(store: Any, frame: StreamFrame) -> Any:
    types = store.types
    layout = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("body_id", "<u4")])
    points: np.ndarray = np.zeros(frame.positions.shape[:2], layout)
    points["x"], points["y"], points["z"] = np.moveaxis(frame.positions, -1, 0)
    points["body_id"] = frame.body_ids[:, None]
    field = types["sensor_msgs/msg/PointField"]
    return types[CLOUD](
        header=_header(store, frame.time_s, frame.frame_id),
        height=points.shape[0],
        width=points.shape[1],
        fields=[
            field(name=name, offset=4 * i, datatype=_UINT32 if name == "body_id" else _FLOAT32, count=1)
            for i, name in enumerate(layout.names or ())
        ],
        is_bigendian=sys.byteorder == "big",
        point_step=layout.itemsize,
        row_step=layout.itemsize * points.shape[1],
        data=np.frombuffer(points.tobytes(), np.uint8),
        is_dense=True,
    )


def _joint_state(store: Any, frame: JointFrame) -> Any:
    nothing = np.zeros(0)
    return store.types[JOINT_STATE](
        header=_header(store, frame.time_s, ""),
        name=list(frame.names),
        position=frame.positions,
        velocity=nothing,
        effort=nothing,
    )


def _header(store: Any, time_s: float, frame_id: str) -> Any:
    nanoseconds = round(time_s * 1e9)
    stamp = store.types["builtin_interfaces/msg/Time"](sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    return store.types["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)
