"""Sensors that fail: unplugged, swapped bodies, odd rates, jitter, bursts, late and doubled frames, clocks that jump."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.faults.actor import RATE_HZ, Actor, cloud
from benchmarks.faults.soak import CHAIN
from benchmarks.faults.stage import MS, Stage
from iat_ros.nodes.robot import RobotNode

_STEP_NS = 8 * MS
_LASTS_S = 20.0
_RECOVERS_S = 15.0
RATES_HZ = (5.0, 10.0, 15.0, 24.0, 30.0, 60.0, 90.0, 120.0)


@dataclass
class Frame:
    """When something arrives, and what: people, each with an id, and how far their stamp is from their arrival [s]."""

    at_s: float
    people: list[tuple[int, np.ndarray]]
    stamp_off_s: float = 0.0
    set_clock_s: float = 0.0


Fault = Callable[[Actor, Actor, np.random.Generator], Iterator[Frame]]


def _plain(actor: Actor, rate_hz: float = RATE_HZ, lasts_s: float = _LASTS_S, begin_s: float = 0.0) -> Iterator[Frame]:
    for k in range(int(lasts_s * rate_hz)):
        at_s = begin_s + k / rate_hz
        yield Frame(at_s, [(1, actor.pose(at_s))])


def _unplugged(gap_s: float) -> Fault:
    def fault(actor: Actor, _: Actor, __: np.random.Generator) -> Iterator[Frame]:
        for begin_s in (0.0, 6.3 + gap_s, 13.1 + 2 * gap_s):  # in the midst of whatever happens then
            yield from _plain(actor, lasts_s=6.0, begin_s=begin_s)

    return fault


def _swapped(actor: Actor, other: Actor, rng: np.random.Generator) -> Iterator[Frame]:
    """Two people, 0.8 m apart, whose ids are swapped at random."""
    swapped = False
    for frame in _plain(actor):
        swapped ^= bool(rng.random() < 0.03)
        ids = (2, 1) if swapped else (1, 2)
        yield Frame(frame.at_s, [(ids[0], frame.people[0][1]), (ids[1], other.pose(frame.at_s))])


def _rate(rate_hz: float) -> Fault:
    return lambda actor, _, __: _plain(actor, rate_hz)


def _jitter(actor: Actor, _: Actor, rng: np.random.Generator) -> Iterator[Frame]:
    """Frames come up to 25 ms late, with stamps up to 15 ms wrong."""
    for frame in _plain(actor):
        yield Frame(frame.at_s + rng.uniform(0.0, 0.025), frame.people, rng.uniform(-0.04, 0.015))


def _bursts(actor: Actor, _: Actor, rng: np.random.Generator) -> Iterator[Frame]:
    """Frames are held back for up to half a second and come at once, with their own stamps."""
    held: list[Frame] = []
    for frame in _plain(actor):
        held.append(frame)
        if rng.random() < 0.1 or frame.at_s - held[0].at_s > 0.5:
            yield from (Frame(frame.at_s, each.people, each.at_s - frame.at_s) for each in held)
            held = []


def _late(actor: Actor, _: Actor, rng: np.random.Generator) -> Iterator[Frame]:
    """Every tenth frame comes 0.1 s late, after newer ones."""
    frames = list(_plain(actor))
    late = [Frame(f.at_s + 0.1, f.people, -0.1) if rng.random() < 0.1 else f for f in frames]
    yield from sorted(late, key=lambda frame: frame.at_s)


def _doubled(actor: Actor, _: Actor, rng: np.random.Generator) -> Iterator[Frame]:
    """Every fifth frame comes twice."""
    for frame in _plain(actor):
        yield frame
        if rng.random() < 0.2:
            yield frame


def _jumps(by_s: float) -> Fault:
    def fault(actor: Actor, _: Actor, __: np.random.Generator) -> Iterator[Frame]:
        """Set the clock, at whatever happens then, three times."""
        jumps_s = [4.0, 9.0, 14.0]
        for frame in _plain(actor):
            if jumps_s and frame.at_s >= jumps_s[0]:
                jumps_s.pop(0)
                frame.set_clock_s = by_s
            yield frame

    return fault


def _looping(actor: Actor, _: Actor, __: np.random.Generator) -> Iterator[Frame]:
    """A bag of 7 s that begins anew: its stamps, and the clock with them, go back."""
    for frame in _plain(actor):
        loop, at_s = divmod(frame.at_s, 7.0)
        again = loop and at_s < 1.0 / RATE_HZ - 1e-6
        yield Frame(frame.at_s, [(1, actor.pose(at_s))], set_clock_s=-7.0 if again else 0.0)


def _looping_stamps(actor: Actor, _: Actor, __: np.random.Generator) -> Iterator[Frame]:
    """A bag of 7 s that begins anew, with old stamps: the clock goes on."""
    for frame in _plain(actor):
        loop, at_s = divmod(frame.at_s, 7.0)
        yield Frame(frame.at_s, [(1, actor.pose(at_s))], stamp_off_s=-7.0 * loop)


FAULTS: dict[str, tuple[Fault, bool]] = {  # with whether the nodes know that the clock is a simulated one
    "unplugged for 1 s": (_unplugged(1.0), True),
    "unplugged for a minute": (_unplugged(60.0), True),
    "ids swapped": (_swapped, True),
    **{f"{rate:g} Hz": (_rate(rate), True) for rate in RATES_HZ},
    "jitter": (_jitter, True),
    "bursts": (_bursts, True),
    "late frames": (_late, True),
    "doubled frames": (_doubled, True),
    **{f"clock set {by:+g} s": (_jumps(by), False) for by in (0.5, 10.0, 3600.0, -0.5, -10.0, -3600.0)},
    **{f"simulated clock {by:+g} s": (_jumps(by), True) for by in (0.2, 10.0, -0.2, -10.0)},
    "looping bag, clock too": (_looping, True),
    "looping bag, old stamps": (_looping_stamps, False),
}


def measure(seed: int = 0, names: tuple[str, ...] = tuple(FAULTS)) -> dict[str, Any]:
    """Go through the faults; each with nodes and a robot of its own.

    Returns:
        "sensor": by fault: answers while it lasts, wrong outputs, violations, whether the robot came to rest within
        limits, whether an action afterwards was answered without help ("recovered"), and what halted the robot if
        something did ("halted": a person has to call `resume`, after which it recovers).
        And the sums "wrong_outputs", "limit_violations", "crashes", "not_recovered".
    """
    found = {
        name: _try(*FAULTS[name], np.random.default_rng(seed)) for name in tqdm(names, desc="sensor", disable=None)
    }
    return {
        "sensor": found,
        "wrong_outputs": sum(each["wrong_outputs"] for each in found.values()),
        "limit_violations": sum(each["limit_violations"] for each in found.values()),
        "crashes": sum(each["crashes"] for each in found.values()),
        "not_recovered": [name for name, each in found.items() if not (each["recovered"] and each["rested"])],
    }


def _try(fault: Fault, simulated: bool, rng: np.random.Generator) -> dict[str, Any]:
    actor, other = Actor(seed=int(rng.integers(100))), Actor(seed=int(rng.integers(100)), away_m=0.8)
    with Stage([*((node, {}) for node in CHAIN), (RobotNode, {})], simulated=simulated) as stage:
        stage.nodes["act2act"]._rng = rng
        trajectory = stage.nodes["trajectory"]
        _play(stage, fault(actor, other, rng))
        answers = trajectory.counts["answers"]
        halted = stage.halted
        if halted:
            stage.resume()
        rested = _rest(stage, actor)
        before = trajectory.counts["answers"]
        _play(stage, _plain(actor, lasts_s=_RECOVERS_S))
        recovered = trajectory.counts["answers"] - before
        rested &= _rest(stage, actor)
        return {
            "answers": answers,
            "wrong_outputs": sum(stage.judge.wrong.values()),
            "limit_violations": sum(stage.violations().values()),
            "crashes": sum(stage.escaped.values()) + sum(stage.unexpected().values()),
            "rested": rested,
            "recovered": bool(recovered),
            "answers_after": recovered,
            **({"halted": halted} if halted else {}),
            **({"wrong": dict(stage.judge.wrong)} if stage.judge.wrong else {}),
            **({"violations": stage.violations()} if stage.violations() else {}),
            **({"unexpected": stage.unexpected()} if stage.unexpected() else {}),
            "dropped": {name: dict(node.dropped) for name, node in stage.nodes.items() if node.dropped},
        }


def _play(stage: Stage, frames: Iterator[Frame]) -> None:
    """Let frames arrive when they do, the robot being updated meanwhile."""
    begin_ns = stage.steady_ns
    for frame in frames:
        while (stage.steady_ns - begin_ns) * 1e-9 < frame.at_s:
            stage.step(_STEP_NS)
        if frame.set_clock_s:
            stage.set_clock(round(frame.set_clock_s * 1e9))
        stage.send("/skeletons", cloud(stage.now_s + frame.stamp_off_s, *frame.people))


def _rest(stage: Stage, actor: Actor) -> bool:
    """Let a person stand still; return whether the robot comes to rest, and stays so for half a second."""
    frames = (Frame(k / RATE_HZ, [(1, actor.still())]) for k in range(int(8.0 * RATE_HZ)))
    still_frames = 0
    begin_ns = stage.steady_ns
    for frame in frames:
        while (stage.steady_ns - begin_ns) * 1e-9 < frame.at_s:
            stage.step(_STEP_NS)
        stage.send("/skeletons", cloud(stage.now_s, *frame.people))
        still_frames = still_frames + 1 if stage.speed_rad_s == 0.0 else 0
        if still_frames > RATE_HZ / 2:
            return True
    return False
