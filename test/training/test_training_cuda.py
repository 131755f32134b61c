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

"""On a GPU: recorded steps are those of the same operations launched one by one, and learn what the CPU learns."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from iat_ros.data.protocol import Division
from iat_ros.errors import ModelError
from iat_ros.model.responder import choose_device
from iat_ros.training.config import METHODS, GanConfig, TrainingConfig
from iat_ros.training.pipeline import CHECKPOINT, train
from iat_ros.training.preparation import make_trainer, prepare
from iat_ros.training.wgan import WganTrainer

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")

SHORT = TrainingConfig(width=8, pool=128, gan=GanConfig(steps=12, batch=16))
Pairs = tuple[torch.Tensor, torch.Tensor]


def trainer(pairs: Pairs, method: str) -> WganTrainer:
    """A trainer on the GPU, at its first step."""
    config = replace(SHORT, method=method, pvae=replace(SHORT.pvae, epochs=5))
    dims = config.dimensions(8, len(pairs[0]))
    torch.manual_seed(0)
    draws = torch.Generator().manual_seed(0)
    preparation = prepare(*pairs, dims, config, draws, lambda *_: None)
    return make_trainer(*pairs, dims, config, preparation, draws, choose_device("cuda"))


def weights(module: torch.nn.Module) -> torch.Tensor:
    """All weights in a row."""
    return torch.cat([value.flatten() for value in module.parameters()])


@pytest.mark.parametrize("method", METHODS)
def test_recorded_steps_are_those_launched_one_by_one(pairs: Pairs, method: str) -> None:
    """Both methods: the same draws, the same losses, the same weights."""
    recorded, plain = trainer(pairs, method), trainer(pairs, method)
    plain._record = None
    start, state = weights(plain.average).clone(), copy.deepcopy(recorded.state())
    told: list[list[float]] = [[], []]
    for each, losses in zip((recorded, plain), told, strict=True):
        each.load_state(state)
        each.train(lambda _, loss, losses=losses: losses.append(loss["distance"]))
    assert told[0] == pytest.approx(told[1], rel=1e-2, abs=1e-3)
    assert (weights(plain.average) - start).abs().max() > 1e-4
    torch.testing.assert_close(weights(recorded.average), weights(plain.average), atol=1e-3, rtol=1e-2)


def test_a_training_is_resumed_on_its_own_kind_of_device(tmp_path: Path, division: Division) -> None:
    """A checkpoint of a GPU goes on there to the end, and is refused on the CPU."""
    config = replace(SHORT, gan=GanConfig(steps=40, batch=16))
    card: dict[str, Any] = {"skeleton": "utd_mhad", "limb_names": tuple("abcdefgh"), "data_set": {"name": "made_up"}}

    def stop_half_way(phase: str, done: int, *_: object) -> None:
        if phase == "act2act" and done == 20:
            raise KeyboardInterrupt

    gpu = choose_device("cuda")
    with pytest.raises(KeyboardInterrupt):
        train(division.pairs, config, 0, tmp_path, card, stop_half_way, gpu)
    assert (tmp_path / CHECKPOINT).exists()
    with pytest.raises(ModelError, match="another device"):
        train(division.pairs, config, 0, tmp_path, card)
    train(division.pairs, config, 0, tmp_path, card, device=gpu)
    assert not (tmp_path / CHECKPOINT).exists()
