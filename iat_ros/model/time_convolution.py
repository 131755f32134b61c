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

"""Convolutions over time as matrix products.

Inside the networks time comes first: a motion is (T, N, C). Then the frames that tap k of a convolution of kernel 5
sees, while it goes over all motions, lie one after the other in memory, and the convolution is a sum of products

    y = sum_k x_k W_k + b,  where x_k is x from frame k - 2 on, as a matrix of T N rows, and W_k is (C, C_out).

With stride 2, two frames lie side by side in one row of 2 C channels, and two taps make one product. The gradients are
products too: dL/dW_k = x_k^T dL/dy, and dL/dx_k gains dL/dy W_k^T, added in place. Nothing is copied. At the sizes of
these networks this takes less than half of the time of the convolutions of torch, which are made for large images.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

SLOPE = 0.2
"""Of the leaky ReLUs, below 0."""

KERNEL = 5
MARGIN = 2
"""Frames of zeros before the first frame and after the last."""


def windows(rows: Tensor, stride: int, places: int) -> list[Tensor]:
    """View what each product sees.

    Args:
        rows: Frames with margins, stride of them in a row: ((T + 4) / stride, N, stride * C).
        stride: 1 or 2.
        places: T / stride.

    Returns:
        Matrices of T N / stride rows, and of stride * C columns, but for the last if the stride does not divide 5.
    """
    _, count, width = rows.shape
    start = rows.storage_offset()
    views = []
    for tap in range(0, KERNEL, stride):
        columns = min(stride, KERNEL - tap) * width // stride
        views.append(rows.as_strided((places * count, columns), (width, 1), start + tap // stride * count * width))
    return views


def parts(matrix: Tensor, stride: int) -> list[Tensor]:
    """View the part of W, shape (5 C, C_out), that each window is multiplied by."""
    return list(matrix.split(stride * len(matrix) // KERNEL))


def convolve(seen: list[Tensor], weights: list[Tensor], bias: Tensor, out: Tensor) -> None:
    """Compute y from windows of x, parts of W and b."""
    torch.addmm(bias, seen[0], weights[0], out=out)
    for window, part in zip(seen[1:], weights[1:], strict=True):
        out.addmm_(window, part)


def convolve_back(gradient: Tensor, weights: list[Tensor], out: Tensor, out_windows: list[Tensor]) -> None:
    """Compute dL/dx from dL/dy and parts of W.

    Args:
        gradient: dL/dy as a matrix.
        weights: Parts of W.
        out: dL/dx, with margins, whose values mean nothing.
        out_windows: Windows of it.
    """
    torch.mm(gradient, weights[0].T, out=out_windows[0])
    out[out_windows[0].shape[0] // out.shape[1] :].zero_()
    for window, part in zip(out_windows[1:], weights[1:], strict=True):
        window.addmm_(gradient, part.T)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor, bias: Tensor, stride: int) -> Tensor:
        """Convolve rows (places, N, C) with all W_k; see `convolve`."""
        places = rows.shape[0] - 2 * MARGIN // stride
        ctx.save_for_backward(rows, matrix)
        ctx.stride, ctx.places = stride, places
        result = rows.new_empty(places, rows.shape[1], len(bias))
        convolve(windows(rows, stride, places), parts(matrix, stride), bias, out=result.flatten(0, 1))
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Return the gradients by rows, matrix and bias; see `convolve_back`."""
        rows, matrix = ctx.saved_tensors
        stride, places = ctx.stride, ctx.places
        gradient = gradient.flatten(0, 1)
        by_rows = None
        if ctx.needs_input_grad[0]:
            by_rows = torch.empty_like(rows)
            convolve_back(gradient, parts(matrix, stride), by_rows, windows(by_rows, stride, places))
        by_matrix = torch.empty_like(matrix)
        for window, part in zip(windows(rows, stride, places), parts(by_matrix, stride), strict=True):
            torch.mm(window.T, gradient, out=part)
        return by_rows, by_matrix, gradient.sum(dim=0), None


class TimeConvolution(nn.Conv1d):
    """A convolution of kernel 5, with the parameters of `torch.nn.Conv1d`.

    The weight of shape (C_out, C, 5) lies in memory in the order of W, all W_k below each other: W is a view of it.
    """

    def __init__(self, into: int, out: int, stride: int = 1) -> None:
        super().__init__(into, out, KERNEL, stride=stride, padding=MARGIN)
        self.weight = nn.Parameter(self.as_weight(self.matrix.detach()))

    @property
    def matrix(self) -> Tensor:
        """W, shape (5 C, C_out)."""
        return self.weight.permute(2, 1, 0).flatten(0, 1)

    @staticmethod
    def as_weight(matrix: Tensor) -> Tensor:
        """View what has the shape of W as what has the shape of the weight."""
        return matrix.unflatten(0, (KERNEL, -1)).permute(2, 1, 0)

    def forward(self, rows: Tensor) -> Tensor:
        """Convolve frames with margins, stride of them in a row, to (T / stride, N, C_out)."""
        result: Tensor = _Convolution.apply(rows, self.matrix, self.bias, self.stride[0])
        return result


class Halving(TimeConvolution):
    """A convolution of stride 2, from (T, N, C) to (T / 2, N, C_out)."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__(into, out, stride=2)

    def forward(self, motion: Tensor) -> Tensor:
        """Convolve."""
        pairs = motion.unflatten(0, (-1, 2)).transpose(1, 2).flatten(2)
        return super().forward(functional.pad(pairs, (0, 0, 0, 0, MARGIN // 2, MARGIN // 2)))


class Doubling(nn.Module):
    """Linear interpolation of (T, N, C) to 2 T frames, as by `torch.nn.Upsample`, with margins: one product."""

    matrix: Tensor

    def __init__(self, frames: int) -> None:
        super().__init__()
        eye = torch.eye(frames, device="cpu")[None]  # a constant, also where weights are made without values at first
        shares = functional.interpolate(eye, scale_factor=2, mode="linear", align_corners=False)
        self.register_buffer("matrix", functional.pad(shares[0].T, (0, 0, MARGIN, MARGIN)), persistent=False)

    def forward(self, motion: Tensor) -> Tensor:
        """Interpolate to (2 T + 4, N, C)."""
        return (self.matrix @ motion.flatten(1)).unflatten(1, motion.shape[1:])


def downward(channels: int, width: int) -> nn.Sequential:
    """Halve the time three times: (T, N, channels) -> (T / 8, N, 2 width)."""
    layers: list[nn.Module] = []
    for into, out in ((channels, width), (width, 2 * width), (2 * width, 2 * width)):
        layers += [Halving(into, out), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


def upward(width: int, frames: int) -> nn.Sequential:
    """Double the time three times: (frames, N, 2 width) -> (8 frames, N, width)."""
    layers: list[nn.Module] = []
    for into, out in ((2 * width, 2 * width), (2 * width, width), (width, width)):
        layers += [Doubling(frames), TimeConvolution(into, out), nn.LeakyReLU(SLOPE)]
        frames *= 2
    return nn.Sequential(*layers)
