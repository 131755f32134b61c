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

"""Soft limits of a URDF: nothing is driven back into them by a stop."""

from __future__ import annotations

import copy

import numpy as np

from iat_ros.robot.braking import stop
from iat_ros.robot.model import RobotModel
from iat_ros.robot.spline import State


def test_a_robot_outside_its_safe_limits_stops_where_it_is(g1: RobotModel) -> None:
    """As where others moved it beyond its soft limits: a stop does not drive it back."""
    narrow = copy.copy(g1)
    narrow.safe_lower, narrow.safe_upper = g1.rest - 0.1, g1.rest + 0.1
    velocity = np.zeros(len(g1.rest))
    velocity[0] = 0.2
    begin = np.clip(g1.rest + 0.5, g1.lower + 0.05, g1.upper - 0.05)
    end = stop(narrow, State(begin, velocity, np.zeros_like(velocity))).state(10.0)
    assert np.abs(end.velocity).max() < 1e-9
    assert np.abs(end.position - begin).max() < 0.05
