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

"""How long the generator takes, end to end: limb vectors in, limb vectors out, for one answer and for 64 at once.

python benchmarks/answering.py --json FILE
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.reporting import report_lines
from iat_ros.model.responder import DEVICES, Responder
from iat_ros.resources import find_model
from iat_ros.skeleton.limbs import unit
from iat_ros.skeleton.motion import MotionArray


def measure(model: str = "utd_mhad", device: str = "cpu", rounds: int = 2000) -> dict[str, Any]:
    """Time `Responder.answer` and `Responder.answer_early` with one thread of torch.

    Args:
        model: Model directory, or the name of one that ships.
        device: Where to compute.
        rounds: Answers that are timed; batches of 64 a tenth as often.

    Returns:
        "generator_ms", "generator_batch64_ms" and, for models that can, "generator_early_ms": p50 and p99 [ms].
    """
    torch.set_num_threads(1)
    responder = Responder.load(find_model(model), device)
    responder.warm_up()
    report: dict[str, Any] = {"device": str(responder.device)}
    timed = [
        ("generator_ms", responder.answer, 1, rounds),
        ("generator_batch64_ms", responder.answer, 64, rounds // 10),
    ]
    if responder.card.networks == "attention":
        timed.append(("generator_early_ms", responder.answer_early, 1, rounds))
    dims, rng = responder.card.dimensions, np.random.default_rng(0)
    for name, answer, count, times in timed:
        limbs = unit(rng.standard_normal((count, dims.frames, dims.limbs, 3)))
        stimuli = MotionArray(limbs, rng.uniform(1.0, 2.0, count))
        took_ms = np.zeros(times)
        for k in range(times):
            noise = responder.sample_noise(count, rng)
            started = time.perf_counter()
            answer(stimuli, noise)
            took_ms[k] = 1e3 * (time.perf_counter() - started)
        report[name] = {f"p{share}": round(float(np.percentile(took_ms[10:], share)), 4) for share in (50, 99)}
    return report


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="utd_mhad", help="model directory, or the name of one that ships")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="where to compute")
    parser.add_argument("--rounds", type=int, default=2000, help="answers that are timed")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    report = measure(args.model, args.device, args.rounds)
    report_lines(report, args.json)


if __name__ == "__main__":
    main()
