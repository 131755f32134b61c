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

"""Kills: a process ends by SIGKILL while the robot moves, and is started again at once, as a launch with respawn does.

In every second round of a victim the person goes on acting: recovery_s runs from the kill to the first joint_trajectory
for an action that ended after it, given by a chain whose killed node is active again. That takes imports, configuring,
the person's whole next action, and its answer. In the other rounds the person stands still until the robot has come to
rest, and acts again then: recovery_after_rest_s runs from then on.

Each victim has a chain of its own, which holds what a user of it would run. Beside the three nodes of the chain and the
one process `interact` that holds them, these are killed:

tracker: the person comes through it, as pose arrays.
camera: the person comes through it, though a stand-in for MediaPipe's landmarker sees them (stand_in_camera.py).
viewer: every action must have its answer while it is away, and its page must be served again.
robot: the simulated one, which stands for a driver and its controller. The trajectory node must halt by itself, since
joint states stop while the robot moves. Recovery runs from the call of `resume`, as soon as the robot is back; it
does not come by itself, since nobody knows what a robot did whose driver was away. The robot is killed just after it
told which limits were broken, since it begins to count anew, and while its trajectory goes on for longer than joint
states may stay away. It is started again once the halt is told: one that is there sooner, in another pose,
would take the halt's stop for its own and step to where that begins.

Activity is known to the second, since nodes tell it once a second in their diagnostics, as is a halt:
restart_to_active_s and halt_s are that much too long at most.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.chain import AWAY_S, NODES, Chain
from benchmarks.faults.kill_figures import (
    HALT_WITHIN_S,
    RECOVERY_WITHIN_S,
    REST_WITHIN_S,
    VICTIMS,
    Kill,
    of_all,
    of_victim,
)
from iat_ros.errors import IatError

AROUND = {
    "interact": ("interact", "robot"),
    "tracker": ("tracker", *NODES),
    "camera": ("camera", *NODES),
    "viewer": (*NODES, "viewer"),
}
"""The processes of a victim's chain; of others `NODES`."""
MOVING_RAD_S = 0.2


def run_kills(
    times: int,
    logs: Path,
    victims: Sequence[str] = VICTIMS,
    earlier: Mapping[str, dict[str, Any]] | None = None,
    so_far: Callable[[dict[str, Any]], object] = lambda _: None,
) -> dict[str, Any]:
    """Kill each victim so many times; what the processes print stays in the folder logs, a folder for each victim.

    Args:
        times: How often.
        logs: The folder.
        victims: Some of `VICTIMS`.
        earlier: by_node of other victims, to be put together with these.
        so_far: Told the figures after each victim: all of them take more than an hour.

    Returns:
        kills, recovered, rested, recovery_s, recovery_after_rest_s, rest_s and restart_to_active_s (p50, p99),
        limit_violations, by_node, crashes, with_violations, failures; halted and halt_s with the robot;
        actions_without_viewer and answered_without_viewer with the viewer.
    """
    known, figures = dict(earlier or {}), of_all({})
    for victim in victims:
        known[victim] = kill_often(victim, times, logs / victim)
        figures = of_all({name: known[name] for name in VICTIMS if name in known})
        so_far(figures)
    return figures


def kill_often(name: str, times: int, logs: Path) -> dict[str, Any]:
    """Kill one victim so many times, in a chain of its own."""
    rng = np.random.default_rng(0)
    results: list[Kill] = []
    crashes: list[str] = []
    stuck: list[str] = []
    try:
        with Chain(logs, AROUND.get(name, NODES)) as chain:
            crashes = chain.crashes
            for number in tqdm(range(times), desc=f"kills of {name}", disable=None):
                results.append(kill_one(chain, name, number % 2 == 0, float(rng.uniform(0.0, 0.8))))
                if crashes:
                    break
    except IatError as error:  # what was measured up to here is kept, and the other victims' turn comes
        stuck = [f"{name}: {error}"]
    return of_victim(results, times, crashes, stuck)


