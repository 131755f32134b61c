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

"""A person or an answer on the viewer's page: bones as cylinders, joints as spheres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import trimesh
import viser

_BONE_M, _JOINT_M, _HEAD_M = 0.028, 0.040, 0.095  # radii
_NOTHING = 1e-6  # size of what is not tracked


@dataclass(frozen=True)
class Bones:
    """What to draw of a body.

    Attributes:
        pairs: The pairs of joints that bones connect, shape (B, 2).
        head: The joint drawn as a head.
    """

    pairs: np.ndarray
    head: int | None = None


class StickFigure:
    """Bones as cylinders, joints as spheres: two meshes, each drawn many times."""

    def __init__(self, scene: viser.SceneApi, name: str, bones: Bones, rgb: tuple[int, int, int]) -> None:
        self._pairs, self._joints = bones.pairs, np.unique(bones.pairs)
        self._radii = np.where(self._joints == bones.head, _HEAD_M, _JOINT_M)[:, None]
        self._rgb = rgb
        tube, ball = trimesh.creation.cylinder(1.0, 1.0, sections=20), trimesh.creation.icosphere(2, 1.0)
        self._handles = [  # no bigger than a point until there is somebody to show
            scene.add_batched_meshes_simple(
                f"{name}_{part}", np.array(mesh.vertices), np.array(mesh.faces), visible=False, lod="off",
                batched_wxyzs=np.tile((1.0, 0.0, 0.0, 0.0), (count, 1)), batched_positions=np.zeros((count, 3)),
                batched_scales=np.full((count, 3), _NOTHING), batched_colors=_colours(rgb, count),
            )
            for part, mesh, count in (("bones", tube, len(self._pairs)), ("joints", ball, len(self._joints)))
        ]  # fmt: skip

    def show(self, joints: np.ndarray | None, rgb: tuple[int, int, int]) -> None:
        """Show joints (J, 3); bones and joints that are NaN vanish; None hides all."""
        for handle in self._handles:
            set_visible(handle, joints is not None)
            if joints is not None and rgb != self._rgb:
                handle.batched_colors = _colours(rgb, len(handle.batched_positions))
        if joints is None:
            return
        self._rgb = rgb
        tubes, balls = self._handles
        start, end = joints[self._pairs[:, 0]], joints[self._pairs[:, 1]]
        length = np.linalg.norm(end - start, axis=-1, keepdims=True)
        known = np.isfinite(length) & (length > 1e-6)
        x, y, z = np.where(known, (end - start) / np.where(known, length, 1.0), (0.0, 0.0, 1.0)).T
        turns = np.stack([1.0 + z, -y, x, np.zeros_like(x)], axis=-1)  # from the z axis to the bone
        turns[z < -0.99999] = (0.0, 1.0, 0.0, 0.0)
        tubes.batched_wxyzs = turns / np.linalg.norm(turns, axis=-1, keepdims=True)
        tubes.batched_positions = np.where(known, (start + end) / 2, 0.0)
        tubes.batched_scales = np.where(known, length * (0.0, 0.0, 1.0) + (_BONE_M, _BONE_M, 0.0), _NOTHING)
        spots = joints[self._joints]
        tracked = np.isfinite(spots).all(axis=-1, keepdims=True)
        balls.batched_positions = np.where(tracked, spots, 0.0)
        balls.batched_scales = np.where(tracked, np.tile(self._radii, 3), _NOTHING)


def set_visible(handle: viser.SceneNodeHandle, visible: bool) -> None:
    """Show or hide, and send nothing where that changes nothing."""
    if handle.visible != visible:
        handle.visible = visible


def _colours(rgb: tuple[int, int, int], count: int) -> np.ndarray:
    return np.tile(np.array(rgb, np.uint8), (count, 1))
