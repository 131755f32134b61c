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

"""Soak through the nodes: the same hours as in the loop, but with perception, act2act, trajectory and robot themselves.

Messages go from node to node as they do in operation, under a clock that steps, so memory that a node or its messages
keep would show here. The simulated robot tells its joints at 125 Hz, moving or not: it takes five times as long as the
loop.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.memory import rss_mb
from benchmarks.faults.soak import MOST_GROWTH_MB
from benchmarks.faults.stepped import stepped_chain
from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.base import UNEXPECTED
from iat_ros.nodes.clouds import encode_skeletons, to_stamp
from iat_ros.nodes.stepped_chain import TICK_NS

_FRAME_S = 1.0 / 30.0
_WARM_UP_S = 300.0


def run_nodes_soak(hours: float) -> dict[str, Any]:
    """Let one person act for so many hours of simulated time.

    Returns:
        soak_hours, windows, answers, trajectories, rss_growth_mb (after five minutes, or a tenth of the time), crashes,
        wrong_outputs, limit_violations, dropped (by node and reason), took_s, failures.

    Raises:
        IatError: A node does not come up.
    """
    begun, poses, frame, windows = time.monotonic(), _poses(), 0, 0
    with stepped_chain(simulated=True) as chain:
        ticks = round(3600e9 * hours / TICK_NS)
        warm_ticks = min(round(1e9 * _WARM_UP_S / TICK_NS), ticks // 10)
        before_mb = 0.0
        for tick in tqdm(range(ticks), desc="soak, nodes", unit="h", unit_scale=TICK_NS / 3600e9, disable=None):
            if tick == warm_ticks:
                before_mb = rss_mb()
            chain.tick()
            if chain.true_s >= frame * _FRAME_S:
                frame += 1
                stamp = to_stamp(1e-9 * chain.clock.ros_ns)
                chain.show(encode_skeletons(stamp, "camera", np.array([1]), next(poses)[None]))
                windows += len(chain.windows)
                chain.windows.clear()
        growth_mb = rss_mb() - before_mb
        failures = []
        if growth_mb > MOST_GROWTH_MB:
            failures.append(f"in the nodes, memory grew by {growth_mb:.0f} MB, expected at most {MOST_GROWTH_MB:g}")
        if chain.answers < windows or chain.trajectories < 0.9 * windows or not windows:
            failures.append(f"{windows} windows gave {chain.answers} answers and {chain.trajectories} trajectories")
        return {
            "soak_hours": round(chain.true_s / 3600, 3),
            "windows": windows,
            "answers": chain.answers,
            "trajectories": chain.trajectories,
            "rss_growth_mb": round(growth_mb, 1),
            "crashes": sum(count for reason, count in chain.dropped.items() if UNEXPECTED in reason),
            "wrong_outputs": chain.faults.total(),
            "wrong": dict(chain.faults),
            "limit_violations": sum(chain.violations.values()),
            "violations": chain.violations,
            "dropped": chain.dropped,
            "took_s": round(time.monotonic() - begun),
            "failures": failures,
        }


def _poses() -> Iterator[np.ndarray]:
    """Stream poses (J, 3) [m] at 30 Hz of a person who acts without end, each time a little differently."""
    for seed in itertools.count():
        for clip in make_clips(people=1, trials=4, seed=seed % 50):
            yield from with_stillness(clip, 0.3, 0.3).positions
