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

"""Made-up pairs and short recipes that the tests of `iat_ros.comparison` share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from iat_ros.comparison import runs
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Division, divide
from iat_ros.data.source import RULES, Source
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.training.config import GanConfig, PvaeConfig, TrainingConfig, VariationConfig


@pytest.fixture(scope="session")
def division() -> Division:
    """Four made-up people, two trials: 20 pairs in A, five rules."""
    torch.set_num_threads(1)
    source = Source("made_up", load_skeleton("utd_mhad"), make_clips(people=4, trials=2), RULES)
    return divide(source.actions(32), source.rules, "subject", seed=0)


@pytest.fixture(scope="session")
def recipes() -> dict[str, TrainingConfig]:
    """A few steps of either method."""
    gan = GanConfig(steps=4, batch=8, noise=4)
    return {
        "ours": TrainingConfig(width=8, pool=64, gan=gan),
        "paper": TrainingConfig(
            "paper", width=8, pool=64, spread=1.0, variation=VariationConfig(0.0, 0.0, 0.0),
            pvae=PvaeConfig(epochs=3, latent=16, embedding=4), gan=gan,
        ),
    }  # fmt: skip


class QuickScores:
    """Stands for the evaluation: scores answers without training any E."""

    def __init__(self, division: Division, seed: int) -> None:
        self._division = division
        self.seed = seed

    def score(self, answer: Any) -> SimpleNamespace:
        """Score answers by how long they are."""
        answers = answer(self._division.pairs.stimuli)
        return SimpleNamespace(as_dict=lambda: {"iat_test": float(answers.durations_s.mean()), "e_kfold": self.seed})


@pytest.fixture(autouse=True)
def quick_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """No E is trained, and none of another test is taken."""
    monkeypatch.setattr(runs, "IatEvaluation", QuickScores)
    monkeypatch.setattr(runs, "_evaluations", {})
