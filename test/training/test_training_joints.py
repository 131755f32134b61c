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

"""A short training on a robot's joints: the model that it leaves answers in joints, inside what was recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from iat_ros.data.protocol import Division, PairSet
from iat_ros.errors import ModelError
from iat_ros.model.cuda_graph import MOST, GraphedInference
from iat_ros.model.inference import for_inference
from iat_ros.model.model_file import load_card, load_generator
from iat_ros.model.responder import Responder
from iat_ros.skeleton.joint_motion import JointScale
from iat_ros.skeleton.motion import MotionArray
from iat_ros.training.config import METHODS, GanConfig, PvaeConfig, TrainingConfig
from iat_ros.training.pipeline import prepare_output, train

SHORT = TrainingConfig(width=8, pool=64, pvae=PvaeConfig(epochs=4), gan=GanConfig(steps=6, batch=8))
NAMES = ("lift", "shoulder", "elbow")


@pytest.fixture(scope="module")
def joint_pairs(division: Division) -> tuple[PairSet, JointScale]:
    """The made-up pairs, answered by three joints instead of a skeleton."""
    limbs = division.pairs.responses.limbs_in_body
    positions = np.stack([0.1 * limbs[:, :, 7, 2], 2.5 * limbs[:, :, 6, 2], 0.5 * limbs[:, :, 7, 0]], axis=2)
    scale = JointScale.of(NAMES, list(positions))
    responses = MotionArray(scale.to_vectors(positions), division.pairs.responses.durations_s)
    return replace(division.pairs, responses=responses), scale


Models = dict[str, Path]


@pytest.fixture(scope="module")
def models(joint_pairs: tuple[PairSet, JointScale], tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A model of each method, trained for a moment."""
    made = {}
    for method in METHODS:
        made[method] = tmp_path_factory.mktemp("joints") / method
        prepare_output(made[method], resume=False)
        card = {"skeleton": "utd_mhad", "limb_names": tuple("abcdefgh"), "data_set": {}, "joints": joint_pairs[1]}
        train(joint_pairs[0], replace(SHORT, method=method), 0, made[method], card)
    return made


@pytest.mark.parametrize("method", METHODS)
def test_a_model_of_joints_answers_in_joints(
    method: str, models: Models, joint_pairs: tuple[PairSet, JointScale], division: Division
) -> None:
    """Its answers have the joints' names, stay inside what was recorded, and differ from stimulus to stimulus."""
    responder = Responder.load(models[method], "cpu")
    responder.warm_up(1)
    stimuli = division.pairs.stimuli
    noise = responder.sample_noise(len(stimuli), np.random.default_rng(0))
    motions = responder.to_joints(responder.answer(stimuli, noise))
    positions = np.stack([motion.positions for motion in motions])
    scale = joint_pairs[1]
    assert positions.shape == (len(stimuli), 32, 3)
    assert {motion.joint_names for motion in motions} == {NAMES}
    assert (positions >= scale.lowest).all()
    assert (positions <= scale.highest).all()
    assert np.ptp(positions, axis=0).max() > 1e-3


def test_known_stimuli_get_answers_like_theirs(
    models: Models, joint_pairs: tuple[PairSet, JointScale], division: Division
) -> None:
    """Early answers come in joints, too, and those to known stimuli are nearer to their response than to another."""
    responder = Responder.load(models["joint"], "cpu")
    stimuli, responses = division.pairs.stimuli, joint_pairs[0].responses.limbs_in_body
    answers, _ = responder.answer_early(stimuli, np.zeros((len(stimuli), responder.card.dimensions.noise)))
    off = np.linalg.norm(answers.limbs_in_body - responses, axis=-1).mean(axis=(1, 2))
    other = np.linalg.norm(answers.limbs_in_body - np.roll(responses, 7, axis=0), axis=-1).mean(axis=(1, 2))
    assert off.mean() < 0.6 * other.mean()


@pytest.mark.parametrize("method", METHODS)
def test_graphs_answer_in_joints_too(method: str, models: Models, division: Division) -> None:
    """What a GPU captures has room for as many limbs as answers have."""
    card = load_card(models[method])
    infer = for_inference(load_generator(models[method], card))

    def capture(work: Callable[[], None]) -> Callable[[], None]:
        return work

    graphed = GraphedInference(infer, card.dimensions, torch.device("cpu"), capture)
    stimuli = torch.from_numpy(division.pairs.stimuli.limbs_in_body[:3].astype(np.float32))
    given = stimuli, torch.zeros(3), torch.zeros(3, card.dimensions.noise)
    with torch.inference_mode():
        for ours, theirs in zip(graphed(*given), infer(*given), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert MOST > 3


Change = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda card: card.update(joints=None), "8 names .*response_limbs = 3"),
        (lambda card: card["joints"]["names"].pop(), "as many lowest"),
        (lambda card: card["joints"].update(lowest=[0.0, 99.0, 0.0]), "'shoulder'.*lies above"),
        (lambda card: card["joints"].update(highest=["a", "b", "c"]), "as numbers"),
        (lambda card: card["joints"].pop("names"), "a key is missing"),
        (lambda card: card.update(joints=[1, 2]), "wrong type"),
        (lambda card: card["dimensions"].pop("response_limbs"), "3 names .*response_limbs = 8"),
    ],
)
def test_a_damaged_card_is_named(models: Models, tmp_path: Path, change: Change, problem: str) -> None:
    """Joints that do not fit the networks, or each other, are refused with the file's name."""
    card = json.loads((models["joint"] / "model.json").read_text())
    change(card)
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match=f"model.json: .*{problem}"):
        load_card(tmp_path)


def test_a_model_of_limbs_has_no_joints(attending_model: Path) -> None:
    """Asking it for joints is refused."""
    responder = Responder.load(attending_model, "cpu")
    answers = MotionArray(np.ones((1, 32, 8, 3)) / np.sqrt(3), np.ones(1))
    with pytest.raises(ModelError, match="limb vectors, not with a robot's joints"):
        responder.to_joints(answers)
