"""Made-up pairs that the tests of `iat_ros.training` share."""

from __future__ import annotations

import pytest
import torch

from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Division, divide
from iat_ros.data.source import RULES, Source
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.skeleton.definition import load_skeleton


@pytest.fixture(scope="session")
def division() -> Division:
    """Four made-up people, three trials: 30 pairs in A, five rules."""
    torch.set_num_threads(1)
    source = Source("made_up", load_skeleton("utd_mhad"), make_clips(people=4, trials=3), RULES)
    return divide(source.actions(32), source.rules, "subject", seed=0)


@pytest.fixture(scope="session")
def pairs(division: Division) -> tuple[torch.Tensor, torch.Tensor]:
    """The made-up pairs as networks see them: stimuli and responses."""
    stimuli, responses = (
        to_tensor(side, DurationScale.of(side.durations_s))
        for side in (division.pairs.stimuli, division.pairs.responses)
    )
    return stimuli, responses
