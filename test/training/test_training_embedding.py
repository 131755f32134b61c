"""Paired embedding and augmentation: eq. 2, 3 and 4, Algorithm 1, and the choice of s."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from iat_ros.data.protocol import Division
from iat_ros.evaluation.augmentation_quality import effectiveness, reliability
from iat_ros.model.networks import Act2Act, Dimensions
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.training.augmentation import PairSampler, confidence
from iat_ros.training.config import AugmentationConfig, PvaeConfig
from iat_ros.training.pvae import Embedding, PairedEmbedding, PairedVaes, align, pca
from iat_ros.training.selection import choose_scale, held_out_likelihood
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
    variation = Variation(AugmentationConfig(), 1.0, torch.Generator().manual_seed(0))
    vaes.train(stimuli, responses, variation, lambda *_: None)
    return vaes, stimuli, responses


def test_made_up_actions_are_clustered_without_labels(trained, division: Division) -> None:
    """After training on pairs alone, s chosen without labels replaces actions often, and by the same action."""
    vaes, stimuli, responses = trained
    embedded = vaes.embed(stimuli, responses)
    scale = choose_scale(embedded)
    for side in (embedded.stimuli, embedded.responses):
        nc = confidence(side, scale)
        assert reliability(nc, division.pair_rules) > 0.9
        assert effectiveness(nc) > 0.1


def test_pairs_lie_close_in_the_embedding(trained) -> None:
    """The PE loss brings a pair's two embeddings nearer to each other than two pairs are apart."""
    embedded = trained[0].embed(*trained[1:])
    gaps = np.linalg.norm(embedded.stimuli.points[:, None] - embedded.responses.points[None], axis=-1)
    own = np.diag(gaps)
    assert np.median(own) < 0.4 * np.median(gaps[~np.eye(len(gaps), dtype=bool)])


def test_generator_code_is_the_embedding_of_the_stimulus(trained) -> None:
    """Act2Act with the encoder made of VAE_s computes tanh of the centred and scaled P mu."""
    vaes, stimuli, _ = trained
    generator = Act2Act(DIMS)
    generator.load_state_dict({**generator.state_dict(), **vaes.stimulus_encoder(stimuli)})
    with torch.no_grad():
        code = generator.encode(stimuli)
        mu = vaes.stimuli.encode(stimuli)[0]
    points = (mu - mu.mean(dim=0)) @ pca(mu, 6).T
    torch.testing.assert_close(code, torch.tanh(points / points.std(dim=0).mean()), atol=1e-4, rtol=1e-4)


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
    np.testing.assert_allclose(confidence(Embedding(points, spreads), s), expected, atol=1e-12)


def test_chosen_scale_fits_the_spacing_of_the_actions() -> None:
    """Of actions drawn around few centres, the s that is chosen is near the one that they were drawn with."""
    rng = np.random.default_rng(1)
    centres = 5 * rng.normal(size=(5, 3))
    points = np.repeat(centres, 30, axis=0) + 0.4 * rng.normal(size=(150, 3))
    side = Embedding(points, np.full((150, 3), 1 / np.sqrt(3)))
    assert choose_scale(PairedEmbedding(side, side)) in (0.14, 0.2, 0.28, 0.4)
    assert held_out_likelihood(side, 0.2) > max(held_out_likelihood(side, 0.05), held_out_likelihood(side, 0.8))


def test_sampler_replaces_each_side_by_its_own_confidence() -> None:
    """With NC that moves every stimulus by one and no response, pairs come out exactly so."""
    motions = torch.arange(4.0)[:, None, None].expand(4, 25, 32).contiguous()
    sampler = PairSampler(
        motions,
        motions,
        (np.roll(np.eye(4), 1, axis=1), np.eye(4)),
        lambda a, b: (a, b),
        torch.Generator().manual_seed(0),
    )
    stimuli, responses = (side[:, 0, 0] for side in sampler.draw(200))
    assert torch.equal(stimuli, (responses + 1) % 4)
    assert set(responses.tolist()) == {0.0, 1.0, 2.0, 3.0}


def test_variation_keeps_limbs_of_unit_length_and_turns_pairs_together(trained) -> None:
    """Varied limbs keep length 1, durations stay, and without tilt and warp a pair shares one turn about z."""
    _, stimuli, responses = trained
    varied = Variation(AugmentationConfig(), 1.0, torch.Generator().manual_seed(0))(stimuli, responses)
    for before, after in zip((stimuli, responses), varied, strict=True):
        lengths = after[:, :-1].unflatten(1, (8, 3)).norm(dim=2)
        torch.testing.assert_close(lengths, torch.ones_like(lengths), atol=1e-4, rtol=0)
        torch.testing.assert_close(after[:, -1], before[:, -1])
        assert (after - before).abs().max() > 0.02
    turn_only = AugmentationConfig(turn_rad=0.5, tilt_rad=0.0, warp=0.0)
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
