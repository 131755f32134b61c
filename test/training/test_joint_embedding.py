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

"""The joint embedding: pairs of one rule lie together without labels, in any order; landmarks stand for all."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iat_ros.data.protocol import Division
from iat_ros.errors import DataError
from iat_ros.evaluation.augmentation_quality import effectiveness, reliability
from iat_ros.training.augmentation import joint_confidence
from iat_ros.training.config import EmbeddingConfig, TrainingConfig
from iat_ros.training.joint_embedding import JointEmbedding, embed_jointly

Pairs = tuple[torch.Tensor, torch.Tensor]
NEIGHBOURHOOD = EmbeddingConfig().neighbourhood


def embed(pairs: Pairs, seed: int = 0, **changes: float) -> JointEmbedding:
    """Embed pairs by the default recipe with some changes."""
    config = EmbeddingConfig(**changes)  # type: ignore[arg-type]
    dims = TrainingConfig(embedding=config).dimensions(8, len(pairs[0]))
    return embed_jointly(*pairs, dims, config, torch.Generator().manual_seed(seed))


def same_place(first: np.ndarray, second: np.ndarray, atol: float) -> None:
    """Expect the same points, where each axis may be mirrored."""
    signs = np.sign((first * second).sum(axis=0))
    np.testing.assert_allclose(first, second * signs, atol=atol)


def test_pairs_of_one_rule_lie_together(pairs: Pairs, division: Division) -> None:
    """With the default neighbourhood, more than half of all actions are replaced, nearly always within their rule."""
    nc = joint_confidence(embed(pairs).points, NEIGHBOURHOOD).nc
    assert reliability(nc, division.pair_rules) > 0.95
    assert effectiveness(nc) > 0.5


def test_neighbours_are_alike_on_both_sides(pairs: Pairs, division: Division) -> None:
    """Where responses are dealt out at random, neighbours share the stimulus and the response; sides count the same."""
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    dealt = pairs[0], pairs[1][order]
    nc = joint_confidence(embed(dealt).points, NEIGHBOURHOOD).nc
    assert reliability(nc, division.pair_rules) > 0.9
    assert reliability(nc, division.pair_rules[order.numpy()]) > 0.8
    same_place(embed((dealt[1], dealt[0])).points, embed(dealt).points, atol=1e-4)


def test_points_are_centred_and_of_one_size(pairs: Pairs) -> None:
    """All points together have mean 0 and a standard deviation of 1, axes in the order of their eigenvalues."""
    found = embed(pairs)
    assert found.points.shape == (30, 6)
    np.testing.assert_allclose(found.points.mean(axis=0), 0.0, atol=1e-6)
    assert np.square(found.points).sum(axis=1).mean() == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(found.eigenvalues) <= 0).all()
    assert found.eigenvalues[0] <= 1.0 + 1e-9


def test_order_of_the_pairs_does_not_matter(pairs: Pairs) -> None:
    """The same pairs in another order lie in the same places, up to the sign of each axis."""
    order = torch.randperm(30, generator=torch.Generator().manual_seed(1))
    here, there = embed(pairs), embed((pairs[0][order], pairs[1][order]))
    same_place(there.points, here.points[order.numpy()], atol=1e-4)
    np.testing.assert_allclose(there.eigenvalues, here.eigenvalues, atol=1e-9)
    assert float(there.encoder.width) == pytest.approx(float(here.encoder.width))


def test_eigenvalues_tell_how_many_interactions_there_are(pairs: Pairs) -> None:
    """Five interactions: after the fourth eigenvalue beside the constant one comes the largest gap, and little more."""
    values = embed(pairs, dimensions=10).eigenvalues
    assert np.argmax(-np.diff(values)) == 3
    assert values[3] > 0.25
    assert values[4] < 0.1


def test_against_an_eigenvalue_problem_in_plain_numpy(pairs: Pairs) -> None:
    """Coordinates are eigenvalue times right eigenvector of W / q, as the definition has it."""
    sides = [side[:, :-1].double().numpy().transpose(0, 2, 1) for side in pairs]
    exponent = np.zeros((30, 30))
    for side in sides:
        distances = np.array([[np.sqrt(np.square(a - b).sum(axis=1).mean()) for b in side] for a in side])
        reach = np.sort(distances, axis=1)[:, 7]
        exponent += np.square(distances) / np.outer(reach, reach)
    weights = np.exp(-exponent / 2)
    np.fill_diagonal(weights, 0.0)
    values, vectors = np.linalg.eig(weights / weights.sum(axis=1, keepdims=True))
    order = np.argsort(-values.real)[1:7]
    points = values.real[order] * vectors.real[:, order]
    # numpy's eigenvectors have length 1; those of the definition have length 1 under the weights q
    points /= np.sqrt(weights.sum(axis=1) @ np.square(vectors.real[:, order]))
    points -= points.mean(axis=0)
    points /= np.sqrt(np.square(points).sum(axis=1).mean())
    found = embed(pairs)
    np.testing.assert_allclose(found.eigenvalues, values.real[order], atol=1e-6)
    same_place(found.points, points, atol=1e-4)


def test_stimuli_find_the_place_of_their_pair(pairs: Pairs, division: Division) -> None:
    """The encoder places each stimulus where its pair lies; with its own key left out, still within its rule."""
    found = embed(pairs)
    np.testing.assert_allclose(found.encoder(pairs[0]).numpy(), found.points, atol=0.05)
    rules = division.pair_rules
    centres = np.stack([found.points[rules == rule].mean(axis=0) for rule in range(5)])
    left_out = found.encoder(pairs[0], leave_out=torch.arange(30)).numpy()
    nearest = np.square(left_out[:, None] - centres[None]).sum(axis=-1).argmin(axis=1)
    assert (nearest == rules).mean() > 0.9


def test_fewer_landmarks_than_pairs_agree_roughly(pairs: Pairs, division: Division) -> None:
    """Twenty of the pairs are embedded exactly and kept, the others placed among them: the rules stay together."""
    found = embed(pairs, landmarks=20)
    assert found.points.shape == (30, 6)
    assert found.encoder.keys.shape[0] == len(found.landmarks) == 20
    assert torch.equal(found.landmarks, found.landmarks.unique())
    chosen = found.landmarks
    same_place(found.points[chosen.numpy()], embed((pairs[0][chosen], pairs[1][chosen])).points, atol=1e-4)
    assert torch.equal(found.encoder.keys, found.encoder.limb_vectors(pairs[0][chosen]))
    np.testing.assert_array_equal(found.encoder.values.numpy(), found.points[chosen.numpy()])
    nc = joint_confidence(found.points, NEIGHBOURHOOD).nc
    assert reliability(nc, division.pair_rules) > 0.9
    assert effectiveness(nc) > 0.5


def test_landmarks_are_chosen_by_the_generator(pairs: Pairs) -> None:
    """The same state chooses the same landmarks, another one others; with enough for all, each pair is one."""
    first, again, other = (embed(pairs, seed, landmarks=20).landmarks for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(embed(pairs, 5).landmarks, torch.arange(30))


def test_stimuli_that_occur_twice_do_no_harm(pairs: Pairs) -> None:
    """Where every stimulus was answered twice, the nearest one is in the same place: codes are finite all the same."""
    stimuli, responses = torch.cat([pairs[0][:10], pairs[0][:10]]), pairs[1][:20]
    found = embed((stimuli, responses))
    assert np.isfinite(found.points).all()
    assert found.encoder(stimuli).isfinite().all()
    assert found.encoder(stimuli, leave_out=torch.arange(20)).isfinite().all()


def test_input_is_not_changed(pairs: Pairs) -> None:
    """Embedding leaves stimuli and responses as they were, and follows no gradient."""
    before = pairs[0].clone(), pairs[1].clone()
    encoder = embed(pairs).encoder
    assert torch.equal(before[0], pairs[0])
    assert torch.equal(before[1], pairs[1])
    assert not list(encoder.parameters())


def test_more_dimensions_than_pairs_are_refused(pairs: Pairs) -> None:
    """The line names both numbers and the key to change."""
    few = (pairs[0][:8], pairs[1][:8])
    with pytest.raises(DataError, match=r"8 pairs are too few for an embedding of 10 dimensions.*embedding.dimensions"):
        embed(few, dimensions=10)
