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

"""Between motions in physical units and what the networks see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iat_ros.errors import ModelError
from iat_ros.skeleton.motion import LONGEST_S, SHORTEST_S, MotionArray


@dataclass(frozen=True)
class DurationScale:
    """Standardises the logarithm of durations, and bounds what may be generated.

    Attributes:
        log_mean: Mean of log(duration / s).
        log_std: Standard deviation of log(duration / s).
        shortest_s: No generated duration is shorter [s].
        longest_s: Or longer [s].
    """

    log_mean: float
    log_std: float
    shortest_s: float
    longest_s: float

    def __post_init__(self) -> None:
        plain = all(type(value) in (int, float) for value in vars(self).values())
        if not (
            plain
            and abs(self.log_mean) < 10
            and 0 < self.log_std < 10
            and SHORTEST_S <= self.shortest_s <= self.longest_s <= LONGEST_S
        ):
            raise ModelError(
                f"durations need numbers, {SHORTEST_S:g} <= shortest_s <= longest_s <= {LONGEST_S:g}, got {vars(self)}"
            )

    @staticmethod
    def of(durations_s: np.ndarray) -> DurationScale:
        """Measure the scale of durations [s], shape (N,)."""
        logs = np.log(durations_s)
        return DurationScale(
            float(logs.mean()), max(float(logs.std()), 1e-2), float(durations_s.min()), float(durations_s.max())
        )

    def normalise(self, durations_s: np.ndarray) -> np.ndarray:
        """Turn durations [s] into standardised logarithms."""
        return np.asarray((np.log(durations_s) - self.log_mean) / self.log_std)

    def restore(self, normalised: np.ndarray) -> np.ndarray:
        """Turn standardised logarithms into durations [s], inside what the data held."""
        return np.clip(np.exp(normalised * self.log_std + self.log_mean), self.shortest_s, self.longest_s)


def to_tensor(motions: MotionArray, scale: DurationScale) -> Tensor:
    """Turn N motions into a network input of shape (N, 3 L + 1, T)."""
    count, frames = motions.limbs_in_body.shape[:2]
    limbs = motions.limbs_in_body.reshape(count, frames, -1).transpose(0, 2, 1)
    duration = np.repeat(scale.normalise(motions.durations_s)[:, None, None], frames, axis=2)
    return torch.from_numpy(np.concatenate([limbs, duration], axis=1).astype(np.float32))


def to_motions(tensor: Tensor, scale: DurationScale) -> MotionArray:
    """Turn a network output of shape (N, 3 L + 1, T) into N motions."""
    values = tensor.detach().cpu().numpy().astype(float)
    count, channels, frames = values.shape
    limbs = values[:, :-1].transpose(0, 2, 1).reshape(count, frames, (channels - 1) // 3, 3)
    limbs = limbs / np.linalg.norm(limbs, axis=-1, keepdims=True).clip(1e-6)
    return MotionArray(limbs, scale.restore(values[:, -1].mean(axis=1)))
