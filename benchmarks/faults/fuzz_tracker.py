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

"""Rubbish to every input of the tracker node: nothing crashes, every cloud that comes out can be read, memory stays.

The callbacks of the node's subscriptions are called directly, with messages that are right and messages that are
damaged in one to three places. Messages of other trackers' packages are stood for by objects with the same fields.

    python benchmarks/faults/fuzz_tracker.py --messages 100000 --json FILE
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import rclpy
from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion, Transform, TransformStamped, Vector3
from rclpy.context import Context
from rclpy.logging import LoggingSeverity
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.faults.malformed import Dice
from benchmarks.faults.memory import rss_mb
from benchmarks.faults.program import main
from iat_ros.errors import IatError
from iat_ros.nodes.clouds import decode_skeletons, to_stamp
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.tracker import hri, transforms, zed
from iat_ros.nodes.tracker.node import SOURCES, TrackerNode
from iat_ros.nodes.transport import keep_to_this_machine, require_loopback
from iat_ros.skeleton.definition import load_skeleton

JOINTS = load_skeleton("utd_mhad").joints
_NUMBERS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 1e4, -1e4, 1e308)
_WHOLE = (-(2**31), -1, 0, 1, 19, 20, 99, 100, 119, 2**31 - 1)
_NAMES = (
    "",
    "/",
    "head_1",
    "/head_1",
    "head_",
    "_1",
    "head_1_1",
    "head_☃",
    "torso",
    "camera",
    "x" * 3000,
    "\n",
    "{id}",
    "%s",
)
_RIGHT = 0.5
"""Share of messages that are right."""


def run_fuzz(messages: int = 100_000, seed: int = 0, domain: int | None = None) -> dict[str, Any]:
    """Send messages to the node once for each input, and judge what it does.

    Args:
        messages: How many, in all.
        seed: Decides all of them.
        domain: ROS domain of the node, where nobody else may be; None: any.

    Returns:
        "messages", "crashes" (exceptions that nobody foresaw), "wrong_outputs" (clouds that cannot be read),
        "rss_growth_mb" (after the first tenth of each input), "per_input" and "details".
    """
    keep_to_this_machine()
    context = Context()
    rclpy.init(context=context, domain_id=domain or random.SystemRandom().randint(1, 101))
    require_loopback(context)
    try:
        parts = {source: _Fuzz(source, Dice(seed), context).run(messages // len(SOURCES)) for source in SOURCES}
    finally:
        rclpy.shutdown(context=context)
    totals = {key: sum(part[key] for part in parts.values()) for key in ("messages", "crashes", "wrong_outputs")}
    growth = round(sum(part["rss_growth_mb"] for part in parts.values()), 1)
    details = [detail for part in parts.values() for detail in part.pop("details")]
    return {**totals, "rss_growth_mb": growth, "per_input": parts, "details": details}


class _Fuzz:
    """The node with one input, and a judge of what it publishes."""

    def __init__(self, source: str, dice: Dice, context: Context) -> None:
        self._dice, self._source, self._time_s = dice, source, 1000.0
        self._counts: Counter[str] = Counter()
        self._details: list[str] = []
        for module, function in ((transforms, "tf_message"), (hri, "ids_message"), (zed, "objects_message")):
            setattr(module, function, lambda: PointCloud2)  # only the callbacks are used, with any type
        zed._KEYPOINTS[0] = len(JOINTS)
        values = {"input": source, "max_people": 5, "frame": "map" if source == "hri" else ""}
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        self._node = TrackerNode(context=context, use_global_arguments=False, parameter_overrides=overrides)
        self._node.get_logger().set_level(LoggingSeverity.FATAL)
        self._node._publisher.publish = self._judge
        drop = self._node.drop

        def watched(reason: str, count: int = 1) -> None:
            if "unexpected" in reason:
                self._crash(reason)
            drop(reason, count)

        self._node.drop = watched
        if not bring_up(self._node):
            raise SystemExit(f"the tracker refuses to come up with input {source}")
        self._callbacks = {one.topic_name.rsplit("/", 1)[-1]: one.callback for one in self._node._heard}
        self._makers: dict[str, Callable[[], Any]] = {
            "body_tracking_data": self._markers, "pose_array": self._poses, "skeletons": self._objects,
            "tracked": self._ids, "tf": self._transforms, "tf_static": self._mount,
        }  # fmt: skip

    def run(self, messages: int) -> dict[str, Any]:
        """Send so many messages."""
        before_mb = 0.0
        topics = [topic for topic in self._callbacks for _ in range(8 if topic == "tf" else 1)]
        for count in range(messages):
            if count == messages // 10:
                before_mb = rss_mb()
            self._time_s += self._dice.share() / 30.0
            topic = self._dice.one(topics)
            message = self._makers[topic]()
            if self._dice.share() > _RIGHT:
                for _ in range(self._dice.one((1, 1, 2, 3))):
                    self._damage(message)
            self._counts["messages"] += 1
            try:
                self._callbacks[topic](message)
                if count % 100 == 0:
                    self._node._look()
            except Exception as error:  # noqa: BLE001 - what escapes a callback would end the node
                self._crash(f"escaped: {error!r}")
        growth = round(rss_mb() - before_mb, 1)
        self._node.get_logger().set_level(LoggingSeverity.INFO)  # levels belong to the process, not to the node
        dropped = sum(self._node.dropped.values())
        self._node.destroy_node()
        counts = {key: self._counts[key] for key in ("messages", "published", "crashes", "wrong_outputs")}
        return {**counts, "dropped": dropped, "rss_growth_mb": growth, "details": self._details}

    def _judge(self, cloud: PointCloud2) -> None:
        self._counts["published"] += 1
        try:
            decode_skeletons(cloud, len(JOINTS))
        except IatError as error:
            self._counts["wrong_outputs"] += 1
            self._details.append(f"{self._source}: {error}")

    def _crash(self, reason: str) -> None:
        self._counts["crashes"] += 1
        self._details.append(f"{self._source}: {reason}")

    def _damage(self, message: Any) -> None:
        """Change one field somewhere in a message, or how many parts it has."""
        while True:
            names = [name.lstrip("_") for name in getattr(message, "__slots__", None) or vars(message)]
            name = self._dice.one([name for name in names if name != "check_fields"])
            value = getattr(message, name)
            if isinstance(value, bool):
                setattr(message, name, not value)
            elif isinstance(value, int):
                self._set(message, name, self._dice.one(_WHOLE))
            elif isinstance(value, float):
                setattr(message, name, self._dice.one(_NUMBERS))
            elif isinstance(value, str):
                setattr(message, name, self._dice.one(_NAMES))
            elif isinstance(value, np.ndarray):
                value[self._dice.below(len(value))] = np.float32(self._dice.one(_NUMBERS[:6]))
            elif isinstance(value, list):
                at = self._dice.below(len(value) + 1)
                if at < len(value) and self._dice.share() < 0.7 and not isinstance(value[at], str):
                    message = value[at]
                    continue
                changed = self._dice.one((value[:at], value + value[:at], value[at:], value[::-1]))
                self._set(message, name, changed)
            elif hasattr(value, "__slots__") or hasattr(value, "__dict__"):
                message = value
                continue
            return

    @staticmethod
    def _set(message: Any, name: str, value: Any) -> None:
        with suppress(AssertionError, OverflowError):  # what does not fit the field cannot be sent either
            setattr(message, name, value)

    def _header(self) -> Header:
        return Header(stamp=to_stamp(self._time_s), frame_id="camera")

    def _numbers(self) -> list[float]:
        return [0.1 + self._dice.share() for _ in range(3)]

    def _point(self) -> Point:
        x, y, z = self._numbers()
        return Point(x=x, y=y, z=z)

    def _markers(self) -> MarkerArray:
        header, body = self._header(), self._dice.below(3)
        ids = (100 * body + joint for joint in range(len(JOINTS)))
        return MarkerArray(
            markers=[Marker(header=header, id=k, type=2, pose=Pose(position=self._point())) for k in ids]
        )

    def _poses(self) -> PoseArray:
        return PoseArray(header=self._header(), poses=[Pose(position=self._point()) for _ in JOINTS])

    def _transforms(self) -> Any:
        person = str(self._dice.below(10**6)) if self._dice.share() < 0.05 else self._dice.one(("1", "a3f2c"))
        parts, header = [], self._header()
        for joint in JOINTS:
            x, y, z = self._numbers()
            place = Transform(translation=Vector3(x=x, y=y, z=z), rotation=Quaternion(w=1.0))
            parts.append(TransformStamped(header=header, child_frame_id=f"{joint}_{person}", transform=place))
        return SimpleNamespace(transforms=parts)

    def _mount(self) -> Any:
        return SimpleNamespace(transforms=[TransformStamped(header=Header(frame_id="map"), child_frame_id="camera")])

    def _ids(self) -> Any:
        return SimpleNamespace(header=self._header(), ids=["1", "a3f2c", str(self._dice.below(10**6))])

    def _objects(self) -> Any:
        keypoints = [SimpleNamespace(kp=np.array(self._numbers(), np.float32)) for _ in range(70)]
        body = SimpleNamespace(
            label_id=self._dice.below(5), tracking_available=True, tracking_state=1, skeleton_available=True,
            body_format=0, skeleton_3d=SimpleNamespace(keypoints=keypoints),
        )  # fmt: skip
        return SimpleNamespace(header=self._header(), objects=[body])


if __name__ == "__main__":
    sys.exit(main(run_fuzz, __doc__, 100_000))
