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

"""The whole training, by either method: resuming, refusing, and what it leaves."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from iat_ros.data.protocol import Division
from iat_ros.errors import ConfigError, DataError, ModelError
from iat_ros.evaluation.augmentation_quality import augmentation_quality
from iat_ros.model.responder import Responder
from iat_ros.training import pipeline
from iat_ros.training.config import METHODS, EmbeddingConfig, GanConfig, PvaeConfig, TrainingConfig
from iat_ros.training.pipeline import CHECKPOINT, discard, prepare_output, train

SHORT = TrainingConfig(width=8, pool=64, pvae=PvaeConfig(epochs=4), gan=GanConfig(steps=6, batch=8))
CARD = {"skeleton": "utd_mhad", "limb_names": tuple("abcdefgh"), "data_set": {"name": "made_up"}}


class InterruptedTestError(Exception):
    """Stands for Ctrl-C."""


def interrupt_at(phase: str, step: int):
    """Make a progress function that stops the training after a step."""

    def progress(now: str, done: int, *_) -> None:
        if (now, done) == (phase, step):
            raise InterruptedTestError

    return progress


@pytest.fixture(params=METHODS)
def config(request: pytest.FixtureRequest) -> TrainingConfig:
    """A short recipe of each method."""
    return replace(SHORT, method=request.param)


@pytest.fixture
def interrupted(division: Division, config: TrainingConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A training that stopped at the fourth generator step, with a checkpoint of the third."""
    monkeypatch.setattr(pipeline, "_CHECKPOINT_EVERY_S", -1.0)
    directory = tmp_path / "interrupted"
    prepare_output(directory, resume=False)
    with pytest.raises(InterruptedTestError):
        train(division.pairs, config, 3, directory, CARD, interrupt_at("act2act", 4))
    return directory


def test_resumed_training_gives_the_same_model(
    division: Division, config: TrainingConfig, interrupted: Path, tmp_path: Path
) -> None:
    """A training that stopped and went on writes the same bytes as one that never stopped."""
    whole = tmp_path / "whole"
    prepare_output(whole, resume=False)
    train(division.pairs, config, 3, whole, CARD)
    prepare_output(interrupted, resume=True)
    steps: list[int] = []
    train(division.pairs, config, 3, interrupted, CARD, lambda _, done, *__: steps.append(done))
    assert steps == [4, 5, 6]
    for name in ("model.safetensors", "model.json"):
        assert (whole / name).read_bytes() == (interrupted / name).read_bytes()
    assert not (interrupted / CHECKPOINT).exists()


@pytest.mark.parametrize(("phase", "step"), [("embedding", 1), ("act2act", 2)])
def test_training_that_stopped_early_gives_the_same_model(
    division: Division, config: TrainingConfig, tmp_path: Path, phase: str, step: int
) -> None:
    """Also one that stopped before the first checkpoint of Act2Act, or of all, ends with the same bytes."""
    for name, progress in (("whole", lambda *_: None), ("early", interrupt_at(phase, step))):
        prepare_output(tmp_path / name, resume=False)
        with contextlib.suppress(InterruptedTestError):
            train(division.pairs, config, 3, tmp_path / name, CARD, progress)
    assert not (tmp_path / "early" / "model.json").exists()
    train(division.pairs, config, 3, tmp_path / "early", CARD)
    for name in ("model.safetensors", "model.json"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "early" / name).read_bytes()


def test_what_a_full_disk_left_is_started_anew(tmp_path: Path) -> None:
    """Half a checkpoint is none: there is nothing to resume, and it keeps nobody from starting."""
    half = tmp_path / "checkpoint.partial"
    half.write_bytes(b"half")
    with pytest.raises(ConfigError, match=r"nothing to resume here .* leave --resume out to start anew"):
        prepare_output(tmp_path, resume=True)
    prepare_output(tmp_path, resume=False)
    assert not half.exists()
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ConfigError, match="is not empty"):
        prepare_output(tmp_path, resume=False)


