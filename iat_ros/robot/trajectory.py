"""From retargeted frames to a trajectory that a robot can follow: limits, timing, way in and way out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot import spline
from iat_ros.robot.model import RobotModel
from iat_ros.skeleton.motion import LONGEST_S, SHORTEST_S

Array = NDArray[np.float64]

START_TOLERANCE = 0.1
"""How far [rad] a measured start may lie outside the URDF's limits; it is then taken to be at the limit."""
ROUNDING = 1e-6
LONGER_LEADS = 8
"""How often the ways in and out are made longer before the answer itself is slowed down."""


@dataclass(frozen=True)
class JointPlan:
    """One cubic spline per joint, and the points to publish: its knots.

    A controller that interpolates between the points with quintics reproduces the spline exactly. The start, at
    time 0, isn't among the points: a controller moves to its first point from where the robot is.

    Attributes:
        joint_names: The J joints.
        times_s: (N,) strictly increasing, the first above zero [s].
        positions, velocities, accelerations: (N, J) [rad], [rad/s], [rad/s^2].
        control: (N + 3, J) control points of the spline [rad].
        dt_s: Time between knots [s].
        answer_start_s, answer_end_s: When the first and the last frame of the answer are passed [s].
        stretch: How many times slower than asked the answer is, 1 when the limits allow its own speed.
    """

    joint_names: tuple[str, ...]
    times_s: Array
    positions: Array
    velocities: Array
    accelerations: Array
    control: Array
    dt_s: float
    answer_start_s: float
    answer_end_s: float
    stretch: float

    def __post_init__(self) -> None:
        shape = (len(self.times_s), len(self.joint_names))
        for name in ("positions", "velocities", "accelerations"):
            value = getattr(self, name)
            if value.shape != shape or not np.all(np.isfinite(value)):
                raise RobotError(f"JointPlan.{name}: expected finite numbers {shape}, got shape {value.shape}")
        if shape[0] == 0 or not self.times_s[0] > 0.0 or not np.all(np.diff(self.times_s) > 0.0):
            raise RobotError("JointPlan.times_s: expected strictly increasing times above zero")

    @property
    def duration_s(self) -> float:
        """Time of the last point [s]."""
        return float(self.times_s[-1])

    def sample(self, times_s: Array | float) -> tuple[Array, Array, Array]:
        """Return position, velocity, acceleration (N, J) at times (N,) [s]; outside the plan it holds."""
        return spline.evaluate(self.control, self.dt_s, np.atleast_1d(np.asarray(times_s, dtype=np.float64)))


def plan(
    model: RobotModel,
    positions: Array,
    duration_s: float,
    start: Array | None = None,
    *,
    return_to_rest: bool = True,
    lead_s: float = 0.4,
) -> JointPlan:
    """Plan the way into an answer, the answer, and the way back.

    Args:
        model: The robot, for its limits and its rest pose.
        positions: (T, J) the answer's joint angles [rad], T >= 2, at equal times; not modified.
        duration_s: Time from the answer's first frame to its last [s]; longer if the limits ask for it.
        start: (J,) pose in which the robot stands [rad]; rest if None.
        return_to_rest: End in the rest pose; otherwise stay in the answer's last pose.
        lead_s: Shortest way in and way out [s].

    Raises:
        RobotError: On wrong shapes or numbers, a start outside the limits, or if a limit can't be kept.
    """
    J = len(model.joint_names)
    frames = np.array(positions, dtype=np.float64)
    if frames.ndim != 2 or frames.shape[1] != J or len(frames) < 2 or not np.all(np.isfinite(frames)):
        raise RobotError(f"positions: expected finite joint angles (T >= 2, {J}), got shape {frames.shape}")
    for name, value in (("duration_s", duration_s), ("lead_s", lead_s)):
        if not SHORTEST_S <= value <= LONGEST_S:
            raise RobotError(f"{name}: expected {SHORTEST_S:g} to {LONGEST_S:g} seconds, got {value!r}")
    begin = _vector(model, "start", start, model.rest)
    outside = np.maximum(model.lower - begin, begin - model.upper)
    if np.any(outside > START_TOLERANCE):
        j = int(np.argmax(outside))
        raise RobotError(
            f"start: joint '{model.joint_names[j]}' is at {begin[j]:.3f} rad, outside its limits "
            f"{model.lower[j]:.3f} to {model.upper[j]:.3f}; move the robot inside first"
        )
    begin = np.clip(begin, model.lower, model.upper)

    frames = np.clip(frames, model.safe_lower, model.safe_upper)
    end = model.rest if return_to_rest else frames[-1]
    asked_dt = duration_s / (len(frames) - 1)
    low, high = np.minimum(model.safe_lower, begin), np.maximum(model.safe_upper, begin)
    limits = model.max_velocity, model.max_acceleration
    dt = asked_dt * max(1.0, spline.strain(frames, asked_dt, *limits))
    for attempt in range(LONGER_LEADS + 20):
        control, lead = _control_points(model, frames, begin, end, dt, lead_s, (low, high))
        strain = spline.strain(control, dt, *limits)
        if strain <= 1.0 + ROUNDING / 2:
            break
        if attempt < LONGER_LEADS:  # the answer itself is slow enough: the ways in and out need more time
            lead_s *= 1.25
        else:
            dt *= strain
    result = _publish(model, control, dt, lead, len(frames), dt / asked_dt)
    _check(model, result, begin)
    return result


