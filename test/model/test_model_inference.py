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

"""Answers of the prepared generator are those of the networks that were trained; graphs change nothing about them."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from iat_ros.model.cuda_graph import MOST, GraphedInference, capture
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.generator import KINDS, Act2Act
from iat_ros.model.inference import for_inference
from iat_ros.model.model_file import load_card, load_generator
from iat_ros.model.normalisation import to_motions, to_tensor
from iat_ros.model.responder import Responder
from iat_ros.resources import find_model
from iat_ros.skeleton.limbs import unit
from iat_ros.skeleton.motion import MotionArray

DIMS = Dimensions(limbs=4, frames=16, width=4, landmarks=9)
RNG = np.random.default_rng(5)
OBJECT = 16
"""Of the smallest object of Python [bytes]."""


def made_up_generator(kind: str) -> Act2Act:
    """A generator with random weights and memories."""
    torch.manual_seed(1)
    generator = Act2Act(DIMS, kind)
    for buffer in generator.buffers():
        if buffer.dim() > 0 and kind == "attention":
            buffer.normal_()
    if kind == "attention":
        generator.decoder.widths.abs_().add_(0.5)
    return generator.eval()


def given(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Limb vectors, durations and noise."""
    limbs = unit(RNG.standard_normal((count, DIMS.frames, DIMS.limbs, 3)))
    parts = (limbs, RNG.standard_normal(count), RNG.standard_normal((count, DIMS.noise)))
    return tuple(torch.from_numpy(part.astype(np.float32)) for part in parts)  # type: ignore[return-value]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_trained_networks(kind: str) -> None:
    """Both kinds: limb vectors and durations agree with the generator's own forward pass."""
    generator = made_up_generator(kind)
    limbs, duration, noise = given(7)
    channels = limbs.flatten(2).transpose(1, 2)
    stimulus = torch.cat([channels, duration[:, None, None].expand(-1, 1, DIMS.frames)], dim=1)
    with torch.inference_mode():
        expected = generator(stimulus, noise)
        motion, length = for_inference(generator)(limbs, duration, noise)
    torch.testing.assert_close(motion.flatten(2).transpose(1, 2), expected[:, :-1], rtol=0, atol=1e-4)
    torch.testing.assert_close(length, expected[:, -1].mean(dim=1), rtol=0, atol=1e-4)


def test_the_shipped_model_answers_as_it_was_trained_to() -> None:
    """Noise that blends its answers, and stimuli near its keys: the same answers as those of the networks."""
    directory = find_model("utd_mhad")
    card = load_card(directory)
    generator = load_generator(directory, card)
    keys = generator.encoder.keys.view(card.dimensions.landmarks, -1, card.dimensions.frames).transpose(1, 2)
    limbs = unit(keys.reshape(-1, card.dimensions.frames, card.dimensions.limbs, 3).numpy().astype(float))
    stimuli = MotionArray(limbs, np.full(len(limbs), 1.7))
    responder = Responder.load(directory, "cpu")
    noise = responder.sample_noise(len(limbs), np.random.default_rng(0))
    with torch.inference_mode():
        tensor = generator(to_tensor(stimuli, card.stimulus_durations), torch.from_numpy(noise.astype(np.float32)))
    expected = to_motions(tensor, card.response_durations)
    answer = responder.answer(stimuli, noise)
    np.testing.assert_allclose(answer.limbs_in_body, expected.limbs_in_body, atol=1e-3)
    np.testing.assert_allclose(answer.durations_s, expected.durations_s, atol=1e-3)


def test_a_batch_answers_each_as_if_it_were_alone() -> None:
    """What several people do at once does not mix."""
    responder = Responder.load(find_model("utd_mhad"), "cpu")
    dims = responder.card.dimensions
    stimuli = MotionArray(unit(RNG.standard_normal((5, dims.frames, dims.limbs, 3))), np.linspace(1.0, 2.0, 5))
    noise = responder.sample_noise(5, RNG)
    together = responder.answer(stimuli, noise)
    for k in range(5):
        alone = responder.answer(stimuli[k : k + 1], noise[k : k + 1])
        np.testing.assert_allclose(alone.limbs_in_body[0], together.limbs_in_body[k], atol=1e-4)


