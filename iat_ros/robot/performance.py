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

"""An answer as the robot performs it: a plan, when it begins, and what runs until then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iat_ros.clock import whole_ns
from iat_ros.robot.joint_answer import Answer, same_answer
from iat_ros.robot.plan import JointPlan, Points
from iat_ros.robot.spline import Held, State
from iat_ros.robot.trajectory import Timing

Array = NDArray[np.float64]

SOONEST_S = 0.005
"""What happens within so short a time after a message is sent, its controller may hear of too late [s]."""
BEHIND_S = 0.005
"""A controller whose clock is so much behind still finds itself on the curve that runs [s]."""
HELD_BEFORE_S = 0.2
"""A controller that holds the robot is told that it has done so for so long [s], however far its clock is behind."""
APART_S = 1e-4
"""Shortest time between points that are sent [s]; what is left out for that bends the curve by nothing that shows."""
SAME_RAD = 1e-3
"""A robot that stands so near to where a plan begins is there: a sensor's noise, made up for while the plan is sent."""
HELD_SAME_RAD = 1e-6
"""The same where a controller says where it holds the robot, which has no noise."""


@dataclass(frozen=True)
class Performance:
    """A plan and when it begins.

    Attributes:
        plan: The plan.
        began_s: When its time 0 is [s].
        after: What runs until then; None if the robot stands, or if it runs already.
        held: Where its controller holds the robot until then (J,) [rad]; None: that is not known.
        way_s: How long before it begins the controller leaves that pose for its start, where that is another [s].
    """

    plan: JointPlan
    began_s: float
    after: Performance | None = None
    held: Array | None = None
    way_s: float = 0.0

    @property
    def ends_s(self) -> float:
        """When it ends [s]."""
        return self.began_s + self.plan.duration_s

    def holding(self, joints: NDArray[np.bool_], position: Array) -> Performance:
        """Return the performance without some joints (J,): those stand where the position (J,) has them [rad]."""
        after = None if self.after is None else self.after.holding(joints, position)
        held = None if self.held is None else np.where(joints, position, self.held)
        return replace(self, plan=self.plan.holding(joints, position), after=after, held=held)

    def plan_time(self, time_s: float) -> float:
        """Return which time of the plan it is at a time of the clock [s], by whole nanoseconds.

        Messages hold no others; so where a plan takes over is the same instant for it, for the one before and for a
        controller that hears of both.
        """
        return 1e-9 * (whole_ns(time_s) - whole_ns(self.began_s))

    def points(self, sent_s: float) -> Points:
        """Return what a controller is sent at a time [s], with times from then on.

        A controller goes to a first point that lies ahead from where it *measures* the robot. Where that is all that is
        known of a robot that stands, the plan begins there; points that are due within `SOONEST_S` are left out, the
        controller would jerk to them. Where something runs, or it is known where the controller holds the robot, they
        begin with its last knot before now or with that pose, whose time is below 0: so the controller stays on the
        curve whenever it hears of them, however far from its command the robot is, and whatever it measures.
        """
        ahead_s = -self.plan_time(sent_s)
        before = self._before(sent_s)
        own = self.plan.points(SOONEST_S - ahead_s if before is None else 0.0)
        parts = [replace(own, times_s=own.times_s + ahead_s)]
        if before is not None or ahead_s >= SOONEST_S:
            parts.insert(0, _alone(ahead_s, self.plan.start))
        if before is not None:
            kept = before.times_s < ahead_s - APART_S
            parts.insert(0, Points(*(each[kept] for each in vars(before).values())))
        return _join(*parts)

    def _before(self, sent_s: float) -> Points | None:
        """Return what the controller is known to do at a time [s], until this begins; None if that is not known."""
        running = None if self.after is None else self.after._running(sent_s)
        return self._standing(sent_s) if running is None else running

    def _standing(self, sent_s: float) -> Points | None:
        """Return the pose in which the controller holds the robot until it leaves for the start; None: not known."""
        if self.held is None:
            return None
        leaves_s = -self.plan_time(sent_s) - self.way_s
        stands = State.at_rest(self.held)
        since = _alone(min(leaves_s, 0.0) - HELD_BEFORE_S, stands)
        return _join(since, _alone(leaves_s, stands)) if self.way_s else since

    def _running(self, sent_s: float) -> Points | None:
        """Return the points of this one and of what runs before it at a time [s]; None if it is over by then."""
        passed_s = self.plan_time(sent_s)
        if passed_s < 0.0:
            return self.points(sent_s)
        if passed_s >= self.plan.duration_s:
            return None
        points = self.plan.points_around(passed_s - BEHIND_S)
        points = replace(points, times_s=points.times_s - passed_s)
        standing = self._standing(sent_s) if passed_s < BEHIND_S else None
        return points if standing is None else _join(standing, points)


def _alone(time_s: float, state: State) -> Points:
    return Points(np.array([time_s]), *(each[None] for each in vars(state).values()))


def _join(*parts: Points) -> Points:
    return Points(*(np.concatenate(each) for each in zip(*(vars(part).values() for part in parts), strict=True)))


def stamp_points(points: Points, sent_s: float) -> tuple[int, list[int]]:
    """Return the stamp of points that are sent at a time [s] and their times after it, both in whole nanoseconds.

    The stamp is that time, or the first point's where it lies before.
    """
    times_ns = np.round(points.times_s * 1e9).astype(np.int64)
    first_ns = min(0, int(times_ns[0]))
    return whole_ns(sent_s) + first_ns, (times_ns - first_ns).tolist()


@dataclass(frozen=True)
class Outcome:
    """What became of an answer.

    Attributes:
        performance: What is performed now.
        error_rad: Mean angle between the directions, or joints, asked for and the robot's [rad].
        bent: Whether it was bent to keep clear of the robot itself.
        complete: False if it only stops the robot; the answer can begin when it stands.
    """

    performance: Performance
    error_rad: float
    bent: bool
    complete: bool


@dataclass(frozen=True)
class Prepared:
    """An answer that was planned before it is given, from a robot that stands.

    Attributes:
        motion: The answer, in limbs or joints.
        start: Where the robot stood.
        timing: How it is to be performed.
        outcome: What became of it.
    """

    motion: Answer
    start: State
    timing: Timing
    outcome: Outcome

    def fits(self, motion: Answer, start: State, timing: Timing) -> bool:
        """Tell whether it is this answer, from where the robot stands, performed so."""
        held = isinstance(start, Held)
        return (
            timing == self.timing
            and held == isinstance(self.start, Held)
            and not start.moves
            and bool(np.abs(start.position - self.start.position).max() < (HELD_SAME_RAD if held else SAME_RAD))
            and same_answer(motion, self.motion)
        )
