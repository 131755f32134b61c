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

"""What Act2Act's training starts from: embedding, neighbourhoods, codes, and how it is put together again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from iat_ros.model.decoder import ConditionedDecoder
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.training import preparation as module
from iat_ros.training.clarity import clarity_of
from iat_ros.training.config import METHODS, EmbeddingConfig, GanConfig, PvaeConfig, TrainingConfig, VariationConfig
from iat_ros.training.preparation import Preparation, finish, make_trainer, prepare

Pairs = tuple[torch.Tensor, torch.Tensor]
SHORT = TrainingConfig(
    width=8,
    pool=70,
    variation=VariationConfig(0.0, 0.0, 0.0),
    pvae=PvaeConfig(epochs=3),
    gan=GanConfig(steps=2, batch=4),
)


def prepared(pairs: Pairs, config: TrainingConfig) -> Preparation:
    """Prepare from a seed of 0."""
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    return prepare(*pairs, config.dimensions(8, 30), config, draws, lambda *_: None)


@pytest.mark.parametrize("method", METHODS)
def test_state_holds_all_of_it(pairs: Pairs, method: str) -> None:
    """What `state` returns gives the same preparation back; for another number of pairs it is refused."""
    config = replace(SHORT, method=method)
    before = prepared(pairs, config)
    after = Preparation.from_state(before.state(), 30)
    assert after.scale == before.scale
    for one, other in zip(after.neighbours, before.neighbours, strict=True):
        np.testing.assert_array_equal(one.nc.toarray(), other.nc.toarray())
        assert (one.capped, one.left_out, one.left_out_worst) == (other.capped, other.left_out, other.left_out_worst)
    assert torch.equal(after.landmarks, before.landmarks)
    assert torch.equal(after.widths, before.widths)
    assert after.encoder.keys() == before.encoder.keys()
    assert bool(after.encoder) == (method == "joint")
    for name, value in before.encoder.items():
        assert torch.equal(after.encoder[name], value)
    for count in (29, 31):
        with pytest.raises(ValueError, match=r".+"):
            Preparation.from_state(before.state(), count)


def test_joint_sides_share_one_neighbourhood_and_those_of_the_paper_do_not(pairs: Pairs) -> None:
    """A pair is one point in the joint embedding; the paper's has two, each with its own bandwidths."""
    joint, paper = (prepared(pairs, replace(SHORT, method=method)).neighbours for method in METHODS)
    assert joint[0] is joint[1]
    assert np.abs(paper[0].nc - paper[1].nc).max() > 1e-6


def test_every_dimension_of_the_code_is_as_wide(pairs: Pairs) -> None:
    """Codes have the standard deviation of the recipe in each dimension, and the bandwidth stretches with them."""
    joint = prepared(pairs, SHORT)
    torch.testing.assert_close(joint.encoder["values"].std(dim=0), torch.full((6,), SHORT.embedding.code_scale))
    values = joint.encoder["values"] / joint.widths * SHORT.embedding.neighbourhood
    assert values.square().sum(dim=1).mean() == pytest.approx(1.0, abs=1e-4)  # the points of the embedding again


@pytest.mark.parametrize("landmarks", [1024, 20])
def test_codes_leave_out_the_stimulus_itself(pairs: Pairs, landmarks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In training each stimulus finds its place as a new one would, those that are no landmarks among all of them."""
    config = replace(SHORT, embedding=EmbeddingConfig(landmarks=landmarks))
    dims = config.dimensions(8, 30)
    given: list[Any] = []
    drawn: list[Any] = []
    draw = module.draw_pairs
    monkeypatch.setattr(module, "WganTrainer", lambda *arguments: given.extend(arguments))
    monkeypatch.setattr(module, "draw_pairs", lambda *arguments: drawn.append(draw(*arguments)) or drawn[0])
    preparation = prepared(pairs, config)
    make_trainer(*pairs, dims, config, preparation, torch.Generator().manual_seed(1))
    conditions, motions = given[2], given[3]
    assert isinstance(given[0], ConditionedDecoder)
    assert conditions.shape == (70, dims.code, 32)
    assert torch.equal(motions, drawn[0].responses)
    known = given[0].decoder.answers.view(-1, dims.channels, 32)
    assert torch.equal(known, pairs[1][preparation.landmarks])
    assert torch.equal(given[0].decoder.places, preparation.encoder["values"])
    assert torch.equal(conditions, conditions[:, :, :1].expand(-1, -1, 32))
    encoder = AttentionEncoder(dims)
    encoder.load_state_dict(preparation.encoder)
    kept = preparation.landmarks.tolist()
    for code, number in zip(conditions[:, :, 0], drawn[0].stimulus_of.tolist(), strict=True):
        own = kept.index(number) if number in kept else -1
        expected = encoder(pairs[0][number : number + 1], leave_out=torch.tensor([own]))[0]
        torch.testing.assert_close(code, expected, atol=1e-3, rtol=0)


def test_finished_generator_is_encoder_and_trained_decoder(pairs: Pairs) -> None:
    """Act2Act answers with the decoder's running average, from the code that the embedding's encoder gives.

    What it learned with no answer favoured favours clear ones from then on.
    """
    dims = SHORT.dimensions(8, 30)
    preparation = prepared(pairs, SHORT)
    trainer = make_trainer(*pairs, dims, SHORT, preparation, torch.Generator().manual_seed(1))
    trainer.train(lambda *_: None)
    generator = finish(trainer, dims, SHORT, preparation)
    assert not generator.training
    assert not any(weights.requires_grad for weights in generator.parameters())
    encoder = AttentionEncoder(dims)
    encoder.load_state_dict(preparation.encoder)
    noise = torch.randn(30, dims.noise)
    codes = encoder(pairs[0])[:, :, None].expand(-1, -1, 32)
    favour = generator.decoder.favour
    assert favour.std() > 0.1
    torch.testing.assert_close(favour, SHORT.clarity * clarity_of(generator.decoder))
    assert not torch.allclose(generator(pairs[0], noise), trainer.average(codes, noise), atol=1e-3)
    favour.zero_()
    torch.testing.assert_close(generator(pairs[0], noise), trainer.average(codes, noise))


def test_the_papers_trainer_sees_motions(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an encoder from the embedding, generator and critic see the stimuli themselves."""
    config = replace(SHORT, method="paper")
    given: list[Any] = []
    preparation = prepared(pairs, config)
    monkeypatch.setattr(module, "WganTrainer", lambda *arguments: given.extend(arguments))
    make_trainer(*pairs, config.dimensions(8, 30), config, preparation, torch.Generator().manual_seed(1))
    assert given[2].shape == given[3].shape == (70, 25, 32)
    apart = (given[2][:, None] - pairs[0][None]).abs().amax(dim=(2, 3)).amin(dim=1)
    assert apart.max() < 1e-4
