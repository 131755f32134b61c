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

"""Kills: a node ends by SIGKILL while the robot moves, and is started again at once, as a launch with respawn does.

In every second round of a node the person goes on acting: recovery_s runs from the kill to the first joint_trajectory
for an action that ended after it, given by a chain whose killed node is active again. That takes imports, configuring,
the person's whole next action, and its answer. In the other rounds the person stands still until the robot has come to
rest, and acts again then: recovery_after_rest_s runs from then on.

Activity is known to the second, since nodes tell it once a second in their diagnostics; restart_to_active_s is that
much too long at most.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.chain import Chain
from iat_ros.errors import IatError

VICTIMS = ("perception", "act2act", "trajectory")
MOVING_RAD_S = 0.2
RECOVERY_WITHIN_S = 60.0
REST_WITHIN_S = 15.0


@dataclass(frozen=True)
class Kill:
    """What became of one kill.

    Attributes:
        node: Who was killed.
        acting: Whether the person went on acting.
        active_s: From the restart to the node's being active [s]; NaN if it never was.
        recovery_s: From the kill, or from when the person acts again, to the next answer; NaN if there was none.
        rest_s: From the kill, or from the answer after it where the person went on, to the robot's rest; NaN if none.
        violations: Limits broken meanwhile.
        at_s: When it was, since the epoch, as log lines have it [s].
        state: What the nodes told when the chain had not recovered; empty if it had.
    """

    node: str
    acting: bool
    active_s: float
    recovery_s: float
    rest_s: float
    violations: dict[str, int]
    at_s: float
    state: str


def run_kills(times: int, logs: Path, victims: tuple[str, ...] = VICTIMS) -> dict[str, Any]:
    """Kill each node so many times, in turn; what the nodes print stays in the folder logs.

    Returns:
        kills, recovered, recovery_s, recovery_after_rest_s, rest_s and restart_to_active_s (p50, p99), rested, crashes,
        limit_violations, failures; by_node.

    Raises:
        IatError: The chain does not come up.
    """
    rng = np.random.default_rng(0)
    results: list[Kill] = []
    stuck: list[str] = []
    with Chain(logs) as chain:
        for number in tqdm(range(times * len(victims)), desc="kills", disable=None):
            name, acting = victims[number % len(victims)], number // len(victims) % 2 == 0
            try:
                results.append(kill_one(chain, name, acting, float(rng.uniform(0.0, 0.8))))
            except IatError as error:  # what was measured up to here is kept
                stuck = [str(error)]
                break
            if chain.crashes:
                break
    return summary(results, times * len(victims), chain.crashes, stuck)


def kill_one(chain: Chain, name: str, acting: bool, into_s: float) -> Kill:
    """Kill a node so long after the robot began to move, and wait until the chain answers again and the robot rests.

    Raises:
        IatError: The robot did not begin to move, so there is nothing to interrupt.
    """
    chain.acting = True
    if not chain.until(lambda: chain.speed > MOVING_RAD_S, RECOVERY_WITHIN_S):
        raise IatError(f"the robot does not move before {name} is killed: {chain.state()}; {chain.crashes}")
    begun_s = time.monotonic()
    chain.until(lambda: time.monotonic() > begun_s + into_s and chain.speed > MOVING_RAD_S, 10.0)
    before = Counter(chain.violations)
    chain.acting = acting
    from_s, stamp_s = chain.kill(name), chain.now_s
    at_s = stamp_s
    chain.start(name)
    restarted_s, rest_s = time.monotonic(), np.nan
    if not acting:
        rest_s = _rest_s(chain, from_s)
        chain.until(lambda: name in chain.active_s, RECOVERY_WITHIN_S)
        chain.acting, from_s, stamp_s = True, time.monotonic(), chain.now_s

    def answered_s() -> float:
        """When the trajectory for a new action came; NaN if it has not."""
        new_s = next((came_s for came_s, stamp in chain.answers if stamp > stamp_s), np.inf)
        later = (came_s for came_s in chain.trajectories_s if came_s > new_s)
        return next(later, np.nan) if name in chain.active_s else np.nan

    recovered = chain.until(lambda: bool(np.isfinite(answered_s())), RECOVERY_WITHIN_S)
    state = "" if recovered else chain.state()
    recovered_s, active_s = answered_s(), chain.active_s.get(name, np.nan)
    if acting:
        chain.acting = False
        rest_s = _rest_s(chain, time.monotonic())
    now_s = time.monotonic()
    chain.until(lambda: chain.told_s > now_s, 3.0)  # what the robot has counted up to here
    violations = dict(Counter(chain.violations) - before)
    return Kill(name, acting, active_s - restarted_s, recovered_s - from_s, rest_s, violations, at_s, state)


def _rest_s(chain: Chain, from_s: float) -> float:
    """Wait until the robot stands, and say how long that took [s]; NaN if it does not."""
    rested = chain.until(lambda: chain.rested_s > from_s, REST_WITHIN_S)
    return chain.rested_s - from_s if rested else np.nan


def summary(results: list[Kill], wanted: int, crashes: list[str], stuck: Sequence[str] = ()) -> dict[str, Any]:
    """Count what became of the kills."""
    failures = [
        f"{each.node}: not recovered in {RECOVERY_WITHIN_S:g} s: {each.state}"
        for each in results
        if np.isnan(each.recovery_s)
    ]
    failures += [f"{each.node}: no rest within {REST_WITHIN_S:g} s" for each in results if np.isnan(each.rest_s)]
    failures += [*crashes, *stuck]
    if len(results) < wanted:
        failures.append(f"only {len(results)} of {wanted} kills were done")
    return {
        "kills": len(results),
        **_times(results),
        "by_node": {name: _times([each for each in results if each.node == name]) for name in VICTIMS},
        "crashes": len(crashes),
        "limit_violations": sum(sum(each.violations.values()) for each in results),
        "with_violations": [asdict(each) for each in results if each.violations],
        "failures": failures,
    }


def _times(results: list[Kill]) -> dict[str, Any]:
    return {
        "recovered": sum(bool(np.isfinite(each.recovery_s)) for each in results),
        "rested": sum(bool(np.isfinite(each.rest_s)) for each in results),
        "recovery_s": _percentiles([each.recovery_s for each in results if each.acting]),
        "recovery_after_rest_s": _percentiles([each.recovery_s for each in results if not each.acting]),
        "rest_s": _percentiles([each.rest_s for each in results if not each.acting]),
        "restart_to_active_s": _percentiles([each.active_s for each in results]),
    }


def _percentiles(values: list[float]) -> dict[str, float] | None:
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return None
    return {f"p{percent}": round(float(np.percentile(known, percent)), 2) for percent in (50, 99)}