def kill_one(chain: Chain, name: str, acting: bool, into_s: float) -> Kill:
    """Kill a process so long after the robot began to move, and wait until the chain answers again and the robot rests.

    Raises:
        IatError: The robot did not begin to move, so there is nothing to interrupt.
    """
    before = Counter(chain.violations)
    _begin_to_move(chain, name, into_s)
    chain.person.acting = acting
    killed_s, at_s = chain.kill(name), chain.now_s
    from_s, stamp_s = killed_s, at_s
    violations = Counter(chain.violations) - before
    before = Counter() if name == "robot" else Counter(chain.violations)
    halt_s, rest_s = _halt_s(chain, killed_s) if name == "robot" else np.nan, np.nan
    chain.start(name)
    restarted_s = time.monotonic()
    if name == "robot" or not acting:
        rest_s = _rest_s(chain, killed_s)
        chain.until(lambda: bool(np.isfinite(chain.back_s(name))), RECOVERY_WITHIN_S)
        chain.person.acting, from_s, stamp_s = True, time.monotonic(), chain.now_s
    if name == "robot":
        chain.resume(RECOVERY_WITHIN_S)

    def answered_s() -> float:
        """When the trajectory for a new action came; NaN if it has not, or the victim is not back."""
        new_s = next((came_s for came_s, stamp in chain.answers if stamp > stamp_s), np.inf)
        later = next((came_s for came_s in chain.trajectories_s if came_s > new_s), np.nan)
        back_s = chain.back_s(name)
        if name == "viewer":  # others answer meanwhile
            return float(np.maximum(later, back_s))
        return later if np.isfinite(back_s) else np.nan

    recovered = chain.until(lambda: bool(np.isfinite(answered_s())), RECOVERY_WITHIN_S)
    state = "" if recovered else chain.state()
    recovered_s, back_s = answered_s(), chain.back_s(name)
    if acting:
        chain.person.acting = False
        chain.until(lambda: chain.now_s > chain.planned_until_s, REST_WITHIN_S)  # it has only begun to move
        rest_s = _rest_s(chain, time.monotonic())
    now_s = time.monotonic()
    chain.until(lambda: chain.told_s > now_s, 3.0)  # what the robot has counted up to here
    violations += Counter(chain.violations) - before
    answered = tuple(chain.answered(at_s)) if name == "viewer" else ()
    times_s = back_s - restarted_s, recovered_s - from_s, rest_s
    return Kill(name, acting, *times_s, dict(violations), at_s, state, halt_s, answered)


def _begin_to_move(chain: Chain, name: str, into_s: float) -> None:
    """Wait until it is time for the kill."""
    chain.person.acting = True
    if not chain.until(lambda: chain.speed > MOVING_RAD_S, RECOVERY_WITHIN_S):
        raise IatError(f"the robot does not move before {name} is killed: {chain.state()}; {chain.crashes}")
    begun_s = time.monotonic()

    def due() -> bool:
        now_s = time.monotonic()
        if now_s <= begun_s + into_s or chain.speed <= MOVING_RAD_S:
            return False
        goes_on_s = chain.planned_until_s - chain.now_s
        return name != "robot" or (now_s < chain.told_s + 0.1 and goes_on_s > AWAY_S + 0.5)

    if not chain.until(due, RECOVERY_WITHIN_S if name == "robot" else 10.0) and name == "robot":
        raise IatError(f"the robot does not move for long enough to be killed: {chain.state()}; {chain.crashes}")


def _halt_s(chain: Chain, from_s: float) -> float:
    """Wait until the trajectory node tells that it halted, and say how long that took [s]; NaN if it does not."""
    halted = chain.until(lambda: "halted" in chain.told["trajectory"], HALT_WITHIN_S)
    return time.monotonic() - from_s if halted else np.nan


def _rest_s(chain: Chain, from_s: float) -> float:
    """Wait until the robot stands, and say how long that took [s]; NaN if it does not."""
    rested = chain.until(lambda: chain.rested_s > from_s, REST_WITHIN_S)
    return chain.rested_s - from_s if rested else np.nan
