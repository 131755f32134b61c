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

"""Trajectories: limits at every instant, rest at both ends, and a controller that reproduces the spline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iat_ros.errors import RobotError
from iat_ros.robot import spline
from iat_ros.robot.braking import slow_down
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import JointPlan, check
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing, plan, plan_home


def assert_limits_hold(model: RobotModel, result: JointPlan) -> None:
    """Position, velocity and acceleration stay inside the limits at 40 instants between each two points."""
    times = np.linspace(0.0, result.duration_s, 40 * len(result.control) + 1)
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
    points = result.points()
    t = np.concatenate([[0.0], points.times_s])
    p = np.vstack([start, points.positions])
    v = np.vstack([zero, points.velocities])
    a = np.vstack([zero, points.accelerations])
    i = np.clip(np.searchsorted(t, times, side="right") - 1, 0, len(t) - 2)
    h = (t[i + 1] - t[i])[:, None]
    s = (times - t[i])[:, None]
    d = p[i + 1] - p[i]
    c3 = (20 * d - (8 * v[i + 1] + 12 * v[i]) * h - (3 * a[i] - a[i + 1]) * h**2) / (2 * h**3)
    c4 = (-30 * d + (14 * v[i + 1] + 16 * v[i]) * h + (3 * a[i] - 2 * a[i + 1]) * h**2) / (2 * h**4)
    c5 = (12 * d - 6 * (v[i + 1] + v[i]) * h + (a[i + 1] - a[i]) * h**2) / (2 * h**5)
    return p[i] + v[i] * s + a[i] / 2 * s**2 + c3 * s**3 + c4 * s**4 + c5 * s**5


def test_where_a_plan_begins_and_ends(robot: RobotModel, make_motion) -> None:
    """Start and end are those of the curve; the end is at rest, to the bit, and nobody's to change."""
    moving = State(robot.rest + 0.01, np.full(len(robot.rest), 0.02), np.zeros(len(robot.rest)))
    result = plan(robot, make_motion(robot, 1), 2.0, moving)
    first, last = (State(*(part[0] for part in result.sample(at_s))) for at_s in (0.0, result.duration_s))
    for part in ("position", "velocity", "acceleration"):
        assert np.array_equal(getattr(result.start, part), getattr(first, part))
        np.testing.assert_allclose(getattr(result.state(result.duration_s), part), getattr(last, part), atol=1e-12)
        assert np.array_equal(
            getattr(result.state(result.duration_s + 5.0), part), getattr(State.at_rest(result.end), part)
        )
    result.state(result.duration_s).position[0] = 9.0
    assert result.end[0] != 9.0


@pytest.mark.parametrize("return_to_rest", [True, False])
def test_limits_hold_and_the_controller_follows(robot: RobotModel, make_motion, return_to_rest: bool) -> None:
    """Limits hold at every instant, and quintics between the points are the spline."""
    motion = make_motion(robot, 1)
    result = plan(robot, motion, 2.0, timing=Timing(return_to_rest=return_to_rest))
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
    result = plan(g1, motion, duration_s, State.at_rest(start), Timing(return_to_rest=not stay))
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
    result = plan(robot, motion, 3.0, State.at_rest(start), Timing(return_to_rest=return_to_rest))
    for time, pose in ((0.0, start), (result.duration_s, robot.rest if return_to_rest else motion[-1])):
        position, velocity, acceleration = result.sample(time)
        np.testing.assert_allclose(position[0], pose, atol=1e-9)
        np.testing.assert_allclose(velocity[0], 0.0, atol=1e-9)
        np.testing.assert_allclose(acceleration[0], 0.0, atol=1e-7)
    points = result.points()
    np.testing.assert_array_equal(points.velocities[-1], 0.0)
    np.testing.assert_array_equal(points.accelerations[-1], 0.0)
    assert points.times_s[0] > 0.0


def test_start_a_little_outside_is_taken_to_be_at_the_limit(g1: RobotModel, make_motion) -> None:
    """A measured start just outside a limit is accepted, one far outside is refused by name."""
    start = g1.rest.copy()
    start[3] = g1.upper[3] + 0.05
    result = plan(g1, make_motion(g1, 1), 3.0, State.at_rest(start))
    assert result.sample(0.0)[0][0, 3] == pytest.approx(g1.upper[3])
    start[3] = g1.upper[3] + 0.5
    with pytest.raises(RobotError, match="left_elbow_joint"):
        plan(g1, make_motion(g1, 1), 3.0, State.at_rest(start))


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
        (good, 1.0, {"start": State.at_rest(np.zeros(2))}, "start"),
        (good, 1.0, {"start": State.at_rest(np.full(len(g1.rest), np.nan))}, "start"),
    ]:
        with pytest.raises(RobotError, match=words):
            plan(g1, motion, duration_s, **options)


