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

"""Answers are clear where others of their interaction are alike and those of other interactions are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.training.clarity import clarity_of

RNG = np.random.default_rng(4)


def decoder_of(places: list[float], answers: np.ndarray) -> AttentionDecoder:
    """Make a decoder that knows answers (M, channels, T) at places on a line, neighbourhoods as wide as 1."""
    dims = Dimensions(1, frames=8, width=8, code=1, noise=2, landmarks=len(places))
    decoder = AttentionDecoder(dims)
    decoder.places.copy_(torch.tensor(places)[:, None])
    decoder.answers.copy_(torch.from_numpy(answers.astype(np.float32)).flatten(1))
    return decoder


def test_clarity_against_plain_loops() -> None:
    """The ratio of distances of limb vectors, outside of the neighbourhood and within; durations tell nothing."""
    places = [0.0, 0.5, 1.0, 9.0, 9.5, 10.5, 12.5]
    answers = RNG.standard_normal((len(places), 4, 8))
    answers[1] = answers[0] + 0.1 * RNG.standard_normal((4, 8))
    answers[:, 3] += 100.0 * np.arange(len(places))[:, None]
    own, other = [], []
    for m, place in enumerate(places):
        apart = [float(np.linalg.norm(answers[m, :3] - one[:3])) for one in answers]
        near = [0.5 * (place - one) ** 2 <= 3.4 for one in places]
        own.append(min(d for n, d in enumerate(apart) if near[n] and n != m))
        other.append(min(d for n, d in enumerate(apart) if not near[n]))
    floor = 0.5 * sorted(own)[len(own) // 2]
    expected = [math.log(b / math.hypot(a, floor)) for a, b in zip(own, other, strict=True)]
    np.testing.assert_allclose(clarity_of(decoder_of(places, answers)), expected, atol=1e-5)
    assert min(expected[:2]) > max(expected[2:]) + 0.5


def test_what_cannot_be_known_favours_nothing() -> None:
    """One answer alone among two neighbourhoods, all in one, each alone: 0, whatever the others are."""
    answers = RNG.standard_normal((4, 4, 8))
    assert clarity_of(decoder_of([0.0, 0.1, 0.2, 50.0], answers))[3] == 0.0
    assert (clarity_of(decoder_of([0.0, 0.1, 0.2, 0.3], answers)) == 0.0).all()
    assert (clarity_of(decoder_of([0.0, 50.0, 100.0, 150.0], answers)) == 0.0).all()


@pytest.mark.parametrize("copies", [2, 6])
def test_an_answer_that_is_there_twice_does_not_outweigh_all_others(copies: int) -> None:
    """Copies, even where all are, have a finite clarity; few of them are no clearer than twice the best others."""
    answers = RNG.standard_normal((6, 4, 8))
    answers[1:copies] = answers[0]
    found = clarity_of(decoder_of([0.0, 0.1, 0.2, 0.3, 50.0, 50.1], answers))
    assert found.isfinite().all()
    if copies == 2:
        assert found[0] == found[1]
        assert found[0] < float(found[2:].max()) + math.log(2.5)
