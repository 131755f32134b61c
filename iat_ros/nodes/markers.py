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

"""People and answers as joints and bones: placed for display, and as markers for RViz."""

from __future__ import annotations

from collections import deque

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker

from iat_ros.nodes.clouds import SkeletonCloud
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limb_chain import default_lengths
from iat_ros.skeleton.limbs import body_axes, limb_vectors
from iat_ros.stream.segment import SegmenterConfig

_CUSTOMARY_BONES = (
    ("spine", "hip_center"),
    ("spine", "pelvis"),
    *(
        (start.format(side), end.format(side))
        for side in ("left", "right")
        for start, end in (
            ("hip_center", "{}_hip"), ("pelvis", "{}_hip"), ("{}_hip", "{}_knee"), ("{}_knee", "{}_ankle"),
            ("{}_ankle", "{}_foot"), ("{}_wrist", "{}_hand"),
        )
    ),
)  # fmt: skip
"""Bones that trackers send but no limb of the definition shows."""
_FRAMES_TO_PLACE = 15
_WHOLE_BODY_M = 1.2
_HEAD_HEIGHT_M = 1.6
_GONE_S = 1.0  # without skeletons for so long, the person has left
_SEGMENTER = SegmenterConfig()


def body_bones(definition: SkeletonDefinition) -> np.ndarray:
    """Return the pairs of joints to draw lines between, shape (B, 2): the limbs, then legs and hands where named."""
    index = {name: i for i, name in enumerate(definition.joints)}
    pairs = [(index[limb.start], index[limb.end]) for limb in definition.limbs]
    for start, end in _CUSTOMARY_BONES:
        if start in index and end in index:
            pair = index[start], index[end]
            if pair not in pairs and pair[::-1] not in pairs:
                pairs.append(pair)
    return np.array(pairs)


class PersonInView:
    """The one person who is shown, standing upright on the floor however the camera is tilted.

    It is the first one in view, until they leave. The first frames in which they are tracked as a whole settle where
    up, front and the floor are; from then on they move freely in that frame. A person without legs is lifted to a
    standing person's height.

    Attributes:
        people: How many people are in view.
        frame_id, time_s: Frame and stamp [s] of the last skeleton.
        positions: Joints in that frame, shape (J, 3) [m]; NaN where not tracked; None: nobody is in view.
        joints: The same with the floor at z = 0 and x to the person's front.
        limb_lengths_m: Shape (L,), kept when the person leaves.
        moved_s: When a limb last moved as fast as perception asks of an action, on the clock of ``now_s``.
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        self._definition = definition
        self._bottom = definition.joints.index(definition.body_frame.bottom)
        self.limb_lengths_m = default_lengths(definition)
        self.frame_id, self.time_s = "", 0.0
        self._forget()

    def _forget(self) -> None:
        self.people = 0
        self.positions: np.ndarray | None = None
        self.joints: np.ndarray | None = None
        self.moved_s = self._seen_s = -np.inf
        self._body: int | None = None
        self._frames: list[np.ndarray] = []  # (J, 3) each
        self._axes: np.ndarray | None = None
        self._recent: deque[tuple[float, np.ndarray]] = deque(maxlen=60)  # time [s], limbs (L, 3)

    def leave(self, now_s: float) -> bool:
        """Tell whether the person has just left: no skeleton came for a while."""
        if self._body is None or now_s - self._seen_s < _GONE_S:
            return False
        self._forget()
        return True

    def push(self, cloud: SkeletonCloud, now_s: float) -> None:
        """Take the people of one instant in; a message without people changes nothing.

        Raises:
            SkeletonError: Joints that lie in one place tell neither front nor movement; they are shown all the same.
        """
        if not len(cloud.body_ids):
            return
        if self._body not in cloud.body_ids:
            self._forget()
            self._body = int(cloud.body_ids[0])
        self.people, self._seen_s = len(cloud.body_ids), now_s
        self.frame_id, self.time_s = cloud.frame_id, cloud.time_s
        self.positions = cloud.positions[np.flatnonzero(cloud.body_ids == self._body)[0]]
        try:
            if np.isfinite(self.positions[self._definition.needed_joints]).all():
                self._settle(self.positions)
                self._watch(self.positions, now_s)
        finally:  # joints in one place are shown as they are
            self.joints = None if self._axes is None else (self.positions - self._origin) @ self._axes.T

    def _settle(self, positions: np.ndarray) -> None:
        if len(self._frames) == _FRAMES_TO_PLACE:
            return
        frames = np.stack([*self._frames, positions])  # (F, J, 3)
        self._axes = body_axes(self._definition, frames)
        self._frames.append(positions)
        heights = (frames - frames[:, [self._bottom]]) @ self._axes[2]
        low, high = np.nanmin(heights), np.nanmax(heights)
        floor = low if high - low > _WHOLE_BODY_M else high - _HEAD_HEIGHT_M
        self._origin = frames[:, self._bottom].mean(axis=0) + self._axes[2] * floor
        limbs = frames[:, self._definition.limb_ends] - frames[:, self._definition.limb_starts]
        self.limb_lengths_m = np.linalg.norm(limbs, axis=-1).mean(axis=0)

    def _watch(self, positions: np.ndarray, now_s: float) -> None:
        limbs = limb_vectors(self._definition, positions[None])[0]
        self._recent.append((self.time_s, limbs))
        while len(self._recent) > 2 and self.time_s - self._recent[1][0] >= _SEGMENTER.speed_span_s:
            self._recent.popleft()
        before_s, before = self._recent[0]
        angle = np.arccos(np.clip((limbs * before).sum(axis=-1), -1.0, 1.0)).max()
        if angle > _SEGMENTER.moving_rad_s * (self.time_s - before_s) > 0.0:
            self.moved_s = now_s


def line_list(
    name: str, frame_id: str, stamp: Time, joints: np.ndarray, bones: np.ndarray, rgb: tuple[int, int, int]
) -> Marker:
    """Make a LINE_LIST of the bones (B, 2) between joints (J, 3) [m]; bones with an untracked joint are left out."""
    ends = joints[bones]  # (B, 2, 3)
    ends = ends[np.isfinite(ends).all(axis=(1, 2))].reshape(-1, 3)
    marker = Marker(header=Header(frame_id=frame_id, stamp=stamp), ns=name, type=Marker.LINE_LIST)
    marker.action = Marker.ADD if len(ends) else Marker.DELETE
    marker.pose.orientation.w = 1.0
    marker.scale = Vector3(x=0.03)
    marker.color = ColorRGBA(r=rgb[0] / 255, g=rgb[1] / 255, b=rgb[2] / 255, a=1.0)
    marker.points = [Point(x=x, y=y, z=z) for x, y, z in ends.tolist()]
    return marker
