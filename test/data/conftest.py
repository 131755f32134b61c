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

"""Made-up people who were recorded together, for the tests of the readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad").joints
_SAME = {
    "kinect_v2": {
        "spine_base": "hip_center",
        "spine_mid": "spine",
        "spine_shoulder": "shoulder_center",
        "neck": "head",
    },
    "sbu": {"neck": "shoulder_center", "torso": "spine"},
    "nuitrack": {
        "neck": "shoulder_center",
        "torso": "spine",
        "waist": "hip_center",
        "left_collar": "shoulder_center",
        "right_collar": "shoulder_center",
    },
}


@dataclass(frozen=True)
class Together:
    """Two made-up people on one clock; the first acts, the second answers a moment later.

    Attributes:
        times_s: Shape (F,).
        first: Joint positions [m], shape (F, J, 3), y up, z away from the camera, right-handed; NaN where the skeleton
            has a joint that made-up people lack.
        second: The same of the other.
    """

    times_s: np.ndarray
    first: np.ndarray
    second: np.ndarray


@pytest.fixture(scope="session")
def together() -> Callable[..., Together]:
    """Make two people up who interact, from a skeleton, a seed, a rate [Hz] and the lag of the answer [s]."""

    def make(skeleton: str, seed: int = 0, rate_hz: float = 30.0, lag_s: float = 0.6) -> Together:
        act, answer = make_clips(1, 1, 2 * seed, ("knock",))[0], make_clips(1, 1, 2 * seed + 1, ("wave",))[0]
        end_s = max(act.times_s[-1], lag_s + answer.times_s[-1]) + 1.0
        times_s = np.arange(round(end_s * rate_hz)) / rate_hz
        poses = [_at(times_s - start, clip) for clip, start in ((act, 0.5), (answer, 0.5 + lag_s))]
        first, second = (_with_joints_of(skeleton, pose) for pose in poses)
        return Together(times_s, first, second + np.array([1.2, 0.0, 0.0]))

    return make


def _at(times_s: np.ndarray, clip: Clip) -> np.ndarray:
    """Positions of a clip at other times; before and after it, the person stands still."""
    inside = np.clip(times_s, clip.times_s[0], clip.times_s[-1])
    flat = clip.positions.reshape(len(clip.times_s), -1)
    at = np.stack([np.interp(inside, clip.times_s, column) for column in flat.T], axis=1)
    return np.round(at.reshape(len(times_s), -1, 3), 6)


def _with_joints_of(skeleton: str, positions: np.ndarray) -> np.ndarray:
    joints = load_skeleton(skeleton).joints
    result = np.full((len(positions), len(joints), 3), np.nan)
    for index, joint in enumerate(joints):
        name = _SAME.get(skeleton, {}).get(joint, joint)
        if name in UTD:
            result[:, index] = positions[:, UTD.index(name)]
    return result
