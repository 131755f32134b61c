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

"""geometry_msgs/PoseArray: one person in a message, one pose for each joint in the skeleton's order."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseArray

from iat_ros.nodes.tracker.source import FRAMES_QOS, Input, PeopleFrame, Source, point, require_count


class PoseArraySource(Source):
    """One person, whose id is a parameter; an array without poses says that nobody is in view."""

    def inputs(self) -> list[Input]:
        """Name the topic."""
        return [Input(PoseArray, self.settings.topic or "pose_array", self.read, FRAMES_QOS)]

    def read(self, message: PoseArray) -> list[PeopleFrame]:
        """Read one frame.

        Raises:
            MessageError: It has more or fewer poses than the skeleton has joints.
        """
        header = message.header
        if not message.poses:
            return [self.nobody(header.frame_id, header.stamp)]
        require_count("pose array", len(message.poses), self.settings.definition)
        positions = np.array([point(pose.position.x, pose.position.y, pose.position.z) for pose in message.poses])
        return [self.people(header.stamp, header.frame_id, {self.settings.body_id: positions})]
