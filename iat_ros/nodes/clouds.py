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

"""Skeletons, windows and responses as sensor_msgs/PointCloud2, checked field by field.

``sensor_msgs_py`` reads and writes the points where ROS provides it; elsewhere NumPy does. Whatever comes in was made
by somebody else: every length, type and offset is checked before a byte is read.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from sensor_msgs.msg import PointCloud2, PointField
from std_msgs.msg import Header

from iat_ros.clock import whole_ns
from iat_ros.errors import MessageError
from iat_ros.nodes.serialised_clouds import Cloud
from iat_ros.skeleton.motion import Motion

try:  # not on PyPI; part of every ROS distribution
    from sensor_msgs_py import point_cloud2
except ImportError:
    point_cloud2 = None

_TYPES = {
    PointField.INT8: "i1", PointField.UINT8: "u1", PointField.INT16: "i2", PointField.UINT16: "u2",
    PointField.INT32: "i4", PointField.UINT32: "u4", PointField.FLOAT32: "f4", PointField.FLOAT64: "f8",
}  # fmt: skip
_XYZ = {"x": PointField.FLOAT32, "y": PointField.FLOAT32, "z": PointField.FLOAT32}
_MOST_BYTES = 16 * 2**20


@dataclass(frozen=True)
class SkeletonCloud:
    """People of one instant.

    Attributes:
        time_s: Stamp [s].
        frame_id: The frame of the positions.
        body_ids: Shape (N,).
        positions: Joint positions [m], shape (N, J, 3); NaN where not tracked.
    """

    time_s: float
    frame_id: str
    body_ids: np.ndarray
    positions: np.ndarray


def decode_skeletons(message: PointCloud2 | Cloud, joints: int) -> SkeletonCloud:
    """Read an organised cloud: height = people, width = joints.

    Fields x, y, z are float32 [m]; confidence (float32, 0 = not tracked) and body_id (uint32) are optional. Without
    body_id, people are numbered by their row. A joint with NaN or infinity in any field is not tracked.

    Raises:
        MessageError: The cloud is not what its fields and sizes promise, or has another number of joints.
    """
    present = {field.name for field in message.fields}
    optional = {"confidence": PointField.FLOAT32, "body_id": PointField.UINT32}
    points = _read(message, {**_XYZ, **{name: kind for name, kind in optional.items() if name in present}}, joints)
    positions = _xyz(points)
    tracked = np.isfinite(positions).all(axis=-1)
    if "confidence" in present:
        tracked &= points["confidence"] > 0
    if not tracked.all():
        positions[~tracked] = np.nan
    ids = points["body_id"][:, 0].astype(np.int64) if "body_id" in present else np.arange(len(points))
    if len(set(ids.tolist())) != len(ids):
        present_ids, often = np.unique(ids, return_counts=True)
        raise MessageError(f"skeletons: two people with one body_id in a message: {present_ids[often.argmax()]}")
    return SkeletonCloud(stamp_s(message.header.stamp), message.header.frame_id, ids, positions)


def encode_skeletons(
    stamp: Time, frame_id: str, body_ids: np.ndarray, positions: np.ndarray, confidence: np.ndarray | None = None
) -> PointCloud2:
    """Write people as an organised cloud with body_id.

    Args:
        stamp: Stamp.
        frame_id: The frame of the positions.
        body_ids: Shape (N,).
        positions: Joint positions [m], shape (N, J, 3).
        confidence: How sure each joint is, 0: not tracked; shape (N, J). None: the cloud has no such field.
    """
    kinds = {**_XYZ, "body_id": PointField.UINT32}
    if confidence is not None:
        kinds["confidence"] = PointField.FLOAT32
    points = np.zeros(positions.shape[:2], _dtype(kinds))
    points["x"], points["y"], points["z"] = np.moveaxis(positions, -1, 0)
    points["body_id"] = np.asarray(body_ids)[:, None]
    if confidence is not None:
        points["confidence"] = confidence
    return _write(Header(stamp=stamp, frame_id=frame_id), kinds, points)


def decode_motion(message: PointCloud2, limbs: int) -> Motion:
    """Read a window or a response: height = T frames, width = limbs, unit vectors, field t = time [s].

    Raises:
        MessageError: The cloud is not what its fields and sizes promise, has another number of limbs, or does not
            hold unit vectors at evenly spaced times.
    """
    points = _read(message, {**_XYZ, "t": PointField.FLOAT32}, limbs)
    if len(points) < 2:
        raise MessageError(f"motion: expected at least 2 frames (height), got {len(points)}")
    vectors, times = _xyz(points), _float(points["t"][:, 0])
    lengths = np.linalg.norm(vectors, axis=-1)
    if not np.isfinite(lengths).all() or np.abs(lengths - 1.0).max() > 1e-3:
        raise MessageError("motion: expected unit limb vectors, got NaN or other lengths")
    steps = np.diff(times) if np.isfinite(times).all() else np.zeros(1)
    if steps.min() <= 0 or np.ptp(steps) > 1e-3 * max(1.0, float(times[-1])):
        raise MessageError("motion: field t must increase in even steps")
    return Motion(vectors / lengths[..., None], float(times[-1] - times[0]))


def encode_motion(header: Header, motion: Motion) -> PointCloud2:
    """Write a window or a response; the field t tells when each frame is, from the first [s]."""
    kinds = {**_XYZ, "t": PointField.FLOAT32}
    points = np.zeros(motion.limbs_in_body.shape[:2], _dtype(kinds))
    points["x"], points["y"], points["z"] = np.moveaxis(motion.limbs_in_body, -1, 0)
    points["t"] = motion.times_s[:, None]
    return _write(header, kinds, points)


def same_cloud(one: PointCloud2, other: PointCloud2) -> bool:
    """Tell whether two clouds hold the same points of the same time, to the bit."""
    return bool(
        one.header.stamp == other.header.stamp
        and (one.height, one.width) == (other.height, other.width)
        and (one.point_step, one.row_step) == (other.point_step, other.row_step)
        and one.is_bigendian == other.is_bigendian
        and one.data == other.data
        and one.fields == other.fields
    )


def stamp_s(stamp: Time) -> float:
    """Turn a stamp into seconds."""
    return float(stamp.sec + 1e-9 * stamp.nanosec)


def to_stamp(time_s: float) -> Time:
    """Turn seconds into a stamp, to the nanosecond.

    Nanoseconds since 1970 as one float would be off by more than 100, which a robot notices: 0.1 ms before a point, it
    makes up for them.
    """
    time_ns = whole_ns(time_s)
    return Time(sec=time_ns // 10**9, nanosec=time_ns % 10**9)


def _read(message: PointCloud2 | Cloud, kinds: dict[str, int], width: int) -> np.ndarray:
    """Check the message, then read the named fields as a structured array of shape (height, width)."""
    _check_fields(message, kinds)
    _check_sizes(message, width)
    # sensor_msgs_py takes nothing but messages, and ignores padded rows.
    plain = isinstance(message, PointCloud2) and message.row_step == message.width * message.point_step
    if point_cloud2 is not None and plain:
        points = point_cloud2.read_points(message, field_names=list(kinds))
        return np.asarray(points).reshape(message.height, message.width)
    fields = tuple(
        (field.name, _TYPES[field.datatype], field.offset) for field in message.fields if field.name in kinds
    )
    layout = _layout(fields, message.point_step, message.is_bigendian)
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.row_step)
    rows = np.ascontiguousarray(rows[:, : message.width * message.point_step])
    return rows.view(layout).reshape(message.height, message.width)


@lru_cache(maxsize=64)
def _layout(fields: tuple[tuple[str, str, int], ...], point_step: int, is_bigendian: bool) -> np.dtype:
    names, formats, offsets = (list(values) for values in zip(*fields, strict=True))
    layout = np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": point_step})
    return layout.newbyteorder(">" if is_bigendian else "<")


def _check_fields(message: PointCloud2 | Cloud, kinds: dict[str, int]) -> None:
    fields = {field.name: field for field in message.fields}
    if len(fields) != len(message.fields):
        raise MessageError("cloud: a field is named twice")
    for name, kind in kinds.items():
        field = fields.get(name)
        if field is None:
            raise MessageError(f"cloud: field '{name}' is missing; found {', '.join(fields) or 'none'}")
        if field.datatype != kind or field.count != 1:
            raise MessageError(
                f"cloud: field '{name}' must be one {_TYPES[kind]}, is {field.count} x "
                f"{_TYPES.get(field.datatype, f'datatype {field.datatype}')}"
            )
        if field.offset + np.dtype(_TYPES[kind]).itemsize > message.point_step:
            raise MessageError(
                f"cloud: field '{name}' at offset {field.offset} exceeds point_step {message.point_step}"
            )


def _check_sizes(message: PointCloud2 | Cloud, width: int) -> None:
    if message.width != width:
        raise MessageError(f"cloud: expected width {width}, got {message.width}: is it of another skeleton?")
    if message.row_step < message.width * message.point_step:
        raise MessageError(f"cloud: row_step {message.row_step} is too small for {message.width} points")
    expected = message.height * message.row_step
    if expected > _MOST_BYTES or len(message.data) != expected:
        raise MessageError(f"cloud: expected {expected} bytes of data, got {len(message.data)}")


def _write(header: Header, kinds: dict[str, int], points: np.ndarray) -> PointCloud2:
    names: Sequence[str] = list(kinds)
    offsets: Mapping[str, Any] = points.dtype.fields or {}
    fields = [PointField(name=name, offset=int(offsets[name][1]), datatype=kinds[name], count=1) for name in names]
    if point_cloud2 is not None and points.size:
        # As one row: of a table, sensor_msgs_py takes the columns for the height.
        cloud = point_cloud2.create_cloud(header, fields, points.reshape(-1))
        cloud.height, cloud.width = points.shape
        cloud.row_step = points.dtype.itemsize * points.shape[1]
        return cloud
    return PointCloud2(
        header=header,
        height=points.shape[0],
        width=points.shape[1],
        fields=fields,
        is_bigendian=sys.byteorder == "big",
        point_step=points.dtype.itemsize,
        row_step=points.dtype.itemsize * points.shape[1],
        data=array.array("B", points.tobytes()),
        is_dense=True,
    )


def _dtype(kinds: dict[str, int]) -> np.dtype:
    return np.dtype([(name, _TYPES[kind]) for name, kind in kinds.items()])


def _xyz(points: np.ndarray) -> np.ndarray:
    """Return points as doubles, shape (height, width, 3)."""
    xyz = np.empty((*points.shape, 3))
    with np.errstate(invalid="ignore"):  # NumPy would warn of a signalling NaN, which is as good as any other
        for axis, name in enumerate("xyz"):
            xyz[..., axis] = points[name]
    return xyz


def _float(values: np.ndarray) -> np.ndarray:
    """Return doubles; NumPy would warn of a signalling NaN, which is as good as any other."""
    with np.errstate(invalid="ignore"):
        return values.astype(float)
