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

"""What is wrong with recordings of a robot, told from them alone: positions that cannot be radians."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d

from iat_ros.data.damage import Damage
from iat_ros.data.joint_clip import JointClip

_SPAN_RAD = 4 * np.pi
"""No joint of an arm turns by more, nor does one that slides go as far [m]."""
_SPEED_RAD_S = 50.0
"""No joint of a robot is as fast."""
_SMOOTHING_S = 0.06


def find_joint_damage(clips: Sequence[JointClip]) -> list[Damage]:
    """Name the joint that goes furthest beyond what radians can explain; one line for all clips.

    Args:
        clips: Of one robot, in one order of joints.
    """
    if not clips:
        return []
    furthest = np.array([np.abs(clip.positions).max(axis=0) for clip in clips])  # (clips, joints)
    spans = np.array([np.ptp(clip.positions, axis=0) for clip in clips])
    speeds = np.array([_speeds(clip) for clip in clips])
    wrong = (furthest > _SPAN_RAD) | (spans > _SPAN_RAD) | (speeds > _SPEED_RAD_S)
    if not wrong.any():
        return []
    joint = int(np.where(wrong.any(axis=0), furthest.max(axis=0), -1.0).argmax())
    others = int(wrong.any(axis=0).sum()) - 1
    seen = f"in {int(wrong.any(axis=1).sum())} of {len(clips)} clips" if len(clips) > 1 else "in the recording"
    more = f" (and of {others} other joint{'s' * (others > 1)})" if others else ""
    return [
        Damage(
            "",
            "not radians",
            f"positions of '{clips[0].joints[joint]}'{more} reach {furthest[:, joint].max():.1f}, at up to "
            f"{speeds[:, joint].max():.0f} a second, {seen}: degrees in place of radians? Convert them (x pi / 180), "
            "or leave out a wheel that turns on and on",
        )
    ]


def _speeds(clip: JointClip) -> np.ndarray:
    """Greatest speed of each joint [rad/s], shape (n,), smoothed so that a single jump or a doubled stamp is none."""
    steps_s = np.diff(clip.times_s)
    usual_s = float(np.median(steps_s))
    smooth = gaussian_filter1d(clip.positions, _SMOOTHING_S / usual_s, axis=0, mode="nearest")
    speeds = np.abs(np.diff(smooth, axis=0)) / np.maximum(steps_s, usual_s / 2)[:, None]
    return np.asarray(speeds.max(axis=0))
