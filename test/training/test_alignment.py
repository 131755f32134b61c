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

"""Answers of one neighbourhood are laid over each other in time, and keep their own timing beside that."""

from __future__ import annotations

import numpy as np
import torch

from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.training.alignment import align, own_moments

FRAMES = 24
DIMS = Dimensions(limbs=2, frames=FRAMES, width=4, code=3, noise=2, latent=4, landmarks=5)


def motion(peak: float, reach: float = 1.5) -> np.ndarray:
    """Two limbs that go up and down again, highest at a frame, shape (6, T)."""
    angle = reach * np.exp(-(((np.arange(FRAMES) - peak) / 3.0) ** 2))
    limb = np.stack([np.sin(angle), np.zeros(FRAMES), -np.cos(angle)])
    other = np.stack([np.zeros(FRAMES), np.sin(0.5 * angle), -np.cos(0.5 * angle)])
    return np.concatenate([limb, other])


def decoder_of(motions: list[np.ndarray], places: list[float]) -> AttentionDecoder:
    """A decoder that knows these motions at places on a line."""
    decoder = AttentionDecoder(DIMS)
    known = np.concatenate([np.stack(motions), np.linspace(-1.0, 1.0, 5)[:, None, None].repeat(FRAMES, 2)], axis=1)
    decoder.answers.copy_(torch.from_numpy(known).flatten(1))
    decoder.places.copy_(torch.tensor(places)[:, None].expand(-1, DIMS.code))
    decoder.widths.fill_(1.0)
    return decoder.eval().requires_grad_(False)


def test_the_way_through_two_motions_is_the_cheapest_of_all() -> None:
    """Against a search over all ways that tries each, on motions so short that there are few."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        pair = rng.standard_normal((2, 3, 5))
        cost = np.square(pair[0][:, :, None] - pair[1][:, None, :]).sum(axis=0)
        price = 0.3 * cost.mean()
        ways: list[tuple[float, list[tuple[int, int]]]] = []

        def walk(way: list[tuple[int, int]], paid: float, cost: np.ndarray = cost, price: float = price) -> None:
            i, j = way[-1]
            if (i, j) == (4, 4):
                ways.append((paid, way))  # noqa: B023
            for di, dj in ((1, 1), (1, 0), (0, 1)):
                to = (i + di, j + dj)
                if max(to) < 5 and abs(to[0] - to[1]) <= 1:
                    walk([*way, to], paid + cost[to] + (0.0 if di == dj else price))

        walk([(0, 0)], cost[0, 0])
        _, best = min(ways)
        partner = np.array([np.mean([i for i, j in best if j == frame]) for frame in range(5)])
        for _ in range(2):
            partner = np.convolve(np.pad(partner, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
            partner[0], partner[-1] = 0.0, 4.0
        np.testing.assert_allclose(
            own_moments(pair[:1], pair[1:])[0], np.maximum.accumulate(partner), atol=1e-9, err_msg=str(best)
        )


def test_answers_of_a_neighbourhood_move_together_afterwards() -> None:
    """Peaks that were 8 frames apart meet in the time of the usual answer, which stays as it is, and so do others."""
    motions = [motion(8.0), motion(11.0), motion(14.0), motion(12.0), motion(5.0, reach=0.7)]
    decoder = decoder_of(motions, [0.0, 0.1, 0.2, 0.3, 50.0])
    align(decoder)
    aligned = decoder.answers.view(5, 7, FRAMES).numpy()
    peaks = aligned[:4, 0].argmax(axis=1)
    assert np.ptp(peaks) <= 1
    assert abs(peaks[0] - 11.5) <= 1.5
    usual = int(np.argmin([np.abs(aligned[k, :6] - motions[k]).max() for k in range(4)]))
    assert usual in (1, 3)
    for unmoved in (usual, 4):
        np.testing.assert_allclose(aligned[unmoved, :6], motions[unmoved], atol=1e-6)
        np.testing.assert_allclose(decoder.moments[unmoved], np.arange(FRAMES), atol=1e-3)
    np.testing.assert_allclose(aligned[:, 6, 0], np.linspace(-1.0, 1.0, 5), atol=1e-6)


def test_an_answer_in_its_own_time_is_what_was_given() -> None:
    """An aligned motion that is read at its own moments is the motion that was known, nearly."""
    motions = [motion(8.0), motion(11.0), motion(14.0), motion(12.0), motion(5.0, reach=0.7)]
    decoder = decoder_of(motions, [0.0, 0.1, 0.2, 0.3, 50.0])
    align(decoder)
    moments = decoder.moments.numpy()
    assert (np.diff(moments, axis=1) >= 0.0).all()
    assert moments.min() == 0.0
    assert FRAMES - 1.001 < moments.max() <= FRAMES - 1
    for known, aligned, at in zip(motions, decoder.answers.view(5, 7, FRAMES).numpy(), moments, strict=True):
        back = np.stack([np.interp(at, np.arange(FRAMES), channel) for channel in aligned[:6]])
        assert np.abs(back - known).max() < 0.15


def test_a_blend_of_one_motion_at_several_moments_is_not_flattened() -> None:
    """The mean of motions with peaks apart reaches less high than any of them; laid over each other it does not."""
    motions = [motion(6.0), motion(9.0), motion(14.0), motion(17.0), motion(11.5)]
    decoder = decoder_of(motions, [0.0, 0.01, 0.02, 0.03, 0.04])
    vector = torch.zeros(1, DIMS.code + DIMS.noise)
    before = decoder(vector)[0, 0].max()
    align(decoder)
    after = decoder(vector)[0, 0].max()
    assert before < 0.9
    assert after > 0.97


def test_long_motions_are_aligned_bit_by_bit() -> None:
    """So many frames that only a few motions fit into memory at once: each as if it were alone."""
    rng = np.random.default_rng(1)
    motions, references = np.cumsum(rng.standard_normal((2, 3, 4, 200)), axis=3)
    together = own_moments(motions, references)
    for k in range(3):
        np.testing.assert_array_equal(own_moments(motions[k : k + 1], references[k : k + 1])[0], together[k])
