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

"""figures.npz and figures.json: all that figures are drawn from, so that they can be drawn again without a run."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iat_ros.errors import SkeletonError, describe
from iat_ros.report.results import ResultsError, read_json, replace_file, write_json
from iat_ros.skeleton.definition import BodyFrameJoints, Limb, SkeletonDefinition
from iat_ros.skeleton.motion import MotionArray

ARRAYS, NAMES = "figures.npz", "figures.json"


@dataclass(frozen=True)
class EmbeddingData:
    """Where actions lie in the embedding space (figure 5); columns sorted by spread, two of them are drawn.

    Attributes:
        vae_stimuli: With the VAE loss only, shape (N, D >= 2).
        vae_responses: The same of responses, shape (M, D >= 2).
        pe_stimuli: With the PE loss too, shape (N, D >= 2).
        pe_responses: Shape (M, D >= 2).
        stimulus_category: Index into the names, shape (N,).
        response_category: Shape (M,).
        stimulus_names: The categories of stimuli.
        response_names: The categories of responses; the same index is the same rule.
    """

    vae_stimuli: np.ndarray
    vae_responses: np.ndarray
    pe_stimuli: np.ndarray
    pe_responses: np.ndarray
    stimulus_category: np.ndarray
    response_category: np.ndarray
    stimulus_names: tuple[str, ...]
    response_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for side, category, names in (
            ("stimuli", self.stimulus_category, self.stimulus_names),
            ("responses", self.response_category, self.response_names),
        ):
            for kind in ("vae", "pe"):
                points = getattr(self, f"{kind}_{side}")
                if points.ndim != 2 or points.shape[1] < 2 or not 2 <= len(points) == len(category):
                    raise ResultsError(
                        f"embedding: {kind}_{side} needs points (N >= 2, D >= 2) and N categories, got {points.shape} "
                        f"and {category.shape}"
                    )
                _require_finite(f"embedding: {kind}_{side}", points)
            if category.min() < 0 or category.max() >= len(names):
                raise ResultsError(f"embedding: categories of {side} exceed their {len(names)} names")


@dataclass(frozen=True)
class AugmentationData:
    """Effectiveness F and reliability R of the augmentation (figure 6), in percent.

    Attributes:
        bandwidths: Names of the B bandwidths compared.
        scales: s, rising, shape (S,).
        scale_effectiveness: F of each bandwidth at each s, shape (B, S).
        scale_reliability: R, shape (B, S).
        dimensions: Dimensions of the embedding space L, rising, shape (D,).
        dimension_effectiveness: F of each bandwidth at each dimension, shape (B, D).
        dimension_reliability: R, shape (B, D).
    """

    bandwidths: tuple[str, ...]
    scales: np.ndarray
    scale_effectiveness: np.ndarray
    scale_reliability: np.ndarray
    dimensions: np.ndarray
    dimension_effectiveness: np.ndarray
    dimension_reliability: np.ndarray

    def __post_init__(self) -> None:
        for axis, values in (("scale", self.scales), ("dimension", self.dimensions)):
            if values.ndim != 1 or not len(values) or values[0] <= 0 or (np.diff(values) <= 0).any():
                raise ResultsError(f"augmentation: {axis}s must rise and be above 0")
            for quality in ("effectiveness", "reliability"):
                name = f"{axis}_{quality}"
                percent, expected = getattr(self, name), (len(self.bandwidths), len(values))
                if percent.shape != expected:
                    raise ResultsError(f"augmentation: {name} needs shape {expected}, got {percent.shape}")
                _require_finite(f"augmentation: {name}", percent)


@dataclass(frozen=True)
class AnswerData:
    """Stimuli and their answers from the same noise vectors (figure 7).

    Attributes:
        definition: The skeleton.
        names: What the K stimuli are.
        stimuli: K motions.
        answers: Of each noise vector, the K answers.
    """

    definition: SkeletonDefinition
    names: tuple[str, ...]
    stimuli: MotionArray
    answers: tuple[MotionArray, ...]

    def __post_init__(self) -> None:
        limbs = len(self.definition.limbs)
        for motions in (self.stimuli, *self.answers):
            shape = motions.limbs_in_body.shape
            if shape[0] != len(self.names) or shape[1] < 2 or shape[2:] != (limbs, 3):
                raise ResultsError(f"answers: expected motions ({len(self.names)}, T >= 2, {limbs}, 3), got {shape}")
            _require_finite("answers", motions.limbs_in_body)
        if not self.names or not self.answers:
            raise ResultsError("answers: expected at least one stimulus and one noise vector")


@dataclass(frozen=True)
class FigureData:
    """All that figures are drawn from; a figure without data is left out of the page, which says so."""

    embedding: EmbeddingData | None = None
    augmentation: AugmentationData | None = None
    answers: AnswerData | None = None


def write_figure_data(directory: Path, data: FigureData) -> None:
    """Write figures.npz and figures.json; the same data give the same bytes."""
    arrays: dict[str, np.ndarray] = {}
    names: dict[str, Any] = {}
    for figure in ("embedding", "augmentation"):
        content = getattr(data, figure)
        if content is not None:
            arrays |= {f"{figure}_{key}": value for key, value in vars(content).items() if _is_array(value)}
            names[figure] = {key: list(value) for key, value in vars(content).items() if not _is_array(value)}
    if data.answers is not None:
        answers = data.answers
        names["answers"] = {"names": list(answers.names), "skeleton": asdict(answers.definition)}
        arrays |= {
            "answers_stimuli": answers.stimuli.limbs_in_body,
            "answers_stimulus_durations_s": answers.stimuli.durations_s,
            "answers_responses": np.stack([motions.limbs_in_body for motions in answers.answers]),
            "answers_response_durations_s": np.stack([motions.durations_s for motions in answers.answers]),
        }
    directory.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    replace_file(directory / ARRAYS, buffer.getvalue())
    write_json(directory / NAMES, names)


def has_figure_data(directory: Path) -> bool:
    """Tell whether both files are there."""
    return (directory / ARRAYS).is_file() and (directory / NAMES).is_file()


def read_figure_data(directory: Path) -> FigureData:
    """Read figures.npz and figures.json; without figures.json there is nothing to draw.

    Raises:
        ResultsError: A file is damaged, or one lacks what the other names.
    """
    if not (directory / NAMES).exists():
        return FigureData()
    names = read_json(directory / NAMES)
    path = directory / ARRAYS
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except FileNotFoundError as error:
        raise ResultsError(f"{path}: no such file, though {NAMES} is there; run the figures again") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ResultsError(f"{path}: damaged or unreadable: {describe(error)}") from error
    try:
        return FigureData(
            EmbeddingData(**_fields("embedding", names, arrays)) if "embedding" in names else None,
            AugmentationData(**_fields("augmentation", names, arrays)) if "augmentation" in names else None,
            _answers(names["answers"], arrays) if "answers" in names else None,
        )
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise ResultsError(f"{directory}: {NAMES} and {ARRAYS} do not fit: {describe(error)}") from error
    except (ResultsError, SkeletonError) as error:
        raise ResultsError(f"{path}: {error}") from error


def _fields(figure: str, names: dict[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    prefix = f"{figure}_"
    mine = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
    return mine | {key: tuple(value) for key, value in names[figure].items()}


def _answers(names: dict[str, Any], arrays: dict[str, np.ndarray]) -> AnswerData:
    skeleton = names["skeleton"]
    definition = SkeletonDefinition(
        skeleton["name"],
        tuple(skeleton["joints"]),
        tuple(Limb(**limb) for limb in skeleton["limbs"]),
        BodyFrameJoints(**skeleton["body_frame"]),
    )
    answers = zip(arrays["answers_responses"], arrays["answers_response_durations_s"], strict=True)
    return AnswerData(
        definition,
        tuple(names["names"]),
        MotionArray(arrays["answers_stimuli"], arrays["answers_stimulus_durations_s"]),
        tuple(MotionArray(limbs, durations) for limbs, durations in answers),
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _require_finite(what: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ResultsError(f"{what} holds NaN or infinity")
