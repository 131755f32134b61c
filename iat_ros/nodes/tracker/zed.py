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

"""Stereolabs ZED: zed_msgs/ObjectsStamped of its body tracking, with 18, 34 or 38 keypoints of 70 slots."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from iat_ros.errors import ConfigError, MessageError
from iat_ros.nodes.tracker.source import FRAMES_QOS, Input, PeopleFrame, Source, point, require_count

_KEYPOINTS = {0: 18, 1: 34, 2: 38}  # by body_format
_GONE = frozenset({0, 3})  # tracking states OFF and TERMINATE


def objects_message() -> type:
    """Import the message, under the new or the old name of its package.

    Raises:
        ConfigError: It is not installed.
    """
    missing: list[ImportError] = []
    for package in ("zed_msgs", "zed_interfaces"):
        try:
            kind: type = importlib.import_module(f"{package}.msg").ObjectsStamped
        except ImportError as error:  # the other name may be there
            missing.append(error)
        else:
            return kind
    raise ConfigError(
        "parameter 'input' is 'zed', which needs zed_msgs, which is not installed: "
        "sudo apt install ros-$ROS_DISTRO-zed-msgs, or build zed-ros2-interfaces of Stereolabs"
    ) from missing[0]


class ZedSource(Source):
    """Everybody in one message; those whose tracking is over are left out, those that are searched for are not."""

    def inputs(self) -> list[Input]:
        """Name the topic, which lies under the camera's node."""
        return [Input(objects_message(), self.settings.topic or "body_trk/skeletons", self.read, FRAMES_QOS)]

    def read(self, message: Any) -> list[PeopleFrame]:
        """Read one frame.

        Raises:
            MessageError: A body has more or fewer keypoints than the skeleton has joints, or ids come twice.
        """
        people: dict[int, np.ndarray] = {}
        for row, body in enumerate(message.objects):
            if not body.skeleton_available:
                self.drop("zed: object without a skeleton")
                continue
            if body.tracking_available and body.tracking_state in _GONE:
                continue
            if body.body_format not in _KEYPOINTS:
                raise MessageError(f"zed: unknown body_format {body.body_format}")
            require_count("zed", _KEYPOINTS[body.body_format], self.settings.definition)
            if len(people) >= self.settings.max_people:
                self.drop("too many people")
                continue
            body_id = body.label_id if body.label_id >= 0 else row  # without tracking all are -1
            if body_id in people:
                raise MessageError(f"zed: two people with one label_id in a message: {body_id}")
            keypoints = body.skeleton_3d.keypoints[: self.joints]
            require_count("zed", len(keypoints), self.settings.definition)
            people[body_id] = np.array([point(*map(float, keypoint.kp)) for keypoint in keypoints])
        return [self.people(message.header.stamp, message.header.frame_id, people)]
