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

"""A person who acts without end, or stands still when asked to, and remembers what they did."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseArray
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import encode_skeletons, to_stamp


class EndlessPerson:
    """Does one made-up action after the other.

    Attributes:
        acting: Whether new actions are begun; without, the person finishes the one that they do and stands still.
        acted: Of each action that was done to its end: the stamps of its first and last frame [s].
    """

    def __init__(self) -> None:
        clips = [with_stillness(clip, 0.6, 0.8) for clip in make_clips(people=1, trials=1)]
        self._poses = np.concatenate([clip.positions for clip in clips])
        self._ends = {int(end) - 1 for end in np.cumsum([len(clip.positions) for clip in clips])}
        self._pose = 0
        self._begins_s, self._standing = -np.inf, True
        self.acting = True
        self.acted: list[tuple[float, float]] = []

    def next_pose(self, now_s: float) -> np.ndarray:
        """Return positions [m], shape (J, 3), of the frame with this stamp [s]."""
        pose, ends = self._poses[self._pose], self._pose in self._ends
        if ends:
            self.acted += [] if self._standing else [(self._begins_s, now_s)]
            self._begins_s = now_s
        self._standing = ends
        if self.acting or not ends:
            self._pose = (self._pose + 1) % len(self._poses)
        return pose


def to_skeletons(now_s: float, pose: np.ndarray) -> PointCloud2:
    """Make the message of somebody who is seen as the chain takes people."""
    return encode_skeletons(to_stamp(now_s), "camera", np.array([1]), pose[None])


def to_pose_array(now_s: float, pose: np.ndarray) -> PoseArray:
    """Make the message of somebody who is seen as a tracker of pose arrays takes them."""
    message = PoseArray(poses=[Pose(position=Point(x=x, y=y, z=z)) for x, y, z in pose.tolist()])
    message.header.stamp, message.header.frame_id = to_stamp(now_s), "camera"
    return message
