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

"""Sensor: cameras that are unplugged, slow, fast, irregular; bodies that swap their numbers; clocks that are set.

Each scenario shows a person, whose actions are known, to the chain's own nodes under a clock that steps. A window must
be one of the actions that were done, no action may give two, the robot's limits hold at every update, and at the end
it rests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.acting import Person, difference_rad
from benchmarks.faults.stepped import WatchedChain, stepped_chain
from iat_ros.errors import IatError
from iat_ros.nodes.base import UNEXPECTED
from iat_ros.nodes.clouds import encode_skeletons, to_stamp
from iat_ros.nodes.stepped_chain import TICK_NS

LATE_S = 2.0
"""A window may come so long after the end of its action could be known [s]: a held pose, late frames."""
ALIKE_RAD = 0.28
"""A window whose limbs differ from the action's by more than this on average is not of that action."""
END_S = 8.0  # the person stands still at the end


@dataclass(frozen=True)
class Frame:
    """When a frame comes [s], how far its stamp is from then [s], the bodies' numbers, when they posed [s]."""

    comes_s: float
    stamp_off_s: float
    ids: tuple[int, ...]
    posed_s: float


@dataclass(frozen=True)
class Scenario:
    """What goes wrong.

    Attributes:
        frames: The frames that come, given how long they go on [s] and a generator.
        people: Who is there; ids begin at 0.
        at_least: Share of the undisturbed actions that must give a window.
        blind_s: Times (from, to) in which actions may be lost [s].
        clock: How much ROS time passes in a tick that really takes 8 ms [ns], given its number; None: as much.
        pauses: Times (from, to) [s]; at the first everything stops, simulated time, too, for as long as to the second.
        simulated: Whether the nodes are told that time is simulated.
        stands_s: A time at which the robot must stand still [s]; None: none.
    """

    frames: Callable[[float, np.random.Generator], list[Frame]]
    people: Sequence[Person]
    at_least: float = 1.0
    blind_s: tuple[tuple[float, float], ...] = ()
    clock: Callable[[int], int] | None = None
    pauses: tuple[tuple[float, float], ...] = ()
    simulated: bool = False
    stands_s: float | None = None


def play(scenario: Scenario, seed: int = 0) -> dict[str, Any]:
    """Play a scenario; return what came of it.

    Raises:
        IatError: A node does not come up.
    """
    ends_s = max(person.duration_s for person in scenario.people) + END_S
    frames = sorted(scenario.frames(ends_s, np.random.default_rng(seed)), key=lambda frame: frame.comes_s)
    stood: bool | None = None
    with stepped_chain(scenario.simulated) as chain:
        next_frame = 0
        while chain.true_s < ends_s:
            for begin, end in scenario.pauses:
                if 0.0 <= chain.true_s - begin < 1e-9 * TICK_NS:
                    chain.pause(end - begin)
            chain.tick(None if scenario.clock is None else scenario.clock(chain.ticks))
            while next_frame < len(frames) and frames[next_frame].comes_s <= chain.true_s:
                _show(chain, scenario, frames[next_frame])
                next_frame += 1
            if scenario.stands_s is not None and stood is None and chain.true_s >= scenario.stands_s:
                stood = chain.stands
        return _judge(chain, scenario, stood)


def _show(chain: WatchedChain, scenario: Scenario, frame: Frame) -> None:
    positions = np.array([person.pose(frame.posed_s) for person in scenario.people])
    stamp = to_stamp(1e-9 * chain.clock.ros_ns + frame.stamp_off_s)
    chain.show(encode_skeletons(stamp, "camera", np.array(frame.ids), positions))


def _judge(chain: WatchedChain, scenario: Scenario, stood: bool | None) -> dict[str, Any]:
    known = [each for person in scenario.people for each in person.known]
    undisturbed = {
        number
        for number, each in enumerate(known)
        if not any(begin < each.told_s and each.begins_s - 0.5 < end for begin, end in scenario.blind_s)
    }
    found: set[int] = set()
    worst_rad, wrong = 0.0, []
    for came_s, body, motion in chain.windows:
        near = {
            difference_rad(motion, each.motion): number
            for number, each in enumerate(known)
            if number not in found and -0.3 <= came_s - each.told_s <= LATE_S
        }
        if not near or min(near) > ALIKE_RAD:
            wrong.append(f"{body} at {came_s:.2f} s: {min(near, default=np.nan):.2f} rad from an action")
            continue
        worst_rad = max(worst_rad, min(near))
        found.add(near[min(near)])
    failures = []
    share = len(found & undisturbed) / max(1, len(undisturbed))
    if share < scenario.at_least:
        failures.append(f"{len(found & undisturbed)} of {len(undisturbed)} undisturbed actions gave a window")
    if stood is False:
        failures.append(f"the robot moves at {scenario.stands_s:g} s")
    if not chain.rests:
        failures.append("the robot does not rest at the end")
    return {
        "actions": len(known),
        "undisturbed": len(undisturbed),
        "windows": len(chain.windows),
        "windows_of_undisturbed": len(found & undisturbed),
        "worst_window_rad": round(worst_rad, 3),
        "answers": chain.answers,
        "trajectories": chain.trajectories,
        "dropped": chain.dropped,
        "wrong": wrong + [f"trajectory: {fault}, {count} times" for fault, count in chain.faults.items()],
        "violations": chain.violations,
        "crashes": sum(count for reason, count in chain.dropped.items() if UNEXPECTED in reason),
        "failures": failures,
    }


def run_sensor(names: Sequence[str] = ()) -> dict[str, Any]:
    """Play all scenarios, or those that are named.

    Returns:
        scenarios (by name), actions, windows, answers, crashes, wrong_outputs, limit_violations, failures.

    Raises:
        IatError: A node does not come up, or a name is unknown.
    """
    from benchmarks.faults.scenarios import SCENARIOS

    unknown = set(names) - set(SCENARIOS)
    if unknown:
        raise IatError(f"no scenario '{min(unknown)}'; there are: {', '.join(SCENARIOS)}")
    results = {}
    for name in tqdm(names or SCENARIOS, desc="sensor", disable=None):
        results[name] = play(SCENARIOS[name]())
    return {
        **{key: sum(each[key] for each in results.values()) for key in ("actions", "windows", "answers", "crashes")},
        "wrong_outputs": sum(len(each["wrong"]) for each in results.values()),
        "limit_violations": sum(sum(each["violations"].values()) for each in results.values()),
        "scenarios": results,
        "failures": [f"{name}: {line}" for name, each in results.items() for line in each["failures"] + each["wrong"]],
    }


def jumping(jumps: dict[float, float]) -> Callable[[int], int]:
    """Make a clock that jumps at some times by so much [s]."""
    at_tick = {int(1e9 * at_s) // TICK_NS: by_s for at_s, by_s in jumps.items()}

    def passes(tick: int) -> int:
        return round(1e9 * at_tick.get(tick, 0.0)) + TICK_NS

    return passes
