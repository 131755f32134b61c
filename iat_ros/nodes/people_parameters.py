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


"""Perception's parameters of the people in view: what is mended in their frames, who is who, and who is answered."""

from __future__ import annotations

from typing import Any

from iat_ros.nodes.parameters import Parameter
from iat_ros.stream.choice import FORWARD_AXES, PERSONS, ChoiceConfig
from iat_ros.stream.cleaning import CleaningConfig
from iat_ros.stream.identity import IdentityConfig
from iat_ros.stream.segment import SegmenterConfig

_CLEANING, _IDENTITY, _CHOICE = CleaningConfig(), IdentityConfig(), ChoiceConfig()

PARAMETERS = (
    Parameter(
        "bridge_time",
        _CLEANING.bridge_s,
        "A joint that is gone for so long is interpolated [s]; 0: its frames are dropped.",
        0.0,
        5.0,
    ),
    Parameter(
        "outlier_speed",
        _CLEANING.outlier_m_s,
        "A joint faster than this relative to the body counts as not tracked for a moment [m/s]; 0: never.",
        0.0,
        1000.0,
    ),
    Parameter(
        "bone_tolerance",
        _CLEANING.bone_tolerance,
        "A bone whose length is off by more than this share is mended; 0: never.",
        0.0,
        10.0,
    ),
    Parameter("person", _CHOICE.person, "Whose actions are answered.", choices=PERSONS),
    Parameter(
        "forward_axis",
        _CHOICE.forward_axis,
        "Where the sensor looks, in the frame of the skeletons, for person central; auto: by the frame's name.",
        choices=FORWARD_AXES,
    ),
    Parameter(
        "switch_distance",
        _CHOICE.switch_m,
        "For person nearest: another who is nearer by so much, all switch_time, is chosen instead [m].",
        0.0,
        10.0,
    ),
    Parameter(
        "switch_angle",
        _CHOICE.switch_rad,
        "For person central: another who is nearer to the axis by so much, all switch_time, is chosen instead [rad].",
        0.0,
        3.0,
    ),
    Parameter(
        "switch_time",
        _CHOICE.switch_s,
        "So long another person must be clearly nearer, or more central, to be chosen instead [s].",
        0.0,
        60.0,
    ),
    Parameter(
        "rejoin_distance",
        _IDENTITY.rejoin_m,
        "A new body id so near to where somebody was last is theirs [m]; 0: ids are taken as they come.",
        0.0,
        5.0,
    ),
    Parameter(
        "rejoin_time",
        _IDENTITY.rejoin_s,
        "So long somebody may be gone and come back under a new id, or stay chosen [s].",
        0.0,
        60.0,
    ),
)


def cleaning_config(values: dict[str, Any]) -> CleaningConfig:
    """Return how frames are mended."""
    return CleaningConfig(
        bridge_s=values["bridge_time"],
        outlier_m_s=values["outlier_speed"],
        bone_tolerance=values["bone_tolerance"],
    )


def identity_config(values: dict[str, Any], segmenter: SegmenterConfig) -> IdentityConfig:
    """Return when a new body is somebody who was known."""
    return IdentityConfig(
        rejoin_m=values["rejoin_distance"],
        rejoin_s=values["rejoin_time"],
        jump_m=segmenter.jump_m,
        jump_m_s=segmenter.jump_m_s,
    )


def choice_config(values: dict[str, Any]) -> ChoiceConfig:
    """Return who is answered."""
    return ChoiceConfig(
        person=values["person"],
        switch_m=values["switch_distance"],
        switch_rad=values["switch_angle"],
        switch_s=values["switch_time"],
        gone_s=values["rejoin_time"],
        forward_axis=values["forward_axis"],
    )
