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

"""What comes before Act2Act: the paired embedding, its neighbourhoods, and the trainer that learns from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from iat_ros.model.attention_decoder import AttentionDecoder
from iat_ros.model.critic import Critic
from iat_ros.model.decoder import ConditionedDecoder
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.generator import Act2Act
from iat_ros.training.augmentation import (
    choose_scale,
    confidence,
    draw_pairs,
    joint_confidence,
    sides_of,
)
from iat_ros.training.clarity import clarity_of
from iat_ros.training.config import TrainingConfig
from iat_ros.training.joint_embedding import embed_jointly
from iat_ros.training.neighbours import Neighbours
from iat_ros.training.pvae import PairedVaes
from iat_ros.training.variation import Variation
from iat_ros.training.wgan import CPU, WganTrainer

Progress = Callable[[str, int, int, dict[str, float]], None]
"""Called with the phase (``embedding`` or ``act2act``), steps done, steps in all, and the losses."""


@dataclass(frozen=True)
class Preparation:
    """What Act2Act's training starts from.

    Attributes:
        scale: s of eq. 3, or the bandwidth of the joint embedding.
        neighbours: NC of the stimuli and of the responses.
        encoder: Weights of Act2Act's encoder where the embedding gives it; empty where Act2Act learns it.
        landmarks: Index of the pairs that such an encoder holds, shape (M,).
        widths: Bandwidth of eq. 3 in each dimension of that encoder's code, shape (code,).
    """

    scale: float
    neighbours: tuple[Neighbours, Neighbours]
    encoder: dict[str, Tensor]
    landmarks: Tensor
    widths: Tensor

    def state(self) -> dict[str, Any]:
        """Return all of it as tensors and numbers."""
        sides = [
            {
                "data": torch.from_numpy(side.nc.data),
                "indices": torch.from_numpy(side.nc.indices),
                "indptr": torch.from_numpy(side.nc.indptr),
                "lacks": [side.capped, side.left_out, side.left_out_worst],
            }
            for side in self.neighbours
        ]
        kept = {"scale": self.scale, "encoder": self.encoder, "landmarks": self.landmarks, "widths": self.widths}
        return {**kept, "neighbours": sides}

    @staticmethod
    def from_state(state: dict[str, Any], count: int) -> Preparation:
        """Take up what `state` returned for so many pairs.

        Raises:
            ValueError: It does not fit them.
        """
        sides = []
        for side in state["neighbours"]:
            nc = csr_array(tuple(side[part].numpy() for part in ("data", "indices", "indptr")), shape=(count, count))
            if len(nc.indptr) != count + 1 or not np.isfinite(nc.data).all():
                raise ValueError("NC does not fit the pairs")
            sides.append(Neighbours(nc, *side["lacks"]))
        given = dict(state["encoder"]), state["landmarks"], state["widths"]
        return Preparation(float(state["scale"]), (sides[0], sides[1]), *given)


def prepare(
    stimuli: Tensor,
    responses: Tensor,
    dims: Dimensions,
    config: TrainingConfig,
    draws: torch.Generator,
    progress: Progress,
) -> Preparation:
    """Embed pairs and find their neighbourhoods.

    Args:
        stimuli: (N, C + 1, T); stimulus n was answered with response n.
        responses: (N, C + 1, T).
        dims: Sizes.
        config: The recipe.
        draws: Where random numbers come from, beside torch's own.
        progress: Told about every epoch.
    """
    if config.method == "paper":
        variation = Variation(config.variation, 1.0, draws)
        vaes = PairedVaes(dims, config.pvae)
        vaes.train(stimuli, responses, variation, lambda *at: progress("embedding", at[0], config.pvae.epochs, at[1]))
        embedded = vaes.embed(stimuli, responses)
        scale = config.pvae.scale or choose_scale(sides_of(embedded))
        neighbours = confidence(embedded.stimuli, scale), confidence(embedded.responses, scale)
        return Preparation(scale, neighbours, {}, torch.arange(0), torch.zeros(0))
    embedding = embed_jointly(stimuli, responses, dims, config.embedding, draws)
    progress("embedding", 1, 1, {})
    both = joint_confidence(embedding.points, config.embedding.neighbourhood)
    encoder = dict(embedding.encoder.state_dict())
    stretch = config.embedding.code_scale / encoder["values"].std(dim=0).clamp_min(1e-6)
    encoder["values"] = encoder["values"] * stretch
    widths = config.embedding.neighbourhood * stretch
    return Preparation(config.embedding.neighbourhood, (both, both), encoder, embedding.landmarks, widths)


def make_trainer(
    stimuli: Tensor,
    responses: Tensor,
    dims: Dimensions,
    config: TrainingConfig,
    preparation: Preparation,
    draws: torch.Generator,
    device: torch.device = CPU,
) -> WganTrainer:
    """Draw augmented pairs and make the trainer of Act2Act, at its first step, for a device.

    Where the embedding has given an encoder, generator and critic see its code c: which answers belong to which stimuli
    shows there, while who acted does not.
    """
    variation = Variation(config.variation, config.variation.response_share, draws)
    pairs = draw_pairs(stimuli, responses, preparation.neighbours, variation, config.pool, draws)
    if config.method == "paper":
        generator: torch.nn.Module = Act2Act(dims, "convolutional")
        critic = Critic(dims.channels, dims.response_channels, dims)
        return WganTrainer(generator, critic, pairs.stimuli, pairs.responses, config.gan, device)
    encoder = AttentionEncoder(dims)
    encoder.load_state_dict(preparation.encoder)
    key = torch.full((len(stimuli),), -1)
    key[preparation.landmarks] = torch.arange(len(preparation.landmarks))
    codes = encoder(pairs.stimuli, leave_out=key[pairs.stimulus_of])
    generator = ConditionedDecoder(untrained_decoder(responses, dims, preparation))
    critic = Critic(dims.code, dims.response_channels, dims)
    conditions = codes[:, :, None].expand(-1, -1, dims.frames)
    return WganTrainer(generator, critic, conditions, pairs.responses, config.gan, device)


def untrained_decoder(responses: Tensor, dims: Dimensions, preparation: Preparation) -> AttentionDecoder:
    """Make a decoder that knows the responses (N, C + 1, T) of the landmarks, and nothing else yet."""
    decoder = AttentionDecoder(dims)
    decoder.places.copy_(preparation.encoder["values"])
    decoder.widths.copy_(preparation.widths)
    decoder.answers.copy_(responses[preparation.landmarks].flatten(1))
    return decoder


def finish(trainer: WganTrainer, dims: Dimensions, config: TrainingConfig, preparation: Preparation) -> Act2Act:
    """Put the trained decoder and the encoder that was given to it together; from now on clear answers are favoured."""
    generator = Act2Act(dims, networks_of(config))
    weights = trainer.averaged().state_dict()
    weights |= {f"encoder.{name}": value for name, value in preparation.encoder.items()}
    generator.load_state_dict(weights)
    if isinstance(generator.decoder, AttentionDecoder):
        generator.decoder.favour.copy_(config.clarity * clarity_of(generator.decoder))
    return generator.eval().requires_grad_(False)


def networks_of(config: TrainingConfig) -> str:
    """Return the kind of Act2Act's networks."""
    return "convolutional" if config.method == "paper" else "attention"
