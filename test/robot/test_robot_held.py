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

"""Robots whose weight keeps them beside their command: what they begin, their controller must not step for."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.robot.given_up import HeldJoints
from iat_ros.robot.guard import Guard, GuardConfig
from iat_ros.robot.joint_path import RobotState
from iat_ros.robot.measurement import ASTRAY_RAD
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performance import Performance
from iat_ros.robot.spline import Held, State
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
MOTIONS = [cut_action(DEFINITION, clip, 32).motion for clip in make_clips(people=2, trials=1)]
MS = 10**6
SAG_RAD = 0.05


class Lab:
    """A stage of a robot that hangs below its command, and an observer that hears its controllers late, or never."""

    def __init__(
        self,
        stage: Any,
        sag_rad: float = SAG_RAD,
        behind_ms: int = 0,
        transport_s: float = 0.002,
        late_ms: int = 2,
    ) -> None:
        self.stage, self.behind_ms, self.transport_s = stage, behind_ms, transport_s
        self.performer, self.robot, self.joints = stage.performer, stage.robot, stage.robot.joints
        self.joints.measure = lambda: RobotState(self.joints.positions - sag_rad, self.joints.velocities)
        self.told: deque[tuple[float, RobotState]] = deque(maxlen=late_ms + 1)
        self.tells = True
        self.guard = Guard(GuardConfig())
        self.observer = Observer(self.performer, self.guard, lambda: self.now_s, lambda: None, self.held)

    @property
    def now_s(self) -> float:
        """The time [s]."""
        return float(self.stage.now_s)

    @property
    def reference(self) -> RobotState:
        """What the controllers follow."""
        return self.robot._together({topic: each._desired for topic, each in self.robot.controllers.items()})

    def held(self, since_s: float) -> HeldJoints:
        """Where the controllers said last that they hold the robot."""
        told_s, state = self.told[0]
        assert state.velocities is not None
        known = self.tells and told_s >= since_s and not np.abs(state.velocities).max() > 1e-6
        return HeldJoints(*(each if known else np.full(14, np.nan) for each in (state.positions, np.full(14, told_s))))

    def wait(self, seconds: float) -> None:
        """Let time pass, by the controller's own clock."""
        for _ in range(round(1000 * seconds)):
            self.stage.now_ns += MS
            self.robot.update(self.stage.now_ns - self.behind_ms * MS, MS)
            self.told.append((self.now_s, self.reference))
            measured = self.joints.measure()
            state = State(measured.positions, measured.velocities, np.zeros(len(measured.positions)))
            self.observer.saw_joints(state, self.now_s)
            self.performer.late_s = 0.005

    def do(self, performance: Performance) -> Performance:
        """Begin a performance that took 2 ms to work out."""
        self.wait(0.002)
        sent_ns = self.stage.now_ns
        begun = self.performer.perform(performance, 1e-9 * sent_ns)
        assert begun is not None, "too late"
        self.wait(self.transport_s)
        self.robot.perform(begun, 1e-9 * sent_ns, self.stage.now_ns - self.behind_ms * MS)
        return begun

    def answer(self, number: int, **options: Any) -> Performance:
        """Plan an answer from where the observer says that the robot is."""
        return self.performer.answer(
            MOTIONS[number], self.now_s, self.observer.standing(self.now_s), **options
        ).performance


@pytest.fixture
def make(make_stage: Any) -> Any:
    """Make a lab; each has a robot of its own."""
    return lambda model, **options: Lab(make_stage(model), **options)


@pytest.mark.parametrize(("behind_ms", "transport_s"), [(0, 0.002), (0, 0.038), (10, 0.002), (50, 0.02), (100, 0.002)])
def test_an_answer_begins_where_the_robot_is_held(
    robot: RobotModel, make: Any, behind_ms: int, transport_s: float
) -> None:
    """Whatever the clock of the controller and the way to it; what was prepared is what is performed."""
    lab = make(robot, behind_ms=behind_ms, transport_s=transport_s)
    for number in range(3):
        lab.wait(0.5)
        where = lab.observer.standing(lab.now_s)
        assert isinstance(where, Held)
        prepared = lab.performer.prepare(MOTIONS[number], lab.now_s, where)
        begun = lab.do(lab.answer(number, prepared=prepared))
        assert begun.plan is prepared.outcome.performance.plan
        lab.wait(lab.performer.timeline.ends_s - lab.now_s + 0.2)
    assert lab.robot.watch.violations == {}, lab.robot.watch.largest


def test_where_nobody_tells_the_controller_lets_it_down_at_once(g1: RobotModel, make: Any) -> None:
    """So the tests above would notice."""
    lab = make(g1)
    lab.tells = False
    lab.wait(0.5)
    lab.do(lab.answer(0))
    lab.wait(0.3)
    assert lab.robot.watch.violations


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("off_ms", [-60, -12, -8, -4, 0, 2, 10, 40, 250])
def test_around_the_end_of_a_plan_the_robot_is_held_where_that_ends(
    g1: RobotModel, make: Any, off_ms: int, tells: bool
) -> None:
    """The controller's word is late then, and the robot was not yet seen to stand; its own plan's end is known."""
    lab = make(g1, late_ms=3)
    lab.wait(0.5)
    lab.do(lab.answer(0))
    lab.wait(lab.performer.timeline.ends_s - lab.now_s + 1e-3 * off_ms)
    lab.tells = tells
    planned = lab.answer(1, reserve_s=lab.performer.delivery_s + 0.02)
    lab.wait(0.01)
    lab.do(planned)
    lab.wait(lab.performer.timeline.ends_s - lab.now_s + 0.2)
    assert lab.robot.watch.violations == {}, lab.robot.watch.largest


