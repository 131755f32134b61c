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

"""Resampling: motions of any length and rate as T frames, evenly spaced in time."""

from __future__ import annotations

import numpy as np

from iat_ros.errors import SkeletonError


def resample(times_s: np.ndarray, values: np.ndarray, frames: int) -> np.ndarray:
    """Interpolate values linearly at evenly spaced times from the first to the last.

    Args:
        times_s: Time of each value [s], shape (N,), strictly increasing.
        values: Shape (N, ...).
        frames: How many to return, at least 2.

    Returns:
        Values at ``linspace(times_s[0], times_s[-1], frames)``, shape (frames, ...).

    Raises:
        SkeletonError: Fewer than two values, times that do not increase, or shapes that do not fit.
    """
    times_s = np.asarray(times_s, dtype=float)
    values = np.asarray(values, dtype=float)
    if frames < 2:
        raise SkeletonError(f"cannot resample to {frames} frames: at least 2 are needed")
    if times_s.ndim != 1 or len(times_s) < 2 or values.shape[:1] != times_s.shape:
        raise SkeletonError(f"cannot resample {values.shape} at times of shape {times_s.shape}: need 2 or more")
    if not np.all(np.diff(times_s) > 0):
        raise SkeletonError("cannot resample: times do not strictly increase")
    wanted = np.linspace(times_s[0], times_s[-1], frames)
    after = np.clip(np.searchsorted(times_s, wanted, side="right"), 1, len(times_s) - 1)
    before = after - 1
    share = (wanted - times_s[before]) / (times_s[after] - times_s[before])
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    return values[before] * (1.0 - share) + values[after] * share
