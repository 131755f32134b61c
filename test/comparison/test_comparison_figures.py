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

"""The data behind figures 5 to 7: of the right shape, in range, by the seed, and every step told."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.comparison import figure_runs
from iat_ros.comparison.figure_runs import figure_data, figure_steps
from iat_ros.data.protocol import Division
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.training.augmentation import SCALES
from iat_ros.training.config import TrainingConfig


def test_data_of_all_figures(
    division: Division, recipes: dict[str, TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs by category, F and R of each bandwidth at each s and dimension, three answers to one stimulus per rule."""
    monkeypatch.setattr(figure_runs, "DIMENSIONS", (2, 5))
    told: list[None] = []
    found, again = (
        figure_data(division, load_skeleton("utd_mhad"), recipes, 0, lambda: told.append(None)) for _ in range(2)
    )
    assert len(told) == 2 * figure_steps() == 10
    embedding, augmentation, answers = found.embedding, found.augmentation, found.answers
    assert embedding.pe_stimuli.shape == embedding.vae_responses.shape == (20, 4)
    np.testing.assert_array_equal(embedding.stimulus_category, division.pair_rules)
    assert embedding.stimulus_names == tuple(rule.stimulus for rule in division.rules)
    assert np.abs(embedding.pe_stimuli - embedding.vae_stimuli).max() > 1e-6
    assert augmentation.scale_effectiveness.shape == augmentation.scale_reliability.shape == (3, len(SCALES))
    assert augmentation.dimension_effectiveness.shape == augmentation.dimension_reliability.shape == (3, 2)
    for percent in (augmentation.scale_effectiveness, augmentation.dimension_reliability):
        assert ((percent >= 0) & (percent < 100.001)).all()
    assert (np.diff(augmentation.scale_effectiveness, axis=1) >= 0).all()  # a larger s replaces more
    assert len(answers.answers) == 3
    assert answers.names == embedding.stimulus_names
    assert {part.limbs_in_body.shape for part in answers.answers} == {(5, 32, 8, 3)}
    for one, other in zip(answers.answers, again.answers.answers, strict=True):
        np.testing.assert_array_equal(one.limbs_in_body, other.limbs_in_body)
    np.testing.assert_array_equal(augmentation.scale_reliability, again.augmentation.scale_reliability)
