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

"""Tests for naming the joints for lack of which frames cannot be used."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.data.made_up import make_clips
from iat_ros.skeleton.definition import SkeletonDefinition, load_skeleton
from iat_ros.stream.cleaning import CleaningConfig
from iat_ros.stream.people import People
from iat_ros.stream.segment import SegmenterConfig
from iat_ros.stream.untracked import Untracked

UTD = load_skeleton("utd_mhad")
COCO = load_skeleton("coco")
POSE = make_clips(1, 1, actions=("throw",))[0].positions[0]


def lacking(definition: SkeletonDefinition, *joints: str) -> np.ndarray:
    """One frame that lacks these joints, and what is derived from them, shape (K,)."""
    positions = np.random.default_rng(0).normal(size=(len(definition.sent), 3))
    positions[[definition.joints.index(joint) for joint in joints]] = np.nan
    return ~np.isfinite(definition.complete(positions)[definition.needed_joints]).all(axis=1)


@pytest.mark.parametrize(
    ("definition", "joints", "named"),
    [
        (UTD, ["right_wrist"], "right_wrist"),
        (UTD, ["right_wrist", "left_wrist"], "left_wrist and others"),
        (COCO, ["left_shoulder"], "left_shoulder"),
        (COCO, ["right_hip"], "spine (from left_shoulder, right_shoulder, left_hip, right_hip)"),
        (COCO, ["right_hip", "left_wrist"], "left_wrist and others"),
    ],
)
def test_the_first_joint_that_lacks_is_named(definition: SkeletonDefinition, joints: list[str], named: str) -> None:
    """In the skeleton's order; of a mean and what it is the mean of, the latter; a mean says what it needs."""
    assert Untracked(definition).reason(lacking(definition, *joints)) == f"joint not tracked: {named}"


@pytest.mark.parametrize("cleaning", [None, CleaningConfig(), CleaningConfig(bridge_s=0.0)])
def test_a_joint_that_never_comes_is_named_for_everybody(cleaning: CleaningConfig | None) -> None:
    """Two people whose right wrist a tracker never sends: each frame is counted, with or without mending."""
    people = People(UTD, SegmenterConfig(), cleaning=cleaning)
    poses = np.stack([POSE, POSE + np.array([2.0, 0.0, 0.0])])
    poses[:, UTD.joints.index("right_wrist")] = np.nan
    for frame in range(30):
        people.push(frame / 30, np.array([1, 2]), poses)
    assert people.dropped == {"joint not tracked: right_wrist": 60}


def test_a_joint_that_is_bridged_is_not_blamed() -> None:
    """The elbow blinks while the wrist stays away: it is for the wrist alone that frames are lost."""
    people = People(UTD, SegmenterConfig(), cleaning=CleaningConfig())
    wrist, elbow = UTD.joints.index("right_wrist"), UTD.joints.index("right_elbow")
    for frame in range(60):
        pose = POSE[None].copy()
        pose[0, wrist] = np.nan
        if frame % 10 == 5:
            pose[0, elbow] = np.nan
        people.push(frame / 30, np.array([1]), pose)
    assert people.dropped == {"joint not tracked: right_wrist": 60}


def test_reasons_stay_few_whatever_flickers() -> None:
    """Any joints come and go, in 3000 frames: there are two reasons for each joint at most, and memory stays small."""
    gone = np.random.default_rng(0).random((3000, len(UTD.needed_joints))) < 0.3
    gone = gone[gone.any(axis=1)]
    untracked = Untracked(UTD)
    assert len(set(map(untracked.reason, gone))) < 2 * len(UTD.needed_joints)
    assert len(untracked._known) <= 1000
