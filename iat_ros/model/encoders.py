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

"""From motions to vectors: a learned encoder, and one that compares with what was seen in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.time_convolution import downward


class ConvolutionalEncoder(nn.Module):
    """From a motion to a vector, through convolutions over time."""

    def __init__(self, outputs: int, dims: Dimensions) -> None:
        super().__init__()
        self.body = downward(dims.channels, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, outputs)

    def forward(self, motion: Tensor) -> Tensor:
        """Encode (N, C + 1, T) into (N, outputs)."""
        vector: Tensor = self.head(self.body(motion.permute(2, 0, 1)).permute(1, 2, 0).flatten(1))
        return vector


class AttentionEncoder(nn.Module):
    """From a stimulus to where the pairs with the most similar stimuli lie in the embedding space.

    c = sum_m w_m v_m, w = softmax(-||a - k_m||^2 / (2 h^2)): keys k are stimuli that were seen in training, values v
    are the places of their pairs. 80 pairs are too few for a deep encoder: what it learns holds for the people it has
    seen, while the most similar stimulus belongs to the right interaction for new people too.
    """

    keys: Tensor
    values: Tensor
    width: Tensor

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(dims.landmarks, 3 * dims.limbs * dims.frames))
        self.register_buffer("values", torch.zeros(dims.landmarks, dims.code))
        self.register_buffer("width", torch.ones(()))

    def forward(self, motion: Tensor, leave_out: Tensor | None = None) -> Tensor:
        """Encode (N, C + 1, T) into (N, code).

        Args:
            motion: Stimuli.
            leave_out: For each, the number of a key that must not be looked at, shape (N,): a stimulus of the
                training set finds its place as a new one would. -1 leaves out none.
        """
        squares = torch.cdist(self.limb_vectors(motion), self.keys).square()
        if leave_out is not None:
            rows = torch.nonzero(leave_out >= 0)[:, 0]
            squares[rows, leave_out[rows]] = torch.inf
        return functional.softmax(-squares / (2.0 * self.width.square()), dim=1) @ self.values

    @staticmethod
    def limb_vectors(motion: Tensor) -> Tensor:
        """Flatten (N, C + 1, T) to (N, C T); squared distances are means over frames."""
        return motion[:, :-1].flatten(1) / motion.shape[2] ** 0.5
