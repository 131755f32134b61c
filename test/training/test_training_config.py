"""Recipes: what ships loads, and a mistake is named together with what would be valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from iat_ros.errors import ConfigError
from iat_ros.training.config import TrainingConfig, load_training_config


def test_recipes_that_ship() -> None:
    """The default recipe is the documented defaults; the quick one is shorter."""
    assert load_training_config("default") == TrainingConfig()
    quick = load_training_config("quick")
    assert quick.gan.steps < 100
    assert quick.augmentation == TrainingConfig().augmentation


def test_unknown_recipe_lists_those_that_ship() -> None:
    """A name that does not exist is answered with the names that do."""
    with pytest.raises(ConfigError, match=r"nothing.*default.*quick"):
        load_training_config("nothing")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gan: {stepz: 5}", r"gan: unknown key 'stepz'; valid keys: steps, critic_steps, batch"),
        ("colour: red", r"unknown key 'colour'; valid keys: frames, width"),
        ("gan: {steps: 0}", r"gan: steps must be a whole number above 0, got 0"),
        ("gan: {steps: 2.5}", r"steps must be a whole number above 0, got 2.5"),
        ("pvae: {kl_weight: -1}", r"pvae: kl_weight must be a number of at least 0, got -1"),
        ("pvae: {kl_weight: yes}", r"kl_weight must be a number of at least 0, got True"),
        ("augmentation: {warp: .nan}", r"warp must be a number of at least 0, got nan"),
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
