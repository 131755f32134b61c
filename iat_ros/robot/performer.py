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

"""What the robot performs: the running plan, how an answer takes over from it, and how it is stopped."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.braking import slow_down, stop
from iat_ros.robot.clearance import bend, bend_at, mirror, splay
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.detour import plan_detour
from iat_ros.robot.drivers import name_joints
from iat_ros.robot.joint_answer import Answer, joint_frames
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Outcome, Performance, Prepared
from iat_ros.robot.plan import JointPlan
from iat_ros.robot.retargeting import retarget
from iat_ros.robot.spline import Held, State
from iat_ros.robot.timeline import Timeline
from iat_ros.robot.trajectory import Timing, plan, plan_home
from iat_ros.skeleton.joint_motion import JointMotion

Array = NDArray[np.float64]

BENDS = 8
"""How often an answer is bent further, where links touch, before all of it is made smaller."""
SMALLER = (0.7, 0.4, 0.2)
"""Shares of its distance from rest that a whole answer may keep before it is refused."""
_LATER_S = (0.0, 0.04, 0.08, 0.12, 0.18, 0.24, 0.3)
"""So much later than at once what runs may begin to be slowed down, if it ends sooner so [s]."""
STILL_RAD_S = 0.02
"""A measured speed below this is a sensor's noise."""
_OUTSIDE_RAD = 1e-4
_GENTLY = 0.8
"""Share of the acceleration limits that is used to come back inside the position limits."""
_WORKED_OUT_S = 0.05
NEAR_RAD = 0.05
"""A robot so near to its rest pose is there."""


