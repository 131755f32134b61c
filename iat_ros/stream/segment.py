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

"""The frames of one action, and when an action counts as started and ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iat_ros.errors import ConfigError


@dataclass(frozen=True)
class SegmenterConfig:
    """When an action counts as started and ended.

    Attributes:
        start_angle_rad: A limb this far from rest, while moving, starts an action.
        rest_angle_rad: All limbs within this angle of rest may end it.
        moving_rad_s: Angular speed of the fastest limb above which the person moves.
        quiet_s: How long the person must be near rest without moving before an action has ended.
            Four frames at 30 Hz: 133 ms. A pause of that length near rest ends an action, too.
        hold_s: How long a pose away from rest must be held before an action has ended.
        lead_s: How much of the time before the start belongs to the action.
        speed_span_s: Time over which speed is measured.
        min_action_s: Shorter actions are dropped.
        max_action_s: Longer actions are dropped.
        max_gap_s: A longer gap between frames loses the person.
        jump_m: A torso that moves further than this from one frame to the next, and
        jump_m_s: faster than this, is another person's: trackers swap bodies. At 30 Hz bodies half a metre apart are
            told apart, at 5 Hz 1.6 m.
    """

    start_angle_rad: float = 0.40
    rest_angle_rad: float = 0.55
    moving_rad_s: float = 1.2
    quiet_s: float = 0.15
    hold_s: float = 1.5
    lead_s: float = 0.25
    speed_span_s: float = 0.1
    min_action_s: float = 0.5
    max_action_s: float = 10.0
    max_gap_s: float = 0.5
    jump_m: float = 0.5
    jump_m_s: float = 8.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigError(f"{name} must be above 0, got {value}")
        if self.min_action_s >= self.max_action_s:
            raise ConfigError(
                f"min_action ({self.min_action_s:g} s) must be below max_action ({self.max_action_s:g} s)"
            )


LIVE = SegmenterConfig(quiet_s=0.12)
"""For people who wait for an answer: at 30 Hz four frames, 133 ms. Recordings are cut after five."""


@dataclass(frozen=True)
class Segment:
    """The frames of one action.

    Attributes:
        times_s: Shape (F,), strictly increasing.
        positions: Joint positions [m], shape (F, J, 3).
    """

    times_s: np.ndarray
    positions: np.ndarray
