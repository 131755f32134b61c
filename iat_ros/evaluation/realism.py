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

"""Diversity and Frechet distance: what a classifier alone does not see; one good answer to everything fools it."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from iat_ros.skeleton.motion import MotionArray


def mean_distance(motions: MotionArray, groups: np.ndarray) -> float:
    """Mean distance between two motions of one group.

    The distance is the root mean square over frames of the distance between all limb vectors.

    Args:
        motions: N motions.
        groups: Group of each motion, shape (N,); groups of one are left out.
    """
    count, frames = motions.limbs_in_body.shape[:2]
    flat = motions.limbs_in_body.reshape(count, -1)
    distances = []
    for group in np.unique(groups):
        members = flat[groups == group]
        if len(members) > 1:
            squared = np.square(members[:, None] - members[None]).sum(axis=-1) / frames
            distances.append(np.sqrt(squared)[np.triu_indices(len(members), 1)].mean())
    return float(np.mean(distances)) if distances else 0.0


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Frechet distance between Gaussians fitted to two sets of features, each of shape (N, F).

    d^2 = ||m_1 - m_2||^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)); d^2 is returned, as is usual.
    """
    means = first.mean(axis=0) - second.mean(axis=0)
    one, two = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (first, second))
    root = scipy.linalg.sqrtm(one)
    middle = scipy.linalg.eigvalsh(np.real(root) @ two @ np.real(root))
    return float(means @ means + np.trace(one) + np.trace(two) - 2.0 * np.sqrt(middle.clip(0.0)).sum())
