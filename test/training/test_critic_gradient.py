"""The critic's gradient written out, against automatic differentiation of the loss, the penalty twice."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from iat_ros.model.critic import Critic
from iat_ros.model.dimensions import Dimensions
from iat_ros.training.critic_gradient import set_critic_gradient

DIMS = Dimensions(2, frames=16, width=4)


def batch(count: int, condition: int, channels: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Conditions, real and generated answers, and shares, at random."""
    sizes = ((count, condition, 16), (count, channels, 16), (count, channels, 16))
    first, second, third = (torch.randn(size, dtype=torch.float64) for size in sizes)
    return first, second, third, torch.rand(count, 1, 1, dtype=torch.float64)


@pytest.mark.parametrize("condition", [0, 3, 7])
@pytest.mark.parametrize(("count", "channels"), [(1, 7), (5, 7), (6, 14)])
@pytest.mark.parametrize("penalty", [0.0, 10.0])
def test_gradient_is_that_of_autograd(count: int, condition: int, channels: int, penalty: float) -> None:
    """Every weight and bias moves as the loss says that is written down with autograd, and the distance is its."""
    torch.manual_seed(count + condition)
    critic = Critic(condition, channels, DIMS).double()
    conditions, real, generated, share = batch(count, condition, channels)
    distance = set_critic_gradient(critic, conditions, real, generated, share, penalty)
    ours = {name: weights.grad for name, weights in critic.named_parameters()}
    critic.zero_grad()
    between = (share * real + (1 - share) * generated).requires_grad_(True)
    (slope,) = torch.autograd.grad(critic(conditions, between).sum(), between, create_graph=True)
    expected = critic(conditions, real).mean() - critic(conditions, generated).mean()
    (penalty * (slope.flatten(1).norm(dim=1) - 1).square().mean() - expected).backward()
    torch.testing.assert_close(distance, expected.detach(), atol=1e-12, rtol=1e-9)
    for name, weights in critic.named_parameters():
        assert ours[name].is_contiguous()
        torch.testing.assert_close(ours[name], weights.grad, atol=1e-12, rtol=1e-8, msg=name)
        assert name == "head.bias" or ours[name].abs().max() > 1e-4


def test_penalty_of_a_known_slope() -> None:
    """A critic whose slope has the length s is drawn towards 1: the gradient of lambda (s - 1)^2 by its only weight."""
    critic = Critic(0, 4, Dimensions(1, frames=8, width=1)).double()
    with torch.no_grad():
        for weights in critic.parameters():
            weights.zero_()
        for layer in critic.layers:
            layer.weight[0, 0, 2] = 1.0  # one unit sees frame 0, through the middle of all kernels
        critic.head.weight[0, 0] = 3.0
    motion = torch.ones(1, 4, 8, dtype=torch.float64)
    set_critic_gradient(critic, motion[:, :0], motion, motion, torch.ones(1, 1, 1).double(), 10.0)
    assert critic.head.weight.grad[0, 0].item() == pytest.approx(10.0 * 2.0 * (3.0 - 1.0))


def test_a_critic_without_slope_has_a_gradient_without_nan() -> None:
    """Where dD / da is 0, its length has no derivative; nothing is drawn anywhere then."""
    critic = Critic(2, 7, DIMS)
    torch.nn.init.zeros_(critic.head.weight)
    conditions, real, generated, share = (part.float() for part in batch(3, 2, 7))
    set_critic_gradient(critic, conditions, real, generated, share, 10.0)
    assert all(weights.grad.isfinite().all() for weights in critic.parameters())
