"""A convolution that halves the time, with every tensor that a pass over N motions needs made once.

A step of training takes hundreds of small operations. Where they write into kept tensors, through kept views, making
tensors and views costs nothing; at these sizes that is as much as a third of a step.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from iat_ros.model.time_convolution import MARGIN, SLOPE, TimeConvolution, convolve, convolve_back, parts, windows

_STRIDE = 2


class KeptLayer:
    """One layer h -> W * h + b, where * is the convolution, and its transpose, for so many motions.

    The parameters must stay where they are in memory, as optimisers and `load_state_dict` leave them.

    Args:
        layer: The convolution, of stride 2.
        count: N.
        frames: T of the input.

    Attributes:
        input: h, to be written into, as pairs of frames: (T / 2, 2, N, C).
        sums: W * h + b, shape (T / 2, N, C_out).
        delta: What a score gains by more in each of the sums, shape (T / 2, N, C_out), to be written into.
        input_slope: What a score gains by more input, shape (T / 2, 2, N, C).
    """

    def __init__(self, layer: TimeConvolution, count: int, frames: int) -> None:
        matrix = layer.matrix.detach()
        self._parts = parts(matrix, _STRIDE)
        self._bias = cast(Tensor, layer.bias).detach()
        self._no_bias = torch.zeros_like(self._bias)
        places, margins = frames // _STRIDE, 2 * MARGIN // _STRIDE
        rows, self._slope = matrix.new_zeros(2, places + margins, count, _STRIDE * layer.in_channels)
        self._windows, self._slope_windows = (windows(tensor, _STRIDE, places) for tensor in (rows, self._slope))
        self.input, self.input_slope = (
            tensor[margins // 2 : -margins // 2].unflatten(2, (_STRIDE, -1)).transpose(1, 2)
            for tensor in (rows, self._slope)
        )
        self.sums, self.delta = matrix.new_zeros(2, places, count, layer.out_channels)
        self._flat_sums, self._flat_delta = self.sums.flatten(0, 1), self.delta.flatten(0, 1)

    def forward(self, biased: bool = True) -> None:
        """Compute `sums` of `input`, or W * h alone."""
        convolve(self._windows, self._parts, self._bias if biased else self._no_bias, out=self._flat_sums)

    def backward(self) -> None:
        """Compute `input_slope` of `delta`."""
        convolve_back(self._flat_delta, self._parts, self._slope, self._slope_windows)

    def add_gradient(self, matrix: Tensor) -> None:
        """Add the gradient of W from `delta` and `input`."""
        for window, part in zip(self._windows, parts(matrix, _STRIDE), strict=True):
            part.addmm_(window.T, self._flat_delta)


def activate(sums: Tensor, out: Tensor) -> None:
    """Apply the leaky ReLU."""
    torch.ops.aten.leaky_relu.out(sums, SLOPE, out=out)


def through_kinks(gradient: Tensor, hidden: Tensor, out: Tensor) -> None:
    """Multiply by s, which is 1 where a hidden unit is above 0, else 0.2."""
    torch.ops.aten.leaky_relu_backward.grad_input(gradient, hidden, SLOPE, True, grad_input=out)
