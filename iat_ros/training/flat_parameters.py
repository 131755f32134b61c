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

"""Parameters in one piece of memory, so that one operation changes all of them.

Networks as small as these have a dozen parameters of a few thousand numbers each; an operation on each costs mostly the
calls.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class FlatParameters:
    """Moves parameters next to each other; they keep their shapes, their order in memory, and their values.

    Views of parameters that were made before do not follow; so this comes first.

    Args:
        parameters: Of one device and type, each dense in memory.

    Attributes:
        values: All of them, shape (n,).
    """

    @torch.no_grad()
    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self.values = torch.cat([_flat(parameter) for parameter in self._parameters])
        offset = 0
        for parameter in self._parameters:
            parameter.data = self.values.as_strided(parameter.shape, parameter.stride(), offset)
            offset += parameter.numel()

    def gradients(self) -> Tensor:
        """Return a copy of the gradients, in the order of `values`, shape (n,)."""
        found = []
        for parameter in self._parameters:
            gradient = parameter.grad
            assert gradient is not None
            if gradient.stride() != parameter.stride():
                gradient = torch.empty_like(parameter).copy_(gradient)
            found.append(_flat(gradient))
        return torch.cat(found)


def _flat(tensor: Tensor) -> Tensor:
    return tensor.as_strided((tensor.numel(),), (1,))
