"""Trajectories: limits at every instant, rest at both ends, and a controller that reproduces the spline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iat_ros.errors import RobotError
from iat_ros.robot.model import RobotModel
from iat_ros.robot.trajectory import JointPlan, plan


def assert_limits_hold(model: RobotModel, result: JointPlan) -> None:
    """Position, velocity and acceleration stay inside the limits at 40 instants between each two points."""
    times = np.linspace(0.0, result.duration_s, 40 * len(result.times_s) + 1)
    position, velocity, acceleration = result.sample(times)
    assert np.all(position >= model.lower - 1e-9)
    assert np.all(position <= model.upper + 1e-9)
    assert np.all(np.abs(velocity) <= model.max_velocity * (1 + 1e-5))
    assert np.all(np.abs(acceleration) <= model.max_acceleration * (1 + 1e-5))
    # Velocity and acceleration are what they are called: derivatives of the position.
    step = times[1] - times[0]
    np.testing.assert_allclose(np.diff(position, axis=0) / step, (velocity[1:] + velocity[:-1]) / 2, atol=1e-2)


def quintic_hermite(result: JointPlan, start: np.ndarray, times: np.ndarray) -> np.ndarray:
    """What a joint_trajectory_controller does with the points: a quintic between each two."""
    zero = np.zeros_like(start)
    t = np.concatenate([[0.0], result.times_s])
    p = np.vstack([start, result.positions])
    v = np.vstack([zero, result.velocities])
    a = np.vstack([zero, result.accelerations])
    i = np.clip(np.searchsorted(t, times, side="right") - 1, 0, len(t) - 2)
    h = (t[i + 1] - t[i])[:, None]
    s = (times - t[i])[:, None]
    d = p[i + 1] - p[i]
    c3 = (20 * d - (8 * v[i + 1] + 12 * v[i]) * h - (3 * a[i] - a[i + 1]) * h**2) / (2 * h**3)
    c4 = (-30 * d + (14 * v[i + 1] + 16 * v[i]) * h + (3 * a[i] - 2 * a[i + 1]) * h**2) / (2 * h**4)
    c5 = (12 * d - 6 * (v[i + 1] + v[i]) * h + (a[i + 1] - a[i]) * h**2) / (2 * h**5)
    return p[i] + v[i] * s + a[i] / 2 * s**2 + c3 * s**3 + c4 * s**4 + c5 * s**5


@pytest.mark.parametrize("return_to_rest", [True, False])
def test_limits_hold_and_the_controller_follows(robot: RobotModel, make_motion, return_to_rest: bool) -> None:
    """Limits hold at every instant, and quintics between the points are the spline."""
    motion = make_motion(robot, 1)
    result = plan(robot, motion, 2.0, return_to_rest=return_to_rest)
    assert_limits_hold(robot, result)
    times = np.linspace(0.0, result.duration_s, 3001)
    np.testing.assert_allclose(quintic_hermite(result, robot.rest, times), result.sample(times)[0], atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), duration_s=st.floats(0.05, 20.0), frames=st.integers(2, 60), stay=st.booleans())
def test_limits_hold_for_wild_motions(g1: RobotModel, seed: int, duration_s: float, frames: int, stay: bool) -> None:
    """Frames that jump from limit to limit and beyond, at any speed and from any start, never break a limit."""
    rng = np.random.default_rng(seed)
    motion = rng.uniform(g1.lower - 1.0, g1.upper + 1.0, (frames, len(g1.rest)))
    start = rng.uniform(g1.lower, g1.upper)
    result = plan(g1, motion, duration_s, start, return_to_rest=not stay)
    assert_limits_hold(g1, result)
    np.testing.assert_allclose(result.sample(0.0)[0][0], start, atol=1e-9)


def test_frames_are_control_points(g1: RobotModel, make_motion) -> None:
    """Each frame is passed at a sixth of its second difference, at the time and in the order asked for."""
    motion = g1.rest + 0.2 * (make_motion(g1, 2) - g1.rest)
    result = plan(g1, motion, 4.0)
    assert result.stretch == pytest.approx(1.0)
    assert result.answer_end_s - result.answer_start_s == pytest.approx(4.0)
    times = np.linspace(result.answer_start_s, result.answer_end_s, len(motion))
    passed = result.sample(times)[0]
    np.testing.assert_allclose(passed[1:-1], motion[1:-1] + np.diff(motion, n=2, axis=0) / 6, atol=1e-9)
    assert np.all(np.abs(passed - motion) <= g1.max_acceleration * result.dt_s**2 / 6 + 1e-9)


def test_too_fast_is_stretched_not_cut(g1: RobotModel, make_motion) -> None:
    """A motion asked for ten times too fast keeps its shape and takes longer, and the plan says by how much."""
    motion = g1.rest + 0.3 * (make_motion(g1, 2) - g1.rest)
    result = plan(g1, motion, 0.2)
    assert result.stretch > 1.5
    assert result.answer_end_s - result.answer_start_s == pytest.approx(0.2 * result.stretch)
    times = np.linspace(result.answer_start_s, result.answer_end_s, len(motion))
    passed = result.sample(times)[0]
    np.testing.assert_allclose(passed[1:-1], motion[1:-1] + np.diff(motion, n=2, axis=0) / 6, atol=1e-6)


@pytest.mark.parametrize("return_to_rest", [True, False])
def test_starts_and_ends_at_rest(robot: RobotModel, make_motion, return_to_rest: bool) -> None:
    """The plan starts at the start, ends in the rest pose or the last frame, and stands still at both ends."""
    motion = make_motion(robot, 6)
    start = 0.5 * (robot.safe_lower + robot.safe_upper)
    result = plan(robot, motion, 3.0, start, return_to_rest=return_to_rest)
    for time, pose in ((0.0, start), (result.duration_s, robot.rest if return_to_rest else motion[-1])):
        position, velocity, acceleration = result.sample(time)
        np.testing.assert_allclose(position[0], pose, atol=1e-9)
        np.testing.assert_allclose(velocity[0], 0.0, atol=1e-9)
        np.testing.assert_allclose(acceleration[0], 0.0, atol=1e-7)
    np.testing.assert_array_equal(result.velocities[-1], 0.0)
    np.testing.assert_array_equal(result.accelerations[-1], 0.0)
    assert result.times_s[0] > 0.0


def test_start_a_little_outside_is_taken_to_be_at_the_limit(g1: RobotModel, make_motion) -> None:
    """A measured start just outside a limit is accepted, one far outside is refused by name."""
    start = g1.rest.copy()
    start[3] = g1.upper[3] + 0.05
    result = plan(g1, make_motion(g1, 1), 3.0, start)
    assert result.sample(0.0)[0][0, 3] == pytest.approx(g1.upper[3])
    start[3] = g1.upper[3] + 0.5
    with pytest.raises(RobotError, match="left_elbow_joint"):
        plan(g1, make_motion(g1, 1), 3.0, start)


def test_bad_input_is_refused(g1: RobotModel) -> None:
    """NaN, wrong shapes and impossible durations are refused, each in one line."""
    good = np.tile(g1.rest, (5, 1))
    broken = good.copy()
    broken[2, 1] = np.inf
    for motion, duration_s, options, words in [
        (broken, 1.0, {}, "positions"),
        (good[:1], 1.0, {}, "positions"),
        (good[:, :3], 1.0, {}, "positions"),
        (good, 0.0, {}, "duration_s"),
        (good, float("nan"), {}, "duration_s"),
        (good, 1.0, {"start": np.zeros(2)}, "start"),
        (good, 1.0, {"start": np.full(len(g1.rest), np.nan)}, "start"),
        (good, 1.0, {"lead_s": -1.0}, "lead_s"),
    ]:
        with pytest.raises(RobotError, match=words):
            plan(g1, motion, duration_s, **options)


def test_a_plan_that_is_damaged_is_refused(g1: RobotModel, make_motion) -> None:
    """A plan with NaN or with times that stand still can't be made."""
    result = plan(g1, make_motion(g1, 1), 3.0)
    with pytest.raises(RobotError, match="velocities"):
        replace(result, velocities=np.full_like(result.velocities, np.nan))
    with pytest.raises(RobotError, match="times_s"):
        replace(result, times_s=np.zeros_like(result.times_s))


def test_inputs_are_not_changed(g1: RobotModel, make_motion) -> None:
    """The frames and the start are left as they were."""
    motion, start = make_motion(g1, 1) * 1.3, g1.rest.copy()
    before = motion.copy()
    plan(g1, motion, 1.0, start)
    np.testing.assert_array_equal(motion, before)
    np.testing.assert_array_equal(start, g1.rest)
