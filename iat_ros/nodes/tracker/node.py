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

"""Tracker: turns what other people's trackers send into the package's own skeletons."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import PointCloud2

from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clouds import encode_skeletons
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import SKELETON
from iat_ros.nodes.tracker.frame_names import read_joint_names
from iat_ros.nodes.tracker.hri import HriSource
from iat_ros.nodes.tracker.markers import MarkerSource
from iat_ros.nodes.tracker.pose_array import PoseArraySource
from iat_ros.nodes.tracker.source import Input, PeopleFrame, Settings, Source
from iat_ros.nodes.tracker.transforms import TransformSource
from iat_ros.nodes.tracker.zed import ZedSource
from iat_ros.skeleton.definition import load_skeleton

SOURCES: dict[str, type[Source]] = {
    "markers": MarkerSource,
    "tf": TransformSource,
    "pose_array": PoseArraySource,
    "zed": ZedSource,
    "hri": HriSource,
}
_LOOK_EVERY_S = 0.1


class TrackerNode(IatNode):
    """Subscribes to one source, publishes ``skeletons`` with the source's frame and stamps."""

    PARAMETERS = (
        Parameter("input", "markers", "What the tracker sends.", choices=tuple(SOURCES)),
        SKELETON,
        Parameter("topic", "", "Topic of the source; empty: the one that docs/trackers.md names."),
        Parameter("max_people", 64, "So many are taken at once; the others are left out.", 1, 1000),
        Parameter("body_id", 0, "Id of the person of a pose_array, which has none.", 0, 2**31 - 1),
        Parameter("frame", "", "Frame to which TF is composed; empty: the one that a person's frames hang on."),
        Parameter("frame_pattern", "{joint}_{id}", "How TF names a person's joints; without {id} there is one person."),
        Parameter("joint_names", "", "TF's names where they are others than the skeleton's: joint=name, joint=name."),
        Parameter("timeout", 0.5, "A person whose transforms stop for so long is gone [s].", 0.05, 10.0),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("tracker", **options)
        self._publisher = self.create_lifecycle_publisher(PointCloud2, "skeletons", RESULT_QOS)
        self._source: Source | None = None
        self._heard: list[Any] = []
        self.create_timer(_LOOK_EVERY_S, self._look)

    def setup(self, values: dict[str, Any]) -> None:
        """Make the source and subscribe to its topics."""
        settings = Settings(
            definition=load_skeleton(values["skeleton"]),
            topic=values["topic"],
            max_people=values["max_people"],
            body_id=values["body_id"],
            frame=values["frame"],
            frame_pattern=values["frame_pattern"],
            joint_names=read_joint_names(values["joint_names"]),
            timeout_s=values["timeout"],
            now=lambda: self.get_clock().now().to_msg(),
        )
        source = SOURCES[values["input"]](settings, self.drop)
        for one in source.inputs():
            self._heard.append(self.create_subscription(one.kind, one.topic, self._reader(one), one.qos))
        self._source = source

    def teardown(self) -> None:
        """Stop hearing the source."""
        for subscription in self._heard:
            self.destroy_subscription(subscription)
        self._heard.clear()
        self._source = None

    def _reader(self, one: Input) -> Callable[[Any], None]:
        return self.guarded(lambda message: self._publish(one.read(message)))

    def _look(self) -> None:
        source = self._source
        if source is not None:
            self.guarded(lambda _: self._publish(source.overdue(time.monotonic())))(None)

    def _publish(self, frames: list[PeopleFrame]) -> None:
        for frame in frames:
            stamp = frame.stamp
            if stamp.sec == 0 and stamp.nanosec == 0:
                stamp = self.get_clock().now().to_msg()
                self.counts["frames without a stamp"] += 1
            self._publisher.publish(
                encode_skeletons(stamp, frame.frame_id, np.asarray(frame.body_ids, np.uint32), frame.positions)
            )
            self.counts["frames"] += 1
            self.counts["people"] = len(frame.body_ids)


def make_tracker(input_: str | None, **options: Any) -> TrackerNode:
    """Make the node for a source; None: for the one that the parameter says. Options go to its constructor."""
    chosen = [] if input_ is None else [RosParameter("input", value=input_)]
    return TrackerNode(parameter_overrides=[*options.pop("parameter_overrides", ()), *chosen], **options)
