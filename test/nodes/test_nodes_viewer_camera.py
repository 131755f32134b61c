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

"""The viewer's camera shows all figures beside or above its panel, in windows of any shape."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.nodes.arrangement import ALTERNATIVES_AT, ANSWER_AT, PERSON_AT, ROBOT_AT
from iat_ros.nodes.viewer_camera import FOV_RAD, PANEL_PX, view

HEIGHTS_M = (0.1, 1.8)


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 800), (1920, 1080), (800, 600), (1024, 768), (3440, 1440), (390, 844), (768, 1024)]
)
def test_figures_are_where_the_panel_is_not(width: int, height: int) -> None:
    """Everybody from foot to head, and they fill most of that part."""
    feet = np.array([PERSON_AT, ROBOT_AT, ANSWER_AT, *ALTERNATIVES_AT])
    points = np.concatenate([feet + np.array([0.0, 0.0, each]) for each in HEIGHTS_M])
    eye, at = (np.array(each) for each in view(width, height))
    forward = (at - eye) / np.linalg.norm(at - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    away = points - eye
    scale = height / 2.0 / np.tan(FOV_RAD / 2.0) / (away @ forward)
    x, y = width / 2.0 + scale * (away @ right), height / 2.0 + scale * (away @ down)
    upright = width < height
    free = np.array([width, 0.45 * height] if upright else [width - PANEL_PX, height])
    assert x.min() > 0.03 * free[0]
    assert y.min() > 0.0
    assert x.max() < 0.97 * free[0]
    assert y.max() < free[1]
    assert max(np.ptp(x) / free[0], np.ptp(y) / free[1]) > 0.6
