"""What all tests share: a ROS domain of their own, and a model that knows a few made-up actions."""

from __future__ import annotations

import fcntl
import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest
import torch

from iat_ros.data.actions import cut_action, stack
from iat_ros.data.made_up import make_clips
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.generator import Act2Act
from iat_ros.model.model_file import ModelCard, save_model
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.skeleton.definition import load_skeleton

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _held_by_another_run(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def ros_domain() -> Iterator[int]:
    """A domain id that nobody else on this machine tests on now; for this process and those that it starts."""
    folder = Path(tempfile.gettempdir())
    for number in itertools.islice(_NUMBERS, 100):  # another one each time: the last test's nodes may linger
        domain = 1 + (os.getpid() + number) % 100
        with open(folder / f"iat_ros_test_domain_{domain}.lock", "w") as lock:
            if _held_by_another_run(lock):
                continue
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("ROS_DOMAIN_ID", str(domain))
                yield domain
            return
    pytest.fail("all ROS domains are taken by other runs of the tests")


@pytest.fixture(scope="session")
def attending_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows made-up throws and knocks of three people, each answered with its own kind of motion."""
    clips = make_clips(people=3, trials=3, actions=("throw", "knock"))
    definition = load_skeleton("utd_mhad")
    stimuli = stack([cut_action(definition, clip, 32) for clip in clips])
    replies = {"throw": "catch", "knock": "wave"}
    answer_clips = {clip.action: clip for clip in make_clips(people=1, trials=1, actions=tuple(replies.values()))}
    answers = stack([cut_action(definition, answer_clips[replies[clip.action]], 32) for clip in clips])
    dims = Dimensions(len(definition.limbs), width=8, landmarks=len(clips))
    scales = [DurationScale.of(motions.durations_s) for motions in (stimuli, answers)]
    torch.manual_seed(0)
    generator = Act2Act(dims, "attention")
    places = torch.zeros(len(clips), dims.code)
    places[:, 0] = torch.tensor([6.0 if clip.action == "throw" else -6.0 for clip in clips])
    state = generator.state_dict()
    state["encoder.keys"] = AttentionEncoder.limb_vectors(to_tensor(stimuli, scales[0]))
    state["encoder.values"] = state["decoder.places"] = places
    state["encoder.width"] = torch.tensor(0.1)
    state["decoder.answers"] = to_tensor(answers, scales[1]).flatten(1)
    generator.load_state_dict(state)
    card = ModelCard("utd_mhad", definition.limb_names, dims, "attention", 0.7, scales[0], scales[1], {}, {}, seed=0)
    directory = tmp_path_factory.mktemp("attending")
    save_model(directory, generator, card)
    return directory
