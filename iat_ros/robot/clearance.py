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

"""Keeping an answer off the robot's own body: hanging arms are held away from it, and what would touch is bent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel

Array = NDArray[np.float64]

KEPT = np.array([1.0, 0.85, 0.7, 0.5, 0.3, 0.0])
"""Shares of its distance from rest that a joint in a frame may keep; what touches goes from one to the next."""
SPREAD = 4
"""Frames over which a bend fades on either side."""


def splay(limbs_in_body: NDArray[np.floating], limb_names: Sequence[str], splay_rad: float) -> Array:
    """Turn arms that hang down outwards, as a robot wider than a person must hold them.

    A limb of a side (``left_...``, ``right_...``) that points down gets an outward part of at least
    (1 + sin(splay)) z^2 - 1: straight down it is held away by the whole angle, raised it is left as it is.

    Args:
        limbs_in_body: (T, L, 3) unit vectors in the body frame (x forward, y left, z up); not modified.
        limb_names: The L names.
        splay_rad: The angle [rad].

    Returns:
        (T, L, 3) unit vectors.
    """
    limbs = np.array(limbs_in_body, dtype=np.float64)
    for index, name in enumerate(limb_names):
        side = 1.0 if name.startswith("left_") else -1.0 if name.startswith("right_") else 0.0
        if not side or "leg" in name or "shin" in name or "thigh" in name:
            continue
        limb = limbs[:, index]
        least = (1.0 + np.sin(splay_rad)) * np.minimum(limb[:, 2], 0.0) ** 2 - 1.0
        outward = side * np.maximum(side * limb[:, 1], least)
        across = np.sqrt(np.maximum(limb[:, 0] ** 2 + limb[:, 2] ** 2, 1e-12))
        inward = np.sqrt(np.maximum(1.0 - outward**2, 0.0)) / across
        limbs[:, index] = np.stack([limb[:, 0] * inward, outward, limb[:, 2] * inward], axis=-1)
    return limbs


def mirror(limbs_in_body: NDArray[np.floating], limb_names: Sequence[str], mirrored: Mapping[str, str]) -> Array:
    """Let limbs follow those of the person's other side, as in a mirror.

    Args:
        limbs_in_body: (T, L, 3) unit vectors in the body frame (x forward, y left, z up); not modified.
        limb_names: The L names.
        mirrored: The robot's limb -> the person's limb that it follows. Who isn't named follows its own.

    Returns:
        (T, L, 3) unit vectors by the robot's limbs.

    Raises:
        RobotError: A limb to follow is none of the names.
    """
    names = list(limb_names)
    limbs = np.array(limbs_in_body, dtype=np.float64)
    for limb, followed in mirrored.items():
        if limb not in names or followed not in names:
            raise RobotError(f"limb '{limb}' shall follow '{followed}'; the answer has {', '.join(names)}")
        limbs[:, names.index(limb)] = limbs_in_body[:, names.index(followed)] * (1.0, -1.0, 1.0)
    return limbs


def bend(model: RobotModel, checker: CollisionChecker, positions: Array) -> Array:
    """Pull frames in which links touch towards the rest pose, and fade that out before and after them.

    Only joints that move the two links against each other are pulled: the other arm goes on as it was.

    Args:
        model: The robot.
        checker: Tells what touches.
        positions: (T, J) joint angles [rad]; not modified.

    Returns:
        (T, J) joint angles [rad]; where nothing touches, as they were.
    """
    steps = np.zeros(positions.shape, dtype=np.intp)
    for step, distance in zip(steps, positions - model.rest, strict=True):
        while (links := checker.contact_in(model.rest + KEPT[step] * distance)) is not None:
            further = checker.joints_between(links) & (step < len(KEPT) - 1)
            step[further if further.any() else slice(None)] += 1
            np.minimum(step, len(KEPT) - 1, out=step)
            if step.min() == len(KEPT) - 1:
                break
    return _pull(model, positions, 1.0 - KEPT[steps])


def bend_at(model: RobotModel, positions: Array, frame: int, share: float, joints: NDArray[np.bool_]) -> Array:
    """Pull joints in one frame, and less so in its neighbours, towards the rest pose.

    Args:
        model: The robot.
        positions: (T, J) joint angles [rad]; not modified.
        frame: Which frame.
        share: Share of its distance from rest that it keeps.
        joints: (J,) which joints.

    Returns:
        (T, J) joint angles [rad].
    """
    lost = np.zeros(positions.shape)
    lost[frame, joints] = 1.0 - share
    return _pull(model, positions, lost)


def _pull(model: RobotModel, positions: Array, lost: Array) -> Array:
    """Take away shares (T, J) of the joints' distances from rest, fading on either side."""
    fade = 1.0 - np.abs(np.arange(-SPREAD, SPREAD + 1)) / (SPREAD + 1)
    padded = np.pad(lost, ((SPREAD, SPREAD), (0, 0)))
    spread = np.stack([padded[shift : shift + len(lost)] * fade[shift] for shift in range(2 * SPREAD + 1)])
    bent: Array = model.rest + (positions - model.rest) * (1.0 - spread.max(axis=0))
    return bent
