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

"""The scenarios of the part sensor: what a camera, a tracker or a clock does wrong, one thing at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.faults.acting import Person
from benchmarks.faults.sensor import Frame, Scenario, jumping

ACTIONS = 10
RATE_HZ = 30.0
Frames = list[Frame]


def steady(ends_s: float, rng: np.random.Generator, rate_hz: float = RATE_HZ) -> Frames:
    """Frames as they should come."""
    return [Frame(at, 0.0, (0,), at) for at in np.arange(0.0, ends_s, 1.0 / rate_hz).tolist()]


def jittered(ends_s: float, rng: np.random.Generator) -> Frames:
    """Each frame comes up to 15 ms early or late, and its stamp says so."""
    return [
        Frame(max(0.0, at + by), 0.0, (0,), max(0.0, at + by)) for at, by in _with(ends_s, rng.uniform, -0.015, 0.015)
    ]


def bursts(ends_s: float, rng: np.random.Generator) -> Frames:
    """Five frames at a time, as over a bad wireless network; their stamps are right."""
    every_s = 5 / RATE_HZ
    comes = [(at, np.ceil((at + 1e-9) / every_s) * every_s) for at in np.arange(0.0, ends_s, 1.0 / RATE_HZ).tolist()]
    return [Frame(float(came), at - float(came), (0,), at) for at, came in comes]


def late(ends_s: float, rng: np.random.Generator) -> Frames:
    """One frame of ten comes up to 0.3 s late, behind newer ones; its stamp is right."""
    delays = [(at, by if by > 0.0 else 0.0) for at, by in _with(ends_s, rng.uniform, -2.7, 0.3)]
    return [Frame(at + by, -by, (0,), at) for at, by in delays]


def doubled(ends_s: float, rng: np.random.Generator) -> Frames:
    """Each frame comes twice, one of three a third time 50 ms later."""
    once = steady(ends_s, rng)
    return once + once + [Frame(each.comes_s + 0.05, -0.05, each.ids, each.posed_s) for each in once[::3]]


def thinned(ends_s: float, rng: np.random.Generator) -> Frames:
    """Three frames of ten are lost."""
    return [frame for frame in steady(ends_s, rng) if rng.uniform() > 0.3]


def without(ends_s: float, rng: np.random.Generator, *, gaps: tuple[tuple[float, float], ...]) -> Frames:
    """The camera is unplugged from one time to another."""
    return [frame for frame in steady(ends_s, rng) if not any(begin <= frame.comes_s < end for begin, end in gaps)]


def swapping(ends_s: float, rng: np.random.Generator, *, swaps: tuple[float, ...]) -> Frames:
    """Two bodies exchange their numbers at some times."""
    ids = ((0, 1), (1, 0))
    return [
        Frame(each.comes_s, 0.0, ids[sum(at <= each.comes_s for at in swaps) % 2], each.posed_s)
        for each in steady(ends_s, rng)
    ]


def stamps_jump(ends_s: float, rng: np.random.Generator, *, jumps: dict[float, float]) -> Frames:
    """The camera's own clock is set; that of the nodes goes on."""
    offs = [(each, sum(by for at, by in jumps.items() if at <= each.comes_s)) for each in steady(ends_s, rng)]
    return [Frame(each.comes_s, off, each.ids, each.posed_s) for each, off in offs]


