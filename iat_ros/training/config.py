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

"""The training recipe: every number that decides what comes out of training, with its one default."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from iat_ros.errors import ConfigError, ModelError
from iat_ros.model.dimensions import Dimensions
from iat_ros.resources import find_config
from iat_ros.yaml_file import load_mapping


@dataclass(frozen=True)
class EmbeddingConfig:
    """The joint embedding.

    Attributes:
        dimensions: Dimension of the embedding space L, and so of the code c.
        neighbours: The distance to this neighbour is the unit of distances around an action.
        neighbourhood: Bandwidth of eq. 3, where all points together have a standard deviation of 1.
        attention: Width of the encoder's attention, as a share of the median distance between nearest stimuli.
        code_scale: Standard deviation of each dimension of the code c as Act2Act sees it. Those that a small
            eigenvalue makes narrow tell interactions apart too; left narrow, generator and critic confuse them.
        landmarks: Most pairs that are embedded exactly and kept in the model; others are placed by attention.
    """

    dimensions: int = 6
    neighbours: int = 7
    neighbourhood: float = 0.15
    attention: float = 0.2
    code_scale: float = 3.0
    landmarks: int = 1024


@dataclass(frozen=True)
class PvaeConfig:
    """The paper's paired VAEs (Algorithm 1).

    Attributes:
        epochs: Epochs, each with a VAE step and a PE step over the whole set.
        learning_rate: Of Adam.
        kl_weight: lambda_kl of eq. 1.
        latent: Dimension of mu and sigma.
        embedding: Dimension of the embedding space L, and so of the code c.
        warm_up: Share of the epochs before the PE steps begin. The PE loss alone is smallest where all actions lie
            in one point; VAEs that reconstruct already do not fall into it.
        pe_rate: Learning rate of the PE step (eq. 2), as a share of the other; 0 leaves the PE loss out.
        scale: s of eq. 3; 0 leaves it to the likelihood of held-out actions.
    """

    epochs: int = 250
    learning_rate: float = 2e-3
    kl_weight: float = 0.05
    latent: int = 32
    embedding: int = 6
    warm_up: float = 0.4
    pe_rate: float = 0.4
    scale: float = 0.0


@dataclass(frozen=True)
class GanConfig:
    """Act2Act under conditional WGAN-GP.

    Attributes:
        steps: Generator steps.
        critic_steps: Critic steps per generator step.
        batch: Pairs per step.
        learning_rate: Of Adam, for both networks, falling to 0 over the second half.
        gradient_penalty: Weight of the gradient penalty.
        average: Decay of the running average of the generator's weights, which is what is kept.
        noise: Dimension of z.
    """

    steps: int = 2000
    critic_steps: int = 2
    batch: int = 32
    learning_rate: float = 5e-4
    gradient_penalty: float = 10.0
    average: float = 0.995
    noise: int = 8


@dataclass(frozen=True)
class VariationConfig:
    """Small changes that keep a motion's meaning.

    Attributes:
        turn_rad: Standard deviation of a turn about the body's z axis [rad].
        tilt_rad: Standard deviation of a constant turn of each limb [rad].
        warp: Standard deviation of the change of tempo within a motion, as a share.
        response_share: How much of turn, tilt and warp responses get when a generator learns from them. An encoder
            gains from much variation; a generator copies it.
    """

    turn_rad: float = 0.1
    tilt_rad: float = 0.1
    warp: float = 0.1
    response_share: float = 0.1


METHODS = ("joint", "paper")


@dataclass(frozen=True)
class TrainingConfig:
    """A whole recipe.

    Attributes:
        method: How pairs are embedded. ``joint``: the joint embedding, whose code Act2Act takes over. ``paper``: paired
            VAEs and eq. 3 with their own sigma; Act2Act learns its own encoder.
        frames: T.
        width: Channels of the hidden layers.
        pool: Augmented pairs that are drawn to learn from.
        spread: How far the noise of answers is from z = 0, as a share of what training saw: 1 is as diverse as people,
            less is nearer to what most people do.
        clarity: How much the joint method favours known answers that are clear: their weight is e to the power of this
            times kappa, which `training.clarity` explains. 0: all alike.
        variation: Small changes.
        embedding: Joint embedding.
        pvae: Paired VAEs.
        gan: Act2Act under WGAN-GP.
    """

    method: str = "joint"
    frames: int = 32
    width: int = 32
    pool: int = 8192
    spread: float = 1.0
    clarity: float = 6.0
    variation: VariationConfig = field(default_factory=VariationConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    pvae: PvaeConfig = field(default_factory=PvaeConfig)
    gan: GanConfig = field(default_factory=GanConfig)

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"method must be one of {', '.join(METHODS)}, got '{self.method}'")
        self.dimensions(1, self.embedding.landmarks)  # refuses what can't be
        if self.pvae.embedding > self.pvae.latent:
            raise ConfigError(
                f"pvae.embedding ({self.pvae.embedding}) must not exceed pvae.latent ({self.pvae.latent})"
            )
        if self.gan.average >= 1 or self.pvae.warm_up > 1:
            raise ConfigError("gan.average must lie below 1 and pvae.warm_up must not exceed 1")
        if not 0 <= self.spread <= 2:
            raise ConfigError(f"spread must lie between 0 and 2, got {self.spread}")
        if not 0 <= self.clarity <= 20:
            raise ConfigError(f"clarity must lie between 0 and 20, got {self.clarity}")
        if min(self.embedding.attention, self.embedding.neighbourhood, self.embedding.code_scale) <= 0:
            raise ConfigError("embedding.attention, embedding.neighbourhood and embedding.code_scale must lie above 0")

    def dimensions(self, limbs: int, pairs: int, response_limbs: int = 0) -> Dimensions:
        """Return the sizes of this method's networks for L limbs and N pairs; 0: responses have as many limbs."""
        if self.method == "paper":
            code, landmarks = self.pvae.embedding, 1
        else:
            code, landmarks = self.embedding.dimensions, min(pairs, self.embedding.landmarks)
        sizes = self.width, code, self.gan.noise, self.pvae.latent, landmarks
        return Dimensions(limbs, self.frames, *sizes, response_limbs)


