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

"""Several people at once: one segmenter for each, made and forgotten as they come and go."""

from __future__ import annotations

from collections import Counter

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.pose import make_poses
from iat_ros.stream.segmenter import ActionSegmenter, Segment, SegmenterConfig


class People:
    """Finds the actions of everybody in view.

    Args:
        definition: The skeleton.
        config: When an action starts and ends.
        forget_s: Somebody not seen for so long is forgotten [s].
        most: No more people than this are followed. Who came first stays until forgotten; the others are left out,
            and each of their frames is counted.

    Attributes:
        dropped: How many frames or actions were not used, by reason, over everybody so far.
    """

    def __init__(
        self, definition: SkeletonDefinition, config: SegmenterConfig, forget_s: float = 2.0, most: int = 64
    ) -> None:
        self._definition = definition
        self._config = config
        self._forget_s = forget_s
        self._most = most
        self._segmenters: dict[int, ActionSegmenter] = {}
        self._coming: list[int] = []
        self.dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._segmenters)

    def push(self, time_s: float, body_ids: np.ndarray, positions: np.ndarray) -> list[tuple[int, Segment]]:
        """Take everybody's next frame.

        Args:
            time_s: Stamp [s].
            body_ids: Shape (N,).
            positions: Joint positions [m], shape (N, J, 3); a row of NaN is nobody.

        Returns:
            The actions that ended, with the body's id.
        """
        ended = []
        self._coming.clear()
        for body_id, pose in make_poses(self._definition, body_ids, positions, self.dropped):
            segmenter = self._segmenters.get(body_id)
            if segmenter is None:
                if len(self._segmenters) >= self._most:
                    self.dropped["too many people"] += 1
                    continue
                segmenter = self._segmenters[body_id] = ActionSegmenter(self._definition, self._config, self.dropped)
            segment = segmenter.push_pose(time_s, pose)
            if segment is not None:
                ended.append((body_id, segment))
            elif segmenter.comes:
                self._coming.append(body_id)
        self._forget(time_s)
        return ended

    def coming(self) -> list[tuple[int, Segment]]:
        """Return the action of everybody who came to rest with the last frame; it ends so unless they go on."""
        found = [(body_id, self._segmenters[body_id].take_coming()) for body_id in self._coming]
        return [(body_id, segment) for body_id, segment in found if segment is not None]

    def current(self) -> list[tuple[int, Segment]]:
        """Return what everybody in view did last, finished or not."""
        found = [(body_id, segmenter.current()) for body_id, segmenter in self._segmenters.items()]
        return [(body_id, segment) for body_id, segment in found if segment is not None]

    def under_way(self) -> list[tuple[int, Segment]]:
        """Return the action so far of everybody who is acting now."""
        found = [(body_id, one.current()) for body_id, one in self._segmenters.items() if one.acting]
        return [(body_id, segment) for body_id, segment in found if segment is not None]

    def _forget(self, now: float) -> None:
        for body_id, segmenter in list(self._segmenters.items()):
            last = segmenter.last_time_s
            if last is None or abs(now - last) > self._forget_s:
                if segmenter.acting:
                    self.dropped["person lost while acting"] += 1
                del self._segmenters[body_id]
