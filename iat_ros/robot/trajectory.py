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

"""From retargeted frames to a trajectory that a robot can follow: limits, timing, way in and way home."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot import spline
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import ROUNDING, JointPlan, check
from iat_ros.robot.spline import State
from iat_ros.skeleton.motion import LONGEST_S, SHORTEST_S

Array = NDArray[np.float64]

DELIVERY_S = 0.04
START_TOLERANCE = 0.1
"""How far [rad] a measured start may lie outside the URDF's limits; it is then taken to be at the limit."""
BRAKING_RESERVE = 0.1
"""Share of the acceleration limit that answers leave unused, so that they can be stopped on their path at any time, and
that a controller, which hears of a change a little late, can catch up with it."""
LONGER_LEADS = 8
"""How often the ways in and home are made longer before the answer itself is slowed down."""
HOMEWARD_DT_S = 0.05
FINE_DT_S = 0.03
"""Longest time between knots of an answer that begins in motion [s]: its way in must turn soon."""


@dataclass(frozen=True)
class Timing:
    """How an answer is performed.

    Attributes:
        lead_s: Shortest way in and way home [s].
        speed_scale: Tempo; velocities scale with it, accelerations with its square. Above 0, at most 1.
        return_to_rest: Go back to the rest pose; otherwise stay in the answer's last pose.
        rest_after_s: How long to stay in the answer's last pose before going back [s]; 0: at once, in one movement.
        delivery_s: How long it may take until the controller knows of a trajectory [s]. A robot at rest begins so long
            after it was sent, and a moving one goes on as before for so long; one that takes longer makes it step.
    """

    lead_s: float = 0.4
    speed_scale: float = 1.0
    return_to_rest: bool = True
    rest_after_s: float = 0.0
    delivery_s: float = DELIVERY_S

    def __post_init__(self) -> None:
        if not 0.01 <= self.delivery_s <= 1.0:
            raise RobotError(f"delivery_s: expected 0.01 to 1, got {self.delivery_s!r}")
        if not SHORTEST_S <= self.lead_s <= LONGEST_S:
            raise RobotError(f"lead_s: expected {SHORTEST_S:g} to {LONGEST_S:g} seconds, got {self.lead_s!r}")
        if not 0.05 <= self.speed_scale <= 1.0:
            raise RobotError(f"speed_scale: expected 0.05 to 1, got {self.speed_scale!r}")
        if not 0.0 <= self.rest_after_s <= LONGEST_S:
            raise RobotError(f"rest_after_s: expected 0 to {LONGEST_S:g} seconds, got {self.rest_after_s!r}")


def plan(
    model: RobotModel,
    positions: Array,
    duration_s: float,
    start: State | None = None,
    timing: Timing = Timing(),
) -> JointPlan:
    """Plan the way into an answer, the answer, and the way home.

    Args:
        model: The robot, for its limits and its rest pose.
        positions: (T, J) the answer's joint angles [rad], T >= 2, at equal times; not modified.
        duration_s: Time from the answer's first frame to its last [s]; longer if the limits ask for it.
        start: Where the robot is and how it moves: the plan begins there without a step in position, velocity or
            acceleration. The rest pose if None.
        timing: How to perform it.

    Raises:
        RobotError: On wrong shapes or numbers, a start outside the limits, or if a limit can't be kept; a moving robot
            may have to stop first.
    """
    J = len(model.joint_names)
    frames = np.array(positions, dtype=np.float64)
    if frames.ndim != 2 or frames.shape[1] != J or len(frames) < 2 or not np.all(np.isfinite(frames)):
        raise RobotError(f"positions: expected finite joint angles (T >= 2, {J}), got shape {frames.shape}")
    if not SHORTEST_S <= duration_s <= LONGEST_S:
        raise RobotError(f"duration_s: expected {SHORTEST_S:g} to {LONGEST_S:g} seconds, got {duration_s!r}")
    begin = _checked_start(model, start)
    frames = np.clip(frames, model.safe_lower, model.safe_upper)
    asked_dt = duration_s / (len(frames) - 1) / timing.speed_scale
    limits = _Limits.of(model, begin, timing.speed_scale)
    lead_s = timing.lead_s / timing.speed_scale
    extended = np.concatenate([2.0 * frames[:1] - frames[1:2], frames, 2.0 * frames[-1:] - frames[-2:-1]])
    dt = _at_whole_ns(asked_dt * max(1.0, spline.strain(extended, asked_dt, limits.velocity, limits.acceleration)))
    while begin.moves and dt > FINE_DT_S:
        extended, dt, asked_dt = spline.subdivide(extended), _at_whole_ns(dt / 2.0), asked_dt / 2.0
        frames = extended[1:-1]
    for attempt in range(LONGER_LEADS + (0 if begin.moves else 20)):
        control, lead = _control_points(model, limits, frames, begin, dt, lead_s, timing)
        strain = spline.strain(control, dt, limits.velocity, limits.acceleration)
        if strain <= 1.0 + ROUNDING / 2 and limits.inside(control):
            break
        if attempt < LONGER_LEADS:  # the answer itself is slow enough: the ways in and home need more time
            lead_s *= 1.25
        else:
            dt = _at_whole_ns(dt * max(strain, 1.05))
    answer_start_s = dt * lead
    answer_end_s = dt * (lead + len(frames) - 1)
    result = JointPlan(model.joint_names, control, dt, answer_start_s, answer_end_s, dt / asked_dt)
    check(model, result)
    return result


