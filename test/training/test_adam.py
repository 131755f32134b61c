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

"""Adam without momentum, against torch's."""

from __future__ import annotations

import torch

from iat_ros.training.adam import Adam, pace


def parameters() -> list[torch.nn.Parameter]:
    """Two parameters, of which one lies in memory in another order."""
    torch.manual_seed(0)
    return [torch.nn.Parameter(torch.randn(5)), torch.nn.Parameter(torch.randn(4, 3).T)]


def test_steps_are_those_of_torch() -> None:
    """Under gradients and rates that change, parameters go the same way, by numbers or by tensors of them."""
    ours, theirs = parameters(), parameters()
    adam, reference = Adam(ours), torch.optim.Adam(theirs, 0.1, betas=(0.0, 0.9))
    for step in range(6):
        rate = reference.param_groups[0]["lr"] = 0.1 / (step + 1)
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape) * (step + 1e-4)
            other.grad = one.grad.clone()
        numbers = pace(rate, step + 1)
        adam.step(*(map(torch.tensor, numbers) if step % 2 else numbers))
        reference.step()
    for start, one, other in zip(parameters(), ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
        assert (one - start).abs().min() > 1e-3