class Performer:
    """Turns answers into plans that take over from what the robot performs.

    Times are in seconds of one clock; the performer never asks for the time itself.

    Args:
        model: The robot.
        limb_names: The limbs of the answers.
        checker: Finds collisions with the robot's own body; None: nothing is checked.

    Attributes:
        timing: How answers are performed from now on.
        timeline: What the robot performs when.
        late_s: How much longer than `timing` says it may take until the controller knows of a trajectory [s].
    """

    def __init__(
        self, model: RobotModel, limb_names: Sequence[str], checker: CollisionChecker | None, timing: Timing
    ) -> None:
        self.model = model
        self.timing = timing
        self.late_s = 0.0
        self._limb_names = tuple(limb_names)
        self._checker = checker
        self.timeline = Timeline(model)

    @property
    def delivery_s(self) -> float:
        """How long it may take until the controller knows of a trajectory [s]."""
        return self.timing.delivery_s + self.late_s

    def start(self, now_s: float, measured: State | None) -> State:
        """Return the state from which a plan begins: the command while it moves, else what was measured or is held."""
        if self.timeline.moving(now_s) or measured is None:
            return self.timeline.commanded(now_s)
        if not isinstance(measured, Held) and np.abs(measured.velocity).max() < STILL_RAD_S:
            return State.at_rest(measured.position)
        return measured

    def prepare(self, motion: Answer, now_s: float, measured: State | None, tempo: float = 1.0) -> Prepared | None:
        """Plan an answer that may be given soon; None while the robot moves.

        Args:
            motion: The answer: limb vectors in the body frame, or the robot's joints.
            now_s: Time [s].
            measured: Where the robot is, `Held` if its controller says so; None if nobody tells.
            tempo: As for `answer`.

        Raises:
            RobotError: It cannot be performed.
        """
        start = self.start(now_s, measured)
        if self.timeline.moving(now_s) or start.moves:
            return None
        timing = self._timing(tempo)
        return Prepared(motion, start, timing, self._plan_answer(motion, start, timing, now_s))

    def answer(
        self,
        motion: Answer,
        now_s: float,
        measured: State | None,
        tempo: float = 1.0,
        reserve_s: float | None = None,
        prepared: Prepared | None = None,
    ) -> Outcome:
        """Plan an answer that takes over from whatever runs; `perform` begins it.

        Args:
            motion: The answer: limb vectors in the body frame, or the robot's joints.
            now_s: Time [s].
            measured: Where the robot is, `Held` if its controller says so; None if nobody tells.
            tempo: Slower than `timing` asks for by this factor, at most 1.
            reserve_s: How long it may take until the controller knows of it [s]; None: `delivery_s`.
            prepared: What was planned before; taken if it is this answer from here.

        Raises:
            RobotError: It cannot be performed (a start outside the limits, a collision); what runs goes on.
        """
        moving = self.timeline.moving(now_s)
        began_s = self._soonest_s(now_s, reserve_s) if moving else now_s
        start = self.timeline.commanded(began_s) if moving else self.start(now_s, measured)
        timing = self._timing(tempo)
        if prepared is not None and not moving and prepared.fits(motion, start, timing):
            outcome = prepared.outcome
            return replace(outcome, performance=self._from(start, outcome.performance.plan, began_s))
        try:
            return self._plan_answer(motion, start, timing, began_s)
        except RobotError:
            if not start.moves:
                raise
            stopped = self.slow(now_s, 0.0, reserve_s) or Performance(stop(self.model, start), now_s)
            return Outcome(stopped, 0.0, False, False)

    def _soonest_s(self, now_s: float, reserve_s: float | None) -> float:
        """When something can take over from what runs [s]."""
        return max(now_s + (self.delivery_s if reserve_s is None else reserve_s), self.timeline.led_until_s)

    def _timing(self, tempo: float) -> Timing:
        return replace(self.timing, speed_scale=max(0.05, self.timing.speed_scale * tempo))

    def _plan_answer(self, motion: Answer, start: State, timing: Timing, began_s: float) -> Outcome:
        """Retarget an answer, where it is of limbs, and plan it so that nothing touches."""
        positions, error_rad = self._frames(motion, start, timing)
        result, bent = self._clear(positions, motion.duration_s, start, timing)
        return Outcome(self._from(start, result, began_s), error_rad, bent, True)

    def _from(self, start: State, result: JointPlan, began_s: float) -> Performance:
        """Begin a plan; from outside the limits, where none begins, later: the controller goes to its start first."""
        known = isinstance(start, Held) or (not start.moves and self.timeline.ends_in(start.position))
        held = start.position if known else None
        gap = np.abs(result.control[0] - start.position) if not start.moves else np.zeros(len(start.position))
        if gap.max() < _OUTSIDE_RAD:
            return Performance(result, began_s, held=held)
        way_s = float(np.sqrt(6.0 * gap / (_GENTLY * self.model.max_acceleration)).max())  # from rest to rest, a cubic
        return Performance(result, began_s + self.delivery_s + _WORKED_OUT_S + way_s, held=held, way_s=way_s)

    def _frames(self, motion: Answer, start: State, timing: Timing) -> tuple[Array, float]:
        """Return the joint angles (T, J) [rad] of an answer, and how far they are from what it asks for [rad]."""
        if isinstance(motion, JointMotion):
            return joint_frames(self.model, motion)
        limbs = mirror(motion.limbs_in_body, self._limb_names, self.model.config.mirrored())
        limbs = splay(limbs, self._limb_names, self.model.config.splay)
        frames = retarget(self.model, limbs, self._limb_names, start.position, motion.duration_s / timing.speed_scale)
        return frames.positions, float(frames.error_rad.mean())

    def go_home(self, now_s: float, measured: State | None) -> Performance | None:
        """Plan the way to the rest pose; None if the robot is there.

        Raises:
            RobotError: The way there would touch the robot's body.
        """
        start = self.start(now_s, measured)
        if not start.moves and np.abs(start.position - self.model.rest).max() < NEAR_RAD:
            return None
        result = plan_home(self.model, start, self.timing)
        contact = None if self._checker is None else self._checker.first_contact(result)
        if self._checker is not None and contact is not None:
            detour = None if start.moves else plan_detour(self.model, self._checker, start, contact.links, self.timing)
            if detour is None:
                raise RobotError(f"way home refused: {contact}")
            result = detour
        return self._from(start, result, now_s)

    def slow(self, now_s: float, tempo: float = 0.0, reserve_s: float | None = None) -> Performance | None:
        """Plan how what runs is slowed down on its path, 0 to a standstill; None if nothing runs.

        What runs may be taken over from soon, as by a stop that was asked for a moment ago: from then on that runs.

        Args:
            now_s: Time [s].
            tempo: What it is slowed down to.
            reserve_s: How long it may take until the controller knows of it [s]; None: `delivery_s`.

        Raises:
            RobotError: Limits forbid it at this moment.
        """
        began_s = self._soonest_s(now_s, reserve_s)
        if not self.timeline.moving(began_s):
            return None
        begins = [began_s + later_s for later_s in _LATER_S]
        found, refused = [], []
        for _, of_one in itertools.groupby(begins, key=lambda time_s: id(self.timeline.at(time_s))):
            instants = list(of_one)
            running = self.timeline.at(instants[0])
            try:
                result, number = slow_down(self.model, running.plan, [*map(running.plan_time, instants)], tempo)
                found.append(Performance(result, instants[number]))
            except RobotError as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return min(found, key=lambda performance: performance.ends_s)

    def perform(self, performance: Performance, sent_s: float, delivery_s: float | None = None) -> Performance | None:
        """Begin a performance that is sent to the controller.

        Args:
            performance: It.
            sent_s: The time then [s].
            delivery_s: How long it may take until the controller knows of it [s]; None: as `delivery_s` says.

        Returns:
            The performance as it is to be sent; None if it comes too late to take over from what runs.
        """
        delivery_s = self.delivery_s if delivery_s is None else delivery_s
        return self.timeline.begin(performance, sent_s, delivery_s, self.timing.delivery_s)

    def left_out(self, now_s: float) -> tuple[str, ...]:
        """Name the joints whose controllers what runs at a time [s] is not for."""
        return name_joints(self.model.joint_names, self.timeline.left_out(now_s))

    def take_over(self, other: Performer) -> None:
        """Go on with what another performer of the same robot performs."""
        self.timeline = other.timeline

    def _clear(self, frames: Array, duration_s: float, start: State, timing: Timing) -> tuple[JointPlan, bool]:
        """Plan frames so that nothing touches; whether they were bent for that."""
        result = plan(self.model, frames, duration_s, start, timing)
        if self._checker is None:
            return result, False
        contact = self._checker.first_contact(result)
        if contact is None:
            return result, False
        frames = bend(self.model, self._checker, frames)
        for _ in range(BENDS):  # frames are clear now, but perhaps not the ways between them
            result = plan(self.model, frames, duration_s, start, timing)
            contact = self._checker.first_contact(result)
            if contact is None:
                return result, True
            share = (contact.time_s - result.answer_start_s) / (result.answer_end_s - result.answer_start_s)
            frame = round(float(np.clip(share, 0.0, 1.0)) * (len(frames) - 1))
            frames = bend_at(self.model, frames, frame, 0.6, self._checker.joints_between(contact.links))
        for share in SMALLER:  # also the ways there and back, which no single frame decides
            result = plan(self.model, self.model.rest + share * (frames - self.model.rest), duration_s, start, timing)
            contact = self._checker.first_contact(result)
            if contact is None:
                return result, True
        raise RobotError(f"answer refused: {contact}")
