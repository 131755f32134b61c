"""The networks: the attention encoder against plain numpy, and what generators answer with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iat_ros.model.decoder import ConditionedDecoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import ENCODERS, AttentionEncoder
from iat_ros.model.generator import Act2Act

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


@pytest.mark.parametrize("encoder", ENCODERS)
def test_generators_answer_with_unit_limb_vectors_and_one_duration(encoder: str) -> None:
    """Act2Act of either encoder gives unit limb vectors, and a duration that is the same in all frames."""
    torch.manual_seed(0)
    answers = Act2Act(DIMS, encoder)(torch.randn(5, 7, 16), torch.randn(5, 2))
    assert answers.shape == (5, 7, 16)
    lengths = answers[:, :-1].unflatten(1, (2, 3)).norm(dim=2)
    torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-4, rtol=0)
    assert torch.equal(answers[:, -1], answers[:, -1, :1].expand(-1, 16))


def test_conditioned_decoder_is_the_second_half_of_act2act() -> None:
    """With the decoder's weights and the code repeated over time, it gives Act2Act's answers."""
    torch.manual_seed(0)
    whole = Act2Act(DIMS, "convolutional")
    half = ConditionedDecoder(DIMS.code, DIMS.noise, DIMS)
    half.decoder.load_state_dict(whole.decoder.state_dict())
    stimuli, noise = torch.randn(5, 7, 16), torch.randn(5, 2)
    code = whole.encoder(stimuli)[:, :, None].expand(-1, -1, 16)
    torch.testing.assert_close(half(code, noise), whole(stimuli, noise))