@pytest.mark.parametrize("transport_s", [0.002, 0.02, 0.038])
@pytest.mark.parametrize("beyond_rad", [0.05, 0.1])
def test_a_robot_that_is_held_outside_its_limits_is_led_inside(
    g1: RobotModel, make: Any, beyond_rad: float, transport_s: float
) -> None:
    """It leaves when the controller knows of it for sure, and no faster than it may; only its place breaks a limit."""
    lab = make(g1, transport_s=transport_s)
    pose = g1.rest.copy()
    pose[0] = g1.safe_upper[0] + beyond_rad
    for topic, each in lab.robot.controllers.items():
        each.hold(pose[lab.robot._columns[topic]])
    lab.joints.positions = pose.copy()
    lab.wait(0.5)
    lab.robot.watch.violations.clear()
    begun = lab.do(lab.answer(0))
    assert begun.way_s > 0.0
    lab.wait(lab.performer.timeline.ends_s - lab.now_s + 0.2)
    assert set(lab.robot.watch.violations) <= {"position"}, lab.robot.watch.largest
    assert np.abs(lab.reference.positions - g1.rest).max() < 0.01


@pytest.mark.parametrize("passed_ms", [-3, 1, 4, 8])
def test_what_takes_over_just_after_a_start_knows_what_was_before_it(g1: RobotModel, make: Any, passed_ms: int) -> None:
    """A controller whose clock is behind is not there yet."""
    lab = make(g1, behind_ms=4, transport_s=0.0)
    lab.wait(0.5)
    begun = lab.do(lab.answer(0))
    lab.wait(begun.began_s - lab.now_s + 1e-3 * (passed_ms - 2))
    lab.do(lab.answer(3, reserve_s=0.05))
    lab.wait(0.3)
    assert lab.robot.watch.violations == {}, lab.robot.watch.largest


def test_what_was_prepared_from_a_measured_pose_is_not_performed_from_a_held_one(g1: RobotModel, make: Any) -> None:
    """Nor the other way round, nor from one that is a thousandth of a radian away."""
    lab = make(g1)
    lab.wait(0.5)
    plans = {}
    for name, where in (("held", Held.at_rest(g1.rest)), ("measured", State.at_rest(g1.rest))):
        plans[name] = lab.performer.prepare(MOTIONS[0], lab.now_s, where), where
    (held, at), (measured, seen) = plans.values()
    assert held.fits(MOTIONS[0], at, held.timing)
    assert measured.fits(MOTIONS[0], seen, held.timing)
    assert measured.fits(MOTIONS[0], State.at_rest(g1.rest + 5e-4), held.timing)
    assert not held.fits(MOTIONS[0], seen, held.timing)
    assert not measured.fits(MOTIONS[0], at, held.timing)
    assert not held.fits(MOTIONS[0], Held.at_rest(g1.rest + 5e-4), held.timing)


def test_a_robot_that_others_moved_far_from_its_last_plan_is_waited_for(g1: RobotModel, make: Any) -> None:
    """Until it stands, a plan would begin where it no longer is."""
    lab = make(g1, sag_rad=0.0)
    lab.tells = False
    lab.wait(0.5)
    lab.do(lab.answer(0))
    lab.wait(lab.performer.timeline.ends_s - lab.now_s + 2.0)
    assert not lab.observer.moves_strangely(lab.now_s)
    away = np.clip(lab.joints.positions + 0.5, g1.safe_lower, g1.safe_upper)
    assert np.abs(away - lab.joints.positions).max() > ASTRAY_RAD
    for topic, each in lab.robot.controllers.items():
        each.hold(away[lab.robot._columns[topic]])
    lab.joints.positions = away.copy()
    lab.wait(0.1)
    assert lab.observer.moves_strangely(lab.now_s)
    where = lab.observer.standing(lab.now_s)
    assert where is not None
    np.testing.assert_allclose(where.position, away)
    lab.wait(0.5)
    assert not lab.observer.moves_strangely(lab.now_s)
    lab.robot.watch.violations.clear()
    lab.do(lab.answer(1))
    lab.wait(0.3)
    assert lab.robot.watch.violations == {}


def test_motors_that_are_off_hold_nothing(g1: RobotModel, make: Any) -> None:
    """What is measured far from where it is held is not held there; what still moves by itself isn't either."""
    lab = make(g1, sag_rad=ASTRAY_RAD + 0.01)
    lab.wait(0.5)
    where = lab.observer.standing(lab.now_s)
    assert type(where) is State
    np.testing.assert_allclose(where.position, g1.rest - ASTRAY_RAD - 0.01)
    swings = make(g1)
    for number in range(50):
        swings.wait(0.01)
        position = swings.joints.positions + 0.005 * number
        swings.observer.saw_joints(State(position, np.zeros(len(position)), np.zeros(len(position))), swings.now_s)
        swings.guard.saw_joints(swings.now_s, position, None, g1.joint_names)
    assert swings.observer.moves_strangely(swings.now_s)
    where = swings.observer.standing(swings.now_s)
    assert type(where) is State


def test_without_joint_states_the_controllers_word_is_taken(g1: RobotModel, make: Any) -> None:
    """Where they are not needed, nobody else may tell."""
    lab = make(g1)
    lab.wait(0.1)
    guard = Guard(GuardConfig(joint_states_timeout_s=0.0))
    observer = Observer(
        lab.performer, guard, lambda: lab.now_s, lambda: None, lambda _: HeldJoints(g1.rest + 0.4, g1.rest)
    )
    where = observer.standing(lab.now_s)
    assert isinstance(where, Held)
    np.testing.assert_array_equal(where.position, g1.rest + 0.4)
