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

"""Record: writes skeletons, and what else is asked for, into a bag."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.bag_recorder import BagRecorder
from iat_ros.errors import IatError, MessageError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS
from iat_ros.nodes.clouds import decode_skeletons
from iat_ros.stream.size import TOO_LARGE, too_large

SKELETONS = "skeletons"
KINDS: dict[str, tuple[type, str, Any]] = {
    SKELETONS: (PointCloud2, "sensor_msgs/msg/PointCloud2", SENSOR_QOS),
    "joint_states": (JointState, "sensor_msgs/msg/JointState", SENSOR_QOS),
    "joint_trajectory": (JointTrajectory, "trajectory_msgs/msg/JointTrajectory", RESULT_QOS),
    "windows": (PointCloud2, "sensor_msgs/msg/PointCloud2", RESULT_QOS),
    "responses": (PointCloud2, "sensor_msgs/msg/PointCloud2", RESULT_QOS),
}
"""Topics that can be recorded: message class, its name in a bag, quality of service."""


class RecordNode(Node):
    """Takes messages as they come, serialised as they are, and writes them once a second.

    Args:
        path: The bag's directory; must not exist.
        extra: Topics beside ``skeletons``, keys of `KINDS`.
        storage: ``mcap`` or ``sqlite3``.

    Attributes:
        people: Body ids seen so far.
        at_once: The most people in one frame.
        frames: Frames with somebody in them.
        giants: Of people larger than any, as a tracker makes them that sends millimetres: how many frames.
        unusable: Messages on ``skeletons`` that are no skeletons; they are recorded all the same.

    Raises:
        DataError: The bag exists or cannot be made.
    """

    def __init__(self, path: Path, extra: Sequence[str] = (), storage: str = "mcap") -> None:
        super().__init__("record")
        self.people: set[int] = set()
        self.at_once = self.frames = self.giants = self.unusable = 0
        self.failure: IatError | None = None
        names = {name: self.resolve_topic_name(name) for name in dict.fromkeys([SKELETONS, *extra])}
        self.bag = BagRecorder(path, {names[name]: KINDS[name][1] for name in names}, storage)
        self.skeletons = names[SKELETONS]
        for name, topic in names.items():
            kind, _, qos = KINDS[name]
            self.create_subscription(kind, name, self._taker(topic, name == SKELETONS), qos, raw=True)
        self._begin = time.monotonic()

    @property
    def seconds(self) -> float:
        """For how long it records [s]."""
        return time.monotonic() - self._begin

    def figures(self) -> dict[str, Any]:
        """Return what was recorded so far."""
        return {
            "seconds": self.seconds,
            "people": sorted(self.people),
            "people_at_once": self.at_once,
            "frames_with_people": self.frames,
            "too_large": self.giants,
            "not_skeletons": self.unusable,
            "messages": dict(self.bag.counts),
            "bytes": self.bag.bytes_on_disk,
        }

    def _taker(self, topic: str, skeletons: bool) -> Callable[[bytes], None]:
        def take(raw: bytes) -> None:
            """Write a message as it came."""
            if self.failure is not None:
                return
            try:
                self.bag.write(topic, self.get_clock().now().nanoseconds, raw)
            except IatError as error:
                self.failure = error
                return
            if skeletons:
                self._look(deserialize_message(raw, PointCloud2))

        return take

    def _look(self, message: PointCloud2) -> None:
        try:
            cloud = decode_skeletons(message, message.width)
        except MessageError as error:
            if not self.unusable:
                self.get_logger().warning(f"{self.skeletons}: {error}; recorded as it is, but nothing can read it")
            self.unusable += 1
            return
        giants = int(too_large(cloud.positions).sum())
        if giants and not self.giants:
            self.get_logger().warning(
                f"{self.skeletons}: {TOO_LARGE}; recorded as it is, but nothing can learn from it"
            )
        self.giants += giants
        present = cloud.body_ids[(cloud.positions == cloud.positions).any(axis=(1, 2))].tolist()  # NaN: nobody
        self.people.update(present)
        self.at_once = max(self.at_once, len(present))
        self.frames += bool(present)
