"""A recording: frames of everybody in view, as they would come from a tracker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.data.actions import with_stillness
from iat_ros.data.clip import Clip


@dataclass(frozen=True)
class StreamFrame:
    """People of one instant.

    Attributes:
        time_s: From the start of the recording [s].
        frame_id: The frame of the positions.
        body_ids: Shape (N,).
        positions: Joint positions [m], shape (N, J, 3).
    """

    time_s: float
    frame_id: str
    body_ids: np.ndarray
    positions: np.ndarray


def from_clips(clips: Sequence[Clip], still_s: float = 1.0, frame_id: str = "camera") -> Iterable[StreamFrame]:
    """String clips together: each is a person of their own who stands still, acts, and stands still again.

    Args:
        clips: At least one.
        still_s: How long people stand still before and after they act [s].
        frame_id: The frame of the positions.
    """
    start = 0.0
    for body, clip in enumerate(clips):
        still = with_stillness(clip, still_s, still_s)
        times = start + still.times_s - still.times_s[0]
        for time, pose in zip(times, still.positions, strict=True):
            yield StreamFrame(float(time), frame_id, np.array([body]), pose[None])
        start = float(times[-1] + np.median(np.diff(times)))
