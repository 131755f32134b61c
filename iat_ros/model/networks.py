"""The networks: 1D convolutions over time, for motions of T frames and C = 3 L channels.

A motion enters as (N, C + 1, T): C limb channels and one constant channel, the normalised logarithm of its duration.
So how long an answer lasts is generated, and judged by the critic, together with its shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.errors import ModelError

_SLOPE = 0.2
_STRIDES = 3  # each halves T
_LARGEST = 1024


@dataclass(frozen=True)
class Dimensions:
    """Sizes that the networks share.

    Attributes:
        limbs: L; C = 3 L.
        frames: T, a multiple of 8.
        width: Channels of the hidden layers.
        code: Dimension of the code c that Act2Act extracts from a stimulus.
        noise: Dimension of z.
        latent: Dimension of the VAE's mu and sigma.
    """

    limbs: int
    frames: int = 32
    width: int = 32
    code: int = 6
    noise: int = 8
    latent: int = 32

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int or not 1 <= value <= _LARGEST:
                raise ModelError(f"dimension '{name}' must be whole, from 1 to {_LARGEST}, got {str(value)[:40]}")
        if self.frames % 2**_STRIDES:
            raise ModelError(f"dimension 'frames' must be a multiple of {2**_STRIDES}, got {self.frames}")

    @property
    def channels(self) -> int:
        """C + 1: limb channels and the duration."""
        return 3 * self.limbs + 1

    @property
    def coarse(self) -> int:
        """Frames that are left after the strides."""
        return self.frames // 2**_STRIDES


def _downward(channels: int, width: int) -> nn.Sequential:
    """Halve the time three times: (N, channels, T) -> (N, 2 width, T / 8)."""
    layers: list[nn.Module] = []
    for into, out in ((channels, width), (width, 2 * width), (2 * width, 2 * width)):
        layers += [nn.Conv1d(into, out, 5, stride=2, padding=2), nn.LeakyReLU(_SLOPE)]
    return nn.Sequential(*layers)


def _upward(width: int) -> nn.Sequential:
    """Double the time three times: (N, 2 width, T / 8) -> (N, width, T)."""
    layers: list[nn.Module] = []
    for into, out in ((2 * width, 2 * width), (2 * width, width), (width, width)):
        layers += [
            nn.Upsample(scale_factor=2, mode="linear", align_corners=False),
            nn.Conv1d(into, out, 5, padding=2),
            nn.LeakyReLU(_SLOPE),
        ]
    return nn.Sequential(*layers)


class Decoder(nn.Module):
    """From a vector to a motion: unit limb vectors and a duration channel."""

    def __init__(self, inputs: int, dims: Dimensions) -> None:
        super().__init__()
        self._dims = dims
        self.start = nn.Linear(inputs, 2 * dims.width * dims.coarse)
        self.body = _upward(dims.width)
        self.limbs = nn.Conv1d(dims.width, 3 * dims.limbs, 5, padding=2)
        self.duration = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, vector: Tensor) -> Tensor:
        """Decode (N, inputs) into (N, C + 1, T)."""
        dims = self._dims
        start = functional.leaky_relu(self.start(vector), _SLOPE)
        hidden = self.body(start.view(-1, 2 * dims.width, dims.coarse))
        limbs = self.limbs(hidden).view(-1, dims.limbs, 3, dims.frames)
        limbs = limbs / limbs.norm(dim=2, keepdim=True).clamp_min(1e-4)
        duration = self.duration(start)[:, :, None].expand(-1, 1, dims.frames)
        return torch.cat([limbs.flatten(1, 2), duration], dim=1)


class VariationalAutoencoder(nn.Module):
    """VAE of single actions: encoder h: a -> (mu, sigma), decoder g: sample -> a_hat (eq. 1)."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.body = _downward(dims.channels, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, 2 * dims.latent)
        self.decoder = Decoder(dims.latent, dims)

    def encode(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Encode (N, C + 1, T) into mu and log sigma, both (N, latent)."""
        mu, log_sigma = self.head(self.body(motion).flatten(1)).chunk(2, dim=1)
        return mu, log_sigma.clamp(-6.0, 3.0)

    def decode(self, sample: Tensor) -> Tensor:
        """Decode (N, latent) into (N, C + 1, T)."""
        motion: Tensor = self.decoder(sample)
        return motion


class Act2Act(nn.Module):
    """Generator G: encoder a_s -> c, noise z joins c only there, decoder (c, z) -> a_r_hat."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.dims = dims
        self.body = _downward(dims.channels, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, dims.code)
        self.decoder = Decoder(dims.code + dims.noise, dims)

    def encode(self, stimulus: Tensor) -> Tensor:
        """Extract the code c, (N, code) in [-1, 1], from stimuli (N, C + 1, T)."""
        return torch.tanh(self.head(self.body(stimulus).flatten(1)))

    def forward(self, stimulus: Tensor, noise: Tensor) -> Tensor:
        """Answer stimuli (N, C + 1, T) under noise z (N, noise) with responses (N, C + 1, T)."""
        motion: Tensor = self.decoder(torch.cat([self.encode(stimulus), noise], dim=1))
        return motion


class Critic(nn.Module):
    """Discriminator D(a_s, a_r) of the conditional WGAN-GP: a score, unbounded, no normalisation layers.

    It sees a_s through the generator's encoder, as the code c: which answers belong to which stimuli shows there,
    while who acted does not.
    """

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self._frames = dims.frames
        self.body = _downward(dims.channels + dims.code, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, code: Tensor, response: Tensor) -> Tensor:
        """Score codes (N, code) of stimuli with responses (N, C + 1, T), shape (N,)."""
        repeated = code[:, :, None].expand(-1, -1, self._frames)
        score: Tensor = self.head(self.body(torch.cat([response, repeated], dim=1)).flatten(1))
        return score[:, 0]
