"""The gradient of the critic's loss, written out.

The critic minimises E[D(a_r_hat)] - E[D(a_r)] + lambda E[(||g|| - 1)^2], where g = dD / da at points between real and
generated answers. Automatic differentiation of the last term differentiates the network twice. But between its kinks D
is linear (see `Critic`), and so

- a sum of scores, sum_i c_i D(x_i), has the gradient sum_i delta_l,i^T unfold(h_(l-1),i) with respect to W_l, where
  delta_3 = c w * s_3 and delta_l = s_l * fold(delta_(l+1) W_(l+1));
- g = fold(delta_1 W_1), where c = 1. With v_i = dP / dg_i of the penalty P, the gradient of P is that of
  sum_i v_i . g_i for fixed v. This is the derivative of D in the direction v: like a score without biases, it goes
  through the layers as t_0 = v, t_l = s_l * (W_l unfold(t_(l-1))), and is sum_i w . t_3,i at the end. Its gradient with
  respect to W_l is sum_i delta_l,i^T unfold(t_(l-1),i): the same formula, with t in place of h.

So real, generated and intermediate answers go through the critic together, and one product for each W_l does for all.
"""

from __future__ import annotations

import torch
from torch import Tensor

from iat_ros.model.critic import Critic
from iat_ros.training.kept_layer import KeptLayer, activate, through_kinks

_SHORTEST = 1e-12


class CriticSlope:
    """The slope of scores: sum_i c_i dD / dx for what the critic sees.

    Args:
        critic: D.
        shares: c, shape (N,).
        frames: T.
    """

    def __init__(self, critic: Critic, shares: Tensor, frames: int) -> None:
        self._head = critic.head_weight.detach()
        self._shares = shares[:, None, None]
        self._layers = []
        for layer in critic.layers:
            self._layers.append(KeptLayer(layer, len(shares), frames))
            frames //= 2
        self._top = torch.zeros_like(self._layers[-1].sums)
        self._hidden = [layer.input for layer in self._layers[1:]] + [self._top]

    @property
    def seen(self) -> Tensor:
        """x, shape (N, T, channels + condition), to be written into."""
        return self._layers[0].input

    @torch.no_grad()
    def compute(self) -> Tensor:
        """Return the slope, shape (N, T, channels + condition); it is overwritten by the next."""
        for layer, hidden in zip(self._layers, self._hidden, strict=True):
            layer.forward()
            activate(layer.sums, out=hidden)
        slope = self._shares * self._head
        for layer, hidden in zip(reversed(self._layers), reversed(self._hidden), strict=True):
            through_kinks(slope, hidden, out=layer.delta)
            layer.backward()
            slope = layer.input_slope
        return slope


class CriticGradient(CriticSlope):
    """Sets the gradients of the critic's parameters.

    Args:
        critic: D.
        channels: Of the motions; what else the critic sees is their condition.
        batch: B.
        frames: T.
        penalty: lambda.
    """

    def __init__(self, critic: Critic, channels: int, batch: int, frames: int, penalty: float) -> None:
        shares = critic.head.weight.new_tensor([-1.0 / batch, 1.0 / batch, 1.0]).repeat_interleave(batch)
        super().__init__(critic, shares, frames)
        self._critic = critic
        self._channels, self._batch, self._pull = channels, batch, 2.0 * penalty / batch
        self._scored, self._between = slice(0, 2 * batch), slice(2 * batch, None)

    @torch.no_grad()
    def set(self, real: Tensor, generated: Tensor, share: Tensor) -> Tensor:
        """Set the gradients.

        Args:
            real: a_r and its condition as the critic sees them, shape (B, T, channels + condition).
            generated: a_r_hat under the same conditions, likewise.
            share: How much of the real answer is in the one between, shape (B, 1, 1).

        Returns:
            The distance E[D(a_r)] - E[D(a_r_hat)], a tensor of shape ().
        """
        torch.cat([real, generated, torch.lerp(generated, real, share)], out=self.seen)
        slope = self.compute()[self._between]
        slope[:, :, self._channels :] = 0.0
        counted = (self._shares[self._scored] * self._top[self._scored]).sum(dim=0)
        distance = -(counted * self._head).sum()
        length = slope.flatten(1).norm(dim=1)[:, None, None]
        tangent = slope * (self._pull * (1.0 - 1.0 / length.clamp_min(_SHORTEST)))
        self.seen[self._between] = tangent
        for layer, hidden in zip(self._layers, self._hidden, strict=True):
            layer.forward_linear(self._between)
            above = hidden[self._between]
            through_kinks(layer.sums[self._between], above, out=above)
            layer.set_gradient(self._scored)
        head = self._critic.head
        head.weight.grad = (counted + self._top[self._between].sum(dim=0)).T.reshape(1, -1)
        head.bias.grad = torch.zeros_like(head.bias)  # a constant drops out of the distance
        return distance
