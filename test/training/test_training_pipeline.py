"""The whole training: resuming, refusing, and the loss of the critic."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from iat_ros.data.protocol import Division
from iat_ros.errors import ConfigError, DataError, ModelError
from iat_ros.evaluation.augmentation_quality import augmentation_quality
from iat_ros.model.networks import Critic, Dimensions
from iat_ros.training import pipeline
from iat_ros.training.act2act import gradient_penalty
from iat_ros.training.config import GanConfig, PvaeConfig, TrainingConfig
from iat_ros.training.pipeline import CHECKPOINT, discard, prepare_output, train

CONFIG = TrainingConfig(width=8, pvae=PvaeConfig(epochs=4), gan=GanConfig(steps=6, batch=8))
CARD = {"skeleton": "utd_mhad", "limb_names": tuple("abcdefgh"), "data_set": {"name": "made_up"}}


class InterruptedTestError(Exception):
    """Stands for Ctrl-C."""


def interrupt_at(phase: str, step: int):
    """Make a progress function that stops the training after a step."""

    def progress(now: str, done: int, *_) -> None:
        if (now, done) == (phase, step):
            raise InterruptedTestError

    return progress


@pytest.fixture
def interrupted(division: Division, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A training that stopped at the fourth generator step, with a checkpoint of the third."""
    monkeypatch.setattr(pipeline, "_CHECKPOINT_EVERY_S", -1.0)
    directory = tmp_path / "interrupted"
    prepare_output(directory, resume=False)
    with pytest.raises(InterruptedTestError):
        train(division.pairs, CONFIG, 3, directory, CARD, interrupt_at("act2act", 4))
    return directory


def test_resumed_training_gives_the_same_model(division: Division, interrupted: Path, tmp_path: Path) -> None:
    """A training that stopped and went on writes the same bytes as one that never stopped."""
    whole = tmp_path / "whole"
    prepare_output(whole, resume=False)
    train(division.pairs, CONFIG, 3, whole, CARD)
    prepare_output(interrupted, resume=True)
    steps: list[int] = []
    train(division.pairs, CONFIG, 3, interrupted, CARD, lambda _, done, *__: steps.append(done))
    assert steps == [4, 5, 6]
    for name in ("model.safetensors", "model.json"):
        assert (whole / name).read_bytes() == (interrupted / name).read_bytes()
    assert not (interrupted / CHECKPOINT).exists()


@pytest.mark.parametrize(("phase", "step"), [("pvae", 2), ("act2act", 2)])
def test_training_that_stopped_early_gives_the_same_model(
    division: Division, tmp_path: Path, phase: str, step: int
) -> None:
    """Also one that stopped before the first checkpoint of Act2Act, or of all, ends with the same bytes."""
    for name, progress in (("whole", lambda *_: None), ("early", interrupt_at(phase, step))):
        prepare_output(tmp_path / name, resume=False)
        with contextlib.suppress(InterruptedTestError):
            train(division.pairs, CONFIG, 3, tmp_path / name, CARD, progress)
    assert not (tmp_path / "early" / "model.json").exists()
    train(division.pairs, CONFIG, 3, tmp_path / "early", CARD)
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("whole", "early")]
    assert weights[0] == weights[1]


def test_another_seed_gives_another_model(division: Division, tmp_path: Path) -> None:
    """The seed decides what is drawn, and the card tells the seed and the s that was chosen."""
    weights = []
    for seed in (0, 1):
        prepare_output(tmp_path / str(seed), resume=False)
        card = train(division.pairs, CONFIG, seed, tmp_path / str(seed), CARD).card
        weights.append((tmp_path / str(seed) / "model.safetensors").read_bytes())
        content = json.loads((tmp_path / str(seed) / "model.json").read_text())
        assert content["seed"] == card.seed == seed
        assert content["recipe"]["augmentation"]["scale"] > 0
    assert weights[0] != weights[1]


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


def test_damaged_checkpoint_is_refused(division: Division, interrupted: Path) -> None:
    """Half a checkpoint, or one of foreign content, gives a clear error and no model."""
    path = interrupted / CHECKPOINT
    for content in (path.read_bytes()[:1000], b"", b"not a checkpoint"):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"checkpoint\.pt: damaged.*train anew"):
            train(division.pairs, CONFIG, 3, interrupted, CARD)
    assert not (interrupted / "model.json").exists()


def test_checkpoint_of_another_training_is_refused(division: Division, interrupted: Path) -> None:
    """To go on with another seed, recipe or other pairs is refused, and the difference named."""
    other = replace(CONFIG, gan=replace(CONFIG.gan, steps=7))
    for arguments, name in (
        ((division.pairs, CONFIG, 4), "seed"),
        ((division.pairs, other, 3), "config"),
        ((division.pairs[list(range(20))], CONFIG, 3), "pairs"),
    ):
        with pytest.raises(ModelError, match=f"another {name}"):
            train(*arguments, interrupted, CARD)


def test_pairs_that_cannot_be_learned_from_are_refused(division: Division, tmp_path: Path) -> None:
    """Too few pairs, or motions of another length than the recipe's, are refused before anything is trained."""
    with pytest.raises(DataError, match="7 pairs are too few"):
        train(division.pairs[list(range(7))], CONFIG, 0, tmp_path, CARD)
    with pytest.raises(DataError, match="wants motions of 16 frames, the data has 32"):
        train(division.pairs, replace(CONFIG, frames=16), 0, tmp_path, CARD)


def test_gradient_penalty_of_a_known_slope() -> None:
    """A critic with the slope w everywhere is charged (||w|| - 1)^2."""
    weights = torch.zeros(25, 32)
    weights[3, 4], weights[10, 30] = 3.0, 4.0
    motions = torch.randn(5, 25, 32, requires_grad=True)
    penalty = gradient_penalty((motions * weights).sum(dim=(1, 2)), motions)
    assert penalty.item() == pytest.approx(16.0, abs=1e-4)


def test_gradient_penalty_against_finite_differences() -> None:
    """The slope of the real critic, measured by moving each input a little, gives the same penalty."""
    torch.manual_seed(0)
    critic = Critic(Dimensions(1, frames=8, width=4, code=2)).double()
    code, motion = torch.randn(1, 2).double(), torch.randn(1, 4, 8).double().requires_grad_(True)
    penalty = gradient_penalty(critic(code, motion), motion)
    slope = torch.zeros(32).double()
    with torch.no_grad():
        for index in range(32):
            step = torch.zeros(32).double()
            step[index] = 1e-6
            step = step.view(1, 4, 8)
            slope[index] = (critic(code, motion + step) - critic(code, motion - step))[0] / 2e-6
    assert penalty.item() == pytest.approx(float((slope.norm() - 1) ** 2), rel=1e-4)


def test_what_augmentation_did_is_returned(division: Division, tmp_path: Path) -> None:
    """F and R can be told of what was trained with: both matrices NC come back, with rows that sum to 1."""
    prepare_output(tmp_path / "model", resume=False)
    trained = train(division.pairs, CONFIG, 0, tmp_path / "model", CARD)
    quality = augmentation_quality([trained.nc_stimuli, trained.nc_responses], division.pair_rules)
    for nc in (trained.nc_stimuli, trained.nc_responses):
        assert nc.shape == (len(division.pairs),) * 2
        np.testing.assert_allclose(nc.sum(axis=1), 1.0, rtol=1e-5)
    assert set(quality) == {"augmentation_effectiveness", "augmentation_reliability"}
    assert 0.0 <= quality["augmentation_effectiveness"] <= 100.0
    assert 20.0 < quality["augmentation_reliability"] <= 100.0
