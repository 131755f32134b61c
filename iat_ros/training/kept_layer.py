"""A convolution that halves the time, with every tensor that a pass over N motions needs made once.

A step of training takes hundreds of small operations. Where they write into kept tensors, through kept views, making
tensors and views costs nothing; at these sizes that is as much as a third of a step.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from iat_ros.model.time_convolution import KERNEL, PADDING, SLOPE, TimeConvolution

_STRIDE = 2


class KeptLayer:
    """One layer h -> s * (W unfold(h) + b), and its transpose, for so many motions.

    The parameters must stay where they are in memory, as optimisers and `load_state_dict` leave them.

    Args:
        layer: The convolution, of stride 2.
        count: N.
        frames: T of the input.

    Attributes:
        matrix: W, shape (C_out, 5 C).
        input: h, shape (N, T, C), to be written into.
        rows: unfold(h), shape (N, T / 2, 5 C).
        sums: W unfold(h) + b, shape (N, T / 2, C_out).
        delta: What a score gains by more in each of the sums, shape (N, T / 2, C_out), to be written into.
        input_slope: fold(delta W), what a score gains by more input, shape (N, T, C).
    """

    def __init__(self, layer: TimeConvolution, count: int, frames: int) -> None:
        self._layer = layer
        self.matrix = layer.matrix.detach()
        self._bias = cast(Tensor, layer.bias).detach()
        out, channels, places = layer.out_channels, layer.in_channels, frames // _STRIDE
        make = self.matrix.new_zeros
        padded = make(count, frames + 2 * PADDING, channels)
        self.input = padded[:, PADDING:-PADDING]
        self.rows = make(count, places, KERNEL * channels)
        self._windows = padded.as_strided(self.rows.shape, (padded.stride(0), _STRIDE * channels, 1))
        self.sums, self.delta = make(count, places, out), make(count, places, out)
        self._row_slope = torch.zeros_like(self.rows)
        folded = make(count, places + PADDING, _STRIDE * channels)  # as in `fold`
        self.input_slope = folded.view(count, -1, channels)[:, PADDING:-PADDING]
        self._parts = []
        for first in range(0, KERNEL, _STRIDE):
            part = self._row_slope[:, :, first * channels : (first + _STRIDE) * channels]
            target = folded[:, first // _STRIDE : first // _STRIDE + places, : part.shape[2]]
            self._parts.append((target, part))
        self._folded_after = folded[:, places:]
        self._flat = [tensor.flatten(0, 1) for tensor in (self.rows, self.sums, self.delta, self._row_slope)]

    def forward(self) -> None:
        """Compute `rows` and `sums` of `input`."""
        rows, sums, _, _ = self._flat
        self.rows.copy_(self._windows)
        torch.addmm(self._bias, rows, self.matrix.T, out=sums)

    def backward(self) -> None:
        """Compute `input_slope` of `delta`."""
        _, _, delta, row_slope = self._flat
        torch.mm(delta, self.matrix, out=row_slope)
        (start, first), *others = self._parts
        start.copy_(first)
        self._folded_after.zero_()
        for target, part in others:
            target.add_(part)

    def forward_linear(self, part: slice) -> None:
        """Compute `rows` and W unfold(h), without b, of some of the motions, the latter in place of `sums`."""
        self.rows[part].copy_(self._windows[part])
        torch.mm(self.rows[part].flatten(0, 1), self.matrix.T, out=self.sums[part].flatten(0, 1))

    def set_gradient(self, biased: slice) -> None:
        """Set the gradients of the parameters: delta^T rows for W, and the sum of delta over some motions for b."""
        rows, _, delta, _ = self._flat
        self._layer.weight.grad = self._layer.as_weight(delta.T @ rows)
        cast(Tensor, self._layer.bias).grad = self.delta[biased].sum(dim=(0, 1))


def activate(sums: Tensor, out: Tensor) -> None:
    """Apply the leaky ReLU."""
    torch.ops.aten.leaky_relu.out(sums, SLOPE, out=out)


def through_kinks(gradient: Tensor, hidden: Tensor, out: Tensor) -> None:
    """Multiply by s, which is 1 where a hidden unit is above 0, else 0.2."""
    torch.ops.aten.leaky_relu_backward.grad_input(gradient, hidden, SLOPE, True, grad_input=out)
