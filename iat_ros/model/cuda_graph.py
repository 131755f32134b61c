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

"""CUDA graphs of the generator: an answer is one launch, and nothing is allocated after the warm-up."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from iat_ros.model.dimensions import Dimensions

MOST = 64
"""Answers in the largest graph; more go through in parts."""

Replay = Callable[[], None]


def capture(work: Callable[[], None]) -> Replay:
    """Record what work launches on the GPU; the result launches all of it at once."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):  # lazy initialisation must not fall into the recording
        for _ in range(3):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


class GraphedInference:
    """A generator behind graphs for 1, 2, 4, ... `MOST` answers; other numbers are padded to the next of these.

    Args:
        infer: What `for_inference` makes, on the GPU.
        dims: Sizes.
        device: Where infer computes.
        capture: Makes a graph of some work.
    """

    def __init__(
        self,
        infer: nn.Module,
        dims: Dimensions,
        device: torch.device,
        capture: Callable[[Callable[[], None]], Replay] = capture,
    ) -> None:
        given, made = ((dims.frames, dims.limbs, 3), (), (dims.noise,)), ((dims.frames, dims.response_limbs, 3), ())
        self._inputs = [torch.zeros(MOST, *shape, device=device) for shape in given]
        self._outputs = [torch.zeros(MOST, *shape, device=device) for shape in made]
        self._replays: dict[int, Replay] = {}
        with torch.inference_mode():
            size = 1
            while size <= MOST:
                self._replays[size] = capture(self._work(infer, size))
                size *= 2

    def _work(self, infer: nn.Module, size: int) -> Callable[[], None]:
        def work() -> None:
            answers = infer(*(given[:size] for given in self._inputs))
            for output, answer in zip(self._outputs, answers, strict=True):
                output[:size].copy_(answer)

        return work

    def __call__(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Answer any number of motions, given on any device; see `iat_ros.model.inference` for the shapes.

        Returns:
            Answers on the CPU, in memory of their own.
        """
        parts = []
        for start in range(0, len(given[0]), MOST):
            count = min(len(given[0]) - start, MOST)
            for place, part in zip(self._inputs, given, strict=True):
                place[:count].copy_(part[start : start + count])
            self._replays[1 << (count - 1).bit_length()]()
            parts.append([output[:count].to("cpu", copy=True) for output in self._outputs])
        motions, durations = zip(*parts, strict=True)
        return torch.cat(motions), torch.cat(durations)
