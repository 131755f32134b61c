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

"""Markers, as the Azure Kinect's ROS driver sends people: one sphere for each joint, id = 100 * body + joint."""

from __future__ import annotations

import numpy as np
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from iat_ros.errors import MessageError
from iat_ros.nodes.tracker.source import FRAMES_QOS, Input, PeopleFrame, Source, point

_IDS_A_BODY = 100
_SHAPES = frozenset({Marker.SPHERE, Marker.CUBE, Marker.CYLINDER, Marker.ARROW})
"""Markers that stand at one place; lines, lists and texts are something else."""


class MarkerSource(Source):
    """Everybody in one array; an array without markers says that nobody is in view."""

    _frame_id = ""

    def inputs(self) -> list[Input]:
        """Name the driver's topic."""
        return [Input(MarkerArray, self.settings.topic or "body_tracking_data", self.read, FRAMES_QOS)]

    def read(self, message: MarkerArray) -> list[PeopleFrame]:
        """Read one frame.

        Raises:
            MessageError: Markers of two instants or frames, an id without a joint, or a joint that comes twice.
        """
        people: dict[int, np.ndarray] = {}
        header: Header | None = None
        for marker in message.markers:
            if marker.action == Marker.DELETEALL:
                people.clear()
            elif marker.action == Marker.DELETE:
                body, joint = self._place(marker)
                if body in people:
                    people[body][joint] = np.nan
            elif marker.action != Marker.ADD:
                raise MessageError(f"markers: unknown action {marker.action}")
            elif marker.type not in _SHAPES:
                self.drop(f"markers: type {marker.type} stands for no joint")
            else:
                header = self._same(header, marker.header)
                self._put(people, marker)
        people = {body: positions for body, positions in people.items() if np.isfinite(positions).any()}
        if header is None:
            return [self.nobody(self._frame_id)]
        self._frame_id = header.frame_id
        return [self.people(header.stamp, header.frame_id, people)]

    def _place(self, marker: Marker) -> tuple[int, int]:
        body, joint = divmod(marker.id, _IDS_A_BODY)
        if body < 0 or joint >= self.joints:
            raise MessageError(
                f"markers: id {marker.id} is joint {joint} of body {body}, but skeleton "
                f"'{self.settings.definition.name}' has joints 0 to {self.joints - 1}"
            )
        return body, joint

    def _put(self, people: dict[int, np.ndarray], marker: Marker) -> None:
        body, joint = self._place(marker)
        if body not in people:
            if len(people) >= self.settings.max_people:
                self.drop("marker of one person too many")
                return
            people[body] = self.untracked()
        if not np.isnan(people[body][joint, 0]):
            raise MessageError(f"markers: joint {joint} of body {body} comes twice in a message")
        at = marker.pose.position
        people[body][joint] = point(at.x, at.y, at.z)

    @staticmethod
    def _same(first: Header | None, header: Header) -> Header:
        if first is not None and first != header:
            raise MessageError("markers: two stamps or frames in one message")
        return first or header
