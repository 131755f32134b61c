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

"""Whether skeletons can be people at all: a tracker that sends millimetres makes giants."""

from __future__ import annotations

import numpy as np

LARGEST_M = 2.0
"""Half of a person's joints lie nearer to the middle of all than this; in centimetres or millimetres they do not."""
TOO_LARGE = f"half of a person's joints lie more than {LARGEST_M:g} m from their middle: skeletons must be in metres"


def too_large(positions: np.ndarray) -> np.ndarray:
    """Tell who is larger than people are.

    A joint that jumps away, as trackers let them, makes nobody large: middle and distance are medians.

    Args:
        positions: Joint positions [m], shape (N, J, 3); joints with NaN are not tracked, and without effect.

    Returns:
        Shape (N,); False for those of whom nothing is tracked.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        extent = np.ptp(positions, axis=1)
        if (np.square(extent).sum(axis=1) <= LARGEST_M**2).all():  # the usual case, told in a tenth of the time
            return np.zeros(len(positions), bool)
        middle = _median(positions)
        return np.asarray(_median(np.linalg.norm(positions - middle, axis=2, keepdims=True))[:, 0, 0] > LARGEST_M)


def _median(values: np.ndarray) -> np.ndarray:
    """Return the lower median over the second axis, which is kept, without NaN; NaN where there is nothing else."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    last = np.count_nonzero(values == values, axis=1, keepdims=True) - 1
    return np.take_along_axis(ordered, np.maximum(last, 0) // 2, axis=1)
