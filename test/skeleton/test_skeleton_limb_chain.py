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

"""Limb vectors chained into joints again, also where the limbs do not hang together."""

from __future__ import annotations

import numpy as np

from iat_ros.skeleton.definition import BodyFrameJoints, Limb, SkeletonDefinition
from iat_ros.skeleton.limb_chain import LimbChain, default_lengths

UP, LEFT, RIGHT, DOWN = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)


def test_parts_that_do_not_hang_together_are_placed_where_they_belong() -> None:
    """Trackers with two collars and a neck of their own: the right arm starts at the right shoulder, not at the hip."""
    limbs = (
        Limb("neck", "neck", "head"),
        Limb("torso", "torso", "left_collar"),
        Limb("left_clavicle", "left_collar", "left_shoulder"),
        Limb("right_clavicle", "right_collar", "right_shoulder"),
        Limb("right_upper_arm", "right_shoulder", "right_elbow"),
    )
    joints = tuple(dict.fromkeys(name for limb in limbs for name in (limb.start, limb.end)))
    frame = BodyFrameJoints("left_shoulder", "right_shoulder", "torso", "left_collar")
    definition = SkeletonDefinition("two_collars", joints, limbs, frame)
    chain = LimbChain(definition)
    placed = chain.place(np.array([UP, UP, LEFT, RIGHT, DOWN]), default_lengths(definition))
    where = dict(zip(chain.joints, placed, strict=True))
    np.testing.assert_allclose(where["torso"], (0.0, 0.0, 0.0))
    np.testing.assert_allclose(where["left_shoulder"], (0.0, 0.19, 0.36))
    np.testing.assert_allclose(where["right_shoulder"], (0.0, -0.18, 0.36))
    np.testing.assert_allclose(where["right_collar"], (0.0, 0.01, 0.36), atol=1e-9)
    np.testing.assert_allclose(where["right_elbow"], (0.0, -0.18, 0.08), atol=1e-9)
    assert where["head"][2] > where["neck"][2] > 0.35
