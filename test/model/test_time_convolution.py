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

"""Convolutions as matrix products, against those of torch: values and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from iat_ros.model.time_convolution import Doubling, Halving, TimeConvolution


def randn(*size: int) -> Tensor:
    """Random numbers that gradients are wanted for."""
    return torch.randn(size, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [2, 4, 16])
@pytest.mark.parametrize("count", [1, 3])
def test_convolution_is_that_of_torch(stride: int, frames: int, count: int) -> None:
    """Values and gradients agree in all frames, the edges with them, also where T is below 5."""
    torch.manual_seed(frames)
    layer = (Halving(3, 4) if stride == 2 else TimeConvolution(3, 4)).double()
    motion, towards = randn(frames, count, 3), torch.randn(frames // stride, count, 4, dtype=torch.float64)
    wanted = (motion, layer.weight, layer.bias)
    ours = layer(motion if stride == 2 else functional.pad(motion, (0, 0, 0, 0, 2, 2)))
    theirs = functional.conv1d(motion.permute(1, 2, 0), layer.weight, layer.bias, stride, 2).permute(2, 0, 1)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)
    gradients = [torch.autograd.grad((value * towards).sum(), wanted) for value in (ours, theirs)]
    for one, other in zip(*gradients, strict=True):
        assert other.abs().max() > 1e-3
        torch.testing.assert_close(one, other, atol=1e-12, rtol=1e-9)


def test_gradient_of_a_gradient_is_refused() -> None:
    """The backward pass is written out once; differentiating it again must not give something wrong silently."""
    layer, motion = Halving(3, 4).double(), randn(4, 2, 3)
    (slope,) = torch.autograd.grad(layer(motion).square().sum(), motion, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_doubling_is_that_of_torch(frames: int) -> None:
    """Values and gradients agree in all frames, the edges with them; the margins are 0."""
    motion, towards = randn(frames, 3, 5), torch.randn(2 * frames, 3, 5, dtype=torch.float64)
    upsample = torch.nn.Upsample(scale_factor=2, mode="linear", align_corners=False)
    rows = Doubling(frames).double()(motion)
    ours, theirs = rows[2:-2], upsample(motion.permute(1, 2, 0)).permute(2, 0, 1)
    assert not rows[:2].any()
    assert not rows[-2:].any()
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    gradients = [torch.autograd.grad((value * towards).sum(), motion)[0] for value in (ours, theirs)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=0)
    assert not Doubling(frames).state_dict()