def looped(ends_s: float, rng: np.random.Generator, *, bag_s: float, rounds: int, clock_too: bool) -> Frames:
    """A bag is played again and again: poses begin anew, and with them the stamps; the clock, too, or not."""
    frames = []
    for each in steady(ends_s, rng):
        before_s = bag_s * min(each.comes_s // bag_s, rounds - 1)
        frames.append(Frame(each.comes_s, 0.0 if clock_too else -before_s, each.ids, each.comes_s - before_s))
    return frames


def _with(ends_s: float, draw: Callable[..., np.ndarray], low: float, high: float) -> list[tuple[float, float]]:
    times = np.arange(0.0, ends_s, 1.0 / RATE_HZ)
    return list(zip(times.tolist(), draw(low, high, len(times)).tolist(), strict=True))


def _clock(jumps: dict[float, float], simulated: bool) -> Scenario:
    blind = tuple((at - 0.1, at + 0.1) for at in jumps)
    return Scenario(steady, [Person(ACTIONS)], blind_s=blind, clock=jumping(jumps), simulated=simulated)


def _unplugged(*gaps: tuple[float, float], stands_s: float | None = None) -> Scenario:
    someone = Person(max(ACTIONS, round(0.4 * gaps[-1][1])))
    return Scenario(partial(without, gaps=gaps), [someone], blind_s=gaps, stands_s=stands_s)


def _swapping(apart_m: float, swaps: tuple[float, ...]) -> Scenario:
    people = [Person(ACTIONS), Person(ACTIONS, seed=7, place=(apart_m, 0.0, 0.0), before_s=2.3)]
    return Scenario(partial(swapping, swaps=swaps), people, blind_s=tuple((at - 0.1, at + 0.1) for at in swaps))


def _looping(clock_too: bool, rounds: int = 4) -> Scenario:
    someone = Person(4, rounds=rounds)
    bag_s = someone.round_s
    turns = [bag_s * number for number in range(1, rounds)]
    return Scenario(
        partial(looped, bag_s=bag_s, rounds=rounds, clock_too=clock_too),
        [someone],
        blind_s=tuple((at - 0.1, at + 0.1) for at in turns),
        clock=jumping(dict.fromkeys(turns, -bag_s)) if clock_too else None,
        simulated=clock_too,
    )


def _paused() -> Scenario:
    pauses = ((7.2, 9.2), (16.0, 17.6), (25.2, 25.8))
    return Scenario(steady, [Person(ACTIONS)], pauses=pauses, simulated=True)


SCENARIOS: dict[str, Callable[[], Scenario]] = {
    **{
        f"{rate} Hz": partial(lambda rate: Scenario(partial(steady, rate_hz=rate), [Person(ACTIONS)]), rate)
        for rate in (5, 10, 15, 30, 60, 120)
    },
    "jitter": lambda: Scenario(jittered, [Person(ACTIONS)]),
    "bursts": lambda: Scenario(bursts, [Person(ACTIONS)]),
    "late frames": lambda: Scenario(late, [Person(ACTIONS)]),
    "doubled frames": lambda: Scenario(doubled, [Person(ACTIONS)]),
    "three of ten frames lost": lambda: Scenario(thinned, [Person(ACTIONS)]),
    "unplugged for a second": lambda: _unplugged((5.0, 6.0), (12.2, 13.2), (20.4, 21.4)),
    "unplugged for a minute": lambda: _unplugged((8.0, 68.0), stands_s=12.0),
    "bodies swap numbers": lambda: _swapping(1.2, (6.0, 10.3, 15.1, 21.7, 26.4)),
    "camera's clock forward 10 s": lambda: Scenario(
        partial(stamps_jump, jumps={6.3: 10.0, 17.4: 10.0}), [Person(ACTIONS)], blind_s=((6.2, 6.4), (17.3, 17.5))
    ),
    "camera's clock back 10 s": lambda: Scenario(
        partial(stamps_jump, jumps={6.3: -10.0, 17.4: -10.0}), [Person(ACTIONS)], blind_s=((6.2, 6.4), (17.3, 17.5))
    ),
    "clock forward 5 s": lambda: _clock({6.3: 5.0, 17.4: 5.0}, False),
    "clock back 5 s": lambda: _clock({6.3: -5.0, 17.4: -5.0}, False),
    "clock forward 0.4 s": lambda: _clock({6.3: 0.4, 12.1: 0.4, 17.4: 0.4}, False),
    "clock back 0.4 s": lambda: _clock({6.3: -0.4, 12.1: -0.4, 17.4: -0.4}, False),
    "clock forward an hour": lambda: _clock({6.3: 3600.0}, False),
    "clock back an hour": lambda: _clock({6.3: -3600.0}, False),
    "simulated time": lambda: _clock({}, True),
    "simulated time, paused": _paused,
    "simulated time, forward and back 3 s": lambda: _clock({6.3: 3.0, 12.1: -3.0, 17.4: 3.0, 22.0: -3.0}, True),
    "looping bag, clock too": lambda: _looping(True),
    "looping bag": lambda: _looping(False),
}
