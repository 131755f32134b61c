"""Convolutions over time as matrix products.

Inside the networks a motion is (N, T, C): channels lie next to each other. The five frames that a convolution of
kernel 5 looks at are then one row of 5 C numbers, and the convolution of all frames of all motions is one product

    y = unfold(x) W^T + b,  with W of shape (C_out, 5 C).

Its gradients are products too: dL/dW = (dL/dy)^T unfold(x) and dL/dx = fold(dL/dy W), where fold, the transpose of
unfold, adds each row onto the frames that it came from. At the sizes of these networks this is about twice as fast as
the convolutions of torch, which are made for large images.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2
"""Of the leaky ReLUs, below 0."""

KERNEL = 5
PADDING = 2


def unfold(motion: Tensor, stride: int) -> Tensor:
    """Put the frames t - 2 to t + 2 around every stride-th frame t in a row; frames outside are 0.

    Args:
        motion: (N, T, C).
        stride: 1 or 2; divides T.

    Returns:
        (N, T / stride, 5 C), the channels of one frame after the other.
    """
    count, frames, channels = motion.shape
    padded = functional.pad(motion, (0, 0, PADDING, PADDING))
    shape = (count, frames // stride, KERNEL * channels)
    return padded.as_strided(shape, (padded.stride(0), stride * channels, 1)).contiguous()


def fold(rows: Tensor, stride: int) -> Tensor:
    """Add rows of frames onto the frames that they come from: the transpose of `unfold`.

    Args:
        rows: (N, T / stride, 5 C).
        stride: 1 or 2.

    Returns:
        (N, T, C).
    """
    count, places, width = rows.shape
    channels = width // KERNEL
    # As many frames at a time as the stride is long: they do not overlap, and neighbours in a row stay neighbours.
    padded = rows.new_zeros(count, places + 2 * PADDING // stride, stride * channels)
    for first in range(0, KERNEL, stride):
        part = rows[:, :, first * channels : (first + stride) * channels]
        padded[:, first // stride : first // stride + places, : part.shape[2]] += part
    return padded.view(count, -1, channels)[:, PADDING:-PADDING]


class _Unfold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, motion: Tensor, stride: int) -> Tensor:
        ctx.stride = stride
        return unfold(motion, stride)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _Fold.apply(gradient, ctx.stride), None


class _Fold(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, stride: int) -> Tensor:
        ctx.stride = stride
        return fold(rows, stride)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _Unfold.apply(gradient, ctx.stride), None


class TimeConvolution(nn.Conv1d):
    """A convolution of kernel 5 over (N, T, C), with the parameters of `torch.nn.Conv1d`.

    The weight of shape (C_out, C, 5) lies in memory in the order of W, so that W is a view of it.
    """

    def __init__(self, into: int, out: int, stride: int = 1) -> None:
        super().__init__(into, out, KERNEL, stride=stride, padding=PADDING)
        self.weight = nn.Parameter(self.as_weight(self.matrix.detach()))

    @property
    def matrix(self) -> Tensor:
        """W, shape (C_out, 5 C)."""
        return self.weight.transpose(1, 2).flatten(1)

    @staticmethod
    def as_weight(matrix: Tensor) -> Tensor:
        """View what has the shape of W as what has the shape of the weight."""
        return matrix.unflatten(1, (KERNEL, -1)).transpose(1, 2)

    def forward(self, motion: Tensor) -> Tensor:
        """Convolve (N, T, C) to (N, T / stride, C_out)."""
        rows: Tensor = _Unfold.apply(motion, self.stride[0])
        return functional.linear(rows, self.matrix, self.bias)


class Doubling(nn.Module):
    """Linear interpolation of (N, T, C) to (N, 2 T, C), as by `torch.nn.Upsample`: a constant matrix over time."""

    matrix: Tensor

    def __init__(self, frames: int) -> None:
        super().__init__()
        eye = torch.eye(frames, device="cpu")[None]  # a constant, also where weights are made without values at first
        shares = functional.interpolate(eye, scale_factor=2, mode="linear", align_corners=False)
        self.register_buffer("matrix", shares[0].T.contiguous(), persistent=False)

    def forward(self, motion: Tensor) -> Tensor:
        """Interpolate."""
        return self.matrix @ motion


def downward(channels: int, width: int) -> nn.Sequential:
    """Halve the time three times: (N, T, channels) -> (N, T / 8, 2 width)."""
    layers: list[nn.Module] = []
    for into, out in ((channels, width), (width, 2 * width), (2 * width, 2 * width)):
        layers += [TimeConvolution(into, out, stride=2), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


def upward(width: int, frames: int) -> nn.Sequential:
    """Double the time three times: (N, frames, 2 width) -> (N, 8 frames, width)."""
    layers: list[nn.Module] = []
    for into, out in ((2 * width, 2 * width), (2 * width, width), (width, width)):
        layers += [Doubling(frames), TimeConvolution(into, out), nn.LeakyReLU(SLOPE)]
        frames *= 2
    return nn.Sequential(*layers)
