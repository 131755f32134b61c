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

"""CUDA graphs: what is launched again and again is recorded once, and nothing is allocated after the warm-up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from iat_ros.model.dimensions import Dimensions

MOST = 64
"""Answers in the largest graph; more go through in parts."""
_WARM_UP_ROUNDS = 3

Replay = Callable[[], None]
Capture = Callable[[Callable[[], None]], Replay]


def capture(work: Callable[[], None]) -> Replay:
    """Record what work launches on the GPU, after a few rounds of it; the result launches all of it at once."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # lazy initialisation must not fall into the recording
        for _ in range(_WARM_UP_ROUNDS):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with _no_garbage(), torch.cuda.graph(graph, stream=side):  # of that stream, or gradients are warned of
        work()
    return graph.replay


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Free what nobody refers to now, and nothing meanwhile: a graph that is freed during a recording breaks it off."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class GraphedInference:
    """A generator behind graphs for 1, 2, 4, ... `MOST` answers; other numbers are padded to the next of these.

    All that an answer takes lies in one row of page-locked memory, and all that it gives in another. So a graph holds
    one copy to the GPU, the networks, and one copy back.

    Args:
        infer: From limbs (N, T, L, 3), duration (N,) and noise (N, noise) on the GPU to tensors of N rows each.
        dims: Sizes.
        device: Where infer computes.
        capture: Makes a graph of some work.
    """

    def __init__(
        self,
        infer: Callable[..., tuple[Tensor, ...]],
        dims: Dimensions,
        device: torch.device,
        capture: Capture = capture,
    ) -> None:
        self._device = device
        self._given_shapes = [(dims.frames, dims.limbs, 3), (), (dims.noise,)]
        with torch.inference_mode():
            self._given, self._given_there = self._rows(self._given_shapes)
            self._made_shapes = [
                tuple(part.shape[1:]) for part in infer(*_parts(self._given_there, self._given_shapes))
            ]
            self._made, self._made_there = self._rows(self._made_shapes)
            self._replays: dict[int, Replay] = {}
            size = 1
            while size <= MOST:
                self._replays[size] = capture(self._work(infer, size))
                size *= 2

    def _rows(self, shapes: list[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
        """Make rows here and there."""
        width = sum(_count(shape) for shape in shapes)
        here = torch.zeros(MOST, width, pin_memory=self._device.type == "cuda")
        return here, torch.zeros(MOST, width, device=self._device)

    def _work(self, infer: Callable[..., tuple[Tensor, ...]], size: int) -> Callable[[], None]:
        given, given_there = self._given[:size], self._given_there[:size]
        made, made_there = self._made[:size], self._made_there[:size]

        def work() -> None:
            """Copy there, infer, copy back: what the graph records."""
            given_there.copy_(given, non_blocking=True)
            answers = infer(*_parts(given_there, self._given_shapes))
            torch.cat([answer.reshape(size, -1) for answer in answers], dim=1, out=made_there)
            made.copy_(made_there, non_blocking=True)

        return work

    def __call__(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Answer any number of motions, given on the CPU; see the arguments of the class for the shapes.

        Returns:
            What infer gives, on the CPU, in memory of its own.
        """
        parts = []
        for start in range(0, len(given[0]), MOST):
            count = min(len(given[0]) - start, MOST)
            for place, part in zip(_parts(self._given[:count], self._given_shapes), given, strict=True):
                place.copy_(part[start : start + count])
            self._replays[1 << (count - 1).bit_length()]()
            if self._device.type == "cuda":
                torch.cuda.current_stream(self._device).synchronize()
            parts.append(self._made[:count].clone())
        return tuple(_parts(torch.cat(parts), self._made_shapes))


def _count(shape: tuple[int, ...]) -> int:
    return int(torch.Size(shape).numel())


def _parts(rows: Tensor, shapes: list[tuple[int, ...]]) -> list[Tensor]:
    """View rows as the tensors that lie side by side in them, each of shape (len(rows), *shape)."""
    columns = rows.split([_count(shape) for shape in shapes], dim=1)
    return [part.view(len(rows), *shape) for part, shape in zip(columns, shapes, strict=True)]
