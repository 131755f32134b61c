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

"""The VAE that the paper embeds single actions by."""

from __future__ import annotations

from torch import Tensor, nn

from iat_ros.model.decoder import Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import ConvolutionalEncoder


class VariationalAutoencoder(nn.Module):
    """VAE of single actions: encoder h: a -> (mu, sigma), decoder g: sample -> a_hat (eq. 1)."""

    def __init__(self, dims: Dimensions) -> None:
        super().__init__()
        self.encoder = ConvolutionalEncoder(2 * dims.latent, dims)
        self.decoder = Decoder(dims.latent, dims)

    def encode(self, motion: Tensor) -> tuple[Tensor, Tensor]:
        """Encode (N, C + 1, T) into mu and log sigma, both (N, latent)."""
        mu, log_sigma = self.encoder(motion).chunk(2, dim=1)
        return mu, log_sigma.clamp(-6.0, 3.0)

    def decode(self, sample: Tensor) -> Tensor:
        """Decode (N, latent) into (N, C + 1, T)."""
        motion: Tensor = self.decoder(sample)
        return motion
