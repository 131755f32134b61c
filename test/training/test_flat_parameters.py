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

"""Parameters in one piece of memory."""

from __future__ import annotations

import torch

from iat_ros.training.flat_parameters import FlatParameters


def test_parameters_keep_values_and_order_in_memory_and_follow() -> None:
    """What is written to all of them at once is in each of them."""
    parameters = [torch.nn.Parameter(torch.randn(5)), torch.nn.Parameter(torch.randn(4, 3).T)]
    before = [parameter.detach().clone() for parameter in parameters]
    strides = [parameter.stride() for parameter in parameters]
    flat = FlatParameters(parameters)
    assert [parameter.stride() for parameter in parameters] == strides == [(1,), (1, 3)]
    torch.testing.assert_close([parameter.detach() for parameter in parameters], before, atol=0.0, rtol=0.0)
    flat.values.add_(1.0)
    torch.testing.assert_close(
        [parameter.detach() for parameter in parameters], [value + 1.0 for value in before], atol=0.0, rtol=0.0
    )


def test_gradients_lie_as_their_parameters_do() -> None:
    """Also where one lies in memory in another order, as autograd may leave it."""
    parameters = [torch.nn.Parameter(torch.zeros(4, 3).T), torch.nn.Parameter(torch.zeros(2))]
    flat = FlatParameters(parameters)
    gradient = torch.randn(3, 4)
    for lies in (gradient.contiguous(), gradient.T.contiguous().T):
        parameters[0].grad, parameters[1].grad = lies, torch.tensor([7.0, 8.0])
        flat.values.zero_()
        flat.values.sub_(flat.gradients())
        assert torch.equal(parameters[0].detach(), -gradient)
        assert torch.equal(parameters[1].detach(), torch.tensor([-7.0, -8.0]))
