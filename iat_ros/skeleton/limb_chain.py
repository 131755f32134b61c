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

"""From limb vectors back to a body that can be drawn: joints chained limb by limb."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition

_LENGTHS_M = {"neck": 0.18, "torso": 0.36, "clavicle": 0.19, "upper_arm": 0.28, "forearm": 0.25}
_OTHER_LENGTH_M = 0.3
_HEADS = ("head", "nose")


def default_lengths(definition: SkeletonDefinition) -> np.ndarray:
    """Return plausible limb lengths by name, shape (L,) [m]."""
    by_name = [
        next((length for part, length in _LENGTHS_M.items() if name.endswith(part)), _OTHER_LENGTH_M)
        for name in definition.limb_names
    ]
    return np.array(by_name)


class LimbChain:
    """Chains limb vectors into joints in the body frame, from the bottom joint of the torso (the origin) on.

    Attributes:
        joints: The names of the K joints that limbs touch.
        bones: Each limb's start and end joint, shape (L, 2).
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        frame = definition.body_frame
        anchors = {frame.bottom: (0.0, 0.0, 0.0), frame.top: (0.0, 0.0, 0.4)}
        anchors |= {frame.left: (0.0, 0.18, 0.36), frame.right: (0.0, -0.18, 0.36)}
        limbs = definition.limbs
        for bone in limbs:
            if bone.end in _HEADS:
                anchors.setdefault(bone.start, anchors[frame.top])
        self.joints = tuple(dict.fromkeys(name for limb in limbs for name in (limb.start, limb.end)))
        self.bones = np.array([[self.joints.index(limb.start), self.joints.index(limb.end)] for limb in limbs])
        self._anchors = np.array([anchors.get(name, (0.0, 0.0, 0.0)) for name in self.joints])
        self._steps: list[tuple[int, int, int, float]] = []  # limb, known joint, next joint, sign
        known = {self.joints.index(frame.bottom)} if frame.bottom in self.joints else set()
        unplaced = list(range(len(limbs)))
        while unplaced:
            ready = [k for k in unplaced if known & set(self.bones[k].tolist())]
            if not ready:  # a part of the body that hangs on nothing known: anchored where the body frame knows it
                loose = self.bones[unplaced].ravel().tolist()
                known.add(next((joint for joint in loose if self.joints[joint] in anchors), loose[0]))
                continue
            limb = ready[0]
            unplaced.remove(limb)
            start, end = self.bones[limb].tolist()
            if start in known and end not in known:
                self._steps.append((limb, start, end, 1.0))
            elif start not in known:
                self._steps.append((limb, end, start, -1.0))
            known |= {start, end}

    def place(self, limbs_in_body: np.ndarray, lengths_m: np.ndarray) -> np.ndarray:
        """Return the joints (K, 3) [m] of one frame of limb vectors (L, 3) with limb lengths (L,) [m]."""
        joints = self._anchors.copy()
        for limb, known, following, sign in self._steps:
            joints[following] = joints[known] + sign * lengths_m[limb] * limbs_in_body[limb]
        return joints


def find_head(joints: Sequence[str]) -> int | None:
    """Return the index of the joint to draw a head at, if there is one."""
    return next((i for i, name in enumerate(joints) if name in _HEADS), None)
