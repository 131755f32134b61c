"""Several people at once: one segmenter for each, made and forgotten as they come and go."""

from __future__ import annotations

from collections import Counter

import numpy as np

from iat_ros.errors import SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.segmenter import ActionSegmenter, Segment, SegmenterConfig


class People:
    """Finds the actions of everybody in view.

    Args:
        definition: The skeleton.
        config: When an action starts and ends.
        forget_s: Somebody not seen for so long is forgotten [s].
        most: No more people than this are followed; the newest are left out and counted.
    """

    def __init__(
        self, definition: SkeletonDefinition, config: SegmenterConfig, forget_s: float = 2.0, most: int = 64
    ) -> None:
        self._definition = definition
        self._config = config
        self._forget_s = forget_s
        self._most = most
        self._segmenters: dict[int, ActionSegmenter] = {}
        self._dropped: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._segmenters)

    @property
    def dropped(self) -> Counter[str]:
        """How many frames or actions were not used, by reason, over everybody so far."""
        return sum((segmenter.dropped for segmenter in self._segmenters.values()), Counter(self._dropped))

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
        for body_id, pose in zip(body_ids.tolist(), positions, strict=True):
            if np.isnan(pose).all():
                continue
            segmenter = self._segmenters.get(body_id)
            if segmenter is None:
                if len(self._segmenters) >= self._most:
                    self._dropped["too many people"] += 1
                    continue
                segmenter = self._segmenters[body_id] = ActionSegmenter(self._definition, self._config)
            try:
                segment = segmenter.push(time_s, pose)
            except SkeletonError as error:  # this person's frame cannot be used; the others' can
                self._dropped[str(error)] += 1
                continue
            if segment is not None:
                ended.append((body_id, segment))
        self._forget(time_s)
        return ended

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
                    self._dropped["person lost while acting"] += 1
                self._dropped += segmenter.dropped
                del self._segmenters[body_id]
