"""The critic of the conditional WGAN-GP, and how its score depends on what it sees."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iat_ros.model.dimensions import Dimensions
from iat_ros.model.time_convolution import SLOPE, TimeConvolution, downward, fold, unfold


class Critic(nn.Module):
    """Discriminator D(condition, a) of the conditional WGAN-GP: a score, unbounded, no normalisation layers.

    The condition is a_s, or a category repeated over time, or nothing.

    With h_0 = (a, condition) and the layers h_l = s_l * (W_l unfold(h_(l-1)) + b_l) for l = 1, 2, 3, the score is
    D = w . h_3 + b. The factors s_l are 1 or 0.2 for each unit, by which side of the kink of its leaky ReLU it is on;
    between the kinks D is linear.

    Args:
        condition: Channels of the condition; 0 for none.
        channels: Channels of what is judged.
        dims: Sizes.
    """

    def __init__(self, condition: int, channels: int, dims: Dimensions) -> None:
        super().__init__()
        self._channels = channels
        self._hidden = (2 * dims.width, dims.coarse)
        self.body = downward(channels + condition, dims.width)
        self.head = nn.Linear(2 * dims.width * dims.coarse, 1)

    def forward(self, condition: Tensor, motion: Tensor) -> Tensor:
        """Score motions (N, channels, T) under conditions (N, condition, T), shape (N,)."""
        hidden = self.body(torch.cat([motion, condition], dim=1).transpose(1, 2))
        score: Tensor = self.head(hidden.transpose(1, 2).flatten(1))
        return score[:, 0]

    @property
    def layers(self) -> list[TimeConvolution]:
        """The convolutions, in order."""
        return [layer for layer in self.body if isinstance(layer, TimeConvolution)]

    @property
    def head_weight(self) -> Tensor:
        """w, shape (T / 8, 2 width)."""
        return self.head.weight.view(self._hidden).T

    @torch.no_grad()
    def activate(self, seen: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Compute unfold(h_(l-1)) and h_l of every layer for h_0, shape (N, T, channels + condition)."""
        rows: list[Tensor] = []
        hidden: list[Tensor] = []
        for layer in self.layers:
            rows.append(unfold(hidden[-1] if hidden else seen, 2))
            hidden.append(functional.leaky_relu_(functional.linear(rows[-1], layer.matrix, layer.bias), SLOPE))
        return rows, hidden

    @torch.no_grad()
    def sensitivities(self, share: Tensor, hidden: list[Tensor]) -> list[Tensor]:
        """Compute what the scores gain by more input of each unit.

        delta_3 = c w * s_3 and delta_l = s_l * fold(delta_(l+1) W_(l+1)).

        Args:
            share: c, what each motion's score counts, shape (N, 1, 1).
            hidden: h_l of every layer.
        """
        deltas = [behind_kinks(share * self.head_weight, hidden[-1])]
        for layer, below in zip(self.layers[:0:-1], hidden[-2::-1], strict=True):
            deltas.insert(0, behind_kinks(fold(deltas[0] @ layer.matrix, 2), below))
        return deltas

    @torch.no_grad()
    def input_slope(self, delta: Tensor) -> Tensor:
        """Compute fold(delta_1 W_1), shape (N, T, channels + condition), with 0 for the condition."""
        slope = fold(delta @ self.layers[0].matrix, 2)
        slope[:, :, self._channels :] = 0.0
        return slope

    @torch.no_grad()
    def slope(self, condition: Tensor, motion: Tensor) -> Tensor:
        """Compute dD / d motion, shape (N, channels, T)."""
        _, hidden = self.activate(torch.cat([motion, condition], dim=1).transpose(1, 2))
        deltas = self.sensitivities(motion.new_ones(len(motion), 1, 1), hidden)
        return self.input_slope(deltas[0])[:, :, : self._channels].transpose(1, 2)


def behind_kinks(gradient: Tensor, hidden: Tensor) -> Tensor:
    """Multiply by s, which the sign of the hidden units tells."""
    scaled: Tensor = torch.ops.aten.leaky_relu_backward(gradient, hidden, SLOPE, True)
    return scaled
