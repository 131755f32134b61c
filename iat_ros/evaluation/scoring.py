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

"""Scoring a model directory on a division."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from iat_ros.data.protocol import Division
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.model.responder import Responder


def score_model(directory: Path, division: Division, seed: int, folds: int = 4, rounds: int = 5) -> dict[str, float]:
    """Measure IAT-test and IAT-train of a model on a division.

    Args:
        directory: Model directory.
        division: Sets A and B.
        seed: Seed of E, its folds, and the noise of the answers.
        folds: K of E's K-fold accuracy.
        rounds: Answers per stimulus of B.

    Returns:
        The scores in percent, by name.

    Raises:
        ModelError: The model is missing, damaged, or made for other limbs.
    """
    responder = Responder.load(directory, "cpu")
    rng = np.random.default_rng(seed)
    with tqdm(total=folds + 1, desc="scores", disable=None) as bar:
        evaluation = IatEvaluation(division, folds, seed, progress=lambda _: bar.update())
        scores = evaluation.score(
            lambda motions: responder.answer(motions, responder.sample_noise(len(motions), rng)), rounds
        )
    return scores.as_dict()
