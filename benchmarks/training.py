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

"""How much faster the package trains Act2Act than a plain loop of the same recipe, as ratios of one run.

The plain loop does the same arithmetic step by step: it draws and varies a batch for every step, encodes it, decodes
answers for every critic step anew, through the convolutions of torch, and takes the gradient penalty's slope by
automatic differentiation, twice. Both run on the same pairs in turn, a few steps each, so that a noisy machine treats
them alike.

    python benchmarks/training.py --data made_up

With --device cuda, both run on a GPU: the plain loop operation by operation, the package one CUDA graph per step.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1]))

from plain_networks import PlainAct2Act, PlainCritic

from iat_ros.data.opening import open_source
from iat_ros.model.decoder import ConditionedDecoder
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.model.responder import DEVICES, choose_device
from iat_ros.training.augmentation import draw_pairs
from iat_ros.training.config import TrainingConfig, load_training_config
from iat_ros.training.preparation import Preparation, make_trainer, prepare, untrained_decoder
from iat_ros.training.variation import Variation
from iat_ros.training.wgan import WganTrainer


class PlainLoop:
    """The recipe as one would write it down first."""

    def __init__(
        self, stimuli: Tensor, responses: Tensor, config: TrainingConfig, preparation: Preparation, device: torch.device
    ) -> None:
        dims = config.dimensions((stimuli.shape[1] - 1) // 3, len(stimuli))
        self.pairs, self.config, self.preparation, self.dims = (stimuli, responses), config, preparation, dims
        self.device = device
        self.encoder: AttentionEncoder | None = None
        if config.method == "paper":
            self.generator: nn.Module = PlainAct2Act(dims)
            self.critic = PlainCritic(dims.channels, dims.channels, dims)
        else:
            self.encoder = AttentionEncoder(dims)
            self.encoder.load_state_dict(preparation.encoder)
            self.generator = ConditionedDecoder(untrained_decoder(responses, dims, preparation))
            self.critic = PlainCritic(dims.code, dims.channels, dims)
        for network in (self.encoder, self.generator, self.critic):
            if network is not None:
                network.to(device)
        rate = config.gan.learning_rate
        self.generator_step = torch.optim.Adam(self.generator.parameters(), rate, betas=(0.0, 0.9))
        self.critic_step = torch.optim.Adam(self.critic.parameters(), rate, betas=(0.0, 0.9))
        self.draws = torch.Generator().manual_seed(0)
        self.variation = Variation(config.variation, config.variation.response_share, self.draws)

    def run(self, steps: int) -> None:
        """Do so many generator steps."""
        for _ in range(steps):
            for _ in range(self.config.gan.critic_steps):
                condition, response = self.draw()
                answer = self.generator(
                    condition, torch.randn(len(response), self.dims.noise, device=self.device)
                ).detach()
                share = torch.rand(len(response), 1, 1, device=self.device)
                between = (share * response + (1 - share) * answer).requires_grad_(True)
                distance = self.critic(condition, response).mean() - self.critic(condition, answer).mean()
                (slope,) = torch.autograd.grad(self.critic(condition, between).sum(), between, create_graph=True)
                penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
                self.critic_step.zero_grad()
                (self.config.gan.gradient_penalty * penalty - distance).backward()
                self.critic_step.step()
            condition, _ = self.draw()
            self.generator_step.zero_grad()
            answer = self.generator(condition, torch.randn(len(condition), self.dims.noise, device=self.device))
            (-self.critic(condition, answer).mean()).backward()
            self.generator_step.step()

    def draw(self) -> tuple[Tensor, Tensor]:
        """Draw a batch of augmented pairs: stimuli or their codes repeated over time, and responses."""
        pairs = draw_pairs(*self.pairs, self.preparation.neighbours, self.variation, self.config.gan.batch, self.draws)
        stimuli, responses = pairs.stimuli.to(self.device), pairs.responses.to(self.device)
        if self.encoder is None:
            return stimuli, responses
        codes = self.encoder(stimuli, leave_out=pairs.stimulus_of.to(self.device))
        return codes[:, :, None].expand(-1, -1, self.dims.frames), responses


def prepared(data: str, recipe: str) -> tuple[Tensor, Tensor, TrainingConfig, Preparation, float]:
    """Read set A and do what comes before Act2Act; the last value is how long that took [s]."""
    config = load_training_config(recipe)
    pairs = open_source(data).divide(config.frames, "subject", 0).pairs
    stimuli = to_tensor(pairs.stimuli, DurationScale.of(pairs.stimuli.durations_s))
    responses = to_tensor(pairs.responses, DurationScale.of(pairs.responses.durations_s))
    begun = time.perf_counter()
    dims = config.dimensions((stimuli.shape[1] - 1) // 3, len(stimuli))
    draws = torch.Generator().manual_seed(0)
    preparation = prepare(stimuli, responses, dims, config, draws, lambda *_: None)
    return stimuli, responses, config, preparation, time.perf_counter() - begun


def package_loop(
    stimuli: Tensor, responses: Tensor, config: TrainingConfig, preparation: Preparation, device: torch.device
) -> WganTrainer:
    """Make the package's own trainer."""
    dims = config.dimensions((stimuli.shape[1] - 1) // 3, len(stimuli))
    draws = torch.Generator().manual_seed(0)
    return make_trainer(stimuli, responses, dims, config, preparation, draws, device)


class _StopError(Exception):
    """Ends the package's loop after enough steps."""


def run_package(trainer: WganTrainer, steps: int) -> None:
    """Let the package's trainer do so many steps."""
    last = trainer.step + steps

    def progress(step: int, _losses: dict[str, float]) -> None:
        if step == last:
            raise _StopError

    try:
        trainer.train(progress)
    except _StopError:
        return


def seconds_of(work: Callable[[], None]) -> float:
    """Time some work [s]."""
    begun = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def _worker(data: str, recipe: str, device: torch.device, steps: int, start: Any, times: Any) -> None:
    torch.set_num_threads(1)
    trainer = package_loop(*prepared(data, recipe)[:4], device)
    run_package(trainer, 5)
    start.wait()
    times.put(seconds_of(lambda: run_package(trainer, steps)))


def side_by_side(data: str, recipe: str, device: torch.device, steps: int, models: int) -> float:
    """Train several models at once, each in a process of one thread; seconds per step and model."""
    context = multiprocessing.get_context("spawn")
    start, times = context.Barrier(models), context.Queue()
    workers = [context.Process(target=_worker, args=(data, recipe, device, steps, start, times)) for _ in range(models)]
    for worker in workers:
        worker.start()
    slowest = max(times.get() for _ in workers)
    for worker in workers:
        worker.join()
    return slowest / steps / models


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="made_up", help="data set directory, or 'made_up'")
    parser.add_argument("--config", default="default", help="recipe, by name or YAML file")
    parser.add_argument("--steps", type=int, default=20, help="generator steps of each loop per round")
    parser.add_argument("--rounds", type=int, default=10, help="rounds; the median counts")
    parser.add_argument("--models", type=int, default=2, help="models trained side by side, one process each")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where both train")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    args = parser.parse_args()
    device = choose_device(args.device)
    torch.set_num_threads(1)
    stimuli, responses, config, preparation, prepare_s = prepared(args.data, args.config)
    begun = time.perf_counter()
    trainer = package_loop(stimuli, responses, config, preparation, device)
    pool_s = time.perf_counter() - begun
    begun = time.perf_counter()
    run_package(trainer, 1)  # on a GPU, this records the graph
    pool_s += time.perf_counter() - begun
    plain = PlainLoop(stimuli, responses, config, preparation, device)
    loops: dict[str, Callable[[int], None]] = {"plain": plain.run, "package": lambda steps: run_package(trainer, steps)}
    seconds: dict[tuple[str, int], list[float]] = {
        (name, threads): [] for name in loops for threads in (1, args.models)
    }
    plain.run(3)
    run_package(trainer, 3)
    for _ in range(args.rounds):
        for (name, threads), times in seconds.items():
            torch.set_num_threads(threads)
            times.append(seconds_of(lambda run=loops[name]: run(args.steps)) / args.steps)  # type: ignore[misc]
    together = side_by_side(args.data, args.config, device, args.steps * args.rounds // 2, args.models)
    medians = {loop: float(np.median(times)) for loop, times in seconds.items()}
    step = {name: min(medians[name, 1], medians[name, args.models]) for name in loops}  # more threads may be slower
    step["side_by_side"] = together
    pool = {"plain": 0.0, "package": pool_s, "side_by_side": pool_s}
    whole = {name: prepare_s + pool[name] + config.gan.steps * value for name, value in step.items()}
    report = {
        "step_ms": {name: 1e3 * value for name, value in step.items()},
        "step_ms_by_threads": {f"{name} {threads}": 1e3 * value for (name, threads), value in medians.items()},
        "model_s": whole,
        "ratio_one_model": whole["plain"] / whole["package"],
        "ratio_side_by_side": whole["plain"] / whole["side_by_side"],
        "prepare_s": prepare_s,
        "recipe": args.config,
        "models": args.models,
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "torch": str(torch.__version__),
    }
    print(json.dumps(report, indent=2))
    if args.json:
        Path(args.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
