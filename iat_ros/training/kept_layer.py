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

"""A convolution over time with every tensor that a pass over N motions needs made once.

A step of training takes hundreds of small operations. Where they write into kept tensors, through kept views, making
tensors and views costs nothing; at these sizes that is as much as a third of a step.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from iat_ros.model.time_convolution import MARGIN, SLOPE, TimeConvolution, convolve, convolve_back, parts, windows


class KeptLayer:
    """One layer h -> W * h + b, where * is the convolution, and its transpose, for so many motions.

    The parameters must stay where they are in memory, as optimisers and `load_state_dict` leave them.

    Args:
        layer: The convolution.
        count: N.
        frames: T of the input.

    Attributes:
        rows: h with margins, stride frames in a row, to be written into: ((T + 4) / stride, N, stride * C).
        input: The same without margins, shape (T, N, C); with stride 2 in pairs of frames, (T / 2, 2, N, C).
        sums: W * h + b, shape (T / stride, N, C_out).
        delta: What the loss gains by more in each of the sums, shape (T / stride, N, C_out), to be written into.
        row_slope: What the loss gains by more in `rows`.
        input_slope: What the loss gains by more in `input`.
    """

    def __init__(self, layer: TimeConvolution, count: int, frames: int) -> None:
        self._layer = layer
        self._stride = stride = layer.stride[0]
        matrix = layer.matrix.detach()
        self._parts = parts(matrix, stride)
        self._bias = cast(Tensor, layer.bias).detach()
        self._no_bias = torch.zeros_like(self._bias)
        places, margin = frames // stride, MARGIN // stride
        self.rows, self.row_slope = matrix.new_zeros(2, places + 2 * margin, count, stride * layer.in_channels)
        self._windows, self._slope_windows = (windows(rows, stride, places) for rows in (self.rows, self.row_slope))
        self.input, self.input_slope = (rows[margin:-margin] for rows in (self.rows, self.row_slope))
        if stride > 1:
            self.input, self.input_slope = (
                inside.unflatten(2, (stride, -1)).transpose(1, 2) for inside in (self.input, self.input_slope)
            )
        self.sums, self.delta = matrix.new_zeros(2, places, count, layer.out_channels)
        self._flat_sums, self._flat_delta = self.sums.flatten(0, 1), self.delta.flatten(0, 1)
        self._gradient = torch.zeros_like(matrix)
        self._gradient_parts = parts(self._gradient, stride)

    def forward(self, biased: bool = True) -> None:
        """Compute `sums` of `input`, or W * h alone."""
        convolve(self._windows, self._parts, self._bias if biased else self._no_bias, out=self._flat_sums)

    def backward(self) -> None:
        """Compute `row_slope` and `input_slope` of `delta`."""
        convolve_back(self._flat_delta, self._parts, self.row_slope, self._slope_windows)

    def set_gradient(self, others: KeptLayer | None = None) -> None:
        """Set the gradients of the parameters, from `delta` and `input`.

        Args:
            others: The same layer for other motions, whose gradient of W is added.
        """
        for index, (part, window) in enumerate(zip(self._gradient_parts, self._windows, strict=True)):
            torch.mm(window.T, self._flat_delta, out=part)
            if others is not None:
                part.addmm_(others._windows[index].T, others._flat_delta)
        self._layer.weight.grad = self._layer.as_weight(self._gradient)
        cast(Tensor, self._layer.bias).grad = self._flat_delta.sum(dim=0)


def activate(sums: Tensor, out: Tensor) -> None:
    """Apply the leaky ReLU."""
    torch.ops.aten.leaky_relu.out(sums, SLOPE, out=out)


def through_kinks(gradient: Tensor, hidden: Tensor, out: Tensor) -> None:
    """Multiply by s, which is 1 where a hidden unit is above 0, else 0.2."""
    torch.ops.aten.leaky_relu_backward.grad_input(gradient, hidden, SLOPE, True, grad_input=out)
