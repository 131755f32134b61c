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

"""The runs behind figures 5, 6 and 7 of the paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from iat_ros.comparison.methods import SetA, learn
from iat_ros.data.actions import stack
from iat_ros.data.protocol import Division
from iat_ros.evaluation.augmentation_quality import augmentation_quality
from iat_ros.model.normalisation import to_motions, to_tensor
from iat_ros.report.figure_data import AnswerData, AugmentationData, EmbeddingData, FigureData
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.training.augmentation import SCALES, choose_scale, joint_confidence, sigma_bandwidths
from iat_ros.training.config import TrainingConfig
from iat_ros.training.joint_embedding import embed_jointly
from iat_ros.training.neighbours import nearest
from iat_ros.training.pvae import Embedding, PairedEmbedding, PairedVaes
from iat_ros.training.variation import Variation

DIMENSIONS = (1, 2, 3, 4, 6, 8, 12, 16)
BANDWIDTHS = ("encoder's own sigma (eq. 3)", "one for all: median sigma", "joint embedding (ours)")
_ANSWERS = 3


def figure_data(
    division: Division,
    definition: SkeletonDefinition,
    recipes: dict[str, TrainingConfig],
    seed: int,
    progress: Callable[[], None],
) -> FigureData:
    """Make the data of all three figures.

    Args:
        division: Sets A and B.
        definition: The skeleton of its actions.
        recipes: ``ours`` and ``paper``.
        seed: Decides everything that is drawn.
        progress: Called after each of `figure_steps` steps.
    """
    data = SetA(division, recipes, seed)
    plain = _paired_vaes(data, pe_rate=0.0)
    progress()
    courses = [_quality_by_dimension(data, dimension, progress) for dimension in dimensions_of(data)]
    with_pe = _paired_vaes(data)
    by_scale = _quality_by_scale(data, with_pe)
    progress()
    names = tuple(rule.stimulus for rule in division.rules), tuple(rule.response for rule in division.rules)
    embedding = EmbeddingData(
        plain.stimuli.points,
        plain.responses.points,
        with_pe.stimuli.points,
        with_pe.responses.points,
        data.rules,
        data.rules,
        *names,
    )
    by_dimension = np.array(courses)
    augmentation = AugmentationData(
        BANDWIDTHS,
        np.array(SCALES),
        by_scale[..., 0].T,
        by_scale[..., 1].T,
        np.array(dimensions_of(data), dtype=float),
        by_dimension[..., 0].T,
        by_dimension[..., 1].T,
    )
    answers = _answers(division, definition, data)
    progress()
    return FigureData(embedding, augmentation, answers)


def figure_steps() -> int:
    """Return how often `figure_data` reports progress."""
    return len(DIMENSIONS) + 3


def dimensions_of(data: SetA) -> list[int]:
    """Return the dimensions of L that these recipes and so many pairs allow."""
    most = min(data.recipes["paper"].pvae.latent, len(data.pairs) - 1, data.recipes["ours"].embedding.landmarks - 1)
    return [dimension for dimension in DIMENSIONS if dimension <= most]


def _paired_vaes(data: SetA, **changes: float) -> PairedEmbedding:
    recipe = data.recipes["paper"]
    config = replace(recipe.pvae, **changes)  # type: ignore[arg-type]
    torch.manual_seed(data.seed)
    draws = torch.Generator().manual_seed(data.seed)
    vaes = PairedVaes(replace(recipe, pvae=config).dimensions(data.pairs.stimuli.limbs_in_body.shape[2], 1), config)
    vaes.train(data.stimuli, data.responses, Variation(recipe.variation, 1.0, draws), lambda *_: None)
    return vaes.embed(data.stimuli, data.responses)


def _joint_points(data: SetA, dimension: int) -> np.ndarray:
    recipe = data.recipes["ours"]
    config = replace(recipe, embedding=replace(recipe.embedding, dimensions=dimension))
    dims = config.dimensions(data.pairs.stimuli.limbs_in_body.shape[2], len(data.pairs))
    draws = torch.Generator().manual_seed(data.seed)
    return embed_jointly(data.stimuli, data.responses, dims, config.embedding, draws).points


def _constant(embedding: Embedding) -> np.ndarray:
    widths = sigma_bandwidths(embedding)
    return np.full(len(widths), float(np.median(widths)))


def _quality(data: SetA, sides: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    quality = augmentation_quality([nearest(points, widths).nc for points, widths in sides], data.rules)
    return quality["augmentation_effectiveness"], quality["augmentation_reliability"]


def _quality_by_scale(data: SetA, embedded: PairedEmbedding) -> np.ndarray:
    """F and R of every bandwidth at every s, shape (S, B, 2)."""
    both = (embedded.stimuli, embedded.responses)
    points = _joint_points(data, data.recipes["ours"].embedding.dimensions)
    rows = []
    for scale in SCALES:
        row = [
            _quality(data, [(side.points, scale * widths(side)) for side in both])
            for widths in (sigma_bandwidths, _constant)
        ]
        rows.append([*row, _quality(data, [(points, np.full(len(points), scale))])])
    return np.array(rows)


def _quality_by_dimension(data: SetA, dimension: int, progress: Callable[[], None]) -> list[tuple[float, float]]:
    """F and R of every bandwidth at a dimension of L, where s is what the recipes would take."""
    embedded = _paired_vaes(data, embedding=dimension)
    both = (embedded.stimuli, embedded.responses)
    row = []
    for widths in (sigma_bandwidths, _constant):
        scale = choose_scale([(side.points, widths(side)) for side in both])
        row.append(_quality(data, [(side.points, scale * widths(side)) for side in both]))
    nc = joint_confidence(_joint_points(data, dimension), data.recipes["ours"].embedding.neighbourhood).nc
    quality = augmentation_quality([nc], data.rules)
    progress()
    return [*row, (quality["augmentation_effectiveness"], quality["augmentation_reliability"])]


def _answers(division: Division, definition: SkeletonDefinition, data: SetA) -> AnswerData:
    """One stimulus of B per rule, each answered from the same three noise vectors."""
    rules = division.stimulus_rules()
    chosen = [division.stimuli[int(np.flatnonzero(rules == rule)[0])] for rule in range(len(division.rules))]
    stimuli = stack(chosen)
    generator = learn("ours", data).generator
    assert generator is not None, "ours trains a generator"
    spread = data.recipes["ours"].spread
    noise = torch.randn(_ANSWERS, generator.dims.noise, generator=torch.Generator().manual_seed(data.seed)) * spread
    with torch.inference_mode():
        tensor = to_tensor(stimuli, data.scales[0])
        answers = tuple(to_motions(generator(tensor, z.expand(len(tensor), -1)), data.scales[1]) for z in noise)
    return AnswerData(definition, tuple(action.label for action in chosen), stimuli, answers)
