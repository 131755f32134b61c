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

"""Answers to the beginning of an action: as the full answer when sure, silent when several things may follow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iat_ros.data.actions import cut_action, find_segments
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.errors import ModelError
from iat_ros.model.early import SURE
from iat_ros.model.generator import Act2Act
from iat_ros.model.responder import Responder
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion, MotionArray
from iat_ros.stream.window import make_window

DEFINITION = load_skeleton("utd_mhad")


def array(*motions: Motion) -> MotionArray:
    """Motions as an array."""
    return MotionArray(
        np.stack([motion.limbs_in_body for motion in motions]), np.array([motion.duration_s for motion in motions])
    )


def beginning(clip: Clip, share: float) -> Motion:
    """A window of the first share of the action in a clip."""
    segment = find_segments(DEFINITION, clip)[0][0]
    seen = segment.times_s <= segment.times_s[0] + share * (segment.times_s[-1] - segment.times_s[0])
    return make_window(DEFINITION, segment.times_s[seen], segment.positions[seen], 32)


@pytest.fixture(scope="module")
def responder(attending_model: Path) -> Responder:
    """Knows made-up throws and knocks of three people."""
    return Responder.load(attending_model, "cpu")


@pytest.fixture(scope="module")
def newcomer() -> dict[str, Clip]:
    """The clips of somebody whom the model has not seen, by action."""
    return {
        clip.action: clip for clip in make_clips(people=4, trials=1, actions=("throw", "knock")) if clip.person == "s4"
    }


@pytest.mark.parametrize("action", ["throw", "knock"])
def test_a_cut_action_is_answered_like_the_whole_one(
    responder: Responder, newcomer: dict[str, Clip], action: str
) -> None:
    """From 60 % of it on: sure, and the answer is that to the whole action, far from that to the other one."""
    noise = np.zeros((1, responder.card.dimensions.noise))
    whole = {
        name: responder.answer(array(cut_action(DEFINITION, clip, 32).motion), noise) for name, clip in newcomer.items()
    }
    for share in (0.6, 0.8, 1.0):
        answer, confidence = responder.answer_early(array(beginning(newcomer[action], share)), noise)
        assert confidence[0] > SURE
        apart = {name: np.abs(answer.limbs_in_body - other.limbs_in_body).max() for name, other in whole.items()}
        assert apart[action] < 0.5 * min(far for name, far in apart.items() if name != action)


def test_a_still_person_is_never_answered(responder: Responder, newcomer: dict[str, Clip]) -> None:
    """Whoever only stands there, for however long, looks like no action that has come far enough."""
    clip = newcomer["throw"]
    for lasts_s in (0.5, 1.0, 2.0, 5.0, 10.0):
        still = Motion(np.repeat(cut_action(DEFINITION, clip, 32).motion.limbs_in_body[:1], 32, axis=0), lasts_s)
        _, confidence = responder.answer_early(array(still), np.zeros((1, 8)))
        assert confidence[0] < 0.1


def test_the_very_beginning_is_too_young(responder: Responder, newcomer: dict[str, Clip]) -> None:
    """A fifth of an action is not answered."""
    for clip in newcomer.values():
        _, confidence = responder.answer_early(array(beginning(clip, 0.2)), np.zeros((1, 8)))
        assert confidence[0] < SURE


def test_what_nobody_has_shown_is_not_known(responder: Responder) -> None:
    """Another action than those of the training gives no early answer at any share."""
    stranger = make_clips(people=1, trials=1, actions=("boxing",))[0]
    for share in (0.4, 0.6, 0.8, 1.0):
        _, confidence = responder.answer_early(array(beginning(stranger, share)), np.zeros((1, 8)))
        assert confidence[0] < SURE


def test_confidence_never_exceeds_one(responder: Responder, newcomer: dict[str, Clip]) -> None:
    """So a threshold of 1 is silent, even for a stimulus of the training."""
    known = make_clips(people=3, trials=1, actions=("throw",))
    _, confidence = responder.answer_early(array(*(beginning(clip, 0.9) for clip in known)), np.zeros((3, 8)))
    assert ((confidence > SURE) & (confidence <= 1.0)).all()


def test_a_still_person_is_no_beginning_for_the_shipped_model() -> None:
    """The model that ships keeps silent too, for each of its own stimuli's first poses."""
    shipped = Responder.load(find_model("utd_mhad"), "cpu")
    generator = shipped._early
    assert generator is not None
    pose = generator.beginnings.T.view(9, 80, 32, 8, 3)[0, :, :1].numpy().astype(float)
    pose /= np.linalg.norm(pose, axis=-1, keepdims=True)
    for lasts_s in (0.5, 1.0, 3.0):
        still = MotionArray(np.repeat(pose, 32, axis=1), np.full(80, lasts_s))
        _, confidence = shipped.answer_early(still, np.zeros((80, 8)))
        assert (confidence < SURE).all()


def test_convolutional_models_cannot_tell(responder: Responder) -> None:
    """They say so and what to do."""
    dims = responder.card.dimensions
    card = type(responder.card)(**{**vars(responder.card), "networks": "convolutional"})
    other = Responder(Act2Act(dims, "convolutional"), card, responder.device)
    limbs = np.tile(np.array([0.0, 0.0, 1.0]), (1, dims.frames, dims.limbs, 1))
    with pytest.raises(ModelError, match="early answers need a model of kind 'attention'"):
        other.answer_early(MotionArray(limbs, np.array([1.0])), np.zeros((1, dims.noise)))
