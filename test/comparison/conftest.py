"""Made-up pairs and short recipes that the tests of `iat_ros.comparison` share."""

from __future__ import annotations

import pytest
import torch

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
