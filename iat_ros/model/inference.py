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

"""The generator as it answers: the same function as in training, with all that does not change worked out before.

Both classes take and give motions in the layout of `MotionArray`, so that nothing is turned around for the networks:

    forward(limbs (N, T, L, 3), duration (N,), noise (N, noise)) -> (limbs (N, T, L_r, 3), duration (N,))

with L_r the limbs of responses and durations as standardised logarithms, all in float32 on one device.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.attention_decoder import BOUND, CHOICE, SHORTEST, AttentionDecoder, only_near
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.generator import Act2Act
from iat_ros.model.time_convolution import SLOPE


def for_inference(generator: Act2Act) -> nn.Module:
    """Choose how a generator of either kind answers."""
    encoder, decoder = generator.encoder, generator.decoder
    if isinstance(encoder, AttentionEncoder) and isinstance(decoder, AttentionDecoder):
        return AttendingInference(encoder, decoder)
    return PlainInference(generator)


class PlainInference(nn.Module):
    """Any generator, as it is."""

    def __init__(self, generator: Act2Act) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, limbs: Tensor, duration: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Answer."""
        channels = limbs.flatten(2).transpose(1, 2)
        stimulus = torch.cat([channels, duration[:, None, None].expand(-1, 1, limbs.shape[1])], dim=1)
        answer = self.generator(stimulus, noise)
        return answer[:, :-1].transpose(1, 2).unflatten(2, (-1, 3)), answer[:, -1].mean(dim=1)


class AttendingInference(nn.Module):
    """Encoder and decoder that attend to known pairs, in a few products.

    What a softmax does not see is left out of squared distances: -||a - k||^2 / (2 h^2) is a k / h^2 less
    ||k||^2 / (2 h^2), plus what is the same for every k. Distances of codes, and what noise favours, come out of the
    same product as the first layer of f; k_m lies in its bias.
    """

    keys: Tensor
    key_bias: Tensor
    values: Tensor
    first: Tensor
    first_bias: Tensor
    answers: Tensor

    def __init__(self, encoder: AttentionEncoder, decoder: AttentionDecoder) -> None:
        super().__init__()
        layers = dict(decoder.weigh.named_parameters())
        first, first_bias = layers["0.weight"], layers["0.bias"]
        self.second, self.third = decoder.weigh[2], decoder.weigh[4]
        dims = decoder.dims
        self.shape = (dims.frames, dims.response_limbs, 3)
        self.hidden = len(first)
        with torch.no_grad():
            in_frames = (-1, dims.channels - 1, dims.frames)
            keys = encoder.keys.view(in_frames).transpose(1, 2).flatten(1) / encoder.width
            squares = keys.square().sum(dim=1)
            keys = keys - keys.mean(dim=0)  # the same for every key, hence unseen; small numbers lose fewer digits
            places = decoder.places / decoder.widths
            near = torch.cat([(places / decoder.widths).T, torch.zeros_like(decoder.directions)])
            choice = torch.cat([places.new_zeros(dims.code, len(places)), CHOICE * decoder.directions])
            answers = decoder.answers.view(-1, dims.response_channels, dims.frames)
            self.register_buffer("keys", (keys / (encoder.width * dims.frames**0.5)).T.contiguous())
            self.register_buffer("key_bias", -0.5 * (squares - squares.mean()))
            self.register_buffer("values", encoder.values.clone())
            self.register_buffer("first", torch.cat([first.T, near, choice], dim=1))
            bias = torch.cat([first_bias, -0.5 * places.square().sum(dim=1), decoder.favour])
            self.register_buffer("first_bias", bias)
            motions = answers[:, :-1].transpose(1, 2).flatten(1)
            self.register_buffer("answers", torch.cat([motions, answers[:, -1].mean(dim=1, keepdim=True)], dim=1))

    def forward(self, limbs: Tensor, duration: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Answer; the duration of a stimulus tells nothing here."""
        code = torch.addmm(self.key_bias, limbs.flatten(1), self.keys).softmax(dim=1) @ self.values
        return self.decode(code, noise)

    def decode(self, code: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Answer from codes (N, code) and noise (N, noise)."""
        mixed = torch.addmm(self.first_bias, torch.cat([code, noise], dim=1), self.first)
        hidden = functional.leaky_relu(mixed[:, : self.hidden], SLOPE)
        shift = self.third(functional.leaky_relu(self.second(hidden), SLOPE))
        near, choice = mixed[:, self.hidden :].chunk(2, dim=1)
        weights = (only_near(near) + BOUND * torch.tanh(shift / BOUND) + choice).softmax(dim=1)
        motion = weights @ self.answers
        vectors = motion[:, :-1].reshape(-1, *self.shape)
        squares = vectors.square().sum(dim=3, keepdim=True)
        return vectors * squares.clamp_min(SHORTEST**2).rsqrt(), motion[:, -1]
