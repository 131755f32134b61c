"""The gradient of the critic's loss, written out.

The critic minimises E[D(a_r_hat)] - E[D(a_r)] + lambda E[(||g|| - 1)^2], where g = dD / da at points between real and
generated answers. Automatic differentiation of the last term differentiates the network twice. But between its kinks D
is linear (see `Critic`), and so

- a sum of scores, sum_i c_i D(x_i), has the gradient sum_i delta_l,i^T unfold(h_(l-1),i) with respect to W_l, where
  the sensitivities delta contain the shares c;
- g = fold(delta_1 W_1), where c = 1. With v_i = dP / dg_i of the penalty P, the gradient of P is that of
  sum_i v_i . g_i for fixed v. This is the derivative of D in the direction v: like a score without biases, it goes
  through the layers as t_0 = v, t_l = s_l * (W_l unfold(t_(l-1))), and is sum_i w . t_3,i at the end. Its gradient with
  respect to W_l is sum_i delta_l,i^T unfold(t_(l-1),i): the same formula, with t in place of h.

So real, generated and intermediate answers go through the critic together, and one product for each W_l does for all.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from iat_ros.model.critic import Critic, behind_kinks
from iat_ros.model.time_convolution import unfold

_SHORTEST = 1e-12


@torch.no_grad()
def set_critic_gradient(
    critic: Critic, condition: Tensor, real: Tensor, generated: Tensor, share: Tensor, penalty: float
) -> Tensor:
    """Set the gradients of the critic's weights.

    Args:
        critic: D.
        condition: (B, K, T).
        real: a_r, shape (B, channels, T).
        generated: a_r_hat, shape (B, channels, T).
        share: How much of the real answer is in the one between, shape (B, 1, 1).
        penalty: lambda.

    Returns:
        The distance E[D(a_r)] - E[D(a_r_hat)], a tensor of shape ().
    """
    count = len(real)
    judged = torch.cat([real, generated, torch.lerp(generated, real, share)])
    rows, hidden = critic.activate(torch.cat([judged, condition.repeat(3, 1, 1)], dim=1).transpose(1, 2))
    shares = judged.new_tensor([-1.0 / count, 1.0 / count, 1.0]).repeat_interleave(count)[:, None, None]
    deltas = critic.sensitivities(shares, hidden)

    scored, between = slice(0, 2 * count), slice(2 * count, None)
    slope = critic.input_slope(deltas[0][between])
    length = slope.flatten(1).norm(dim=1)[:, None, None]
    tangent = slope * (2.0 * penalty / count * (1.0 - 1.0 / length.clamp_min(_SHORTEST)))
    for layer, seen, above in zip(critic.layers, rows, hidden, strict=True):
        seen[between] = unfold(tangent, 2)
        tangent = behind_kinks(functional.linear(seen[between], layer.matrix), above[between])

    for layer, seen, delta in zip(critic.layers, rows, deltas, strict=True):
        biases = cast(Tensor, layer.bias)
        into = layer.weight.shape[1]
        gradient = delta.flatten(0, 1).T @ seen.flatten(0, 1)
        layer.weight.grad = gradient.unflatten(1, (-1, into)).transpose(1, 2).contiguous()
        biases.grad = delta[scored].sum(dim=(0, 1))
    counted = (shares[scored] * hidden[-1][scored]).sum(dim=0)
    critic.head.weight.grad = (counted + tangent.sum(dim=0)).T.reshape(1, -1)
    critic.head.bias.grad = torch.zeros_like(critic.head.bias)  # a constant drops out of the distance
    return -(counted * critic.head_weight).sum()
