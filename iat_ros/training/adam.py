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
from typing import Any, cast

import torch
from torch import Tensor, nn

_DECAY = 0.9
_EPSILON = 1e-8


class Adam:
    """Adam without momentum (beta_1 = 0), as a critic wants it: its loss is another one after each generator step.

    With the gradient g and its mean square s <- beta_2 s + (1 - beta_2) g^2, step t moves a parameter by
    -rate g / (sqrt(s / (1 - beta_2^t)) + epsilon). This is `torch.optim.Adam` in as few operations as it needs.

    Args:
        parameters: What is trained.
        rate: Learning rate.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], rate: float) -> None:
        self.rate = rate
        self._parameters: list[Tensor] = list(parameters)
        self._squares = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._steps = 0

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters by their gradients."""
        self._steps += 1
        gradients = [cast(Tensor, parameter.grad) for parameter in self._parameters]
        torch._foreach_mul_(self._squares, _DECAY)
        torch._foreach_addcmul_(self._squares, gradients, gradients, 1.0 - _DECAY)
        correction = (1.0 - _DECAY**self._steps) ** 0.5
        roots = torch._foreach_sqrt(self._squares)
        torch._foreach_add_(roots, _EPSILON * correction)
        torch._foreach_addcdiv_(self._parameters, gradients, roots, -self.rate * correction)

    def state(self) -> dict[str, Any]:
        """Return everything that `load_state` needs to go on."""
        return {"rate": self.rate, "steps": self._steps, "squares": self._squares}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up a state that `state` returned."""
        self.rate, self._steps = float(state["rate"]), int(state["steps"])
        for own, theirs in zip(self._squares, state["squares"], strict=True):
            own.copy_(theirs)
