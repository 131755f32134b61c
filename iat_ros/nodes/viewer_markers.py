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

"""What the viewer shows as markers, for RViz and Foxglove, while somebody listens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from rclpy.publisher import Publisher
from visualization_msgs.msg import MarkerArray

from iat_ros.nodes.arrangement import ANSWER_RGB, PERSON_RGB
from iat_ros.nodes.clouds import to_stamp
from iat_ros.nodes.last_minute import Moment
from iat_ros.nodes.markers import PersonInView, line_list
from iat_ros.nodes.shown_answers import AnswerFigure
from iat_ros.nodes.stage_markers import stage_markers
from iat_ros.nodes.viewer_scene import ANSWER, PERSON


class ViewerMarkers:
    """Publishes figures in the frames of their messages, and all of them in one frame.

    Args:
        markers: Takes the figures.
        stage: Takes all in one frame.
        person_bones: Bones of the person, shape (B, 2).
        figure: Places answers.
        robot_lines: Returns the lines (S, 2, 3) [m] of the robot with joint angles [rad] or [m].
    """

    def __init__(
        self,
        markers: Publisher,
        stage: Publisher,
        person_bones: np.ndarray,
        figure: AnswerFigure,
        robot_lines: Callable[[Mapping[str, float]], np.ndarray],
    ) -> None:
        self._markers, self._stage = markers, stage
        self._bones, self._figure, self._robot_lines = person_bones, figure, robot_lines

    def publish_figures(self, person: PersonInView, moment: Moment, changed: set[str]) -> None:
        """Publish the person and the answer, those that have changed, each in the frame that they came in."""
        if not changed or self._markers.get_subscription_count() == 0:
            return
        markers = MarkerArray()
        if PERSON in changed:
            joints = np.empty((0, 3)) if person.positions is None else person.positions
            bones = self._bones if len(joints) else self._bones[:0]
            stamp = to_stamp(person.time_s)
            markers.markers.append(line_list(PERSON, person.frame_id, stamp, joints, bones, PERSON_RGB))
        if ANSWER in changed and moment.answer is not None:
            stamp, frame = to_stamp(moment.time_s), moment.answer.frame_id
            since_s = moment.time_s - moment.answer.since_s
            joints = self._figure.place(moment.answer.motion, since_s, moment.limb_lengths_m)
            markers.markers.append(line_list(ANSWER, frame, stamp, joints, self._figure.bones, ANSWER_RGB))
        if markers.markers:
            self._markers.publish(markers)

    def publish_stage(self, moment: Moment, alternatives: Sequence[np.ndarray], text: str) -> None:
        """Publish everything as on the page, with a text above the robot."""
        if self._stage.get_subscription_count() == 0:
            return
        answer = self._figure.place_answer(moment.answer, moment.time_s, moment.limb_lengths_m)
        robot = None if moment.pose is None else self._robot_lines(moment.pose)
        self._stage.publish(
            stage_markers(
                to_stamp(moment.time_s),
                (moment.person, self._bones),
                robot,
                ((answer, *alternatives), self._figure.bones),
                (PERSON_RGB, ANSWER_RGB),
                text,
            )
        )
