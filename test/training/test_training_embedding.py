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

"""The paper's paired embedding and augmentation: eq. 2, 3 and 4, Algorithm 1, the choice of s, and what is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from iat_ros.data.protocol import Division
from iat_ros.evaluation.augmentation_quality import effectiveness, reliability
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.training.augmentation import SCALES, choose_scale, confidence, draw_pairs, sides_of
from iat_ros.training.config import PvaeConfig, VariationConfig
from iat_ros.training.held_out import held_out_likelihoods
from iat_ros.training.neighbours import Neighbours
from iat_ros.training.pvae import Embedding, PairedEmbedding, PairedVaes, align
from iat_ros.training.variation import Variation, rotation, warp

DIMS = Dimensions(8, width=16, code=6)


@pytest.fixture(scope="module")
def trained(division: Division) -> tuple[PairedVaes, torch.Tensor, torch.Tensor]:
    """Paired VAEs trained on made-up pairs, with the pairs."""
    pairs = division.pairs
    stimuli, responses = (
        to_tensor(side, DurationScale.of(side.durations_s)) for side in (pairs.stimuli, pairs.responses)
    )
    torch.manual_seed(0)
    vaes = PairedVaes(DIMS, PvaeConfig(kl_weight=0.02))
    variation = Variation(VariationConfig(), 1.0, torch.Generator().manual_seed(0))
    vaes.train(stimuli, responses, variation, lambda *_: None)
    return vaes, stimuli, responses


def test_made_up_actions_are_clustered_without_labels(trained, division: Division) -> None:
    """After training on pairs alone, s chosen without labels replaces actions often, and by the same action."""
    vaes, stimuli, responses = trained
    embedded = vaes.embed(stimuli, responses)
    scale = choose_scale(sides_of(embedded))
    for side in (embedded.stimuli, embedded.responses):
        nc = confidence(side, scale).nc
        assert reliability(nc, division.pair_rules) > 0.9
        assert effectiveness(nc) > 0.1


def test_pairs_lie_close_in_the_embedding(trained) -> None:
    """The PE loss brings a pair's two embeddings nearer to each other than two pairs are apart."""
    embedded = trained[0].embed(*trained[1:])
    gaps = np.linalg.norm(embedded.stimuli.points[:, None] - embedded.responses.points[None], axis=-1)
    own = np.diag(gaps)
    assert np.median(own) < 0.4 * np.median(gaps[~np.eye(len(gaps), dtype=bool)])


def test_align_undoes_a_turn_and_a_mirror() -> None:
    """Signs and order that PCA leaves open are taken back before distances are measured."""
    torch.manual_seed(0)
    points = torch.randn(20, 4)
    turn = torch.linalg.qr(torch.randn(4, 4))[0]
    torch.testing.assert_close((points @ turn) @ align(points, points @ turn).T, points, atol=1e-4, rtol=1e-4)


def test_confidence_against_plain_python() -> None:
    """Eq. 3 and 4 agree with a slow computation, number by number, with the floor under P sigma."""
    rng = np.random.default_rng(0)
    points, spreads, s = 0.1 * rng.normal(size=(7, 3)), rng.normal(size=(7, 3)), 0.4
    spreads[2] = 1e-9
    lengths = [math.sqrt(sum(x * x for x in row)) for row in spreads]
    floor = 0.1 * sorted(lengths)[3]
    expected = []
    for i in range(7):
        row = []
        for j in range(7):
            squared = sum((points[i][k] - points[j][k]) ** 2 for k in range(3))
            row.append(math.exp(-squared / (2 * (s * max(lengths[i], floor)) ** 2)))
        expected.append([value / sum(row) for value in row])
    np.testing.assert_allclose(confidence(Embedding(points, spreads), s).nc.toarray(), expected, atol=2e-4)


def test_chosen_scale_fits_the_spacing_of_the_actions() -> None:
    """Of actions drawn around few centres, the s that is chosen is near the one that they were drawn with."""
    rng = np.random.default_rng(1)
    centres = 5 * rng.normal(size=(5, 3))
    points = np.repeat(centres, 30, axis=0) + 0.4 * rng.normal(size=(150, 3))
    assert choose_scale([(points, np.ones(150))]) in (0.14, 0.2, 0.28, 0.4)
    assert choose_scale([(points, np.full(150, 2.0))]) in (0.07, 0.1, 0.14, 0.2)


def test_chosen_scale_is_the_best_of_both_sides_together() -> None:
    """The likelihoods of the sides are added, and s is one of the candidates, whatever their order."""
    rng = np.random.default_rng(2)
    sides = [(rng.normal(size=(40, 2)), np.ones(40)), (0.2 * rng.normal(size=(40, 2)), rng.uniform(0.5, 1.5, 40))]
    totals = {
        scale: sum(held_out_likelihoods(points, widths, [scale])[0] for points, widths in sides) for scale in SCALES
    }
    best = max(totals, key=lambda scale: totals[scale])
    assert choose_scale(sides) == choose_scale(sides[::-1]) == choose_scale(sides, SCALES[::-1]) == best
    assert choose_scale(sides[:1]) > choose_scale(sides[1:])
    assert choose_scale(sides, [7.0]) == 7.0


