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

"""The gradient of the critic's loss, written out.

The critic minimises E[D(a_r_hat)] - E[D(a_r)] + lambda E[(||g|| - 1)^2], where g = dD / da at points between real and
generated answers. Automatic differentiation of the last term differentiates the network twice. But between its kinks D
is linear (see `Critic`), and so, with W_l^T for the transpose of a convolution,

- a sum of scores, sum_i c_i D(x_i), has the gradient sum_i delta_l,i (x) h_(l-1),i with respect to W_l, where
  delta_3 = c w s_3, delta_l = s_l (W_(l+1)^T delta_(l+1)), and (x) pairs each output with what its convolution saw;
- g = W_1^T delta_1, where c = 1. With v_i = dP / dg_i of the penalty P, the gradient of P is that of
  sum_i v_i . g_i for fixed v. This is the derivative of D in the direction v: like a score without biases, it goes
  through the layers as t_0 = v, t_l = s_l (W_l t_(l-1)), and is sum_i w . t_3,i at the end. Its gradient with respect
  to W_l is sum_i delta_l,i (x) t_(l-1),i: the same formula, with t in place of h.
"""

from __future__ import annotations

import torch
from torch import Tensor

from iat_ros.model.critic import Critic
from iat_ros.training.kept_layer import KeptLayer, activate, through_kinks

_SHORTEST = 1e-12


class CriticPass:
    """A sum of scores, sum_i c_i D(x_i), and what it gains by more input of each unit.

    Args:
        critic: D.
        shares: c, shape (N,).
        frames: T.

    Attributes:
        layers: The convolutions.
        hidden: h_l of every layer, shape (T / 2^(l+1), 2, N, C), the last one (T / 8, N, C).
    """

    def __init__(self, critic: Critic, shares: Tensor, frames: int) -> None:
        self._head = critic.head_weight.detach()[:, None]
        self.shares = shares[:, None]
        self.layers = []
        for layer in critic.layers:
            self.layers.append(KeptLayer(layer, len(shares), frames))
            frames //= 2
        self.hidden = [layer.input for layer in self.layers[1:]] + [torch.zeros_like(self.layers[-1].sums)]

    def see(self, *seen: Tensor) -> None:
        """Take x, in parts of shape (T, n, channels + condition)."""
        parts = self.layers[0].input.split([part.shape[1] for part in seen], dim=2)
        for kept, part in zip(parts, seen, strict=True):
            kept.copy_(part.unflatten(0, (-1, 2)))

    def activate(self, first: bool = True) -> None:
        """Compute `hidden`.

        Args:
            first: Whether the sums of the first layer must be computed; else they are there.
        """
        for layer, hidden in zip(self.layers, self.hidden, strict=True):
            if first or layer is not self.layers[0]:
                layer.forward()
            activate(layer.sums.view_as(hidden), out=hidden)

    def go_back(self) -> None:
        """Compute delta of every layer, by `hidden`."""
        slope = self.shares * self._head
        for layer, hidden in zip(reversed(self.layers), reversed(self.hidden), strict=True):
            through_kinks(slope, hidden, out=layer.delta.view_as(hidden))
            if layer is not self.layers[0]:
                layer.backward()
                slope = layer.input_slope

    def slope(self) -> Tensor:
        """Return the slope by x, in pairs of frames: (T / 2, 2, N, channels + condition); the next overwrites it."""
        self.layers[0].backward()
        return self.layers[0].input_slope

    def go_along(self) -> None:
        """Go through the layers with t in place of h, from t_0 in the first layer's input; `hidden` becomes t."""
        for layer, hidden in zip(self.layers, self.hidden, strict=True):
            layer.forward(biased=False)
            through_kinks(layer.sums.view_as(hidden), hidden, out=hidden)


class CriticGradient:
    """Sets the gradient of E[D(a_s, a_r_hat)] - E[D(a_s, a_r)] + lambda E[(||grad D|| - 1)^2] by D's parameters.

    Args:
        critic: D.
        channels: Of the motions; what else the critic sees is their condition.
        batch: B.
        frames: T.
        penalty: lambda.
    """

    def __init__(self, critic: Critic, channels: int, batch: int, frames: int, penalty: float) -> None:
        self._critic = critic
        self._channels, self._pull = channels, 2.0 * penalty / batch
        one = critic.head.weight.new_ones(batch)
        self._scored = CriticPass(critic, torch.cat([-one, one]) / batch, frames)
        self._between = CriticPass(critic, one, frames)

    @torch.no_grad()
    def set(self, real: Tensor, generated: Tensor, share: Tensor) -> Tensor:
        """Set the gradients.

        Args:
            real: a_r and its condition as the critic sees them, shape (T, B, channels + condition).
            generated: a_r_hat under the same conditions, likewise.
            share: How much of the real answer is in the one between, shape (B, 1).

        Returns:
            The distance E[D(a_r)] - E[D(a_r_hat)], a tensor of shape ().
        """
        scored, between = self._scored, self._between
        scored.see(real, generated)
        scored.activate()
        scored.go_back()
        # the sums of the first layer are linear in what it sees, so those between lie between, too
        sums_real, sums_generated = scored.layers[0].sums.chunk(2, dim=1)
        torch.lerp(sums_generated, sums_real, share, out=between.layers[0].sums)
        between.activate(first=False)
        between.go_back()
        slope = between.slope()[..., : self._channels]
        length = slope.square().sum(dim=(0, 1, 3)).sqrt()[:, None]
        direction = between.layers[0].input
        torch.mul(slope, self._pull * (1.0 - 1.0 / length.clamp_min(_SHORTEST)), out=direction[..., : self._channels])
        direction[..., self._channels :].zero_()
        between.go_along()

        critic = self._critic
        for layer, others in zip(scored.layers, between.layers, strict=True):
            layer.set_gradient(others)
        counted = (scored.shares * scored.hidden[-1]).sum(dim=1)
        critic.head.weight.grad = (counted + between.hidden[-1].sum(dim=1)).T.reshape(1, -1)
        critic.head.bias.grad = torch.zeros_like(critic.head.bias)  # a constant drops out of the distance
        return -(counted * critic.head_weight).sum()


class CriticSlope:
    """The slope of what a generator minimises, -E[D], by its answers.

    Args:
        critic: D.
        channels: Of the motions.
        batch: B.
        frames: T.
    """

    def __init__(self, critic: Critic, channels: int, batch: int, frames: int) -> None:
        self._channels = channels
        self._pass = CriticPass(critic, critic.head.weight.new_full((batch,), -1.0 / batch), frames)

    @torch.no_grad()
    def compute(self, seen: Tensor) -> Tensor:
        """Return the slope, shape (T, B, channels), at what is seen, shape (T, B, channels + condition)."""
        self._pass.see(seen)
        self._pass.activate()
        self._pass.go_back()
        return self._pass.slope()[..., : self._channels].flatten(0, 1)
