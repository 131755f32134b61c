"""People who act without end, for as long as a fault lasts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import encode_skeletons, to_stamp

RATE_HZ = 30.0


class Actor:
    """A made-up person who acts again and again, seen at any time.

    Args:
        still_s: How long the person rests before and after each action [s].
        seed: Shuffles the actions.
        away_m: How far to the person's side they stand [m].
    """

    def __init__(self, still_s: float = 0.5, seed: int = 0, away_m: float = 0.0) -> None:
        clips = make_clips(people=4, trials=1)
        np.random.default_rng(seed).shuffle(clips)
        parts = [with_stillness(clip, still_s, still_s).positions for clip in clips]
        self._poses = np.concatenate(parts) + [away_m, 0.0, 0.0]
        self._ends = np.cumsum([len(part) for part in parts])
        self._rate_hz = RATE_HZ

    @property
    def lasts_s(self) -> float:
        """How long it takes until everything repeats [s]."""
        return len(self._poses) / self._rate_hz

    def pose(self, time_s: float) -> np.ndarray:
        """Joint positions (J, 3) at a time [s]; between frames, in between."""
        place = (time_s * self._rate_hz) % (len(self._poses) - 1)
        index = int(place)
        share = place - index
        return (1.0 - share) * self._poses[index] + share * self._poses[index + 1]

    def still(self) -> np.ndarray:
        """Joint positions (J, 3) of the person at rest."""
        return self._poses[0]

    def frames(self) -> Iterator[np.ndarray]:
        """Poses at 30 Hz, without end."""
        return itertools.cycle(self._poses)


def cloud(stamp_s: float, *people: tuple[int, np.ndarray]) -> PointCloud2:
    """Write people, each with an id, as they are seen at a time [s]."""
    ids = np.array([number for number, _ in people])
    positions = np.stack([pose for _, pose in people]) if people else np.zeros((0, 20, 3))
    return encode_skeletons(to_stamp(stamp_s), "camera", ids, positions)