def _control_points(
    model: RobotModel,
    frames: Array,
    begin: Array,
    end: Array,
    dt: float,
    lead_s: float,
    bounds: tuple[Array, Array],
) -> tuple[Array, int]:
    """Control points of the whole curve, and the knot at which the answer's first frame is passed."""
    still = np.zeros_like(begin)
    # An answer that begins in motion is met with what one interval can't catch up; so the way in swings out least.
    catch_up = 0.9 * model.max_acceleration * dt**2
    first_move, last_move = (
        np.sign(move) * np.maximum(np.abs(move) - catch_up, 0.0)
        for move in (frames[1] - frames[0], frames[-1] - frames[-2])
    )
    n_in = _steps(model, frames[0] - begin, np.abs(first_move), dt, lead_s)
    n_out = _steps(model, end - frames[-1], np.abs(last_move), dt, lead_s)
    way_in = spline.quintic((begin, still), (frames[0], first_move), n_in)
    way_out = spline.quintic((frames[-1], last_move), (end, still), n_out)
    # The frames themselves are control points. The curve passes each at a distance of a sixth of its second difference,
    # which the acceleration limit keeps to a few hundredths of a radian, and swings out nowhere.
    control = np.clip(np.concatenate([way_in[1:], frames, way_out[:-1]]), *bounds)
    # Three equal control points at either end: at rest, without acceleration.
    return np.concatenate([[begin] * 3, control, [end] * 3]), n_in


def _steps(model: RobotModel, distance: Array, moves: Array, dt: float, lead_s: float) -> int:
    """Intervals that a quintic over this distance (J,) needs, from or to these moves per interval (J,)."""
    speed = moves / dt
    by_velocity = np.max(2.0 * np.abs(distance) / model.max_velocity)
    by_acceleration = np.max(np.sqrt(6.5 * np.abs(distance) / model.max_acceleration))
    by_moves = np.max(5.0 * speed / model.max_acceleration)
    return max(4, math.ceil(max(lead_s, by_velocity, by_acceleration, by_moves) / dt))


def _publish(model: RobotModel, control: Array, dt: float, lead: int, T: int, stretch: float) -> JointPlan:
    position, velocity, acceleration = (value[1:] for value in spline.knot_states(control, dt))
    velocity[-1] = acceleration[-1] = 0.0
    return JointPlan(
        joint_names=model.joint_names,
        times_s=np.arange(1, len(position) + 1) * np.float64(dt),
        positions=position,
        velocities=velocity,
        accelerations=acceleration,
        control=control,
        dt_s=dt,
        answer_start_s=dt * lead,
        answer_end_s=dt * (lead + T - 1),
        stretch=stretch,
    )


def _vector(model: RobotModel, name: str, value: Array | None, default: Array) -> Array:
    if value is None:
        return default.copy()
    vector = np.array(value, dtype=np.float64)
    if vector.shape != default.shape or not np.all(np.isfinite(vector)):
        raise RobotError(f"{name}: expected {len(default)} finite numbers, one per joint, got {vector.shape}")
    return vector


def _check(model: RobotModel, result: JointPlan, begin: Array) -> None:
    """Let nothing out that breaks a limit at any instant: a robot moves at the end of this chain."""
    control = result.control
    slack = ROUNDING * 10
    speed = np.abs(np.diff(control, axis=0)) / result.dt_s
    push = np.abs(np.diff(control, n=2, axis=0)) / result.dt_s**2
    excess = (
        ("position", "rad", np.maximum(model.lower - control, control - model.upper).max(axis=0)),
        ("velocity", "rad/s", (speed / model.max_velocity).max(axis=0) - 1.0),
        ("acceleration", "rad/s^2", (push / model.max_acceleration).max(axis=0) - 1.0),
    )
    for quantity, unit, over in excess:
        if not np.all(over <= slack):
            name = model.joint_names[int(np.argmax(over))]
            raise RobotError(
                f"trajectory: joint '{name}' would break its {quantity} limit [{unit}]; ask for a longer duration_s "
                "or start further from the limits"
            )
    if not np.allclose(result.sample(0.0)[0][0], begin, atol=1e-9):
        raise RobotError("trajectory: does not begin at the start pose; this is a fault of this package")
