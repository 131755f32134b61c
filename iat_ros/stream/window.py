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

"""A window: one action of one person as T frames of limb vectors in the body frame."""

from __future__ import annotations

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limbs import limbs_in_body, unit
from iat_ros.skeleton.motion import Motion
from iat_ros.skeleton.resampling import resample


def make_window(definition: SkeletonDefinition, times_s: np.ndarray, positions: np.ndarray, frames: int) -> Motion:
    """Turn the frames of one action into a window of T frames.

    Joint positions are resampled first, limb vectors follow from them, and the body frame is that of the window.
    Live perception and training both come through here, so a stream and a batch of the same frames agree.

    Args:
        definition: The skeleton.
        times_s: Time of each frame [s], shape (F,), strictly increasing.
        positions: Joint positions [m], shape (F, J, 3), any frame.
        frames: T.

    Raises:
        SkeletonError: The frames do not fit the definition or cannot be resampled.
    """
    limbs = limbs_in_body(definition, resample(times_s, positions, frames))
    return Motion(unit(limbs), float(times_s[-1] - times_s[0]))
