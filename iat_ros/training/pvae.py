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

"""Paired VAEs with the paired-embedding (PE) loss: clustering actions without labels (Algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.vae import VariationalAutoencoder
from iat_ros.training.config import PvaeConfig
from iat_ros.training.variation import Variation


@dataclass(frozen=True)
class Embedding:
    """Where one side's actions (stimuli or responses) lie.

    Attributes:
        points: l = P mu, shape (N, D).
        spreads: P sigma, shape (N, D); signed, since P is.
    """

    points: np.ndarray
    spreads: np.ndarray


@dataclass(frozen=True)
class PairedEmbedding:
    """Both sides in the embedding space L."""

    stimuli: Embedding
    responses: Embedding


def vae_loss(model: VariationalAutoencoder, motions: Tensor, kl_weight: float) -> Tensor:
    """Eq. 1: ||a - a_hat||^2 + lambda_kl KL(N(mu, sigma^2 I) || N(0, I)), averaged over the actions.

    The squared error is averaged over frames, as the recipe's lambda_kl expects.

    Args:
        model: VAE.
        motions: (N, C + 1, T).
        kl_weight: lambda_kl.
    """
    mu, log_sigma = model.encode(motions)
    decoded = model.decode(mu + log_sigma.exp() * torch.randn_like(mu))
    error = (motions - decoded).square().sum(dim=1).mean(dim=1)
    divergence = 0.5 * (mu.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(dim=1)
    return (error + kl_weight * divergence).mean()


def pca(points: Tensor, dimensions: int) -> Tensor:
    """Find the projection P of principal component analysis, shape (dimensions, latent); no gradient."""
    with torch.no_grad():
        centred = points - points.mean(dim=0)
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        return directions[:dimensions]


def align(stimuli: Tensor, responses: Tensor) -> Tensor:
    """Find the orthogonal matrix that turns embedded responses onto their stimuli, shape (D, D); no gradient.

    PCA leaves sign and order of its axes open, on each side for itself. Only after this turn (Procrustes) do the
    distances of eq. 2 mean what the paper means.
    """
    with torch.no_grad():
        u, _, v = torch.linalg.svd(stimuli.T @ responses)
        return u @ v


class PairedVaes:
    """VAE_s and VAE_r, trained together."""

    def __init__(self, dims: Dimensions, config: PvaeConfig) -> None:
        self.config = config
        self.stimuli = VariationalAutoencoder(dims.of_stimuli)
        self.responses = VariationalAutoencoder(dims.of_responses)

    def train(
        self,
        stimuli: Tensor,
        responses: Tensor,
        variation: Variation,
        progress: Callable[[int, dict[str, float]], None],
    ) -> None:
        """Train both VAEs on pairs (Algorithm 1).

        Args:
            stimuli: (N, C + 1, T); stimulus n belongs to response n.
            responses: (N, C + 1, T).
            variation: Changes all pairs a little in every epoch, so that the encoders learn more than these clips.
            progress: Called after each epoch with its number and the losses.
        """
        config = self.config
        models = (self.stimuli, self.responses)
        vae_step = torch.optim.Adam([p for model in models for p in model.parameters()], config.learning_rate)
        encoders = [p for model in models for p in model.encoder.parameters()]
        pe_step = torch.optim.Adam(encoders, config.pe_rate * config.learning_rate)
        for epoch in range(config.epochs):
            varied = variation(stimuli, responses)
            vae_step.zero_grad()
            loss = sum(
                (vae_loss(model, motions, config.kl_weight) for model, motions in zip(models, varied, strict=True)),
                torch.zeros(()),
            )
            loss.backward()
            vae_step.step()
            paired = torch.zeros(())
            if config.pe_rate > 0 and epoch >= config.warm_up * config.epochs:
                pe_step.zero_grad()
                paired = self._pe_loss(*varied)
                paired.backward()
                pe_step.step()
            progress(epoch + 1, {"vae": float(loss.detach()), "pe": float(paired.detach())})

    def _pe_loss(self, stimuli: Tensor, responses: Tensor) -> Tensor:
        """Eq. 2 over the whole set, as a mean over pairs: ||l_s - l_r||^2."""
        mu_s, mu_r = self.stimuli.encode(stimuli)[0], self.responses.encode(responses)[0]
        l_s = (mu_s - mu_s.mean(dim=0).detach()) @ pca(mu_s, self.config.embedding).T
        l_r = (mu_r - mu_r.mean(dim=0).detach()) @ pca(mu_r, self.config.embedding).T
        return (l_s - l_r @ align(l_s, l_r).T).square().sum(dim=1).mean()

    def embed(self, stimuli: Tensor, responses: Tensor) -> PairedEmbedding:
        """Embed actions: l = P mu and P sigma for both sides, responses turned onto stimuli."""
        with torch.no_grad():
            sides = []
            for model, motions in ((self.stimuli, stimuli), (self.responses, responses)):
                mu, log_sigma = model.encode(motions)
                projection = pca(mu, self.config.embedding)
                sides.append(((mu - mu.mean(dim=0)) @ projection.T, log_sigma.exp() @ projection.T))
            turn = align(sides[0][0], sides[1][0])
            return PairedEmbedding(
                Embedding(sides[0][0].numpy(), sides[0][1].numpy()),
                Embedding((sides[1][0] @ turn.T).numpy(), (sides[1][1] @ turn.T).numpy()),
            )