def test_only_the_same_seed_gives_the_same_model(division: Division, config: TrainingConfig, tmp_path: Path) -> None:
    """The seed decides all that is drawn; the card tells it, the networks, the spread and the s that was taken."""
    weights = []
    for number, seed in enumerate((0, 0, 1)):
        directory = tmp_path / str(number)
        prepare_output(directory, resume=False)
        card = train(division.pairs, config, seed, directory, CARD).card
        weights.append((directory / "model.safetensors").read_bytes())
        content = json.loads((directory / "model.json").read_text())
        assert content["seed"] == card.seed == seed
        assert content["spread"] == config.spread
        assert content["networks"] == {"joint": "attention", "paper": "convolutional"}[config.method]
        assert content["recipe"]["method"] == config.method
        assert content["recipe"]["scale"] > 0
    assert weights[0] == weights[1] != weights[2]


def test_a_chosen_scale_is_kept(division: Division, tmp_path: Path) -> None:
    """The paper's method takes an s that the recipe gives; the joint one its neighbourhood."""
    for name, config, scale in (
        ("paper", replace(SHORT, method="paper", pvae=PvaeConfig(epochs=2, scale=0.3)), 0.3),
        ("joint", replace(SHORT, embedding=EmbeddingConfig(neighbourhood=0.25)), 0.25),
    ):
        prepare_output(tmp_path / name, resume=False)
        trained = train(division.pairs, config, 0, tmp_path / name, CARD)
        assert trained.card.recipe["scale"] == trained.preparation.scale == scale


def test_the_model_answers(division: Division, config: TrainingConfig, tmp_path: Path) -> None:
    """What was written loads, and answers stimuli with finite unit limb vectors, other noise with other answers."""
    prepare_output(tmp_path / "model", resume=False)
    train(division.pairs, config, 0, tmp_path / "model", CARD)
    responder = Responder.load(tmp_path / "model", "cpu")
    noise = responder.sample_noise(2 * len(division.pairs), np.random.default_rng(0))
    answers = [responder.answer(division.pairs.stimuli, part) for part in np.split(noise, 2)]
    for part in answers:
        assert part.limbs_in_body.shape == division.pairs.stimuli.limbs_in_body.shape
        np.testing.assert_allclose(np.linalg.norm(part.limbs_in_body, axis=-1), 1.0, atol=1e-6)
    assert np.abs(answers[0].limbs_in_body - answers[1].limbs_in_body).max() > 1e-3


def test_output_that_holds_something_is_refused(tmp_path: Path, interrupted: Path) -> None:
    """A model is never overwritten, an unfinished training not restarted by accident, nothing resumed from nothing."""
    with pytest.raises(ConfigError, match="--resume"):
        prepare_output(interrupted, resume=False)
    with pytest.raises(ConfigError, match="nothing to resume"):
        prepare_output(tmp_path / "new", resume=True)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.json").write_text("{}")
    for resume in (False, True):
        with pytest.raises(ConfigError, match="holds a model already"):
            prepare_output(tmp_path / "model", resume)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="not empty"):
        prepare_output(tmp_path / "other", resume=False)
    discard(tmp_path / "other")
    assert (tmp_path / "other" / "thesis.tex").exists()


def test_damaged_checkpoint_is_refused(division: Division, config: TrainingConfig, interrupted: Path) -> None:
    """Half a checkpoint, or one of foreign content, gives a clear error and no model."""
    path = interrupted / CHECKPOINT
    for content in (path.read_bytes()[:1000], b"", b"not a checkpoint"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"checkpoint\.pt: damaged.*train anew"):
            train(division.pairs, config, 3, interrupted, CARD)
    assert not (interrupted / "model.json").exists()


def _lose_neighbours(state: dict[str, Any]) -> None:
    del state["preparation"]["neighbours"][1]


def _spoil_neighbours(state: dict[str, Any]) -> None:
    state["preparation"]["neighbours"][0]["data"][0] = float("nan")


