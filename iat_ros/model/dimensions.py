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

"""Sizes that the networks share, for motions of T frames and C = 3 L channels.

A motion enters as (N, C + 1, T): C limb channels and one constant channel, the normalised logarithm of its duration.
So how long an answer lasts is generated, and judged by the critic, together with its shape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from iat_ros.errors import ModelError

_STRIDES = 3  # each halves T
_LARGEST = 1024


@dataclass(frozen=True)
class Dimensions:
    """Sizes that the networks share.

    Attributes:
        limbs: L of stimuli; C = 3 L.
        frames: T, a multiple of 8.
        width: Channels of the hidden layers.
        code: Dimension of the code c that Act2Act extracts from a stimulus.
        noise: Dimension of z.
        latent: Dimension of the VAE's mu and sigma.
        landmarks: Pairs that an attention encoder holds.
        response_limbs: L of responses; 0: as many as stimuli have. A robot's joints are other limbs than a person's.
    """

    limbs: int
    frames: int = 32
    width: int = 32
    code: int = 6
    noise: int = 8
    latent: int = 32
    landmarks: int = 1
    response_limbs: int = 0

    def __post_init__(self) -> None:
        if self.response_limbs == 0 and type(self.response_limbs) is int:
            object.__setattr__(self, "response_limbs", self.limbs)
        for name, value in vars(self).items():
            if type(value) is not int or not 1 <= value <= _LARGEST:
                raise ModelError(f"dimension '{name}' must be whole, from 1 to {_LARGEST}, got {str(value)[:40]}")
        if self.frames % 2**_STRIDES:
            raise ModelError(f"dimension 'frames' must be a multiple of {2**_STRIDES}, got {self.frames}")

    @property
    def channels(self) -> int:
        """C + 1 of stimuli: limb channels and the duration."""
        return 3 * self.limbs + 1

    @property
    def response_channels(self) -> int:
        """C + 1 of responses."""
        return 3 * self.response_limbs + 1

    @property
    def of_stimuli(self) -> Dimensions:
        """Sizes for networks that see stimuli and make stimuli."""
        return replace(self, response_limbs=self.limbs)

    @property
    def of_responses(self) -> Dimensions:
        """Sizes for networks that see responses and make responses."""
        return replace(self, limbs=self.response_limbs)

    @property
    def coarse(self) -> int:
        """Frames that are left after the strides."""
        return self.frames // 2**_STRIDES
