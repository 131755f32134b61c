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

"""Model directories: what is written is read back, and what is damaged, missing or foreign is refused clearly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from iat_ros.errors import ModelError, SkeletonError
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.generator import KINDS, Act2Act
from iat_ros.model.model_file import ModelCard, load_card, load_generator, save_model
from iat_ros.model.normalisation import DurationScale, to_motions, to_tensor
from iat_ros.model.responder import Responder
from iat_ros.skeleton.definition import BodyFrameJoints, Limb, SkeletonDefinition
from iat_ros.skeleton.motion import MotionArray

DIMS = Dimensions(2, frames=16, width=4, code=3, noise=2, landmarks=5)
SCALE = DurationScale(0.5, 0.2, 1.0, 3.0)


def make_motions(count: int = 3) -> MotionArray:
    """Random unit limb vectors of 2 limbs over 16 frames."""
    limbs = np.random.default_rng(0).normal(size=(count, 16, 2, 3))
    return MotionArray(limbs / np.linalg.norm(limbs, axis=-1, keepdims=True), np.linspace(1.2, 2.4, count))


@pytest.fixture(params=KINDS)
def saved(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Path, Act2Act, ModelCard]:
    """A small model on disk, of either kind."""
    torch.manual_seed(0)
    generator = Act2Act(DIMS, request.param).eval()
    for name, buffer in generator.named_buffers():
        if name in generator.state_dict():  # others are constants
            buffer.copy_(torch.rand(buffer.shape) + 0.1)
    recipe, data_set = {"gan": {"steps": 5}}, {"name": "made_up"}
    card = ModelCard("made", ("left", "right"), DIMS, request.param, 0.7, SCALE, SCALE, recipe, data_set, 7)
    save_model(tmp_path / "model", generator, card)
    return tmp_path / "model", generator, card


def test_round_trip(saved) -> None:
    """Card and weights come back as they were, and the loaded model answers as the one in memory."""
    directory, generator, card = saved
    assert load_card(directory) == card
    loaded = load_generator(directory, card)
    for name, value in generator.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    stimuli, noise = make_motions(), np.ones((3, 2))
    there = Responder.load(directory, "cpu").answer(stimuli, noise)
    here = Responder(generator, card, torch.device("cpu")).answer(stimuli, noise)
    np.testing.assert_array_equal(there.limbs_in_body, here.limbs_in_body)
    np.testing.assert_allclose(np.linalg.norm(there.limbs_in_body, axis=-1), 1.0, atol=1e-6)
    assert ((there.durations_s >= 1.0) & (there.durations_s <= 3.0)).all()


def test_nothing_half_written_is_left(saved) -> None:
    """After saving, the directory holds the two files and nothing else, neither of them a pickle."""
    directory = saved[0]
    assert sorted(path.name for path in directory.iterdir()) == ["model.json", "model.safetensors"]
    assert b"torch" not in (directory / "model.safetensors").read_bytes()[:2000]


@pytest.mark.parametrize("name", ["model.json", "model.safetensors"])
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "foreign"])
def test_damaged_files_give_one_clear_error(saved, name: str, damage: str) -> None:
    """A file that is missing, empty, cut off or something else gives a ModelError that names it."""
    path = saved[0] / name
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "foreign": b"\x80PK\x03\x04"}[damage])
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        Responder.load(saved[0], "cpu")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 99}, "expected format_version 4, got 99"),
        ({"format_version": 3}, "expected format_version 4, got 3; train the model again"),
        ({"networks": "recurrent"}, "'networks' must be one of attention, convolutional, got 'recurrent'"),
        ({"networks": ["attention"]}, "'networks' must be one of"),
        ({"spread": -0.1}, "'spread' must lie between 0 and 2, got -0.1"),
        ({"spread": float("nan")}, "'spread' must lie between 0 and 2, got nan"),
        ({"spread": True}, "'spread' must lie between 0 and 2, got True"),
        ({"dimensions": {"limbs": 2, "frames": 15}}, "multiple of 8"),
        ({"dimensions": {"limbs": 2, "landmarks": 0}}, "dimension 'landmarks' must be whole, from 1 to 1024, got 0"),
        ({"dimensions": {"limbs": 2, "breadth": 3}}, "breadth"),
        ({"limb_names": ["left"]}, "1 limb names for dimensions.limbs = 2"),
        ({"seed": None, "extra": 1}, "extra"),
        (
            {"stimulus_durations": {"log_mean": 0.0, "log_std": 0.0, "shortest_s": 1.0, "longest_s": 2.0}},
            "durations need",
        ),
    ],
)
def test_cards_with_wrong_content(saved, change: dict, message: str) -> None:
    """A card that parses but says something impossible is refused with what is wrong."""
    path = saved[0] / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelError, match=message):
        load_card(saved[0])


def test_weights_that_do_not_fit_the_card(saved) -> None:
    """Weights of another size, with another tensor, or with NaN are refused and the tensor is named."""
    directory, generator, card = saved
    path = directory / "model.safetensors"
    weights = {name: value.contiguous() for name, value in generator.state_dict().items()}
    name = "decoder.weigh.0.bias" if card.networks == "attention" else "decoder.start.bias"
    bias = weights[name]
    for change, message in (
        ({name: torch.zeros(9)}, f"'{name}' should have shape"),
        ({"alien": torch.zeros(1)}, "'alien' should have shape None"),
        ({name: torch.full_like(bias, float("nan"))}, "NaN or infinity"),
        ({name: bias.double()}, "should hold float32"),
    ):
        safetensors.torch.save_file({**weights, **change}, str(path))
        with pytest.raises(ModelError, match=message):
            load_generator(directory, card)


def test_weights_of_the_other_kind_are_refused(saved) -> None:
    """A card that tells another kind of networks than the weights hold is refused, and the first tensor named."""
    directory, _, card = saved
    other = next(name for name in KINDS if name != card.networks)
    with pytest.raises(ModelError, match=r"does not fit model\.json: tensor '(de|en)coder\."):
        load_generator(directory, replace(card, networks=other))


def test_noise_is_as_wide_as_the_card_says(saved) -> None:
    """Noise of answers has the standard deviation `spread`, and repeats by the generator's seed."""
    responder = Responder.load(saved[0], "cpu")
    noise = responder.sample_noise(4000, np.random.default_rng(0))
    assert noise.shape == (4000, 2)
    assert noise.std() == pytest.approx(0.7, rel=0.03)
    np.testing.assert_array_equal(noise, responder.sample_noise(4000, np.random.default_rng(0)))


