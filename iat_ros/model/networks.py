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
        landmarks: Pairs that an attention encoder holds.
    """

    limbs: int
    frames: int = 32
    width: int = 32
    code: int = 6
    noise: int = 8
    latent: int = 32
    landmarks: int = 1

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


class ConvolutionalEncoder(nn.Module):
    """From a motion to a vector, through convolutions over time."""

    def __init__(self, outputs: int, dims: Dimensions) -> None:
        super().__init__()
        self.body = _downward(dims.channels, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, outputs)

    def forward(self, motion: Tensor) -> Tensor:
        """Encode (N, C + 1, T) into (N, outputs)."""
        vector: Tensor = self.head(self.body(motion).flatten(1))
        return vector


class AttentionEncoder(nn.Module):
    """From a stimulus to where the pairs with the most similar stimuli lie in the embedding space.

    c = sum_m w_m v_m, w = softmax(-||a - k_m||^2 / (2 h^2)): keys k are stimuli that were seen in training, values v
    are the places of their pairs. 80 pairs are too few for a deep encoder: what it learns holds for the people it has
    seen, while the most similar stimulus belongs to the right interaction for new people too.
    """

    keys: Tensor
    values: Tensor
    width: Tensor

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(dims.landmarks, 3 * dims.limbs * dims.frames))
        self.register_buffer("values", torch.zeros(dims.landmarks, dims.code))
        self.register_buffer("width", torch.ones(()))

    def forward(self, motion: Tensor, leave_out: Tensor | None = None) -> Tensor:
        """Encode (N, C + 1, T) into (N, code).

        Args:
            motion: Stimuli.
            leave_out: For each, the number of a key that must not be looked at, shape (N,): a stimulus of the
                training set finds its place as a new one would. -1 leaves out none.
        """
        squares = torch.cdist(self.limb_vectors(motion), self.keys).square()
        if leave_out is not None:
            rows = torch.nonzero(leave_out >= 0)[:, 0]
            squares[rows, leave_out[rows]] = torch.inf
        return functional.softmax(-squares / (2.0 * self.width.square()), dim=1) @ self.values

    @staticmethod
    def limb_vectors(motion: Tensor) -> Tensor:
        """Flatten (N, C + 1, T) to (N, C T); squared distances are means over frames."""
        return motion[:, :-1].flatten(1) / motion.shape[2] ** 0.5


class VariationalAutoencoder(nn.Module):
    """VAE of single actions: encoder h: a -> (mu, sigma), decoder g: sample -> a_hat (eq. 1)."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.encoder = ConvolutionalEncoder(2 * dims.latent, dims)
        self.decoder = Decoder(dims.latent, dims)

    def encode(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Encode (N, C + 1, T) into mu and log sigma, both (N, latent)."""
        mu, log_sigma = self.encoder(motion).chunk(2, dim=1)
        return mu, log_sigma.clamp(-6.0, 3.0)

    def decode(self, sample: Tensor) -> Tensor:
        """Decode (N, latent) into (N, C + 1, T)."""
        motion: Tensor = self.decoder(sample)
        return motion


class ConditionedDecoder(nn.Module):
    """The part of a generator after its encoder: decoder (c, z) -> a_r_hat.

    Args:
        condition: Dimension of what the answer depends on: the code c, or a category.
        noise: Dimension of z.
        dims: Sizes.
    """

    def __init__(self, condition: int, noise: int, dims: Dimensions) -> None:
        super().__init__()
        self.decoder = Decoder(condition + noise, dims)

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        """Decode conditions repeated over time (N, K, T) and noise (N, noise) into (N, C + 1, T)."""
        motion: Tensor = self.decoder(torch.cat([condition[:, :, 0], noise], dim=1))
        return motion


ENCODERS = ("attention", "convolutional")


class Act2Act(nn.Module):
    """Generator G: encoder a_s -> c, noise z joins c only there, decoder (c, z) -> a_r_hat.

    Args:
        dims: Sizes.
        encoder: One of `ENCODERS`.
    """

    def __init__(self, dims: Dimensions, encoder: str) -> None:
        super().__init__()
        self.dims = dims
        self.encoder = AttentionEncoder(dims) if encoder == "attention" else ConvolutionalEncoder(dims.code, dims)
        self.decoder = Decoder(dims.code + dims.noise, dims)

    def forward(self, stimulus: Tensor, noise: Tensor) -> Tensor:
        """Answer stimuli (N, C + 1, T) under noise z (N, noise) with responses (N, C + 1, T)."""
        motion: Tensor = self.decoder(torch.cat([self.encoder(stimulus), noise], dim=1))
        return motion


class Critic(nn.Module):
    """Discriminator D(condition, a) of the conditional WGAN-GP: a score, unbounded, no normalisation layers.

    The condition is a_s, or a category repeated over time, or nothing.

    Args:
        condition: Channels of the condition; 0 for none.
        channels: Channels of what is judged.
        dims: Sizes.
    """

    def __init__(self, condition: int, channels: int, dims: Dimensions) -> None:
        super().__init__()
        self._channels = channels
        self._hidden = (2 * dims.width, dims.coarse)
        self.body = _downward(channels + condition, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, condition: Tensor, motion: Tensor) -> Tensor:
        """Score motions (N, channels, T) under conditions (N, condition, T), shape (N,)."""
        score: Tensor = self.head(self.body(torch.cat([motion, condition], dim=1)).flatten(1))
        return score[:, 0]

    def slope(self, condition: Tensor, motion: Tensor) -> Tensor:
        """Compute dD / d motion, shape (N, channels, T), as a function of the weights that can be differentiated.

        D is linear between the kinks of its leaky ReLUs, so its slope is a chain of transposed convolutions, masked
        by which side of the kink each unit is on. Written out, the gradient penalty needs no second derivative of a
        convolution, which is what makes automatic differentiation slow here.
        """
        convolutions = [layer for layer in self.body if isinstance(layer, nn.Conv1d)]
        sides = []
        with torch.no_grad():
            hidden = torch.cat([motion, condition], dim=1)
            for layer in convolutions:
                hidden = layer(hidden)
                sides.append(torch.where(hidden > 0, 1.0, _SLOPE))
                hidden = hidden * sides[-1]
        slope = self.head.weight.view(1, *self._hidden) * sides.pop()
        for index in range(len(convolutions) - 1, 0, -1):
            slope = _transposed(slope, convolutions[index].weight) * sides.pop()
        return _transposed(slope, convolutions[0].weight[:, : self._channels])


def _transposed(slope: Tensor, weight: Tensor) -> Tensor:
    return functional.conv_transpose1d(slope, weight, stride=2, padding=2, output_padding=1)
