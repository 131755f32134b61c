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

"""The simulated robot: its joints follow well or badly, and its watch finds what breaks the limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from iat_ros.errors import RobotError
from iat_ros.robot.joint_path import JointPath, RobotState
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import JointPlan
from iat_ros.robot.simulated import SimulatedRobot
from iat_ros.robot.trajectory import plan

NOW = 1_700_000_000 * 10**9
MS = 10**6


def path_of(planned: JointPlan) -> JointPath:
    """The points that the trajectory node publishes: the first has no accelerations."""
    points = planned.points()
    times = np.round(points.times_s * 1e9).astype(np.int64).tolist()
    accelerations = [[], *points.accelerations[1:]]
    return JointPath.from_points(planned.joint_names, times, points.positions, points.velocities, accelerations)


def perform(robot: SimulatedRobot, path: JointPath, seconds: float, late_ms: int = 0, step_ms: int = 2) -> np.ndarray:
    """Let the robot perform a path that it hears of so late; return what is measured at each step (N, J)."""
    now = NOW + late_ms * MS
    robot.accept(path, NOW, now)
    measured = [robot.update(now, 0)[0]]
    while now < NOW + round(seconds * 1e9):
        now += step_ms * MS
        measured.append(robot.update(now, step_ms * MS)[0])
    return np.array(measured)


@pytest.fixture
def planned(g1: RobotModel, make_motion: Callable[..., np.ndarray]) -> JointPlan:
    """An answer as it is published."""
    return plan(g1, make_motion(g1, 3), 2.0)


def test_an_answer_is_performed_as_planned_within_the_limits(g1: RobotModel, planned: JointPlan) -> None:
    """What is measured is the spline that was planned, and the watch sees no limit broken, between points either."""
    robot = SimulatedRobot(g1)
    measured = perform(robot, path_of(planned), planned.duration_s + 0.2)
    expected = planned.sample(np.arange(len(measured)) * 2e-3)[0]
    np.testing.assert_allclose(measured, expected, atol=1e-7)
    assert robot.watch.violations == {}


def test_joints_that_lag(g1: RobotModel) -> None:
    """A step is followed to 63 % after the lag, and velocities are those of the movement."""
    robot = SimulatedRobot(g1, lag_s=0.05)
    robot.accept(JointPath.from_points(g1.joint_names, [0], [g1.rest + 0.1]), 0, NOW)
    robot.update(NOW, 0)
    poses, speeds = [], []
    for k in range(50):
        positions, velocities, _ = robot.update(NOW + k * MS, MS)
        poses.append(positions)
        speeds.append(velocities)
    np.testing.assert_allclose(poses[-1] - g1.rest, 0.1 * (1 - np.exp(-1)), atol=1e-9)
    np.testing.assert_allclose(np.gradient(np.array(poses), 1e-3, axis=0)[1:-1], np.array(speeds)[1:-1], rtol=1e-3)


def test_a_joint_that_is_stuck(g1: RobotModel, planned: JointPlan) -> None:
    """It stays where it was while the others move; an unknown one is refused with a name near it."""
    robot = SimulatedRobot(g1, frozen=("left_elbow_joint",))
    elbow = g1.joint_names.index("left_elbow_joint")
    moved = np.ptp(perform(robot, path_of(planned), planned.duration_s), axis=0)
    assert moved[elbow] == 0.0
    assert np.delete(moved, elbow).min() > 0.01
    with pytest.raises(RobotError, match="did you mean 'left_elbow_joint'"):
        SimulatedRobot(g1, frozen=("left_elbow",))


def test_a_stuck_joint_is_where_the_next_trajectory_starts(g1: RobotModel, planned: JointPlan) -> None:
    """A replacement begins at the measured state, so the command steps back to the joint that is stuck."""
    robot = SimulatedRobot(g1, frozen=("left_elbow_joint",))
    perform(robot, path_of(planned), planned.duration_s / 2)
    assert robot.watch.violations == {}
    now = NOW + round(planned.duration_s / 2 * 1e9)
    robot.accept(path_of(planned), now, now)
    assert "position step" in robot.update(now + 2 * MS, 2 * MS)[2]


def test_noise_is_measured_and_does_not_move_the_joints(g1: RobotModel) -> None:
    """Positions scatter around where the robot is, by the deviation asked for."""
    robot = SimulatedRobot(g1, noise_rad=1e-3)
    seen = np.array([robot.update(NOW + k * MS, MS)[0] for k in range(500)])
    assert np.std(seen - g1.rest) == pytest.approx(1e-3, rel=0.1)
    np.testing.assert_array_equal(robot.joints.positions, g1.rest)


def test_the_watch_names_what_is_broken_and_by_how_much(g1: RobotModel) -> None:
    """Each limit on its own, at one joint: a state just inside passes, one outside is counted once."""
    still, one = np.zeros(len(g1.rest)), np.eye(len(g1.rest))[0]

    def look(period_s: float, **values: Any) -> tuple[str, ...]:
        watch = SimulatedRobot(g1).watch
        rest = {"positions": g1.rest, "velocities": still, "accelerations": still}
        watch.look(RobotState(**rest), period_s)
        found = watch.look(RobotState(**{**rest, **values}), period_s)
        assert dict(watch.violations) == dict.fromkeys(found, 1)
        assert set(watch.largest) == set(found)
        assert watch.words.count(f" of {g1.joint_names[0]} by ") == len(
            [kind for kind in found if kind != "not finite"]
        )
        return found

    top = g1.rest + (g1.upper - g1.rest) * one
    assert look(100.0, positions=top) == ()
    assert look(100.0, positions=top + 1e-3 * one) == ("position",)
    assert look(100.0, velocities=g1.max_velocity * one) == ()
    assert look(100.0, velocities=1.01 * g1.max_velocity * one) == ("velocity",)
    assert look(100.0, accelerations=-1.01 * g1.max_acceleration) == ("acceleration",)
    assert look(0.01, positions=g1.rest + 0.01 * one) == ("position step",)
    assert look(0.01, positions=g1.rest + 0.01 * one, velocities=one) == ("velocity step",)
    assert look(0.1, positions=g1.rest + 0.1 * one, velocities=g1.max_acceleration[0] * 0.099 * one) == ()
    assert look(0.01, positions=g1.rest * np.nan) == ("not finite",)


def test_a_late_trajectory_steps_and_is_found_out(g1: RobotModel, planned: JointPlan) -> None:
    """Half a second late the arm steps into the middle of the answer; the watch says so, with the size of the step."""
    robot = SimulatedRobot(g1)
    perform(robot, path_of(planned), planned.duration_s, late_ms=500)
    stepped = np.abs(planned.sample(0.5)[0][0] - g1.rest).max()
    assert robot.watch.violations["position step"] == 1
    assert robot.watch.largest["position step"] == pytest.approx(stepped, abs=0.05)


def test_a_controller_that_is_activated_in_mid_motion_breaks_no_limit(g1: RobotModel, planned: JointPlan) -> None:
    """It holds the robot where it is: nobody commanded that, and nothing is counted."""
    robot = SimulatedRobot(g1)
    perform(robot, path_of(planned), 0.5 * planned.duration_s)
    assert np.abs(robot.joints.velocities).max() > 0.1
    where = robot.joints.positions.copy()
    robot.hold()
    for _ in range(5):
        positions, velocities, broken = robot.update(NOW + 10**9, 2 * MS)
        assert broken == ()
        np.testing.assert_array_equal(positions, where)
        assert not velocities.any()


def test_a_drive_that_is_told_no_number_stays_where_it_is(g1: RobotModel, planned: JointPlan) -> None:
    """The controller lets NaN pass, and the watch tells of it; what comes after that is followed again."""
    robot = SimulatedRobot(g1)
    whole = path_of(planned)
    spoilt = RobotState(np.full(len(g1.rest), np.nan), whole.points[0].velocities)
    perform(robot, JointPath(whole.joint_names, whole.times_ns, (spoilt, *whole.points[1:])), 0.5)
    assert robot.watch.violations["not finite"] > 0
    measured = perform(robot, whole, 0.01 + 1e-9 * whole.times_ns[-1])
    assert np.isfinite(measured).all()
    np.testing.assert_allclose(measured[-1], whole.points[-1].positions, atol=1e-6)
