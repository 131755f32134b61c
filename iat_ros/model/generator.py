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

"""Act2Act's generator: an encoder of stimuli, and a decoder of answers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.decoder import Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import AttentionEncoder, ConvolutionalEncoder

KINDS = ("attention", "convolutional")


class Act2Act(nn.Module):
    """Generator G: encoder a_s -> c, noise z joins c only there, decoder (c, z) -> a_r_hat.

    Args:
        dims: Sizes.
        kind: One of `KINDS`: networks that attend to pairs seen in training, or the paper's convolutions over time.
    """

    def __init__(self, dims: Dimensions, kind: str) -> None:
        super().__init__()
        self.dims = dims
        attends = kind == "attention"
        self.encoder = AttentionEncoder(dims) if attends else ConvolutionalEncoder(dims.code, dims)
        self.decoder = AttentionDecoder(dims) if attends else Decoder(dims.code + dims.noise, dims)

    def forward(self, stimulus: Tensor, noise: Tensor) -> Tensor:
        """Answer stimuli (N, C + 1, T) under noise z (N, noise) with responses (N, C + 1, T)."""
        motion: Tensor = self.decoder(torch.cat([self.encoder(stimulus), noise], dim=1))
        return motion
