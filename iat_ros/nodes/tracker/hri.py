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

"""ROS4HRI (REP-155): /humans/bodies/tracked tells who is there, TF where their joints are."""

from __future__ import annotations

import importlib
from typing import Any

from iat_ros.errors import ConfigError
from iat_ros.nodes.tracker.source import FRAMES_QOS, Input, PeopleFrame
from iat_ros.nodes.tracker.transforms import TransformSource


def ids_message() -> type:
    """Import the message.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        kind: type = importlib.import_module("hri_msgs.msg").IdsList
    except ImportError as error:
        raise ConfigError(
            "parameter 'input' is 'hri', which needs hri_msgs, which is not installed: "
            "sudo apt install ros-$ROS_DISTRO-hri-msgs; 'tf' works without"
        ) from error
    return kind


class HriSource(TransformSource):
    """Only bodies that are tracked are people; when none is, that is a frame without people at once."""

    _tracked: frozenset[str] = frozenset()

    def inputs(self) -> list[Input]:
        """Name the topic of tracked bodies and those of TF; ``topic`` changes the first."""
        ids = Input(ids_message(), self.settings.topic or "/humans/bodies/tracked", self.read_ids, FRAMES_QOS)
        return [ids, *self.transforms("/tf")]

    def accepts(self, person: str) -> bool:
        """Tell whether a body is tracked."""
        return person in self._tracked

    def read_ids(self, message: Any) -> list[PeopleFrame]:
        """Take the ids of all bodies that are tracked now."""
        ids = message.ids[: self.settings.max_people]
        for _ in message.ids[self.settings.max_people :]:
            self.drop("too many people")
        self._tracked = frozenset(ids)
        gone = self.keep_only(self._tracked)
        return [self.nobody(gone, message.header.stamp)] if not self._tracked else []
