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

"""Recipes: what ships loads, and a mistake is named together with what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from iat_ros.errors import ConfigError
from iat_ros.training.config import EmbeddingConfig, PvaeConfig, TrainingConfig, load_training_config

ROOT = Path(__file__).parents[2]


def test_recipes_that_ship() -> None:
    """The default recipe is the documented defaults; the quick one is shorter; the paper's varies no motion."""
    default = load_training_config("default")
    assert default == TrainingConfig()
    assert default.method == "joint"
    quick = load_training_config("quick")
    assert quick.gan.steps < 100
    assert (quick.method, quick.variation, quick.embedding) == ("joint", default.variation, default.embedding)
    paper = load_training_config("paper")
    assert (paper.method, paper.spread, paper.pvae) == ("paper", 1.0, default.pvae)
    assert (paper.variation.turn_rad, paper.variation.tilt_rad, paper.variation.warp) == (0.0, 0.0, 0.0)
    assert sorted(path.stem for path in (ROOT / "config" / "training").iterdir()) == ["default", "paper", "quick"]


def test_sizes_follow_the_method() -> None:
    """An attention encoder holds as many pairs as there are, up to the most that are kept; the paper's holds none."""
    joint = TrainingConfig(embedding=EmbeddingConfig(dimensions=5, landmarks=40))
    assert (joint.dimensions(8, 30).code, joint.dimensions(8, 30).landmarks) == (5, 30)
    assert joint.dimensions(8, 300).landmarks == 40
    paper = TrainingConfig(method="paper", pvae=PvaeConfig(embedding=4))
    assert (paper.dimensions(8, 300).code, paper.dimensions(8, 300).landmarks) == (4, 1)


def test_unknown_recipe_lists_those_that_ship() -> None:
    """A name that does not exist is answered with the names that do."""
    with pytest.raises(ConfigError, match=r"nothing.*default.*paper.*quick"):
        load_training_config("nothing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gan: {stepz: 5}", r"gan: unknown key 'stepz'; valid keys: steps, critic_steps, batch"),
        ("colour: red", r"unknown key 'colour'; valid keys: method, frames, width"),
        ("gan: {steps: 0}", r"gan: steps must be a whole number above 0, got 0"),
        ("gan: {steps: 2.5}", r"steps must be a whole number above 0, got 2.5"),
        ("pvae: {kl_weight: -1}", r"pvae: kl_weight must be a number of at least 0, got -1"),
        ("pvae: {kl_weight: yes}", r"kl_weight must be a number of at least 0, got True"),
        ("variation: {warp: .nan}", r"variation: warp must be a number of at least 0, got nan"),
        ("augmentation: {warp: 0.1}", r"unknown key 'augmentation'; valid keys: .*variation, embedding, pvae, gan"),
        ("method: 5", r"method must be a name, got 5"),
        ("embedding: {landmarks: 0}", r"embedding: landmarks must be a whole number above 0, got 0"),
        ("frames: 30", r"dimension 'frames' must be a multiple of 8, got 30"),
        ("gan: fast", r"gan: expected a mapping, got str"),
    ],
)
def test_mistakes_name_the_key(tmp_path: Path, text: str, message: str) -> None:
    """Each mistake is refused with the file, the key and what is expected."""
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_training_config(str(path))
    assert "recipe.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("method: magic", r"method must be one of joint, paper, got 'magic'"),
        ("spread: 2.5", r"spread must lie between 0 and 2, got 2.5"),
        ("clarity: 21.0", r"clarity must lie between 0 and 20, got 21.0"),
        (
            "embedding: {attention: 0}",
            r"embedding.attention, embedding.neighbourhood and embedding.code_scale must lie above 0",
        ),
        (
            "embedding: {code_scale: 0}",
            "embedding.attention, embedding.neighbourhood and embedding.code_scale must lie above 0",
        ),
        (
            "embedding: {neighbourhood: 0.0}",
            r"embedding.attention, embedding.neighbourhood and embedding.code_scale must lie above 0",
        ),
        ("pvae: {embedding: 40}", r"pvae.embedding \(40\) must not exceed pvae.latent \(32\)"),
        ("gan: {average: 1.0}", r"gan.average must lie below 1"),
        ("pvae: {warm_up: 1.5}", r"pvae.warm_up must not exceed 1"),
    ],
)
def test_values_that_do_not_go_together_name_the_key(tmp_path: Path, text: str, message: str) -> None:
    """A value that is of the right type and yet impossible is refused, with the key and what is expected."""
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_training_config(str(path))
