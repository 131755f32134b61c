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

"""Made-up pairs that the tests of `iat_ros.training` share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Division, divide
from iat_ros.data.source import RULES, Source
from iat_ros.model.critic import Critic
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.skeleton.definition import load_skeleton


@pytest.fixture(scope="session")
def division() -> Division:
    """Four made-up people, three trials: 30 pairs in A, five rules."""
    torch.set_num_threads(1)
    source = Source("made_up", load_skeleton("utd_mhad"), make_clips(people=4, trials=3), RULES)
    return divide(source.actions(32), source.rules, "subject", seed=0)


@pytest.fixture(scope="session")
def pairs(division: Division) -> tuple[torch.Tensor, torch.Tensor]:
    """The made-up pairs as networks see them: stimuli and responses."""
    stimuli, responses = (
        to_tensor(side, DurationScale.of(side.durations_s))
        for side in (division.pairs.stimuli, division.pairs.responses)
    )
    return stimuli, responses


@pytest.fixture
def plain_score() -> Callable[[Critic, torch.Tensor, torch.Tensor], torch.Tensor]:
    """D(condition, motion) by the convolutions of torch, which can be differentiated twice."""

    def score(critic: Critic, condition: torch.Tensor, motion: torch.Tensor) -> torch.Tensor:
        hidden = torch.cat([motion, condition], dim=1)
        for layer in critic.layers:
            hidden = functional.leaky_relu(functional.conv1d(hidden, layer.weight, layer.bias, 2, 2), 0.2)
        return critic.head(hidden.flatten(1))[:, 0]

    return score
