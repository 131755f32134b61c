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

"""The optimiser of the WGAN-GP."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from iat_ros.training.flat_parameters import FlatParameters

_DECAY = 0.9
_EPSILON = 1e-8

Number = float | Tensor
"""A number, or a tensor of shape () where a graph must find it."""


def pace(rate: float, step: int) -> tuple[float, float]:
    """Return what step t, counted from 1, depends on: 1 / sqrt(1 - beta_2^t) and 1 / rate."""
    return (1.0 - _DECAY**step) ** -0.5, 1.0 / rate


class Adam:
    """Adam without momentum (beta_1 = 0), as a critic wants it: its loss is another one after each generator step.

    With the gradient g and its mean square s <- beta_2 s + (1 - beta_2) g^2, step t moves a parameter by
    -rate g / (sqrt(s / (1 - beta_2^t)) + epsilon). This is `torch.optim.Adam` in as few operations as it needs. What
    changes from step to step is given from outside (`pace`), so that a CUDA graph can hold a step.

    Args:
        parameters: What is trained; they are moved in memory (see `FlatParameters`).

    Attributes:
        values: All of them, shape (n,).
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self._flat = FlatParameters(parameters)
        self.values = self._flat.values
        self._squares = torch.zeros_like(self.values)

    @torch.no_grad()
    def step(self, correction: Number, slowness: Number) -> None:
        """Move the parameters by their gradients, at a `pace`."""
        gradients = self._flat.gradients()
        self._squares.mul_(_DECAY).addcmul_(gradients, gradients, value=1.0 - _DECAY)
        divisor = self._squares.sqrt().mul_(correction).add_(_EPSILON).mul_(slowness)
        self.values.addcdiv_(gradients, divisor, value=-1.0)

    def state(self) -> Tensor:
        """Return everything that `load_state` needs to go on."""
        return self._squares

    def load_state(self, state: Tensor) -> None:
        """Take up a state that `state` returned."""
        self._squares.copy_(state)
