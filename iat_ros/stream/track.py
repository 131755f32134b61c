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


"""Cleaning one person's recording, with the very code that cleans the stream."""

from __future__ import annotations

from collections import Counter

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.cleaning import Cleaner, CleaningConfig
from iat_ros.stream.segment import SegmenterConfig
from iat_ros.stream.untracked import untracked_of


def clean_track(
    definition: SkeletonDefinition,
    times_s: np.ndarray,
    positions: np.ndarray,
    mended: Counter[str],
    dropped: Counter[str],
    config: CleaningConfig | None = None,
    segmenter: SegmenterConfig | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Clean one person's recorded frames, as the stream would have been.

    Args:
        definition: The skeleton.
        times_s: Shape (F,).
        positions: Joint positions [m], shape (F, J, 3); NaN: not tracked.
        mended: Where to count joints by what was done.
        dropped: Where to count frames that cannot be used, by reason.
        config: How much is mended.
        segmenter: As for `Cleaner`.

    Returns:
        Times and positions of the frames that can be used; every needed joint is known.
    """
    cleaner = Cleaner(definition, config or CleaningConfig(), segmenter or SegmenterConfig(), mended, dropped)
    times: list[float] = []
    poses: list[np.ndarray] = []
    for time_s, pose in zip(times_s.tolist(), positions, strict=True):
        cleaned = cleaner.push(time_s, [0], pose[None])
        for _, when, whole in cleaned.late:
            times.append(when)
            poses.append(whole)
        if not cleaned.ready[0]:
            continue
        lacking = ~np.isfinite(cleaned.positions[0, definition.needed_joints]).all(axis=1)
        if lacking.any():
            dropped[untracked_of(definition).reason(lacking)] += 1
            continue
        times.append(time_s)
        poses.append(cleaned.positions[0])
    cleaner.give_up()
    return np.array(times), np.array(poses).reshape(len(poses), *positions.shape[1:])