def test_answering_does_not_grow_the_memory() -> None:
    """After the warm-up, thousands of answers leave nothing behind."""
    responder = Responder.load(find_model("utd_mhad"), "cpu")
    responder.warm_up()
    dims = responder.card.dimensions
    stimulus = MotionArray(unit(RNG.standard_normal((1, dims.frames, dims.limbs, 3))), np.array([1.5]))
    noise = responder.sample_noise(1, RNG)
    tracemalloc.start()
    try:
        for _ in range(200):  # the interpreter settles; Python 3.12 goes on with it for some 6 kB more
            responder.answer(stimulus, noise)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2000):
            responder.answer(stimulus, noise)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 2000 * OBJECT, "an object is left behind by each answer"
    finally:
        tracemalloc.stop()


def test_no_garbage_is_freed_while_a_graph_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies about is freed beforehand: an older graph that is freed in the midst breaks the recording off."""

    class Loop:
        """Something that refers to itself, as what holds a graph may."""

        def __init__(self) -> None:
            self.itself = self

    @contextmanager
    def recording(graph: object, stream: object) -> Iterator[None]:
        """Stand for torch's own, which leaves garbage alone."""
        assert graph is not stream
        seen.append((freed() is None, gc.isenabled()))
        yield

    quiet = SimpleNamespace(wait_stream=lambda _: None)
    for name, stand_in in (
        ("Stream", lambda: quiet), ("current_stream", lambda: quiet), ("stream", lambda _: nullcontext()),
        ("CUDAGraph", lambda: SimpleNamespace(replay=lambda: None)), ("graph", recording),
    ):  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, stand_in)
    seen: list[tuple[bool, bool]] = []
    gc.disable()
    try:
        freed = weakref.ref(Loop())
        assert freed() is not None
        capture(lambda: None)
        assert not gc.isenabled(), "who had switched it off gets it back so"
    finally:
        gc.enable()
    capture(lambda: None)
    assert gc.isenabled()
    assert seen == [(True, False), (True, False)]


@pytest.mark.parametrize("count", [1, 3, MOST, MOST + 5])
def test_graphs_answer_any_number_alike(count: int) -> None:
    """Padded and split batches give what the network gives; the graph is a stand-in that runs its work again."""
    infer = for_inference(made_up_generator("attention"))
    graphed = GraphedInference(infer, DIMS, torch.device("cpu"), capture=lambda work: work)
    first, second = given(count), given(count)
    with torch.inference_mode():
        motions, durations = graphed(*first)
        graphed(*second)  # must not reach into answers that were given before
        expected = infer(*first)
    torch.testing.assert_close(motions, expected[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(durations, expected[1], rtol=0, atol=1e-5)


def test_graphs_are_made_once_for_each_power_of_two() -> None:
    """1, 2, 4, ... 64: nothing is recorded after the warm-up, and only the smallest that fits runs."""
    ran: list[int] = []

    def counting(work: Callable[[], None]) -> Callable[[], None]:
        number = len(recorded)
        recorded.append(number)
        return lambda: (ran.append(2**number), work())[1]

    recorded: list[int] = []
    infer = for_inference(made_up_generator("attention"))
    graphed = GraphedInference(infer, DIMS, torch.device("cpu"), capture=counting)
    with torch.inference_mode():
        for count in (1, 2, 5, 64, 70):
            graphed(*given(count))
    assert len(recorded) == 7
    assert ran == [1, 2, 8, 64, 64, 8]


def test_the_model_stays_what_it_was() -> None:
    """Preparing a generator leaves its weights alone."""
    generator = made_up_generator("attention")
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    infer = for_inference(generator)
    with torch.inference_mode():
        infer(*given(2))
    for name, value in generator.state_dict().items():
        assert torch.equal(value, before[name]), name