def _lead_out_of_the_pairs(state: dict[str, Any]) -> None:
    state["preparation"]["neighbours"][0]["indices"][:] = 10**6


def _lose_the_critic(state: dict[str, Any]) -> None:
    del state["trainer"]["critic"]


def _mistake_the_trainer(state: dict[str, Any]) -> None:
    state["trainer"] = [1, 2, 3]


def _shorten_the_random_state(state: dict[str, Any]) -> None:
    state["trainer"]["random"] = state["trainer"]["random"][:10]


@pytest.mark.parametrize(
    "damage",
    [
        _lose_neighbours,
        _spoil_neighbours,
        _lead_out_of_the_pairs,
        _lose_the_critic,
        _mistake_the_trainer,
        _shorten_the_random_state,
    ],
)
def test_checkpoint_that_loads_and_makes_no_sense_is_refused(
    division: Division, config: TrainingConfig, interrupted: Path, damage: Callable[[dict[str, Any]], None]
) -> None:
    """A checkpoint of the right form with the wrong content gives the same error, and no model."""
    path = interrupted / CHECKPOINT
    state = torch.load(path, weights_only=True)
    damage(state)
    torch.save(state, path)
    with pytest.raises(ModelError, match=r"checkpoint\.pt: damaged.*train anew"):
        train(division.pairs, config, 3, interrupted, CARD)
    assert not (interrupted / "model.json").exists()


def test_checkpoint_of_another_training_is_refused(
    division: Division, config: TrainingConfig, interrupted: Path
) -> None:
    """To go on with another seed, recipe or other pairs is refused, and the difference named."""
    longer = replace(config, gan=replace(config.gan, steps=7))
    method = replace(config, method=next(name for name in METHODS if name != config.method))
    for arguments, name in (
        ((division.pairs, config, 4), "seed"),
        ((division.pairs, longer, 3), "config"),
        ((division.pairs, method, 3), "config"),
        ((division.pairs[list(range(20))], config, 3), "pairs"),
    ):
        with pytest.raises(ModelError, match=f"another {name}"):
            train(*arguments, interrupted, CARD)


def test_pairs_that_cannot_be_learned_from_are_refused(division: Division, tmp_path: Path) -> None:
    """Too few pairs, or motions of another length than the recipe's, are refused before anything is trained."""
    with pytest.raises(DataError, match="7 pairs are too few"):
        train(division.pairs[list(range(7))], SHORT, 0, tmp_path, CARD)
    with pytest.raises(DataError, match="wants motions of 16 frames, the data has 32"):
        train(division.pairs, replace(SHORT, frames=16), 0, tmp_path, CARD)


def test_what_augmentation_did_is_returned(division: Division, config: TrainingConfig, tmp_path: Path) -> None:
    """F and R can be told of what was trained with: both matrices NC come back, with rows that sum to 1."""
    prepare_output(tmp_path / "model", resume=False)
    trained = train(division.pairs, config, 0, tmp_path / "model", CARD)
    matrices = [side.nc for side in trained.preparation.neighbours]
    quality = augmentation_quality(matrices, division.pair_rules)
    for nc in matrices:
        assert nc.shape == (len(division.pairs),) * 2
        np.testing.assert_allclose(nc.sum(axis=1), 1.0, rtol=1e-5)
    assert set(quality) == {"augmentation_effectiveness", "augmentation_reliability"}
    assert 0.0 <= quality["augmentation_effectiveness"] <= 100.0
    assert 20.0 < quality["augmentation_reliability"] < 100.0 + 1e-4


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        """Tell pickle what to call."""
        return os.mkdir, (str(self._folder),)


def test_a_checkpoint_runs_no_code(division: Division, tmp_path: Path) -> None:
    """What a stranger put where an interrupted training lies is refused, and nothing in it is called."""
    touched = tmp_path / "touched"
    torch.save({"identity": Payload(touched)}, tmp_path / CHECKPOINT)
    with pytest.raises(ModelError, match="damaged"):
        train(division.pairs, SHORT, 3, tmp_path, CARD)
    assert not touched.exists()
