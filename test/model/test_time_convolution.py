"""Convolutions as matrix products, against those of torch: values, gradients, and gradients of gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from iat_ros.model.time_convolution import Doubling, TimeConvolution, fold, unfold


def randn(*size: int) -> Tensor:
    """Random numbers that gradients are wanted for."""
    return torch.randn(size, dtype=torch.float64, requires_grad=True)


def by_torch(layer: TimeConvolution, motion: Tensor) -> Tensor:
    """The same convolution, by torch."""
    stride = layer.stride[0]
    return functional.conv1d(motion.transpose(1, 2), layer.weight, layer.bias, stride, 2).transpose(1, 2)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("frames", [2, 4, 16])
@pytest.mark.parametrize("count", [1, 3])
def test_convolution_is_that_of_torch(stride: int, frames: int, count: int) -> None:
    """Values, first and second derivatives agree in all frames, the edges with them, also where T is below 5."""
    torch.manual_seed(frames)
    layer = TimeConvolution(3, 4, stride).double()
    motion = randn(count, frames, 3)
    wanted = (motion, layer.weight, layer.bias)
    towards = randn(count, frames // stride, 4)
    results = []
    for convolve in (layer, lambda x: by_torch(layer, x)):
        value = convolve(motion)
        first = torch.autograd.grad((value * towards).sum(), wanted, create_graph=True)
        second = torch.autograd.grad(first[0].square().sum() + first[1].square().sum(), (towards, *wanted[:2]))
        results.append((value, *first, *second))
    for ours, theirs in zip(*results, strict=True):
        assert theirs.abs().max() > 1e-3
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("stride", [1, 2])
def test_fold_is_the_transpose_of_unfold(stride: int) -> None:
    """<unfold(x), r> = <x, fold(r)> for any x and r."""
    motion, rows = torch.randn(2, 8, 3), torch.randn(2, 8 // stride, 15)
    assert (unfold(motion, stride) * rows).sum() == pytest.approx((motion * fold(rows, stride)).sum().item(), abs=1e-4)


def test_unfold_puts_five_frames_in_a_row() -> None:
    """Frame 1 of 4 sees frame -1, which is 0, and frames 0 to 3; motions do not see each other."""
    motion = torch.arange(1.0, 17.0).view(2, 4, 2)
    assert unfold(motion, 1)[0, 1].tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert unfold(motion, 2)[1, 0].tolist() == [0, 0, 0, 0, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_doubling_is_that_of_torch(frames: int) -> None:
    """Values and gradients agree in all frames, the edges with them."""
    motion, towards = randn(3, frames, 5), torch.randn(3, 2 * frames, 5, dtype=torch.float64)
    upsample = torch.nn.Upsample(scale_factor=2, mode="linear", align_corners=False)
    ours = Doubling(frames).double()(motion)
    theirs = upsample(motion.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)
    gradients = [torch.autograd.grad((value * towards).sum(), motion)[0] for value in (ours, theirs)]
    torch.testing.assert_close(*gradients, atol=1e-6, rtol=0)
    assert not Doubling(frames).state_dict()
