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

"""A decoder's pass and its gradient written out, in kept tensors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from iat_ros.model.decoder import SHORTEST, Decoder
from iat_ros.model.time_convolution import Doubling, TimeConvolution
from iat_ros.training.kept_layer import KeptLayer, activate, through_kinks


class KeptDecoder:
    """Does what `Decoder.forward` does for N vectors, and sets the gradients of the decoder's parameters.

    With v the vector of a limb, its square q = v . v and its length r, the answer is u = v / r, and a gradient
    g by u becomes (g - u (u . g)) / r by v. Where r is held at its floor, u . g is left out.

    Args:
        decoder: The decoder.
        count: N.
    """

    def __init__(self, decoder: Decoder, count: int) -> None:
        self.count = count
        self._decoder = decoder
        dims = decoder.dims
        weight = decoder.start.weight
        self._layers: list[KeptLayer] = []
        self._doublings = [layer.matrix for layer in decoder.body if isinstance(layer, Doubling)]
        frames = dims.coarse
        for layer in decoder.body:
            if isinstance(layer, TimeConvolution):
                frames *= 2
                self._layers.append(KeptLayer(layer, count, frames))
        self._limbs = KeptLayer(decoder.limbs, count, dims.frames)
        self._start = weight.new_zeros(count, len(weight))
        coarse = weight.new_zeros(dims.coarse, count, 2 * dims.width)
        self._hidden = [coarse] + [torch.zeros_like(layer.sums) for layer in self._layers[:-1]] + [self._limbs.input]
        self._slopes = [torch.zeros_like(hidden) for hidden in self._hidden[:-1]]
        self._motion = weight.new_zeros(dims.frames, count, dims.response_channels)
        self._units = self._motion[:, :, :-1]
        self._inverse = self._longer = self._vector = weight.new_zeros(())

    def forward(self, vector: Tensor) -> Tensor:
        """Decode (N, inputs) into (T, N, C + 1); the next pass overwrites it."""
        decoder, hidden = self._decoder, self._hidden
        self._vector = vector
        activate(decoder.start(vector), out=self._start)
        hidden[0].copy_(self._start.view(self.count, -1, len(hidden[0])).permute(2, 0, 1))
        for index, (double, layer) in enumerate(zip(self._doublings, self._layers, strict=True)):
            torch.mm(double, hidden[index].flatten(1), out=layer.rows.flatten(1))
            layer.forward()
            activate(layer.sums, out=hidden[index + 1])
        self._limbs.forward()
        limbs = self._limbs.sums
        squares = limbs.square() @ decoder.same_limb
        self._longer = squares > SHORTEST**2
        self._inverse = squares.clamp_min_(SHORTEST**2).rsqrt_()
        torch.mul(limbs, self._inverse, out=self._units)
        self._motion[:, :, -1:] = decoder.duration(self._start)
        return self._motion

    def backward(self, gradient: Tensor) -> Tensor:
        """Set the gradients of the parameters, after `forward`, and return the one by the vectors, (N, inputs).

        Args:
            gradient: By the answers, shape (T, N, C + 1).
        """
        decoder = self._decoder
        by_units = gradient[:, :, :-1]
        along = (by_units * self._units) @ decoder.same_limb
        torch.mul(by_units - self._units * along * self._longer, self._inverse, out=self._limbs.delta)
        self._limbs.set_gradient()
        self._limbs.backward()
        slope = self._limbs.input_slope
        for index in reversed(range(len(self._layers))):
            layer, double = self._layers[index], self._doublings[index]
            through_kinks(slope, self._hidden[index + 1], out=layer.delta)
            layer.set_gradient()
            layer.backward()
            slope = self._slopes[index]
            torch.mm(double.T, layer.row_slope.flatten(1), out=slope.flatten(1))
        by_duration = gradient[:, :, -1].sum(dim=0)[:, None]
        by_start = slope.permute(1, 2, 0).reshape(self._start.shape)
        by_start = torch.addmm(by_start, by_duration, decoder.duration.weight)
        through_kinks(by_start, self._start, out=by_start)
        _set_linear_gradient(decoder.duration, self._start, by_duration)
        _set_linear_gradient(decoder.start, self._vector, by_start)
        return by_start @ decoder.start.weight


def _set_linear_gradient(layer: nn.Linear, seen: Tensor, gradient: Tensor) -> None:
    layer.weight.grad = gradient.T @ seen
    layer.bias.grad = gradient.sum(dim=0)


class _Decode(torch.autograd.Function):
    """Lets automatic differentiation reach what comes before a decoder; the decoder's own gradients are set."""

    @staticmethod
    def forward(ctx: Any, vector: Tensor, _weight: Tensor, kept: KeptDecoder) -> Tensor:
        """Decode through the kept tensors."""
        ctx.kept = kept
        return kept.forward(vector).permute(1, 2, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        """Set the decoder's gradients; return that by its input."""
        return ctx.kept.backward(gradient.permute(2, 0, 1)), None, None


def keep(generator: nn.Module, batches: Iterable[int]) -> None:
    """Let the decoders of a generator write into kept tensors whenever they decode a batch of one of these sizes.

    An answer is overwritten by the next one, and a step back must follow its pass; so this is for training alone.
    """
    for module in generator.modules():
        if isinstance(module, Decoder):
            for batch in batches:
                module.whole_batch[batch] = partial(_decode, module, KeptDecoder(module, batch))


def _decode(decoder: Decoder, kept: KeptDecoder, vector: Tensor) -> Tensor:
    motion: Tensor = _Decode.apply(vector, decoder.start.weight, kept)
    return motion
