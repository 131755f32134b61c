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

"""One person in one frame, as the segmenter takes it; those of a whole crowd are made at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limbs import SHORTEST_M, limb_vectors
from iat_ros.stream.untracked import untracked_of


@dataclass(frozen=True, slots=True)
class Pose:
    """A person of whom every needed joint is tracked.

    Attributes:
        positions: Joint positions [m], shape (J, 3).
        limbs: Unit limb vectors in the same frame, shape (L, 3).
        torso: Mean of the joints that span the body frame [m], x, y, z.
    """

    positions: np.ndarray
    limbs: np.ndarray
    torso: list[float]


def make_pose(definition: SkeletonDefinition, positions: np.ndarray) -> Pose:
    """Make a pose of joint positions [m] of shape (J, 3).

    Raises:
        SkeletonError: The shape is wrong, a needed joint is not tracked, or a limb has no length.
    """
    limbs = limb_vectors(definition, positions[None])[0]
    return Pose(positions, limbs, positions[definition.torso_joints].mean(axis=0).tolist())


def is_tracked(definition: SkeletonDefinition, positions: np.ndarray) -> np.ndarray:
    """Tell of whom all needed joints are tracked: positions of shape (N, J, 3) to truth values of shape (N,)."""
    return np.isfinite(positions[:, definition.needed_joints]).all(axis=(1, 2))


def torso_places(definition: SkeletonDefinition, positions: np.ndarray) -> np.ndarray:
    """Tell where torsos are, by as many of their joints as are tracked.

    Args:
        definition: The skeleton.
        positions: Joint positions [m], shape (N, J, 3).

    Returns:
        Means of the joints that span the body frame [m], shape (N, 3); NaN where none is tracked.
    """
    joints = positions[:, definition.torso_joints]
    tracked = np.isfinite(joints).all(axis=2)
    if tracked.all():
        torsos: np.ndarray = joints.mean(axis=1)
        return torsos
    count = tracked.sum(axis=1, keepdims=True)
    return np.where(tracked[..., None], joints, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)


def make_poses(
    definition: SkeletonDefinition, body_ids: np.ndarray, positions: np.ndarray, dropped: Counter[str]
) -> list[tuple[int, Pose]]:
    """Make the poses of everybody in view; one by one it takes six times as long for a crowd.

    Args:
        definition: The skeleton.
        body_ids: Shape (N,).
        positions: Joint positions [m], shape (N, J, 3); a row of NaN is nobody.
        dropped: Where to count those who cannot be used, by reason.

    Returns:
        Ids and poses of those who can be used, in the order of their rows.
    """
    tracked = is_tracked(definition, positions)
    if not tracked.all():
        partly = ~tracked & ~np.isnan(positions).all(axis=(1, 2))
        lacking = ~np.isfinite(positions[partly][:, definition.needed_joints]).all(axis=2)
        dropped.update(map(untracked_of(definition).reason, lacking))
        body_ids, positions = body_ids[tracked], positions[tracked]
    vectors = positions[:, definition.limb_ends] - positions[:, definition.limb_starts]
    lengths = np.linalg.norm(vectors, axis=-1)
    long = (lengths >= SHORTEST_M).all(axis=1)
    if not long.all():
        for limb in (lengths[~long] < SHORTEST_M).argmax(axis=1).tolist():
            dropped[f"limb '{definition.limb_names[limb]}' has no length"] += 1
        body_ids, positions, vectors, lengths = body_ids[long], positions[long], vectors[long], lengths[long]
    torsos = positions[:, definition.torso_joints].mean(axis=1).tolist()
    return list(zip(body_ids.tolist(), map(Pose, positions, vectors / lengths[..., None], torsos), strict=True))
