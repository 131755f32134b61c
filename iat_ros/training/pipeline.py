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

"""The whole training: pairs -> paired embedding -> augmentation -> Act2Act -> model directory. Resumable."""

from __future__ import annotations

import io
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from iat_ros.data.protocol import FEWEST_PAIRS, PairSet
from iat_ros.errors import ConfigError, DataError, ModelError, describe
from iat_ros.model.model_file import CARD, ModelCard, save_model
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.training.config import TrainingConfig
from iat_ros.training.preparation import Preparation, Progress, finish, make_trainer, networks_of, prepare
from iat_ros.training.wgan import CPU

CHECKPOINT = "checkpoint.pt"
_PARTIAL = ".partial"
_CHECKPOINT_EVERY_S = 20.0


@dataclass(frozen=True)
class Trained:
    """What a training leaves beside the model directory.

    Attributes:
        card: The card in the directory.
        preparation: What Act2Act's training started from.
    """

    card: ModelCard
    preparation: Preparation


def prepare_output(directory: Path, resume: bool) -> None:
    """Make the model directory, and refuse to overwrite one.

    Raises:
        ConfigError: It holds something already, or there is nothing to resume.
    """
    checkpoint = directory / CHECKPOINT
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {directory}: cannot be made: {error.strerror or error}") from error
    if (directory / CARD).exists():
        raise ConfigError(f"{directory}: holds a model already; choose another output directory or remove it first")
    if not resume and not checkpoint.exists():
        checkpoint.with_suffix(_PARTIAL).unlink(missing_ok=True)  # a disk was full: nothing in it can be used
    if resume and not checkpoint.exists():
        raise ConfigError(f"{directory}: nothing to resume here (no {CHECKPOINT}); leave --resume out to start anew")
    if checkpoint.exists() and not resume:
        raise ConfigError(f"{directory}: holds an unfinished training; add --resume to go on, or remove it first")
    if not checkpoint.exists() and directory.exists() and any(directory.iterdir()):
        raise ConfigError(f"{directory}: is not empty; choose another output directory")


def train(
    pairs: PairSet,
    config: TrainingConfig,
    seed: int,
    directory: Path,
    card: dict[str, Any],
    progress: Progress = lambda *_: None,
    device: torch.device = CPU,
) -> Trained:
    """Train a model on pairs and write it; goes on from a checkpoint in the directory where there is one.

    Args:
        pairs: Set A.
        config: The recipe.
        seed: Decides everything that is drawn; the same seed gives the same model on one machine and device.
        directory: Where the model is written, made ready by `prepare_output`.
        card: ``skeleton``, ``limb_names``, ``data_set`` and, where a robot answers, ``joints`` for model.json.
        progress: Told about every step.
        device: Where Act2Act is trained.

    Returns:
        The card that was written, without scores, and what Act2Act started from.

    Raises:
        DataError: The pairs are too few or do not fit the recipe.
        ModelError: The checkpoint is damaged, or belongs to another recipe, seed, data or device.
    """
    limbs, frames = pairs.stimuli.limbs_in_body.shape[2], pairs.stimuli.limbs_in_body.shape[1]
    if frames != config.frames:
        raise DataError(f"the recipe wants motions of {config.frames} frames, the data has {frames}")
    if len(pairs) < FEWEST_PAIRS:
        raise DataError(f"{len(pairs)} pairs are too few to learn from; at least {FEWEST_PAIRS} are needed")
    dims = config.dimensions(limbs, len(pairs), pairs.responses.limbs_in_body.shape[2])
    scales = DurationScale.of(pairs.stimuli.durations_s), DurationScale.of(pairs.responses.durations_s)
    stimuli, responses = to_tensor(pairs.stimuli, scales[0]), to_tensor(pairs.responses, scales[1])
    identity = {
        "config": asdict(config),
        "seed": seed,
        "device": device.type,
        "pairs": float(stimuli.double().sum() + responses.double().sum()),
    }
    path = directory / CHECKPOINT
    torch.manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    state = _load_checkpoint(path, identity) if path.exists() else None
    if state is None:
        prepared = prepare(stimuli, responses, dims, config, draws, progress)
        state = {"identity": identity, "preparation": prepared.state()}
        _write(path, state)
    draws.manual_seed(seed + 1)
    torch.manual_seed(seed + 1)
    try:
        prepared = Preparation.from_state(state["preparation"], len(pairs))
        trainer = make_trainer(stimuli, responses, dims, config, prepared, draws, device)
        if "trainer" in state:
            trainer.load_state(state["trainer"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RuntimeError) as error:
        raise ModelError(f"{path}: damaged: {describe(error)}; remove it and train anew") from error
    written = time.monotonic()

    def step_done(step: int, losses: dict[str, float]) -> None:
        """Tell of a step, and write a checkpoint when one is due."""
        nonlocal written
        progress("act2act", step, config.gan.steps, losses)
        if time.monotonic() - written > _CHECKPOINT_EVERY_S:
            _write(path, {**state, "trainer": trainer.state()})
            written = time.monotonic()

    trainer.train(step_done)
    done = ModelCard(
        dimensions=dims,
        networks=networks_of(config),
        spread=config.spread,
        stimulus_durations=scales[0],
        response_durations=scales[1],
        recipe={**asdict(config), "scale": prepared.scale},
        seed=seed,
        **card,
    )
    save_model(directory, finish(trainer, dims, config, prepared), done)
    path.unlink(missing_ok=True)
    return Trained(done, prepared)


def _write(path: Path, state: dict[str, Any]) -> None:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    partial = path.with_suffix(_PARTIAL)
    partial.write_bytes(buffer.getvalue())
    os.replace(partial, path)


def _load_checkpoint(path: Path, identity: dict[str, Any]) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, "cpu", weights_only=True)  # weights only: no code is unpickled
        theirs = dict(state["identity"])
    except Exception as error:
        raise ModelError(f"{path}: damaged: {describe(error)}; remove it and train anew") from error
    for key, value in identity.items():
        if theirs.get(key) != value:
            raise ModelError(f"{path}: belongs to a training with another {key}; use the same, or another directory")
    return state


def discard(directory: Path) -> None:
    """Remove an unfinished training that never got anywhere, so that the name is free again."""
    if directory.is_dir() and not any(directory.iterdir()):
        shutil.rmtree(directory)
