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

"""A model on disk: a directory with ``model.safetensors`` and ``model.json``. No pickle, so no code can hide in it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

import iat_ros
from iat_ros.errors import ModelError, SkeletonError, describe
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.generator import KINDS, Act2Act
from iat_ros.model.normalisation import DurationScale
from iat_ros.skeleton.joint_motion import JointScale

FORMAT_VERSION = 4
WEIGHTS, CARD = "model.safetensors", "model.json"


@dataclass(frozen=True)
class ModelCard:
    """What model.json says about a model.

    Attributes:
        skeleton: Name of the skeleton definition it was trained on.
        limb_names: The limbs, in order.
        dimensions: Sizes of the networks.
        networks: Kind of the generator's networks, one of `KINDS`.
        spread: Standard deviation of z for answers.
        stimulus_durations: Normalisation of the durations of stimuli.
        response_durations: Normalisation and range of the durations of answers.
        recipe: The training configuration.
        data_set: What it was trained on, and how that was divided.
        seed: Seed of the training.
        scores: Figures measured after the training.
        package_version: Version of the package that trained it.
        joints: The robot's joints that answers move; None where answers are limb vectors.
    """

    skeleton: str
    limb_names: tuple[str, ...]
    dimensions: Dimensions
    networks: str
    spread: float
    stimulus_durations: DurationScale
    response_durations: DurationScale
    recipe: dict[str, Any]
    data_set: dict[str, Any]
    seed: int
    scores: dict[str, Any] = field(default_factory=dict)
    package_version: str = iat_ros.__version__
    joints: JointScale | None = None

    def __post_init__(self) -> None:
        if self.networks not in KINDS:
            raise ModelError(f"'networks' must be one of {', '.join(KINDS)}, got {str(self.networks)[:40]!r}")
        if type(self.spread) not in (int, float) or not 0 <= self.spread <= 2:
            raise ModelError(f"'spread' must lie between 0 and 2, got {str(self.spread)[:40]}")
        kinds = {"skeleton": str, "recipe": dict, "data_set": dict, "seed": int, "scores": dict, "package_version": str}
        for name, kind in kinds.items():
            if not isinstance(getattr(self, name), kind):
                raise ModelError(f"'{name}' must be of type {kind.__name__}, got {type(getattr(self, name)).__name__}")
        if not all(isinstance(name, str) for name in self.limb_names):
            raise ModelError("'limb_names' must be a list of names")
        if len(self.limb_names) != self.dimensions.limbs:
            raise ModelError(f"{len(self.limb_names)} limb names for dimensions.limbs = {self.dimensions.limbs}")
        answered = self.limb_names if self.joints is None else self.joints.names
        if len(answered) != self.dimensions.response_limbs:
            raise ModelError(
                f"{len(answered)} names of what answers move for dimensions.response_limbs = "
                f"{self.dimensions.response_limbs}"
            )


def save_model(directory: Path, generator: Act2Act, card: ModelCard) -> None:
    """Write a model directory; each file appears whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()}
    _replace(directory / WEIGHTS, safetensors.torch.save(weights))
    save_card(directory, card)


def save_card(directory: Path, card: ModelCard) -> None:
    """Write model.json alone, as after new scores were measured."""
    text = json.dumps({"format_version": FORMAT_VERSION, **asdict(card)}, indent=2)
    _replace(directory / CARD, text.encode() + b"\n")


def load_card(directory: Path) -> ModelCard:
    """Read model.json.

    Raises:
        ModelError: The directory or file is missing or damaged, or of another format version.
    """
    path = directory / CARD
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{directory}: no {CARD} here; expected a model directory as 'train' writes it") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: damaged or unreadable: {describe(error)}; train again or copy it anew") from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: expected format_version {FORMAT_VERSION}, got {version!r}; train the model again")
    del content["format_version"]
    try:
        content["dimensions"] = Dimensions(**content["dimensions"])
        content["stimulus_durations"] = DurationScale(**content["stimulus_durations"])
        content["response_durations"] = DurationScale(**content["response_durations"])
        content["limb_names"] = tuple(content["limb_names"])
        if content.get("joints") is not None:
            content["joints"] = JointScale(**{name: tuple(value) for name, value in content["joints"].items()})
        return ModelCard(**content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: a key is missing, unknown or of the wrong type: {error}") from error
    except (ModelError, SkeletonError) as error:
        raise ModelError(f"{path}: {error}") from error


def load_generator(directory: Path, card: ModelCard) -> Act2Act:
    """Read the weights of the generator, in evaluation mode, on the CPU.

    Raises:
        ModelError: The file is missing or damaged, or its tensors do not fit the card.
    """
    path = directory / WEIGHTS
    try:
        weights = safetensors.torch.load_file(str(path))
    except FileNotFoundError as error:
        raise ModelError(f"{directory}: no {WEIGHTS} here; expected a model directory as 'train' writes it") from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: damaged or unreadable: {error}; train again or copy it anew") from error
    with torch.device("meta"):  # compare before anything is allocated
        generator = Act2Act(card.dimensions, card.networks)
    expected = {name: tuple(value.shape) for name, value in generator.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise ModelError(
                f"{path}: does not fit {CARD}: tensor '{name}' should have shape {expected.get(name)}, "
                f"has {found.get(name)}"
            )
    for name, value in weights.items():
        if value.dtype != torch.float32:
            raise ModelError(f"{path}: tensor '{name}' should hold float32, holds {value.dtype}")
    if not all(bool(value.isfinite().all()) for value in weights.values()):
        raise ModelError(f"{path}: weights hold NaN or infinity; train again or copy it anew")
    for name in ("encoder.width", "decoder.widths"):
        if name in weights and not bool((weights[name] > 0).all()):
            raise ModelError(f"{path}: tensor '{name}' must lie above 0; train again or copy it anew")
    generator.load_state_dict(weights, assign=True)
    return generator.eval()


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
