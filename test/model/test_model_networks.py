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

"""The networks: the attention encoder against plain numpy, and what generators answer with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.decoder import ConditionedDecoder, Decoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.generator import KINDS, Act2Act

DIMS = Dimensions(2, frames=16, width=4, code=3, noise=2, landmarks=6)


@pytest.fixture
def encoder() -> AttentionEncoder:
    """Six keys at random, with their values, and a width that lets several of them speak."""
    torch.manual_seed(0)
    encoder = AttentionEncoder(DIMS).requires_grad_(False)
    encoder.keys.copy_(encoder.limb_vectors(torch.randn(6, 7, 16)))
    encoder.values.copy_(torch.randn(6, 3))
    encoder.width.fill_(1.5)
    return encoder


def attend(encoder: AttentionEncoder, motions: np.ndarray, keys: list[int]) -> np.ndarray:
    """Compute c of stimuli (N, C + 1, T), one frame and one limb after the other, from some of the keys."""
    known = encoder.keys.numpy().reshape(6, 6, 16)
    values, width = encoder.values.numpy().astype(float), float(encoder.width)
    codes = []
    for motion in motions:
        weights = []
        for key in keys:
            squares = [((motion[:6, t] - known[key, :, t] * 4.0) ** 2).sum() for t in range(16)]
            weights.append(np.exp(-np.mean(squares) / (2 * width**2)))
        codes.append(sum(w * values[key] for w, key in zip(weights, keys, strict=True)) / sum(weights))
    return np.array(codes)


def test_attention_against_plain_numpy(encoder: AttentionEncoder) -> None:
    """The code is the mean of the values, weighted by a Gaussian of the mean squared distance over frames."""
    motions = torch.randn(5, 7, 16)
    np.testing.assert_allclose(encoder(motions), attend(encoder, motions.numpy(), list(range(6))), atol=1e-5)


def test_attention_does_not_look_at_durations(encoder: AttentionEncoder) -> None:
    """The duration channel changes no code."""
    motions = torch.randn(5, 7, 16)
    longer = motions.clone()
    longer[:, -1] += 3.0
    assert torch.equal(encoder(motions), encoder(longer))


def test_leaving_out_is_as_if_the_key_were_not_there(encoder: AttentionEncoder) -> None:
    """Each stimulus leaves its own key out, -1 leaves out none, and the encoder is not changed by it."""
    motions = torch.randn(4, 7, 16)
    codes = encoder(motions, leave_out=torch.tensor([2, -1, 5, -1])).numpy()
    everything = list(range(6))
    for row, keys in enumerate(([0, 1, 3, 4, 5], everything, [0, 1, 2, 3, 4], everything)):
        np.testing.assert_allclose(codes[row], attend(encoder, motions[row : row + 1].numpy(), keys)[0], atol=1e-5)
    assert torch.equal(encoder(motions, leave_out=torch.full((4,), -1)), encoder(motions))


def test_a_narrow_attention_gives_the_value_of_the_nearest_key(encoder: AttentionEncoder) -> None:
    """A stimulus that is a key has its value; with that key left out, the value of the next nearest."""
    encoder.width.fill_(1e-2)
    motions = torch.cat([encoder.keys.view(6, 6, 16) * 4.0, torch.zeros(6, 1, 16)], dim=1)
    torch.testing.assert_close(encoder(motions), encoder.values, atol=1e-4, rtol=0)
    apart = torch.cdist(encoder.keys, encoder.keys).fill_diagonal_(torch.inf).argmin(dim=1)
    without = encoder(motions, leave_out=torch.arange(6))
    torch.testing.assert_close(without, encoder.values[apart], atol=1e-4, rtol=0)


def known_answers() -> torch.Tensor:
    """Six motions with unit limb vectors and a duration each, shape (6, C + 1, T)."""
    limbs = torch.randn(6, 2, 3, 16, generator=torch.Generator().manual_seed(3))
    durations = torch.linspace(-1.0, 1.0, 6)[:, None, None].expand(-1, 1, 16)
    return torch.cat([(limbs / limbs.norm(dim=2, keepdim=True)).flatten(1, 2), durations], dim=1)


@pytest.fixture
def decoder() -> AttentionDecoder:
    """Known answers at six places, two of them near each other."""
    torch.manual_seed(0)
    decoder = AttentionDecoder(DIMS)
    decoder.places.copy_(3.0 * torch.randn(6, 3))
    decoder.places[1] = decoder.places[0] + 0.1
    decoder.widths.copy_(torch.tensor([0.2, 0.3, 0.4]))
    decoder.answers.copy_(known_answers().flatten(1))
    decoder.favour.copy_(torch.linspace(-0.5, 0.5, 6))
    return decoder.requires_grad_(False)


def test_attention_decoder_against_plain_numpy(decoder: AttentionDecoder) -> None:
    """The answer is the weighted mean of the known ones, of unit length again, its duration their mean duration."""
    vectors = torch.randn(4, 5)
    known, told = known_answers().numpy(), decoder.weigh(vectors).numpy()
    answers = decoder(vectors).numpy()
    for row, vector in enumerate(vectors.numpy()):
        apart = (vector[:3] - decoder.places.numpy()) / decoder.widths.numpy()
        near = -0.5 * np.square(apart).sum(axis=1)
        by_noise = 2.0 * vector[3:] @ decoder.directions.numpy()
        scores = np.exp(near + 2.0 * np.tanh(told[row] / 2.0) + by_noise + decoder.favour.numpy())
        scores[near < near.max() - 3.4] = 0.0
        mean = np.tensordot(scores / scores.sum(), known, 1)
        limbs = mean[:6].reshape(2, 3, 16)
        np.testing.assert_allclose(
            answers[row, :6].reshape(2, 3, 16), limbs / np.linalg.norm(limbs, axis=1, keepdims=True), atol=1e-4
        )
        np.testing.assert_allclose(answers[row, 6], mean[6], atol=1e-4)


def test_answers_stay_with_the_pairs_near_the_code(decoder: AttentionDecoder) -> None:
    """Whatever the noise, a code at a pair's place is answered from that place and its neighbour; noise decides how.

    However loud the network, it favours no answer by more than a factor of exp(4), and the noise by itself none by
    more than exp(2 tau |z|).
    """
    vectors = torch.cat([decoder.places[:1].expand(50, -1), 2.0 * torch.randn(50, 2)], dim=1)
    weights = decoder.weights(vectors)
    assert (weights[:, :2].sum(dim=1) > 0.99).all()
    assert weights[:, 0].std() > 0.01
    decoder.weigh[-1].weight.mul_(1000.0)
    near = torch.exp(-0.5 * (torch.full((3,), 0.1) / decoder.widths).square().sum())
    loud = decoder.weights(vectors)[:, :2]
    by_noise = torch.exp(-4.0 * vectors[:, 3:].norm(dim=1, keepdim=True))
    assert (loud > 0.5 * near * np.exp(-4) * by_noise).all()
    far = torch.cat([decoder.places[4:5], torch.zeros(1, 2)], dim=1)
    torch.testing.assert_close(decoder(far), known_answers()[4:5], atol=1e-3, rtol=0)


def test_different_noise_leans_on_different_answers(decoder: AttentionDecoder) -> None:
    """Even where the network is deaf to the noise; and what lies far from the code has no part at all."""
    for layer in (decoder.weigh[0], decoder.weigh[2], decoder.weigh[4]):
        layer.weight.zero_()
        layer.bias.zero_()
    decoder.places.copy_(decoder.places[:1] + 0.02 * torch.arange(6.0)[:, None])
    decoder.places[5] += 5.0
    decoder.favour[5] = 50.0
    weights = decoder.weights(torch.cat([decoder.places[:1].expand(400, -1), torch.randn(400, 2)], dim=1))
    assert len(weights[:, :5].argmax(dim=1).unique()) >= 3
    assert (weights[:, 5] == 0.0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_generators_answer_with_unit_limb_vectors_and_one_duration(kind: str) -> None:
    """Act2Act of either kind gives unit limb vectors, and a duration that is the same in all frames."""
    torch.manual_seed(0)
    generator = Act2Act(DIMS, kind)
    if kind == "attention":  # known answers come from the data, each with one duration
        generator.decoder.answers.copy_(known_answers().flatten(1))
    answers = generator(torch.randn(5, 7, 16), torch.randn(5, 2))
    assert answers.shape == (5, 7, 16)
    lengths = answers[:, :-1].unflatten(1, (2, 3)).norm(dim=2)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-4, rtol=0)
    assert torch.equal(answers[:, -1], answers[:, -1, :1].expand(-1, 16))


def test_conditioned_decoder_is_the_second_half_of_act2act() -> None:
    """With the decoder's weights and the code repeated over time, it gives Act2Act's answers."""
    torch.manual_seed(0)
    whole = Act2Act(DIMS, "convolutional")
    half = ConditionedDecoder(Decoder(DIMS.code + DIMS.noise, DIMS))
    half.decoder.load_state_dict(whole.decoder.state_dict())
    stimuli, noise = torch.randn(5, 7, 16), torch.randn(5, 2)
    code = whole.encoder(stimuli)[:, :, None].expand(-1, -1, 16)
    torch.testing.assert_close(half(code, noise), whole(stimuli, noise))
