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

"""On a GPU: answers are those of the CPU, and after the warm-up nothing is allocated there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iat_ros.model.cuda_graph import capture
from iat_ros.model.responder import Responder
from iat_ros.resources import find_model
from iat_ros.skeleton.limbs import unit
from iat_ros.skeleton.motion import MotionArray

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")


@pytest.fixture(scope="module")
def responders() -> tuple[Responder, Responder]:
    """The shipped model on the CPU and on the GPU, both warmed up."""
    both = [Responder.load(find_model("utd_mhad"), device) for device in ("cpu", "cuda")]
    for responder in both:
        responder.warm_up()
    return both[0], both[1]


def asked(responder: Responder, count: int, seed: int) -> tuple[MotionArray, np.ndarray]:
    """Stimuli and noise."""
    rng, dims = np.random.default_rng(seed), responder.card.dimensions
    limbs = unit(rng.standard_normal((count, dims.frames, dims.limbs, 3)))
    return MotionArray(limbs, rng.uniform(1.0, 2.0, count)), responder.sample_noise(count, rng)


@pytest.mark.parametrize("count", [1, 3, 64, 70])
def test_answers_are_those_of_the_cpu(responders: tuple[Responder, Responder], count: int) -> None:
    """Whole actions and beginnings, alone and in batches."""
    for graphs in (responders[1]._graphs, responders[1]._early_graphs):
        assert graphs is not None, "no graphs were made"
    given = asked(responders[0], count, count)
    whole = [responder.answer(*given) for responder in responders]
    early = [responder.answer_early(*given) for responder in responders]
    for here, there in (whole, (early[0][0], early[1][0])):
        np.testing.assert_allclose(there.limbs_in_body, here.limbs_in_body, atol=2e-3)
        np.testing.assert_allclose(there.durations_s, here.durations_s, atol=1e-3)
    np.testing.assert_allclose(early[1][1], early[0][1], atol=1e-3)


def test_nothing_is_allocated_after_the_warm_up(responders: tuple[Responder, Responder]) -> None:
    """A thousand answers, early ones and batches take no memory of the GPU anew."""
    on_gpu = responders[1]
    before = torch.cuda.memory_stats()["allocation.all.allocated"]
    for seed in range(250):
        for count in (1, 5):
            given = asked(on_gpu, count, seed)
            on_gpu.answer(*given)
            on_gpu.answer_early(*given)
    assert torch.cuda.memory_stats()["allocation.all.allocated"] == before


def test_a_graph_that_lies_about_breaks_no_recording() -> None:
    """Garbage that holds an older graph is there, and is looked for during the recording."""

    class Holder:
        """Holds a graph, and itself."""

        def __init__(self) -> None:
            self.numbers = torch.zeros(4, device="cuda")
            self.replay = capture(lambda: self.numbers.add_(1.0))
            self.itself = self

    for _ in range(3):
        Holder()
    numbers = torch.zeros(4, device="cuda")

    def work() -> None:
        """Count, and make enough rubbish that Python would look for it by itself."""
        for _ in range(2000):
            rubbish: list[object] = []
            rubbish.append(rubbish)
        numbers.add_(1.0)

    capture(work)()
    torch.cuda.synchronize()
    assert numbers.tolist() == [4.0] * 4  # three rounds of warm-up, and the graph
