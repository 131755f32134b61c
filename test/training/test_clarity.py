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
    floor = 0.5 * sorted(own)[(len(own) - 1) // 2]
    told = [math.log(math.hypot(b, floor) / math.hypot(a, floor)) for a, b in zip(own, other, strict=True)]
    middle = sorted(told)[(len(told) - 1) // 2]
    expected = [min(max(each - middle, -1.0), 1.0) for each in told]
    np.testing.assert_allclose(clarity_of(decoder_of(places, answers)), expected, atol=1e-5)
    assert min(expected[:2]) > max(expected[2:]) + 0.2


def test_what_cannot_be_known_favours_nothing() -> None:
    """One answer alone among two neighbourhoods, all in one, each alone: 0, whatever the others are."""
    answers = RNG.standard_normal((4, 4, 8))
    assert clarity_of(decoder_of([0.0, 0.1, 0.2, 50.0], answers))[3] == 0.0
    assert (clarity_of(decoder_of([0.0, 0.1, 0.2, 0.3], answers)) == 0.0).all()
    assert (clarity_of(decoder_of([0.0, 50.0, 100.0, 150.0], answers)) == 0.0).all()


@pytest.mark.parametrize("count", [6, 40])
@pytest.mark.parametrize("copies", [2, 5])
def test_copies_do_not_outweigh_all_others(copies: int, count: int) -> None:
    """Motions that are there several times in their interaction, few or most of them: clearer, within bounds."""
    answers = RNG.standard_normal((count, 4, 8))
    answers[1:copies] = answers[0]
    places = [0.1 * m / count + 50.0 * (m >= count // 2 + 2) for m in range(count)]
    found = clarity_of(decoder_of(places, answers))
    assert found.abs().max() <= 1.0
    assert (found[:copies] == found[0]).all()
    assert 0.0 <= found[0] <= 1.0
    assert found[copies:].min() > -0.7


def test_an_answer_that_two_interactions_share_is_unclear_but_not_gone() -> None:
    """The same motion answers two kinds of stimuli: less clear than the others, by no more than the bound."""
    answers = RNG.standard_normal((8, 4, 8))
    answers[4] = answers[0]
    found = clarity_of(decoder_of([0.0, 0.1, 0.2, 0.3, 50.0, 50.1, 50.2, 50.3], answers))
    shared = found[[0, 4]]
    assert shared.min() >= -1.0
    assert shared.max() < found[[1, 2, 3, 5, 6, 7]].min()


def test_the_same_answers_everywhere_are_equally_clear() -> None:
    """Two stimuli that mean the same, all answers in both: nothing is told, whatever rounding does."""
    answers = RNG.standard_normal((30, 4, 8))
    both = np.concatenate([answers, answers])
    found = clarity_of(decoder_of([0.001 * m for m in range(30)] + [50.0 + 0.001 * m for m in range(30)], both))
    torch.testing.assert_close(found[:30], found[30:], rtol=0, atol=1e-6)
    equal = np.repeat(answers[:1], 60, axis=0)
    assert (clarity_of(decoder_of([0.0] * 30 + [50.0] * 30, equal)) == 0.0).all()