@pytest.mark.parametrize("option", ["lead_s", "speed_scale", "rest_after_s"])
def test_bad_timing_is_refused(option: str) -> None:
    """A timing that makes no sense is refused by name."""
    with pytest.raises(RobotError, match=option):
        Timing(**{option: -1.0})


def test_a_plan_that_is_damaged_is_refused(g1: RobotModel, make_motion) -> None:
    """A plan with NaN, without time, or that does not end at rest can't be made."""
    result = plan(g1, make_motion(g1, 1), 3.0)
    moving = result.control.copy()
    moving[-1] += 0.1
    for change, words in (
        ({"control": np.full_like(result.control, np.nan)}, "control"),
        ({"control": moving}, "at rest"),
        ({"dt_s": 0.0}, "dt_s"),
    ):
        with pytest.raises(RobotError, match=words):
            replace(result, **change)


def test_a_plan_beyond_a_limit_is_named(g1: RobotModel, make_motion) -> None:
    """Played too fast, or shifted over a limit, a plan is refused with the joint and the limit."""
    result = plan(g1, make_motion(g1, 1), 3.0)
    with pytest.raises(RobotError, match=r"velocity limit|acceleration limit"):
        check(g1, replace(result, dt_s=result.dt_s / 3))
    shifted = result.control.copy()
    shifted[:, 3] += g1.upper[3] - shifted[:, 3].min() + 0.01
    with pytest.raises(RobotError, match=r"left_elbow_joint.*position"):
        check(g1, replace(result, control=shifted))


def running_plan(model: RobotModel, make_motion, seed: int) -> JointPlan:
    """A plan that uses the limits to the full, since it is asked for far too fast."""
    return plan(model, make_motion(model, seed), 0.8)


def assert_no_step(before: JointPlan, at_s: float, after: JointPlan) -> None:
    """The later plan begins exactly where the earlier one is at that time."""
    for old, new in zip(before.sample(at_s), after.sample(0.0), strict=True):
        np.testing.assert_allclose(new, old, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0))
def test_a_plan_can_be_stopped_at_any_time_on_its_path(g1: RobotModel, make_motion, seed: int, share: float) -> None:
    """Limits hold, nothing steps, the robot comes to rest soon, and is never off the path that it was on."""
    running = running_plan(g1, make_motion, seed)
    at_s = share * running.duration_s
    stopped, _ = slow_down(g1, running, [at_s])
    assert_limits_hold(g1, stopped)
    assert_no_step(running, at_s, stopped)
    assert stopped.duration_s < 1.5
    path = running.sample(np.linspace(at_s, min(at_s + stopped.duration_s, running.duration_s), 4000))[0]
    for pose in stopped.sample(np.linspace(0.0, stopped.duration_s, 30))[0]:
        assert np.abs(path - pose).max(axis=1).min() < 5e-3


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 0.9), tempo=st.floats(0.1, 0.9))
@example(seed=72, share=0.53515625, tempo=0.5)  # just before the top speed, where only its exact value is in the limits
def test_a_plan_can_be_slowed_at_any_time(g1: RobotModel, make_motion, seed: int, share: float, tempo: float) -> None:
    """Slowed down it ends in the same pose, later, within the limits; and can be stopped then, too."""
    running = running_plan(g1, make_motion, seed)
    at_s = share * running.duration_s
    slowed, _ = slow_down(g1, running, [at_s], tempo)
    assert_limits_hold(g1, slowed)
    assert_no_step(running, at_s, slowed)
    assert slowed.duration_s > running.duration_s - at_s
    np.testing.assert_allclose(slowed.end, running.end, atol=1e-9)
    again = share * slowed.duration_s
    assert_limits_hold(g1, slow_down(g1, slowed, [again])[0])


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0.0, 1.0), scale=st.floats(0.2, 1.0))
def test_an_answer_begins_in_a_running_one(g1: RobotModel, make_motion, seed: int, share: float, scale: float) -> None:
    """An answer takes over in full motion without a step, or says that the robot must stop first."""
    running = running_plan(g1, make_motion, seed)
    at_s = share * running.duration_s
    answer = make_motion(g1, seed + 1)
    try:
        result = plan(g1, answer, 2.0, running.state(at_s), Timing(speed_scale=scale))
    except RobotError:
        stopped, _ = slow_down(g1, running, [at_s])
        result = plan(g1, answer, 2.0, stopped.state(stopped.duration_s), Timing(speed_scale=scale))
    else:
        assert_no_step(running, at_s, result)
    assert_limits_hold(g1, result)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_top_speed_of_a_spline_is_exact(seed: int) -> None:
    """As fine samples find it, and never above the bound that planning takes."""
    control = np.random.default_rng(seed).normal(size=(9, 3))
    sampled = np.abs(spline.evaluate(control, 0.1, np.linspace(0.0, 0.6, 20_000))[1]).max(axis=0)
    exact = spline.fastest(control, 0.1)
    np.testing.assert_allclose(exact, sampled, rtol=1e-6)
    assert (exact >= sampled - 1e-12).all()
    assert (spline.speed_bound(control, 0.1) >= exact - 1e-12).all()


