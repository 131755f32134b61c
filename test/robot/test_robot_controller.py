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

"""The controller's rules, one by one, as joint_trajectory_controller 4.42 (Jazzy) has them in its source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import BPoly

from iat_ros.errors import MessageError
from iat_ros.robot.controller import TrajectoryController
from iat_ros.robot.joint_path import JointPath, RobotState

NAMES = ("a", "b")
NOW = 1_700_000_000 * 10**9
MS = 10**6
START = np.array([0.1, -0.2])


def path(times_ms: tuple[int, ...] = (1000, 2000), **rows: Any) -> JointPath:
    """A path of the joints a and b; from 0.5, -0.5 to 1, -1 if nothing else is given."""
    rows = {"joint_names": NAMES, "positions": [[0.5, -0.5], [1.0, -1.0]][: len(times_ms)], **rows}
    return JointPath.from_points(times_ns=[time * MS for time in times_ms], **rows)


class Arm:
    """A controller whose joints are always where they should be, and a clock."""

    def __init__(self, **options: Any) -> None:
        self.controller = TrajectoryController(NAMES, START, **options)
        self.now = NOW
        self.state = self.controller.advance(0)
        self.measured: RobotState | None = None  # something else than it should be

    def accept(self, path: JointPath, stamp_ms: float | None = None) -> None:
        """Accept a path whose start lies so many milliseconds from now; None: a stamp of 0."""
        self.controller.accept(path, 0 if stamp_ms is None else self.now + int(stamp_ms * MS), self.now)

    def go(self, milliseconds: int, step: int = 1) -> np.ndarray:
        """Let time pass in steps; return the last positions."""
        for _ in range(milliseconds // step):
            self.now += step * MS
            self.state = self.controller.advance(step * MS)
            if self.controller.waiting:
                self.state = self.controller.take_over(
                    self.now, self.measured or replace(self.state, accelerations=None)
                )
        return self.state.positions


@pytest.fixture
def arm() -> Arm:
    """An arm that holds its start."""
    return Arm()


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: path((), positions=[]), "has no points"),
        (lambda: path((1000, 1000)), "strictly increasing"),
        (lambda: path((1000, 900)), "strictly increasing"),
        (lambda: path(positions=[[0.5, -0.5], [1.0]]), "2 positions"),
        (lambda: path(positions=[[0.5, -0.5], []]), "2 positions"),
        (lambda: path(velocities=[[0.0, 0.0], [0.0]]), "2 velocities, or none"),
        (lambda: path(accelerations=[[0.0, 0.0, 0.0], [0.0, 0.0]]), "2 accelerations, or none"),
        (lambda: path(joint_names=("a",), positions=[[0.5], [1.0]]), "joint 'b' is missing"),
        (lambda: path(joint_names=("a", "c")), "joint 'c' is not of this robot"),
        (lambda: path(joint_names=("a", "a")), "each named once"),
        (lambda: path(joint_names=()), "at least one joint"),
        (lambda: path(velocities=[[0.0, 0.0], [0.0, 1e-3]]), "velocity of the last point is not zero"),
    ],
)
def test_what_is_refused_changes_nothing(arm: Arm, made: Any, says: str) -> None:
    """Each refusal names its reason, and what ran before goes on."""
    arm.accept(path())
    arm.go(500)
    with pytest.raises(MessageError, match=f"^joint_trajectory: .*{says}"):
        arm.accept(made())
    np.testing.assert_allclose(arm.go(5000), [1.0, -1.0])


def test_what_the_controller_lets_pass(arm: Arm) -> None:
    """A tiny velocity at the end, NaN, positions beyond all limits, and joints in another order are accepted."""
    arm.accept(path(velocities=[[0.0, 0.0], [1e-8, 0.0]]))
    arm.accept(path(positions=[[99.0, np.nan], [1.0, -1.0]]))
    arm.go(1500)
    assert arm.state.positions[0] == pytest.approx(50.0, abs=0.1)
    assert np.isnan(arm.state.positions[1])
    arm.accept(path((1,), joint_names=("b", "a"), positions=[[2.0, 1.0]]))
    np.testing.assert_allclose(arm.go(100), [1.0, 2.0])


def test_a_stamp_whose_last_point_is_past_is_refused(arm: Arm) -> None:
    """A nanosecond decides; a stamp of 0 is never in the past."""
    with pytest.raises(MessageError, match="ends in the past"):
        arm.controller.accept(path(), NOW - 2000 * MS - 1, NOW)
    assert not arm.controller.waiting
    arm.controller.accept(path(), NOW - 2000 * MS, NOW)
    arm.accept(path())
    np.testing.assert_allclose(arm.go(2500), [1.0, -1.0])


@pytest.mark.parametrize(("kinds", "degree"), [(1, 1), (2, 3), (3, 5)])
def test_lines_cubics_and_quintics(arm: Arm, kinds: int, degree: int) -> None:
    """Between points, and on the way to the first, the curve is the polynomial that all derivatives given fix."""
    random = np.random.default_rng(kinds)
    times_ms = (400, 1000, 1300)
    values = random.normal(size=(3, 3, 2))  # point, derivative, joint
    values[-1, 1] = 0.0
    rows = dict(zip(("positions", "velocities", "accelerations"), np.moveaxis(values, 1, 0)[:kinds], strict=False))
    arm.accept(path(times_ms, **rows))
    arm.go(1)
    begin = np.array([START, np.zeros(2), np.zeros(2)])
    knots = np.concatenate([begin[None], values])[:, :kinds]
    reference = BPoly.from_derivatives(np.array([0, *times_ms]) / 1e3, list(knots))
    assert reference.c.shape[0] == degree + 1
    for time in range(7, 1300, 7):
        arm.go(7)
        np.testing.assert_allclose(arm.state.positions, reference(time / 1e3), atol=1e-9)
        if time not in times_ms:
            np.testing.assert_allclose(arm.state.velocities, reference.derivative()(time / 1e3), atol=1e-8)
            np.testing.assert_allclose(arm.state.accelerations, reference.derivative(2)(time / 1e3), atol=1e-6)
    np.testing.assert_allclose(arm.go(300), values[-1, 0], atol=1e-12)
    np.testing.assert_array_equal(arm.state.velocities, 0.0)


def test_each_segment_goes_by_what_both_its_ends_hold(arm: Arm) -> None:
    """A point without velocities makes the lines beside it straight, and only those."""
    positions, velocities = [[0, 0], [1, 1], [2, 2], [4, 4]], [[0, 0], [0, 0], [], [0, 0]]
    arm.accept(path((0, 1000, 2000, 3000), positions=positions, velocities=velocities))
    arm.go(1)
    np.testing.assert_allclose(arm.go(250), 0.15625)  # 3 u^2 - 2 u^3
    for expected, speed in ((1.25, 1.0), (2.5, 2.0)):
        np.testing.assert_allclose(arm.go(1000), expected)
        np.testing.assert_allclose(arm.state.velocities, speed)


def test_accelerations_without_velocities_command_zeros(arm: Arm) -> None:
    """The real controller has no branch for these, and sends the zeros that it began with."""
    arm.accept(path(accelerations=[[0.0, 0.0], [0.0, 0.0]]))
    np.testing.assert_array_equal(arm.go(500), 0.0)


def test_points_that_are_past_are_left_out_without_blending(arm: Arm) -> None:
    """The arm steps to where the trajectory is by now; nothing leads there."""
    arm.accept(path((500, 1000, 2000), positions=[[0.2, 0.0], [0.5, -0.5], [1.0, -1.0]]), stamp_ms=-1499)
    np.testing.assert_allclose(arm.go(1), [0.75, -0.75])
    np.testing.assert_allclose(arm.go(250), [0.875, -0.875])


def test_a_stamp_in_the_past_shortens_the_way_to_the_first_point(arm: Arm) -> None:
    """While no point is past, the arm leaves from where it is, now."""
    arm.accept(path(), stamp_ms=-799)
    np.testing.assert_allclose(arm.go(1), START)
    np.testing.assert_allclose(arm.go(100), START / 2 + [0.25, -0.25])


def test_a_stamp_in_the_future_drops_the_running_trajectory_at_once(arm: Arm) -> None:
    """From its receipt on the arm is on its way to the first point, with the speed that it had."""
    arm.accept(path((1000,), positions=[[1.1, 0.8]]))
    before = arm.go(500)
    still = [[0.0, 0.0]]
    arm.accept(path((500,), positions=[[0.0, 0.0]], velocities=still), stamp_ms=501)
    begin = arm.go(1).copy()
    np.testing.assert_allclose(begin, before + 1e-3, atol=1e-9)
    assert arm.state.velocities is not None
    speed = arm.state.velocities.copy()
    np.testing.assert_allclose(speed, 1.0)
    reference = BPoly.from_derivatives([0.0, 1.0], [np.stack([begin, speed]), np.zeros((2, 2))])
    for time in range(50, 1000, 50):
        np.testing.assert_allclose(arm.go(50), reference(time / 1e3), atol=1e-9)
    np.testing.assert_allclose(arm.go(51), 0.0)


def test_a_first_point_at_time_zero_is_jumped_to(arm: Arm) -> None:
    """No interpolation from the current state."""
    arm.accept(path((0, 1000)))
    np.testing.assert_allclose(arm.go(1), [0.5, -0.5])
    np.testing.assert_allclose(arm.go(500), [0.75, -0.75])


def test_a_replacement_takes_over_as_a_whole(arm: Arm) -> None:
    """Nothing of the trajectory before is left, also where the new one is shorter; the newest that waits wins."""
    arm.accept(path())
    arm.go(1000)
    arm.accept(path((1,), positions=[[9.0, 9.0]]))
    arm.accept(path((100,), positions=[[0.0, 0.0]]))
    arm.go(1)
    np.testing.assert_allclose(arm.go(100), 0.0)
    np.testing.assert_allclose(arm.go(3000), 0.0)


@pytest.mark.parametrize("from_desired", [False, True])
def test_the_start_is_the_measured_state_unless_told_otherwise(from_desired: bool) -> None:
    """By default the way begins where the joints are, which need not be where they should be."""
    arm = Arm(interpolate_from_desired_state=from_desired)
    arm.measured = RobotState(START + 0.4, np.array([0.3, 0.3]))
    arm.accept(path((1000,), positions=[[1.0, -1.0]], velocities=[[0.0, 0.0]]))
    np.testing.assert_allclose(arm.go(1), START if from_desired else START + 0.4, atol=1e-5)
    np.testing.assert_allclose(arm.state.velocities, 0.0 if from_desired else 0.3, atol=0.01)


@pytest.mark.parametrize("from_desired", [False, True])
def test_from_the_desired_state_a_moving_arm_is_put_a_period_ahead(from_desired: bool) -> None:
    """As seen of joint_trajectory_controller 4.42.1 at 500 Hz: its velocity doubles for a period."""
    arm = Arm(interpolate_from_desired_state=from_desired)
    arm.accept(path((1000,), positions=[START + 2.0]), stamp_ms=0)
    arm.go(1)  # takes over here: 2 rad in the 999 ms that are left
    before = arm.go(500, step=2)
    arm.accept(path((498,), positions=[START + 2.0]), stamp_ms=0)  # goes on as before
    per_period = 2.0 / 999 * 2
    np.testing.assert_allclose(arm.go(2, step=2) - before, per_period * (2 if from_desired else 1), rtol=0.01)
    np.testing.assert_allclose(arm.go(500, step=2), START + 2.0)


def test_only_the_desired_state_has_accelerations() -> None:
    """Encoders tell none: from the measured state a quintic begins with 0, from the desired one with what it had."""
    for from_desired, expected in ((False, 0.0), (True, 1.2)):
        arm = Arm(interpolate_from_desired_state=from_desired)
        rest = [[0.0, 0.0]]
        arm.accept(path((1000,), positions=[START + 1.0], velocities=rest))
        arm.go(301)
        assert arm.state.accelerations is not None
        arm.accept(path((1000,), positions=rest, velocities=rest, accelerations=rest))
        arm.go(1)
        np.testing.assert_allclose(arm.state.accelerations, expected * 2, atol=0.2)


def test_a_clock_that_jumps_moves_no_running_trajectory(arm: Arm) -> None:
    """Once started, a trajectory goes by periods; only stamps that come later meet the new time."""
    arm.accept(path(), stamp_ms=1)
    arm.go(500)
    arm.now -= 3600 * 1000 * MS
    np.testing.assert_allclose(arm.go(501), [0.5, -0.5])
    arm.now += 7200 * 1000 * MS
    np.testing.assert_allclose(arm.go(500), [0.75, -0.75])


def test_hold_forgets_everything(arm: Arm) -> None:
    """Nothing that ran or waited moves the arm any more."""
    arm.accept(path())
    here = arm.go(500).copy()
    arm.accept(path())
    arm.controller.hold(here)
    np.testing.assert_array_equal(arm.go(2000), here)


def test_inputs_are_not_changed(arm: Arm) -> None:
    """What goes in stays as it was, and is copied."""
    pose, rows = START.copy(), np.array([[0.5, -0.5], [1.0, -1.0]])
    controller = TrajectoryController(NAMES, pose)
    made = path(positions=rows)
    pose[:], rows[:] = 7.0, 7.0
    controller.accept(made, 0, NOW)
    np.testing.assert_array_equal(controller.advance(0).positions, START)
    np.testing.assert_array_equal(made.points[0].positions, [0.5, -0.5])
