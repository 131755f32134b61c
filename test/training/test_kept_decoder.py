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

"""A decoder in kept tensors, against the same decoder under automatic differentiation."""

from __future__ import annotations

import copy

import pytest
import torch

from iat_ros.model.decoder import Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.training.kept_decoder import keep


@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("dims", [Dimensions(2, frames=16, width=4), Dimensions(3, frames=8, width=3)])
def test_answers_and_gradients_are_those_of_autograd(count: int, dims: Dimensions) -> None:
    """Answers, the gradients of all parameters and that of the vectors agree, also in a second pass."""
    torch.manual_seed(count)
    plain = Decoder(3, dims).double()
    kept = copy.deepcopy(plain)
    keep(kept, (count,))
    for _ in range(2):
        vectors = torch.randn(count, 3, dtype=torch.float64)
        towards = torch.randn(count, dims.channels, dims.frames, dtype=torch.float64)
        results = []
        for decoder in (plain, kept):
            decoder.zero_grad()
            vector = vectors.clone().requires_grad_(True)
            answers = decoder(vector)
            answers.backward(towards)
            results.append([answers.detach(), vector.grad, *(weights.grad for weights in decoder.parameters())])
        for theirs, ours in zip(*results, strict=True):
            assert theirs.abs().max() > 1e-4
            torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-7)


def test_limbs_without_length_have_a_gradient_as_under_autograd() -> None:
    """Where a limb is shorter than the floor, its length is held, and so its gradient is scaled alone."""
    torch.manual_seed(0)
    dims = Dimensions(2, frames=8, width=4)
    plain = Decoder(3, dims).double()
    with torch.no_grad():
        plain.limbs.weight[:3] *= 1e-6
        plain.limbs.bias[:3] = 1e-6
    kept = copy.deepcopy(plain)
    keep(kept, (4,))
    vector, towards = torch.randn(4, 3).double(), torch.randn(4, 7, 8).double()
    for decoder in (plain, kept):
        decoder(vector).backward(towards)
    for theirs, ours in zip(plain.parameters(), kept.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-8, rtol=1e-7)


def test_other_numbers_of_vectors_are_decoded_as_ever() -> None:
    """Only a whole batch goes through kept tensors: other answers stay when more are asked for."""
    torch.manual_seed(0)
    decoder = Decoder(3, Dimensions(2, frames=16, width=4))
    keep(decoder, (4,))
    first = decoder(torch.randn(3, 3))
    before = first.clone()
    decoder(torch.randn(3, 3))
    decoder(torch.randn(4, 3))
    assert torch.equal(first, before)
