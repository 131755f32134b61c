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

"""Limb vectors: a motion without body size and without the place where the camera stands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from iat_ros.errors import SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition

SHORTEST_M = 1e-6
"""A limb shorter than this [m] has no direction."""


def limb_vectors(definition: SkeletonDefinition, positions: np.ndarray) -> np.ndarray:
    """Compute unit limb vectors in the frame in which the joints are given.

    Args:
        definition: The skeleton.
        positions: Joint positions [m], shape (T, J, 3), any frame.

    Returns:
        Unit vectors from each limb's start joint to its end joint, shape (T, L, 3), same frame.

    Raises:
        SkeletonError: The shape is wrong, a value is not finite, or a limb has no length.
    """
    positions = _checked(definition, positions)
    vectors = positions[:, definition.limb_ends] - positions[:, definition.limb_starts]
    return _unit(vectors, lambda t, limb: f"limb '{definition.limb_names[limb]}' has no length in frame {t}")


def body_axes(definition: SkeletonDefinition, positions: np.ndarray) -> np.ndarray:
    """Find the body frame of a window: x forward, y left, z up (REP-103), one for all its frames.

    z is the mean direction from the bottom to the top joint, y the mean direction from the right to the left
    joint made perpendicular to z. Both come from the skeleton alone, so a camera anywhere, at any tilt, gives the
    same body frame. One frame for the whole window keeps the twist of the torso in the motion and the tracker's
    jitter out of it.

    Args:
        definition: The skeleton.
        positions: Joint positions [m], shape (T, J, 3), any frame.

    Returns:
        The axes as rows, shape (3, 3): ``axes @ v`` turns a vector v of that frame into the body frame.

    Raises:
        SkeletonError: The shape is wrong, a value is not finite, or the axes are parallel or undefined.
    """
    positions = _checked(definition, positions)
    index = {name: i for i, name in enumerate(definition.joints)}
    frame = definition.body_frame

    def mean_direction(start: str, end: str) -> np.ndarray:
        """Return the mean unit vector (3,) from one joint to the other over all frames."""
        vectors = positions[:, index[end]] - positions[:, index[start]]
        return _unit(vectors, lambda t, _: f"'{start}' and '{end}' coincide in frame {t}").mean(axis=0)

    up = mean_direction(frame.bottom, frame.top)
    left = mean_direction(frame.right, frame.left)
    z = _unit(up, lambda *_: "the up directions of the frames cancel out")
    y = _unit(left - (left @ z) * z, lambda *_: "left and up are parallel", shortest=1e-3)
    return np.stack([np.cross(y, z), y, z])


def limbs_in_body(definition: SkeletonDefinition, positions: np.ndarray) -> np.ndarray:
    """Compute unit limb vectors in the body frame of these frames.

    Args:
        definition: The skeleton.
        positions: Joint positions [m], shape (T, J, 3), any frame.

    Returns:
        Unit limb vectors in the body frame, shape (T, L, 3).

    Raises:
        SkeletonError: As for `limb_vectors` and `body_axes`.
    """
    return limb_vectors(definition, positions) @ body_axes(definition, positions).T


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale vectors along the last axis to length 1; vectors without length stay zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SHORTEST_M)


def _unit(vectors: np.ndarray, problem: Callable[[int, int], str], shortest: float = SHORTEST_M) -> np.ndarray:
    length = np.linalg.norm(vectors, axis=-1)
    if np.any(length < shortest):
        where = [*np.argwhere(length < shortest)[0].tolist(), 0, 0]
        raise SkeletonError(problem(where[0], where[1]))
    return vectors / length[..., None]


def _checked(definition: SkeletonDefinition, positions: np.ndarray) -> np.ndarray:
    positions = np.asarray(positions, dtype=float)
    expected = len(definition.joints)
    if positions.ndim != 3 or positions.shape[0] == 0 or positions.shape[1:] != (expected, 3):
        raise SkeletonError(
            f"skeleton '{definition.name}': expected positions of shape (T, {expected}, 3), got {positions.shape}"
        )
    missing = ~np.isfinite(positions[:, definition.needed_joints]).all(axis=2)
    if missing.any():
        t, joint = np.argwhere(missing)[0]
        name = definition.joints[definition.needed_joints[joint]]
        raise SkeletonError(f"skeleton '{definition.name}': joint '{name}' is not tracked in frame {t}")
    return positions
