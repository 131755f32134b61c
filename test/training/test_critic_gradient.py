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

"""The critic's gradient written out, against automatic differentiation of the loss, the penalty twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from iat_ros.model.critic import Critic
from iat_ros.model.dimensions import Dimensions
from iat_ros.training.critic_gradient import CriticGradient, CriticSlope

DIMS = Dimensions(2, frames=16, width=4)


def batch(count: int, condition: int, channels: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Conditions, real and generated answers, and shares, at random."""
    sizes = ((count, condition, 16), (count, channels, 16), (count, channels, 16))
    first, second, third = (torch.randn(size, dtype=torch.float64) for size in sizes)
    return first, second, third, torch.rand(count, 1, dtype=torch.float64)


@pytest.mark.parametrize("condition", [0, 3, 7])
@pytest.mark.parametrize(("count", "channels"), [(1, 7), (5, 7), (6, 14)])
@pytest.mark.parametrize("penalty", [0.0, 10.0])
def test_gradient_is_that_of_autograd(
    count: int, condition: int, channels: int, penalty: float, plain_score: Callable[..., Tensor]
) -> None:
    """Every weight and bias moves as the loss says that is written down with autograd, and the distance is its."""
    torch.manual_seed(count + condition)
    critic = Critic(condition, channels, DIMS).double()
    conditions, real, generated, share = batch(count, condition, channels)
    distance = CriticGradient(critic, channels, count, 16, penalty).set(
        critic.see(conditions, real), critic.see(conditions, generated), share
    )
    ours = {name: weights.grad for name, weights in critic.named_parameters()}
    critic.zero_grad()
    between = torch.lerp(generated, real, share[:, :, None]).requires_grad_(True)
    (slope,) = torch.autograd.grad(plain_score(critic, conditions, between).sum(), between, create_graph=True)
    expected = plain_score(critic, conditions, real).mean() - plain_score(critic, conditions, generated).mean()
    (penalty * (slope.flatten(1).norm(dim=1) - 1).square().mean() - expected).backward()
    torch.testing.assert_close(distance, expected.detach(), atol=1e-12, rtol=1e-9)
    for name, weights in critic.named_parameters():
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
    motion = torch.ones(8, 1, 4, dtype=torch.float64)
    CriticGradient(critic, 4, 1, 8, 10.0).set(motion, motion, torch.ones(1, 1).double())
    assert critic.head.weight.grad[0, 0].item() == pytest.approx(10.0 * 2.0 * (3.0 - 1.0))


def test_a_critic_without_slope_has_a_gradient_without_nan() -> None:
    """Where dD / da is 0, its length has no derivative; nothing is drawn anywhere then."""
    critic = Critic(2, 7, DIMS)
    torch.nn.init.zeros_(critic.head.weight)
    conditions, real, generated, share = (part.float() for part in batch(3, 2, 7))
    CriticGradient(critic, 7, 3, 16, 10.0).set(critic.see(conditions, real), critic.see(conditions, generated), share)
    assert all(weights.grad.isfinite().all() for weights in critic.parameters())


@pytest.mark.parametrize("condition", [0, 3, 7])
@pytest.mark.parametrize("channels", [7, 14])
def test_score_and_slope_are_those_of_autograd(
    condition: int, channels: int, plain_score: Callable[..., Tensor]
) -> None:
    """The slope of -E[D] is what automatic differentiation gives, under any condition or none, also a second time."""
    torch.manual_seed(condition)
    critic = Critic(condition, channels, DIMS).double()
    slope = CriticSlope(critic, channels, 9, 16)
    for _ in range(2):
        given, motion = torch.randn(9, condition, 16).double(), torch.randn(9, channels, 16).double()
        motion.requires_grad_(True)
        score = plain_score(critic, given, motion)
        torch.testing.assert_close(critic(given, motion), score, atol=1e-12, rtol=1e-9)
        (expected,) = torch.autograd.grad(-score.mean(), motion)
        assert expected.abs().max() > 1e-4
        ours = slope.compute(critic.see(given, motion.detach())).permute(1, 2, 0)
        torch.testing.assert_close(ours, expected, atol=1e-12, rtol=1e-8)


def test_gradient_follows_the_weights() -> None:
    """Weights that are changed in place, or loaded, are the ones that the next gradient is of."""
    torch.manual_seed(0)
    critic, other = Critic(2, 7, DIMS).double(), Critic(2, 7, DIMS).double()
    conditions, *motions, share = batch(3, 2, 7)
    seen = [critic.see(conditions, part) for part in motions]
    gradient = CriticGradient(critic, 7, 3, 16, 10.0)
    gradient.set(*seen, share)
    critic.load_state_dict(other.state_dict())
    gradient.set(*seen, share)
    CriticGradient(other, 7, 3, 16, 10.0).set(*seen, share)
    for ours, theirs in zip(critic.parameters(), other.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)
