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

"""Person, robot and answers as markers in one frame, arranged as on the viewer's page: RViz needs no TF for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Quaternion, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from iat_ros.nodes.arrangement import (
    ALTERNATIVES_AT,
    ANSWER_AT,
    PERSON_AT,
    ROBOT_AT,
    STAND_M,
    STAND_RGB,
    TO_CAMERA,
    TO_PERSON,
)
from iat_ros.nodes.markers import line_list

STAGE_FRAME = "stage"
_AHEAD = (1.0, 0.0, 0.0, 0.0)
_ROBOT_RGB = (120, 124, 130)
_NO_BONES = np.empty((0, 2), int)
_TEXT_M = 0.12
_SPACE_M = 0.35 * _TEXT_M  # RViz's own is one of letters that are 1 m high
_STATE_AT_M = 2.15
_LABEL_AT_M = 1.82
_STAND = np.array([(0.0, 0.0, -STAND_M), (0.0, 0.0, 0.0)]), np.array([(0, 1)])
_NO_STAND = np.empty((0, 3)), _NO_BONES


def stage_markers(
    stamp: Time,
    person: tuple[np.ndarray | None, np.ndarray],
    robot: np.ndarray | None,
    answers: tuple[Sequence[np.ndarray | None], np.ndarray],
    colours: tuple[tuple[int, int, int], tuple[int, int, int]],
    text: str,
) -> MarkerArray:
    """Make markers for each figure, its label and its stand; what belongs to a figure that is not there is deleted.

    Args:
        stamp: Now.
        person: Joints (J, 3) [m] or None, and bones (B, 2).
        robot: Lines (S, 2, 3) [m] or None.
        answers: The answer, then up to three alternatives, each joints (K, 3) [m] or None, and their bones (L, 2).
        colours: Of the person and of answers.
        text: What to write above the robot.
    """
    lines = np.empty((0, 2, 3)) if robot is None else robot
    pairs = np.arange(2 * len(lines)).reshape(-1, 2)
    markers = [
        _placed("person", 0, stamp, person, colours[0], PERSON_AT, _AHEAD),
        _placed("robot", 0, stamp, (lines.reshape(-1, 3), pairs), _ROBOT_RGB, ROBOT_AT, TO_PERSON),
        _text("state", 0, stamp, text, (ROBOT_AT[0], ROBOT_AT[1], _STATE_AT_M)),
        _text("label", 0, stamp, "" if person[0] is None else "person", (PERSON_AT[0], PERSON_AT[1], _LABEL_AT_M)),
    ]
    joints, bones = answers
    for number, (x, y, _) in enumerate((ANSWER_AT, *ALTERNATIVES_AT)):
        shown = joints[number] if number < len(joints) else None
        turn = TO_CAMERA if number else TO_PERSON
        name, label = ("alternative", str(number)) if number else ("answer", "answer")
        stand = _NO_STAND if shown is None else _STAND
        markers += [
            _placed(name, number, stamp, (shown, bones), colours[1], (x, y, STAND_M), turn),
            _placed("stand", number, stamp, stand, STAND_RGB, (x, y, STAND_M), _AHEAD),
            _text("label", 1 + number, stamp, "" if shown is None else label, (x, y, _LABEL_AT_M)),
        ]
    return MarkerArray(markers=markers)


def _placed(
    name: str, number: int, stamp: Time, figure: tuple[np.ndarray | None, np.ndarray], rgb: tuple[int, int, int],
    at_m: tuple[float, float, float], wxyz: tuple[float, float, float, float],
) -> Marker:  # fmt: skip
    joints, bones = figure
    if joints is None:
        joints, bones = np.empty((0, 3)), _NO_BONES
    marker = line_list(name, STAGE_FRAME, stamp, joints, bones, rgb)
    marker.id = number
    marker.pose.position = Point(x=at_m[0], y=at_m[1], z=at_m[2])
    marker.pose.orientation = Quaternion(w=wxyz[0], x=wxyz[1], y=wxyz[2], z=wxyz[3])
    return marker


def _text(name: str, number: int, stamp: Time, text: str, at_m: tuple[float, float, float]) -> Marker:
    marker = Marker(header=Header(frame_id=STAGE_FRAME, stamp=stamp), ns=name, type=Marker.TEXT_VIEW_FACING)
    marker.id = number
    marker.action, marker.text = Marker.ADD if text else Marker.DELETE, text
    marker.pose.position = Point(x=at_m[0], y=at_m[1], z=at_m[2])
    marker.pose.orientation.w = 1.0
    marker.scale = Vector3(x=_SPACE_M, z=_TEXT_M)
    marker.color = ColorRGBA(r=0.35, g=0.35, b=0.35, a=1.0)
    return marker
