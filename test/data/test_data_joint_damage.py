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

"""Joint recordings whose positions cannot be radians are named once for all clips; real robots are left in peace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iat_ros.data.joint_clip import JointClip
from iat_ros.data.joint_damage import find_joint_damage

TIMES_S = np.arange(0.0, 3.0, 0.01)
UP = np.sin(np.pi * TIMES_S / 3.0) ** 2
RADIANS = JointClip("a", TIMES_S, np.stack([1.2 * UP, 0.35 * UP], axis=1), ("elbow", "torso_lift"), "p1", "")


def test_degrees_are_named_with_the_joint_that_goes_furthest() -> None:
    """One line for all clips: the joint, how far it reaches, in how many clips."""
    degrees = replace(RADIANS, name="b", positions=np.rad2deg(RADIANS.positions))
    (found,) = find_joint_damage([RADIANS, degrees])
    assert (found.clip, found.kind) == ("", "not radians")
    assert "positions of 'elbow' (and of 1 other joint) reach 68.8" in found.why
    assert "in 1 of 2 clips: degrees in place of radians?" in found.why


def test_joints_in_radians_and_metres_give_no_warning() -> None:
    """Neither does a joint that turns twice, nor one frame that jumps or comes twice, nor a set of no robot."""
    turned = replace(RADIANS, positions=RADIANS.positions * [10.0, 1.0])
    jumping = replace(RADIANS, positions=RADIANS.positions.copy())
    jumping.positions[100, 0] += 1.0
    twice = replace(RADIANS, times_s=np.where(np.arange(300) == 100, TIMES_S[101] - 1e-6, TIMES_S))
    assert find_joint_damage([RADIANS, turned, jumping, twice]) == []
    assert find_joint_damage([]) == []


def test_small_movements_in_degrees_are_seen_by_reach_or_by_speed() -> None:
    """Twenty degrees reach beyond two turns; twelve within a fifth of a second are too fast for radians."""
    quick = 12.0 * np.clip((TIMES_S - 1.0) / 0.2, 0.0, 1.0)
    for elbow in (20.0 * UP, quick):
        (found,) = find_joint_damage([replace(RADIANS, positions=np.stack([elbow, 0 * UP], axis=1))])
        assert "in the recording" in found.why
