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

"""Where a person stands: from where each landmark is on the person, and where it is in the picture."""

from __future__ import annotations

import math

import numpy as np

NEAREST_M, FARTHEST_M = 0.2, 20.0
_FEWEST = 6  # landmarks; three would do if they were exact


def focal_length_px(width_px: int, field_of_view_rad: float) -> float:
    """Focal length of a camera that sees so wide an angle from the left to the right edge of the picture [px]."""
    return width_px / (2.0 * math.tan(field_of_view_rad / 2.0))


def stand(
    body: np.ndarray,
    pixels: np.ndarray,
    weights: np.ndarray,
    focal_px: float,
    centre_px: tuple[float, float],
    distance_m: float = 0.0,
) -> np.ndarray | None:
    """Find where a person's own origin lies in the camera's optical frame.

    A landmark at b on the person, who stands at t, is seen at u = f (b_x + t_x) / (b_z + t_z) + c_x, likewise v. That
    is linear in t: least squares over all landmarks, each weighted.

    Args:
        body: Landmarks in the person's frame, whose axes are those of the camera's optical frame (x right, y down, z
            forward) [m], shape (J, 3).
        pixels: The same in the picture [px], shape (J, 2).
        weights: How far each can be relied upon, from 0, shape (J,).
        focal_px: Focal length [px].
        centre_px: Middle of the picture [px].
        distance_m: z of the person's origin where it is known [m]; 0: it is found, too.

    Returns:
        Position of the person's origin [m], shape (3,); None when too few landmarks can be seen, or no place in front
        of the camera fits.
    """
    known = np.isfinite(body).all(axis=1) & np.isfinite(pixels).all(axis=1) & (weights > 0)
    if known.sum() < _FEWEST:
        return None
    body, weights = body[known], weights[known]
    rays = (pixels[known] - centre_px) / focal_px  # (J, 2)
    zeros, ones = np.zeros(len(body)), np.ones(len(body))
    rows = np.stack(
        [np.stack([ones, zeros, -rays[:, 0]], axis=1), np.stack([zeros, ones, -rays[:, 1]], axis=1)], axis=1
    )  # (J, 2, 3)
    right = rays * body[:, 2:] - body[:, :2]  # (J, 2)
    rows, right = rows * weights[:, None, None], right * weights[:, None]
    if distance_m > 0:
        right = right - rows[..., 2] * distance_m
        rows = rows[..., :2]
    found = np.linalg.lstsq(rows.reshape(2 * len(body), -1), right.reshape(-1), rcond=None)[0]
    place = np.append(found, distance_m) if distance_m > 0 else found
    if not np.isfinite(place).all() or not NEAREST_M <= place[2] <= FARTHEST_M:
        return None
    return place
