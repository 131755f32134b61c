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

"""Linear equations with a band of entries, and which joints may move at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.compiled.cache import compiled

Array = NDArray[np.float64]


@compiled
def is_held(angle: float, slope: float, lower: float, upper: float) -> bool:
    """Whether a joint stands at a limit and is pushed against it."""
    return (angle <= lower and slope > 0.0) or (angle >= upper and slope < 0.0)


@compiled
def solve_band(band: Array, width: int, x: Array) -> bool:
    """Solve a positive definite band for x (N,) in place, by L D L'; False where it isn't positive.

    ``band[i, d]`` is the entry of row i, d columns right of the diagonal, d <= width; ``x`` is the right side, then the
    solution.
    """
    N = x.size
    for i in range(N):
        if not band[i, 0] > 0.0:
            return False
        inverse = 1.0 / band[i, 0]
        last = min(width, N - 1 - i)
        for d in range(1, last + 1):
            factor = band[i, d] * inverse
            if factor != 0.0:
                x[i + d] -= factor * x[i]
                for e in range(d, last + 1):
                    band[i + d, e - d] -= factor * band[i, e]
        band[i, 0] = inverse
    for i in range(N - 1, -1, -1):
        total = x[i]
        for d in range(1, min(width, N - 1 - i) + 1):
            total -= band[i, d] * x[i + d]
        x[i] = total * band[i, 0]
    return True