def load_training_config(name_or_path: str) -> TrainingConfig:
    """Load a recipe by the name of one that ships, or from a YAML file; what it leaves out keeps its default.

    Raises:
        ConfigError: There is no such file, a key is unknown, or a value is of the wrong type or sign.
    """
    path = find_config("training", name_or_path)
    config: TrainingConfig = _build(TrainingConfig, load_mapping(path), str(path))
    return config


def _build(kind: Any, content: Any, where: str) -> Any:
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: expected a mapping, got {type(content).__name__}")
    defaults = kind()
    known = {item.name: getattr(defaults, item.name) for item in fields(kind)}
    values: dict[str, Any] = {}
    for key, value in content.items():
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'; valid keys: {', '.join(known)}")
        default = known[key]
        if isinstance(default, str):
            if not isinstance(value, str):
                raise ConfigError(f"{where}: {key} must be a name, got {value!r}")
            values[key] = value
            continue
        if not isinstance(default, int | float):
            values[key] = _build(type(default), value, f"{where}: {key}")
            continue
        right_type = type(value) is int or (type(value) is float and isinstance(default, float))
        if not right_type or not (1 if isinstance(default, int) else 0) <= value <= 1e9:
            wanted = "a whole number above 0" if isinstance(default, int) else "a number of at least 0"
            raise ConfigError(f"{where}: {key} must be {wanted}, got {value!r}")
        values[key] = type(default)(value)
    try:
        return kind(**values)
    except (ConfigError, ModelError) as error:
        raise ConfigError(f"{where}: {error}") from error