def test_sides_of_a_paired_embedding_have_the_bandwidths_of_eq_3() -> None:
    """Each side comes with its points and ||P sigma||, floored."""
    rng = np.random.default_rng(0)
    one, other = (Embedding(rng.normal(size=(9, 3)), rng.normal(size=(9, 3))) for _ in range(2))
    for (points, widths), side in zip(sides_of(PairedEmbedding(one, other)), (one, other), strict=True):
        np.testing.assert_array_equal(points, side.points)
        np.testing.assert_allclose(
            widths, np.maximum(lengths := np.linalg.norm(side.spreads, axis=1), 0.1 * np.median(lengths))
        )


def _unchanged(stimuli: torch.Tensor, responses: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return stimuli, responses


def _neighbours(nc: np.ndarray) -> Neighbours:
    return Neighbours(csr_array(nc), 0, 0.0, 0.0)


def test_pairs_are_drawn_from_the_rows_of_both_sides() -> None:
    """With NC that moves every stimulus by one and no response, pairs come out exactly so, and tell their stimulus."""
    stimuli = torch.arange(4.0)[:, None, None].expand(4, 25, 32).contiguous()
    both = _neighbours(np.roll(np.eye(4), 1, axis=1)), _neighbours(np.eye(4))
    drawn = draw_pairs(stimuli, stimuli + 10, both, _unchanged, 10, torch.Generator().manual_seed(0))
    taken_in_turn = torch.arange(10) % 4
    assert torch.equal(drawn.stimulus_of, (taken_in_turn + 1) % 4)
    assert torch.equal(drawn.stimuli, stimuli[drawn.stimulus_of])
    assert torch.equal(drawn.responses, stimuli[taken_in_turn] + 10)


def test_pairs_without_neighbours_are_the_pairs() -> None:
    """With NC = I on both sides, the pairs take turns as they are; no pair is favoured."""
    stimuli, responses = torch.randn(5, 7, 16), torch.randn(5, 7, 16)
    both = _neighbours(np.eye(5)), _neighbours(np.eye(5))
    drawn = draw_pairs(stimuli, responses, both, _unchanged, 15, torch.Generator().manual_seed(0))
    assert torch.equal(drawn.stimulus_of, torch.arange(5).repeat(3))
    assert torch.equal(drawn.stimuli, stimuli.repeat(3, 1, 1))
    assert torch.equal(drawn.responses, responses.repeat(3, 1, 1))


def test_both_sides_of_a_pair_are_drawn_independently() -> None:
    """From one NC for both sides, stimulus and response are replaced each by its own draw, and repeat by the seed."""
    motions = torch.arange(4.0)[:, None, None].expand(4, 25, 32).contiguous()
    both = (_neighbours(np.full((4, 4), 0.25)),) * 2
    first, second = (
        draw_pairs(motions, motions, both, _unchanged, 3200, torch.Generator().manual_seed(1)) for _ in range(2)
    )
    assert torch.equal(first.stimuli, second.stimuli)
    assert torch.equal(first.responses, second.responses)
    pairs = (4 * first.stimuli[:, 0, 0] + first.responses[:, 0, 0]).long()
    counts = torch.bincount(pairs, minlength=16)
    assert counts.min() > 140
    assert counts.max() < 260


def test_variation_keeps_limbs_of_unit_length_and_turns_pairs_together(trained) -> None:
    """Varied limbs keep length 1, durations stay, and without tilt and warp a pair shares one turn about z."""
    _, stimuli, responses = trained
    varied = Variation(VariationConfig(), 1.0, torch.Generator().manual_seed(0))(stimuli, responses)
    for before, after in zip((stimuli, responses), varied, strict=True):
        lengths = after[:, :-1].unflatten(1, (8, 3)).norm(dim=2)
        torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-4, rtol=0)
        torch.testing.assert_close(after[:, -1], before[:, -1])
        assert (after - before).abs().max() > 0.02
    turn_only = VariationConfig(turn_rad=0.5, tilt_rad=0.0, warp=0.0)
    same = Variation(turn_only, 1.0, torch.Generator().manual_seed(0))(stimuli, stimuli)
    torch.testing.assert_close(same[0], same[1])
    less = Variation(turn_only, 0.5, torch.Generator().manual_seed(0))(stimuli, stimuli)[1]
    assert 0 < (less - stimuli).abs().mean() < (same[1] - stimuli).abs().mean()


def test_rotation_and_warp_on_known_cases() -> None:
    """A quarter turn about z moves x onto y; no change of tempo changes nothing, and the ends never move."""
    quarter = rotation(torch.tensor([0.0, 0.0, math.pi / 2]))
    torch.testing.assert_close(quarter @ torch.tensor([1.0, 0, 0]), torch.tensor([0.0, 1, 0]), atol=1e-6, rtol=0)
    angle = torch.linspace(0, 3, 32).expand(2, 32)
    motion = torch.stack([angle.cos(), angle.sin(), 0 * angle, angle], dim=1)
    torch.testing.assert_close(warp(motion, torch.zeros(2, 2)), motion)
    moved = warp(motion, torch.tensor([[0.1, 0.0], [0.0, 0.2]]))
    torch.testing.assert_close(moved[:, :, [0, -1]], motion[:, :, [0, -1]])
    assert (moved[0, 1, 5:10] > motion[0, 1, 5:10]).all()