def _at_whole_ns(dt_s: float) -> float:
    """Make an interval longer by less than a nanosecond, so that knots lie where points can be sent.

    Between points beside the knots a controller's quintics would leave the curve by some 1e-11 rad: enough to break the
    acceleration limit when it takes over a microsecond before a point.
    """
    return math.ceil(dt_s * 1e9 - 1e-6) * 1e-9


def plan_home(model: RobotModel, start: State, timing: Timing = Timing(), by_way_of: Array | None = None) -> JointPlan:
    """Plan the way to the rest pose, whatever `Timing.return_to_rest` says.

    Args:
        model: The robot.
        start: As for `plan`.
        timing: How to perform it.
        by_way_of: A pose (J,) [rad] to pass, in which the robot stands for a moment; None: straight home.

    Raises:
        RobotError: As `plan`.
    """
    passed = model.rest if by_way_of is None else by_way_of
    timing = replace(timing, return_to_rest=True, rest_after_s=0.0)
    return plan(model, np.tile(passed, (3, 1)), max(SHORTEST_S, 2 * HOMEWARD_DT_S), start, timing)


@dataclass(frozen=True)
class _Limits:
    """What a plan may use (J,): velocity [rad/s], acceleration [rad/s^2], and positions between low and high [rad]."""

    velocity: Array
    acceleration: Array
    low: Array
    high: Array

    @staticmethod
    def of(model: RobotModel, begin: State, scale: float) -> _Limits:
        """Scale the robot's limits; a robot that moves faster than that already may go on so."""
        usable = (1.0 - BRAKING_RESERVE) * model.max_acceleration
        return _Limits(
            velocity=np.maximum(scale * model.max_velocity, np.abs(begin.velocity)),
            acceleration=np.maximum(
                usable if begin.moves else scale**2 * usable,
                np.minimum(np.abs(begin.acceleration), model.max_acceleration),
            ),
            low=np.minimum(model.safe_lower, begin.position),
            high=np.maximum(model.safe_upper, begin.position),
        )

    def inside(self, control: Array) -> bool:
        """Tell whether a curve with these control points (N, J) [rad] stays between low and high at every instant."""
        low, high = spline.reach(control)
        return bool(np.all(low >= self.low - 1e-9) and np.all(high <= self.high + 1e-9))


def _checked_start(model: RobotModel, start: State | None) -> State:
    if start is None:
        return State.at_rest(model.rest)
    for name, value in vars(start).items():
        if np.shape(value) != model.rest.shape or not np.all(np.isfinite(value)):
            raise RobotError(f"start: expected {len(model.rest)} finite numbers as {name}, one per joint")
    outside = np.maximum(model.lower - start.position, start.position - model.upper)
    if np.any(outside > START_TOLERANCE):
        j = int(np.argmax(outside))
        raise RobotError(
            f"start: joint '{model.joint_names[j]}' is at {start.position[j]:.3f} rad, outside its limits "
            f"{model.lower[j]:.3f} to {model.upper[j]:.3f}; move the robot inside first"
        )
    return State(np.clip(start.position, model.lower, model.upper), start.velocity, start.acceleration)


def _control_points(
    model: RobotModel, limits: _Limits, frames: Array, begin: State, dt: float, lead_s: float, timing: Timing
) -> tuple[Array, int]:
    """Control points of the whole curve, and the knot at which the answer's first frame is passed."""
    still = np.zeros_like(begin.position)
    # An answer that begins in motion is met with what one interval can't catch up; so the way in swings out least.
    catch_up = 0.9 * limits.acceleration * dt**2
    first, last = (
        State(frame, np.sign(move) * np.maximum(np.abs(move) - catch_up, 0.0) / dt, still)
        for frame, move in ((frames[0], frames[1] - frames[0]), (frames[-1], frames[-1] - frames[-2]))
    )
    n_in = _steps(limits, begin, first, dt, lead_s)
    ways = [spline.quintic(begin, first, dt, n_in)[1:], frames]
    stops = [State.at_rest(model.rest)] if timing.return_to_rest else [State.at_rest(frames[-1])]
    pause = (
        math.ceil(timing.rest_after_s / dt) + 2 if timing.rest_after_s else 0
    )  # a knot is still if its neighbours are
    if timing.return_to_rest and pause:
        stops.insert(0, State.at_rest(frames[-1]))
    here = last
    for number, stop in enumerate(stops):
        ways.append(spline.quintic(here, stop, dt, _steps(limits, here, stop, dt, lead_s)))
        ways.append(np.tile(stop.position, (1 + (pause if number < len(stops) - 1 else 0), 1)))
        here = stop
    # The frames themselves are control points. The curve passes each at a distance of a sixth of its second difference,
    # which the acceleration limit keeps to a few hundredths of a radian, and swings out nowhere.
    end = stops[-1].position
    rest = np.concatenate(ways)
    if not begin.moves:
        rest = np.clip(rest, limits.low, limits.high)
    return np.concatenate([spline.opening(begin, dt), rest, [end] * 2]), n_in


def _steps(limits: _Limits, start: State, end: State, dt: float, lead_s: float) -> int:
    """Intervals that a quintic between two states needs."""
    distance = np.abs(end.position - start.position)
    by_velocity = np.max(2.0 * distance / limits.velocity)
    by_acceleration = np.max(np.sqrt(6.5 * distance / limits.acceleration))
    by_moves = np.max(5.0 * np.maximum(np.abs(start.velocity), np.abs(end.velocity)) / limits.acceleration)
    return max(4, math.ceil(max(lead_s, by_velocity, by_acceleration, by_moves) / dt))
