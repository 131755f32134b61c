"""A window: one action of one person as T frames of limb vectors in the body frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iat_ros.errors import SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limbs import limbs_in_body, unit
from iat_ros.skeleton.resampling import resample


@dataclass(frozen=True)
class Motion:
    """A motion of any body: what a window holds, and what an answer to it holds.

    Attributes:
        limbs_in_body: Unit limb vectors in the body frame (x forward, y left, z up), shape (T, L, 3), evenly
            spaced in time.
        duration_s: Time from the first to the last frame [s].
    """

    limbs_in_body: np.ndarray
    duration_s: float

    def __post_init__(self) -> None:
        shape = self.limbs_in_body.shape
        if len(shape) != 3 or shape[0] < 2 or shape[1] < 1 or shape[2] != 3:
            raise SkeletonError(f"a motion needs limb vectors of shape (T >= 2, L >= 1, 3), got {shape}")
        if not np.isfinite(self.limbs_in_body).all():
            raise SkeletonError("a motion holds NaN or infinity")
        if np.abs(np.linalg.norm(self.limbs_in_body, axis=-1) - 1.0).max() > 1e-3:
            raise SkeletonError("a motion needs unit limb vectors, got lengths other than 1")
        if not (np.isfinite(self.duration_s) and self.duration_s > 0):
            raise SkeletonError(f"a motion needs a duration above 0 s, got {self.duration_s}")

    @property
    def times_s(self) -> np.ndarray:
        """Time of each frame from the first [s], shape (T,)."""
        return np.linspace(0.0, self.duration_s, len(self.limbs_in_body))


def make_window(
    definition: SkeletonDefinition, times_s: np.ndarray, positions: np.ndarray, frames: int
) -> Motion:
    """Turn the frames of one action into a window of T frames.

    Joint positions are resampled first, limb vectors follow from them, and the body frame is that of the window.
    Live perception and training both come through here, so a stream and a batch of the same frames agree.

    Args:
        definition: The skeleton.
        times_s: Time of each frame [s], shape (F,), strictly increasing.
        positions: Joint positions [m], shape (F, J, 3), any frame.
        frames: T.

    Raises:
        SkeletonError: The frames do not fit the definition or cannot be resampled.
    """
    limbs = limbs_in_body(definition, resample(times_s, positions, frames))
    return Motion(unit(limbs), float(times_s[-1] - times_s[0]))
