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

"""Frames that wait for a joint: an occlusion is bridged when the joint is back, with frames at their own times."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

import numpy as np

from iat_ros.stream.bones import BoneTree
from iat_ros.stream.untracked import untracked_of


@dataclass
class _Waiting:
    """A frame that lacks something.

    Attributes:
        time_s: Its stamp [s].
        positions: All joints [m], shape (J, 3).
        joints: The needed ones [m], shape (K, 3); filled in bit by bit.
        missing: Which of these are not known yet, shape (K,).
        pulled: Which of these stay where they were read but for their bones' lengths, shape (K,).
        lost: Which of these will never be known, shape (K,); a frame with such a one cannot be used.
    """

    time_s: float
    positions: np.ndarray
    joints: np.ndarray
    missing: np.ndarray
    pulled: np.ndarray
    lost: np.ndarray


class Bridge:
    """The frames of one person that wait, in order of time.

    Args:
        tree: The bones.
        mended: Where to count joints that were filled in or pulled back.
        dropped: Where to count frames that were waited for in vain.
        bridge_s: For so long a joint is waited for [s]; 0: none is.
    """

    def __init__(self, tree: BoneTree, mended: Counter[str], dropped: Counter[str], bridge_s: float) -> None:
        self._tree = tree
        self._bridge_s = bridge_s
        self._mended = mended
        self._dropped = dropped
        self._untracked = untracked_of(tree.definition)
        self._waiting: deque[_Waiting] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def push(
        self,
        time_s: float,
        positions: np.ndarray,
        joints: np.ndarray,
        good: np.ndarray,
        since_s: np.ndarray,
        since: np.ndarray,
    ) -> None:
        """Fill in what waits for joints that are back, give up on what waits for too long, let this frame wait.

        Args:
            time_s: Stamp of this frame [s].
            positions: Its joints [m], shape (J, 3); all arrays are copied.
            joints: The needed ones [m], shape (K, 3).
            good: Which of these can be used, shape (K,).
            since_s: When each was last good before [s], shape (K,).
            since: Where it was then [m], shape (K, 3).
        """
        in_time: np.ndarray = time_s - since_s <= self._bridge_s + 1e-6
        for joint in range(len(good)):
            if good[joint] and in_time[joint]:
                self._fill(joint, since_s[joint], since[joint], time_s, joints[joint])
            elif not in_time[joint]:
                self._take_as_read(joint)
        if good.all():
            return
        if (good | in_time).all():
            none = np.zeros(len(good), bool)
            self._waiting.append(_Waiting(time_s, positions.copy(), joints.copy(), ~good, none, none.copy()))
        else:
            self._dropped[self._untracked.reason(~(good | in_time))] += 1

    def give_up(self) -> None:
        """Let all frames go: what comes now is no continuation of them."""
        if self._waiting:
            self._dropped.update(self._untracked.reason(frame.missing | frame.lost) for frame in self._waiting)
            self._waiting.clear()

    def take_whole(self, tolerance: float, lengths_m: np.ndarray) -> list[tuple[float, np.ndarray]]:
        """Return times [s] and positions (J, 3) of the frames that wait no longer, up to the first that does.

        Args:
            tolerance: Bones of joints that were taken as read may differ by this share; 0: by any.
            lengths_m: The bones' lengths, shape (B,).
        """
        whole = []
        while self._waiting and (self._waiting[0].lost.any() or not self._waiting[0].missing.any()):
            frame = self._waiting.popleft()
            if frame.lost.any():
                self._dropped[self._untracked.reason(frame.lost)] += 1
                continue
            if tolerance and frame.pulled.any():
                self._mended["bones_mended"] += self._tree.mend(frame.joints, frame.pulled, tolerance, lengths_m)
            frame.positions[self._tree.joints] = frame.joints
            whole.append((frame.time_s, frame.positions))
        return whole

    def _fill(self, joint: int, since_s: float, since: np.ndarray, until_s: float, until: np.ndarray) -> None:
        """Interpolate a joint between where it was last seen and where it is back, positions (3,) [m]."""
        for frame in self._waiting:
            if frame.missing[joint]:
                read = np.isfinite(frame.joints[joint]).all()
                share = (frame.time_s - since_s) / (until_s - since_s)
                frame.joints[joint] = since + share * (until - since)
                frame.missing[joint] = False
                self._mended["outliers" if read else "joints_bridged"] += 1

    def _take_as_read(self, joint: int) -> None:
        """A joint was no outlier, or never came back: frames in which it was read keep it, others are lost."""
        for frame in self._waiting:
            if frame.missing[joint]:
                frame.lost[joint] = not np.isfinite(frame.joints[joint]).all()
                frame.missing[joint] = False
                frame.pulled[joint] = True
