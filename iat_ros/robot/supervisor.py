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

"""Supervision: the robot answers as far as the guard lets it, and is slowed, stopped, held and sent home."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from iat_ros.errors import RobotError
from iat_ros.robot.braking import stop
from iat_ros.robot.drivers import Mask
from iat_ros.robot.guard import Leave, Verdict
from iat_ros.robot.joint_answer import Answer
from iat_ros.robot.losses import Losses
from iat_ros.robot.observer import Observer
from iat_ros.robot.performance import Outcome, Performance, Prepared
from iat_ros.robot.performer import Performer

WATCH_S = 0.02
"""How often `Supervisor.watch` looks [s]."""
_STRANGE_MOTION_S = 5.0
"""So long the first answer waits for the rest of a robot that moves already [s]; then it is dropped."""

_MOST_LOSSES = 10
"""So often a stop looks whether there is still something to stop; each time it finds less."""

Make = Callable[[float, float], Performance | None]
"""Works a performance out, given the time and how long it may take until the controller knows of it [s]; None: nothing
is to be performed."""


class TooLateError(RobotError):
    """The robot has moved on."""


@dataclass(frozen=True)
class Means:
    """What a supervisor acts and tells with.

    Attributes:
        now_s: Tells the time [s]; a clock that was set is told by `Supervisor.shift` before.
        begin: Works a performance out, sends it and begins it; returns whether there was anything to perform. Raises
            RobotError where it cannot be performed, TooLateError where that took too long.
        cancel: Has controllers of no other joints than these (J,) end their goals, and hold them; those that are sent
            no goals know no such request.
        ready: Told what may be begun soon, from a robot that stands.
        wake: Has `Supervisor.watch` called every `WATCH_S` from now on, until it returns False.
        drop: Counts what is not used, and says why.
        counts: Where to count what was done.
    """

    now_s: Callable[[], float]
    begin: Callable[[Performer, Make], bool]
    cancel: Callable[[Mask], None]
    ready: Callable[[Performance], None]
    wake: Callable[[], None]
    drop: Callable[[str], None]
    counts: Counter[str]


class Supervisor:
    """Decides what the robot does, and has it done.

    An answer is performed at once, or once the robot stands, or dropped where the guard forbids all movement. While
    anything is performed or waits, `watch` looks whether that still may go on.

    Args:
        performer: Works out what is performed.
        observer: Tells where the robot is, and whether it may move.
        means: What to act and tell with.
        slow_tempo: See below.

    Attributes:
        performer, observer: As above.
        slow_tempo: Tempo of the robot while a person is near, from the next time on.
    """

    def __init__(self, performer: Performer, observer: Observer, means: Means, slow_tempo: float) -> None:
        self.performer, self.observer = performer, observer
        self.slow_tempo = slow_tempo
        self._means = means
        self._waiting: tuple[Answer, float] | None = None  # an answer, and when the robot will stand [s]
        self._prepared: Prepared | None = None
        self._slowed = self._held = False
        self._losses = Losses(performer, observer)

    def forget(self, why: str) -> None:
        """Forget answers that wait, and say why, and that the robot was slowed or held."""
        if self._waiting is not None:
            self._means.drop(f"answer that waited for a stop: {why}")
        self._waiting = self._prepared = None
        self._slowed = self._held = False

    def trouble(self) -> str:
        """Say why the robot may not move; empty if it may."""
        verdict = self.observer.verdict(self._means.now_s())
        return verdict.reason if verdict.leave in (Leave.HALT, Leave.HOLD) else ""

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]; the guard is told by whoever tells this."""
        self.observer.shift(by_s)
        self.performer.timeline.shift(by_s)
        self._losses.shift(by_s)
        if self._waiting is not None:
            self._waiting = self._waiting[0], self._waiting[1] + by_s

    def prepare(self, decode: Callable[[], Answer]) -> None:
        """Plan an answer that may be given soon, if the robot could perform it now; else it is not even decoded."""
        if self._waiting is not None:
            return
        now, verdict = self._verdict()
        if verdict.leave in (Leave.HALT, Leave.HOLD):
            return
        motion = decode()
        try:
            self._prepared = self.performer.prepare(motion, now, self.observer.standing(now), self._tempo(verdict))
        except RobotError:
            self._prepared = None  # if it is given, it is refused then, with the reason
        if self._prepared is not None:
            self._means.ready(self._prepared.outcome.performance)

    def answer(self, motion: Answer) -> None:
        """Perform an answer now, or once the robot stands, or say why not; a robot that cannot goes home.

        Args:
            motion: The answer; it waits for the rest of a robot that others may still move.

        Raises:
            RobotError: It cannot be performed.
        """
        started = time.perf_counter()
        performer, counts = self.performer, self._means.counts
        now, verdict = self._verdict()
        if verdict.leave in (Leave.HALT, Leave.HOLD):
            self._means.drop(f"answer, since the robot must not move: {verdict.reason}")
            return
        if self._waiting is not None:
            self._waiting = None
            self._means.drop("answer overtaken by a newer one while the robot came to a stop")
        lost = self.observer.given_up(now, sending=True)
        if lost is not None:
            self._lose(lost)
        if lost is not None or self._take_back(now, sending=True):
            self._means.drop("answer, since the robot's controllers do not follow what runs")
            return
        tempo = self._tempo(verdict)
        if self.observer.unsettled(now) or performer.timeline.left_out(now).any():
            self._waiting = motion, max(now, performer.timeline.ends_s)
            counts["answers that waited for a stop"] += 1
            self._means.wake()
            return
        measured = self.observer.standing(now)
        prepared, self._prepared = self._prepared, None
        outcomes: list[Outcome] = []

        def make(now_s: float, reserve_s: float) -> Performance:
            """Plan the answer from what runs at a time [s], to begin after the reserve [s]."""
            outcomes.append(performer.answer(motion, now_s, measured, tempo, reserve_s, prepared))
            return outcomes[-1].performance

        try:
            self._begin(make)
            complete = outcomes[-1].complete
        except TooLateError:  # a busy machine: stop first, then there is time
            self.stop()
            complete = False
        except RobotError:
            if not performer.timeline.moving(self._means.now_s()):
                # Where it stands other answers may touch as well, for as long as somebody acts: home is the way out.
                self._held = True
                self._means.wake()
            raise
        self._slowed, self._held = verdict.leave is Leave.SLOW, False
        if not complete:
            self._waiting = motion, performer.timeline.ends_s
            counts["answers that waited for a stop"] += 1
            return
        self._count(outcomes[-1], prepared)
        counts["last answer took us"] = round(1e6 * (time.perf_counter() - started))

    def watch(self) -> bool:
        """Look after a moving robot; return whether there is anything left to look after.

        Raises:
            RobotError: Limits forbid to slow the robot now, which is tried again, or an answer that waited or the way
                home cannot be performed.
        """
        performer = self.performer
        now, verdict = self._verdict()
        self._take_back(now)
        if self._losses.stop_due_s < math.inf:
            if now >= self._losses.stop_due_s:
                self.slow(0.0)
        elif verdict.leave in (Leave.HALT, Leave.HOLD):
            if not self._held and performer.timeline.moving(now):
                self._means.drop(f"rest of an answer: {verdict.reason}")
                self.slow(0.0)
            if self._waiting is not None:
                self._waiting = None
                self._means.drop(f"answer that waited for a stop: {verdict.reason}")
        elif verdict.leave is Leave.SLOW and not self._slowed and not self._held:
            self.slow(self.slow_tempo)  # if limits forbid it now, it is tried again
            self._slowed = True
            self._means.counts["answers slowed because a person is near"] += 1
        if performer.timeline.moving(now):
            return True
        if self._waiting is not None and now >= self._waiting[1]:
            strange = self.observer.unsettled(now)
            if strange and now < self._waiting[1] + _STRANGE_MOTION_S:
                return True
            motion, self._waiting = self._waiting[0], None
            if strange:
                self._means.drop(f"answer, since the robot was not seen to stand for {_STRANGE_MOTION_S:g} s")
            else:
                self.answer(motion)
            return True
        if self._held and verdict.leave is Leave.MOVE and performer.timing.return_to_rest:
            if not self.observer.unsettled(now):
                self._go_home(now)
            return True
        lost = self._losses.stop_due_s < math.inf or bool(self._losses.held(now).any())
        return lost or (self._held and verdict.leave is not Leave.HALT) or self.observer.may_go_on(now)

    def slow(self, tempo: float) -> None:
        """Slow the running plan down on its path, to a standstill at tempo 0; an unknown one from where it is.

        Where controllers are found not to follow it any more, nothing is sent now, and the robot halted (see `lost`).

        Raises:
            RobotError: Limits forbid it at this moment.
        """
        self.observer.look()
        self._take_back(self._means.now_s(), sending=True)
        lost = self.observer.given_up(self._means.now_s(), sending=True)
        if lost is not None:
            self._lose(lost)
            return
        tempo = 0.0 if self._losses.stop_due_s < math.inf else tempo
        measured = self.observer.measured.state
        if tempo == 0.0 and measured is not None and self.observer.moves_strangely(self._means.now_s()):
            self._begin(lambda now_s, _: Performance(stop(self.performer.model, measured), now_s))
            return
        self._begin(lambda now_s, reserve_s: self.performer.slow(now_s, tempo, reserve_s))
        self._held = self._held or tempo == 0.0
        self._losses.stop_due_s = math.inf

    def stop(self) -> bool:
        """Stop; where limits forbid it at this moment, say so: while halted or held it is tried again and again.

        Returns:
            Whether the robot stops.
        """
        try:
            for _ in range(_MOST_LOSSES):  # nobody may look after them later
                self.slow(0.0)
                if not self._take_back(self._means.now_s()) and self._losses.stop_due_s == math.inf:
                    break
        except RobotError as error:
            self._means.drop(f"stop: {error}")
            self._means.wake()
            return False
        return True

    def release(self) -> None:
        """Forget that the robot was held: it stays where it is until the next answer."""
        self._held = False

    def lost(self, joints: Mask) -> None:
        """Take note that controllers gave up what ran, or never knew it, and hold joints (J,); the guard halts.

        They are sent nothing from now on. What the others follow is stopped on its path by `watch`, a little later:
        they may have given up as well, and not have told yet.
        """
        self.observer.look()
        self._lose(joints)

    def _lose(self, joints: Mask) -> None:
        self.forget("a controller gave up what ran")
        self._means.cancel(self._losses.lose(joints, self._means.now_s()))
        self._held = not math.isfinite(self._losses.stop_due_s)
        self._means.wake()

    def _take_back(self, now: float, sending: bool = False) -> bool:
        """Go on from what is seen to be followed, though it was to be over; return whether that is to be stopped."""
        why = self._losses.take_back(now, sending)
        if not why:
            return False
        self._held = False
        self._means.drop(why)
        self._means.wake()
        return True

    @property
    def held_by_others(self) -> Mask:
        """Which joints (J,) are held by controllers that gave up, or never knew, what would still run."""
        return self._losses.held(self._means.now_s())

    def _verdict(self) -> tuple[float, Verdict]:
        """Return what the robot may do, and the time after that was found out [s]: what had come was looked at."""
        verdict = self.observer.verdict(self._means.now_s())
        return self._means.now_s(), verdict

    def _tempo(self, verdict: Verdict) -> float:
        return self.slow_tempo if verdict.leave is Leave.SLOW else 1.0

    def _go_home(self, now: float) -> None:
        self._held = self._slowed = False  # on its way the robot is slowed as in an answer
        measured = self.observer.standing(now)
        self._begin(lambda now_s, _: self.performer.go_home(now_s, measured))

    def _begin(self, make: Make) -> None:
        before = self.performer.timeline.copy()
        if self._means.begin(self.performer, make):
            self._losses.begun(self._means.now_s())
            self.observer.began(before, self._means.now_s())
            self._means.wake()

    def _count(self, outcome: Outcome, prepared: Prepared | None) -> None:
        counts, plan = self._means.counts, outcome.performance.plan
        counts["answers"] += 1
        counts["answers that were ready"] += prepared is not None and plan is prepared.outcome.performance.plan
        counts["answers from where the robot is held"] += outcome.performance.held is not None
        counts["answers bent to keep clear of the robot itself"] += outcome.bent
        counts["answers slowed to keep limits"] += plan.stretch > 1.001
        counts["mean direction error mrad"] = round(1e3 * outcome.error_rad)
