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

"""Where the viewer's camera stands, so that all figures are in the part of a window that the panel leaves free."""

from __future__ import annotations

import numpy as np

FOV_RAD = float(np.deg2rad(34.0))
"""Vertical angle of view."""
USUAL_PX = (1280, 800)
"""Width and height of a window whose size is not known yet."""
PANEL_PX = 335
"""So wide is the panel, at the right of a window that is wider than high; it is at the bottom of others."""

_CENTRE = np.array([0.4, 0.3, 0.9])  # of the figures [m]
_FORWARD = np.array([0.315, 0.929, -0.188])  # a little from the left and from above
_WIDTH_M, _HEIGHT_M = 4.0, 2.45  # what is to be seen at the centre's distance, with labels
_PANEL_SHARE = 0.55  # of the height of a window that is higher than wide

Vector = tuple[float, float, float]


def view(width_px: int, height_px: int) -> tuple[Vector, Vector]:
    """Return where the camera is and which point is in the middle of a window [m]."""
    upright = width_px < height_px
    free = np.array([width_px, (1.0 - _PANEL_SHARE) * height_px] if upright else [width_px - PANEL_PX, height_px])
    free = np.maximum(free, 100.0)
    metres_per_px = max(_WIDTH_M / free[0], _HEIGHT_M / free[1])
    forward = _FORWARD / np.linalg.norm(_FORWARD)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    aside_px = np.array([width_px, height_px]) / 2.0 - free / 2.0  # of the free part's middle from the window's
    at = _CENTRE + metres_per_px * (aside_px[0] * right - aside_px[1] * up)
    distance_m = metres_per_px * height_px / 2.0 / np.tan(FOV_RAD / 2.0)
    return _vector(at - distance_m * forward), _vector(at)


def _vector(values: np.ndarray) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