def test_the_top_speed_of_an_even_movement_is_its_speed() -> None:
    """Where every interval is as long as the next, up to rounding, no parabola is made of the rounding."""
    for speed in np.linspace(0.05, 3.0, 200):
        control = -3.645191 + speed * 0.318206408 * np.arange(12.0)[:, None]
        np.testing.assert_allclose(spline.fastest(control, 0.318206408), speed, rtol=1e-9)


def test_most_answers_can_begin_in_a_running_one(g1: RobotModel, make_motion) -> None:
    """Of answers that come while the robot moves as fast as it may, nine in ten need no stop."""
    refused = 0
    for seed in range(60):
        running = running_plan(g1, make_motion, seed)
        try:
            plan(g1, make_motion(g1, seed + 1), 2.0, running.state(0.017 * seed * running.duration_s))
        except RobotError:
            refused += 1
    assert refused <= 6


def test_the_robot_waits_before_it_goes_home(g1: RobotModel, make_motion) -> None:
    """With a time to stay, the last pose is held for so long; then comes the rest pose."""
    motion = make_motion(g1, 4)
    stay = plan(g1, motion, 3.0, timing=Timing(rest_after_s=1.0))
    times = np.linspace(0.0, stay.duration_s, 2000)
    position, velocity, _ = stay.sample(times)
    held = (np.abs(velocity).max(axis=1) < 1e-9) & (np.abs(position - motion[-1]).max(axis=1) < 1e-9)
    assert 0.99 < held.sum() * (times[1] - times[0]) < 1.4
    np.testing.assert_allclose(stay.end, g1.rest, atol=1e-9)


def test_tempo_scales_the_answer(g1: RobotModel, make_motion) -> None:
    """At half the tempo everything takes twice the time, at half the speed."""
    motion = g1.rest + 0.2 * (make_motion(g1, 2) - g1.rest)
    whole, half = (plan(g1, motion, 3.0, timing=Timing(speed_scale=scale)) for scale in (1.0, 0.5))
    assert half.duration_s == pytest.approx(2.0 * whole.duration_s, rel=0.05)
    fastest = [np.abs(each.sample(np.linspace(0, each.duration_s, 3000))[1]).max() for each in (whole, half)]
    assert fastest[1] == pytest.approx(0.5 * fastest[0], rel=0.05)


def test_home(g1: RobotModel) -> None:
    """From anywhere the robot goes to its rest pose."""
    start = 0.5 * (g1.safe_lower + g1.safe_upper)
    home = plan_home(g1, State.at_rest(start))
    assert_limits_hold(g1, home)
    np.testing.assert_allclose(home.end, g1.rest)


def test_inputs_are_not_changed(g1: RobotModel, make_motion) -> None:
    """The frames and the start are left as they were."""
    motion, start = make_motion(g1, 1) * 1.3, g1.rest.copy()
    before = motion.copy()
    plan(g1, motion, 1.0, State.at_rest(start))
    np.testing.assert_array_equal(motion, before)
    np.testing.assert_array_equal(start, g1.rest)


def test_what_began_in_a_brake_can_be_stopped_too(g1: RobotModel, make_motion) -> None:
    """An answer that takes over from a brake at its hardest may be stopped at any time, still inside the limits."""
    stopped, refused = 0, []
    for seed in range(40):
        brake, _ = slow_down(g1, running_plan(g1, make_motion, seed), [0.5])
        try:
            result = plan(g1, make_motion(g1, seed + 1), 1.0, brake.state(0.3 * brake.duration_s))
        except RobotError as error:  # the robot must stop first
            refused.append(str(error))
            continue
        for at_s in np.linspace(0.0, 0.4, 9):
            assert_limits_hold(g1, slow_down(g1, result, [float(at_s)])[0])
            stopped += 1
    assert stopped > 100
    assert all("would break" in reason for reason in refused), refused