def test_responder_refuses_other_shapes_and_limbs(saved) -> None:
    """Stimuli of another shape, noise of another size and a skeleton with other limbs are refused."""
    responder = Responder.load(saved[0], "cpu")
    with pytest.raises(ModelError, match="expects stimuli"):
        responder.answer(MotionArray(make_motions().limbs_in_body[:, :8], np.ones(3)), np.ones((3, 2)))
    with pytest.raises(ModelError, match="expects stimuli"):
        responder.answer(make_motions(), np.ones((3, 5)))
    limbs = (Limb("left", "a", "b"), Limb("right", "c", "d"))
    definition = SkeletonDefinition("small", ("a", "b", "c", "d"), limbs, BodyFrameJoints("a", "c", "b", "d"))
    responder.require_limbs(definition)
    with pytest.raises(ModelError, match="skeleton 'small'; set limbs to 'left, right' for every node"):
        responder.require_limbs(definition.with_limbs(("right", "left")))
    with pytest.raises(SkeletonError, match="skeleton 'small' cannot give limb left: "):
        responder.require_limbs(replace(definition, limbs=limbs[1:]))


def test_motions_and_tensors_are_the_same_thing() -> None:
    """Motions become tensors and come back; durations are kept inside what the data held."""
    motions = make_motions()
    tensor = to_tensor(motions, SCALE)
    assert tensor.shape == (3, 7, 16)
    back = to_motions(tensor, SCALE)
    np.testing.assert_allclose(back.limbs_in_body, motions.limbs_in_body, atol=1e-6)
    np.testing.assert_allclose(back.durations_s, motions.durations_s, rtol=1e-5)
    tensor[:, -1] = torch.tensor([50.0, -50.0, 0.0])[:, None]
    np.testing.assert_allclose(to_motions(tensor, SCALE).durations_s, [3.0, 1.0, np.exp(0.5)], rtol=1e-5)


@pytest.mark.parametrize("change", [{"frames": 12}, {"noise": 0}, {"width": 2.5}])
def test_dimensions_are_checked(change: dict) -> None:
    """Sizes that no network can have are refused by name."""
    with pytest.raises(ModelError, match=next(iter(change))):
        Dimensions(limbs=8, **change)
