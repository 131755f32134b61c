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

"""Performing answers: a simulated robot follows whatever comes, and no limit is ever broken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

DEFINITION = load_skeleton("utd_mhad")
MOTIONS = [cut_action(DEFINITION, clip, 32).motion for clip in make_clips(people=2, trials=1)]
MS = 10**6


def test_answers_halts_and_slowing_at_any_time_break_no_limit(robot: RobotModel, make_stage: Any) -> None:
    """A hundred times something happens at a random moment; the robot is always where the plans have it."""
    rng = np.random.default_rng(3)
    stage = make_stage(robot)
    begun = blended = 0
    for _ in range(100):
        what = rng.choice(["answer", "answer", "halt", "slow", "home"])
        moving = stage.performer.timeline.moving(stage.now_s)
        if what == "answer":
            outcome = stage.performer.answer(
                MOTIONS[rng.integers(len(MOTIONS))], stage.now_s, stage.measured(), rng.uniform(0.3, 1.0)
            )
            begun += outcome.complete
            blended += outcome.complete and moving
            stage.do(outcome.performance)
        elif what == "home":
            stage.do(stage.performer.go_home(stage.now_s, stage.measured()) if not moving else None)
        else:
            stage.do(stage.performer.slow(stage.now_s, 0.0 if what == "halt" else 0.5))
        stage.wait(rng.uniform(0.0, 3.0) ** 2 / 3)
        commanded = stage.performer.timeline.commanded(stage.now_s)
        np.testing.assert_allclose(stage.robot.joints.positions, commanded.position, atol=2e-3)
    stage.wait(20.0)
    assert stage.robot.watch.violations == {}
    assert begun > 20
    assert blended > 10
    np.testing.assert_array_equal(stage.robot.joints.velocities, 0.0)


def test_a_prepared_answer_is_the_answer(g1: RobotModel, make_stage: Any) -> None:
    """From the pose it was planned for, the very plan is performed; from elsewhere, or slower, it is made anew."""
    stage = make_stage(g1)
    prepared = stage.performer.prepare(MOTIONS[0], stage.now_s, stage.measured())
    assert prepared is not None
    planned = prepared.outcome.performance.plan
    stage.wait(0.1)
    for motion, tempo, ready in ((MOTIONS[0], 1.0, True), (MOTIONS[1], 1.0, False), (MOTIONS[0], 0.5, False)):
        outcome = stage.performer.answer(motion, stage.now_s, stage.measured(), tempo, prepared=prepared)
        assert (outcome.performance.plan is planned) is ready
        assert outcome.performance.began_s == stage.now_s
    elsewhere = State.at_rest(stage.measured().position + 0.01)
    outcome = stage.performer.answer(MOTIONS[0], stage.now_s, elsewhere, prepared=prepared)
    assert outcome.performance.plan is not planned
    np.testing.assert_allclose(outcome.performance.plan.state(0.0).position, elsewhere.position, atol=1e-9)
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured(), prepared=prepared).performance)
    stage.wait(1.0)
    assert stage.performer.prepare(MOTIONS[1], stage.now_s, stage.measured()) is None  # it moves
    moving = stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured(), prepared=prepared)
    assert moving.performance.plan is not planned
    stage.wait(8.0)
    assert stage.robot.watch.violations == {}


def test_a_halt_stops_soon(g1: RobotModel, make_stage: Any) -> None:
    """Halted in the middle of an answer, the robot stands within a second and a half, and stays."""
    stage = make_stage(g1)
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance)
    stage.wait(1.0)
    assert np.abs(stage.robot.joints.velocities).max() > 0.1
    stage.do(stage.performer.slow(stage.now_s))
    stage.wait(1.5)
    stopped = stage.robot.joints.positions.copy()
    stage.wait(5.0)
    np.testing.assert_array_equal(stage.robot.joints.positions, stopped)
    assert np.abs(stopped - g1.rest).max() > 0.05
    stage.do(stage.performer.go_home(stage.now_s, stage.measured()))
    stage.wait(5.0)
    np.testing.assert_allclose(stage.robot.joints.positions, g1.rest, atol=1e-9)
    assert stage.robot.watch.violations == {}


def test_an_answer_that_takes_over_from_a_brake_holds_the_rest_of_it(g1: RobotModel, make_stage: Any) -> None:
    """Also where the brake ends before the answer begins: the robot stays on it."""
    stage = make_stage(g1)
    stage.do(stage.performer.answer(MOTIONS[10], stage.now_s, stage.measured()).performance)
    stage.wait(1.0)
    stage.do(stage.performer.slow(stage.now_s))
    stage.wait(0.1)
    assert np.abs(stage.robot.joints.velocities).max() > 1.0
    assert stage.performer.timeline.ends_s < stage.now_s + 0.9
    answer = stage.performer.answer(MOTIONS[1], stage.now_s, stage.measured(), reserve_s=1.0)
    stage.do(answer.performance)
    for _ in range(20):
        stage.wait(0.02)
        command = stage.performer.timeline.commanded(stage.now_s).position
        np.testing.assert_allclose(stage.robot.joints.positions, command, atol=1e-4)
    assert stage.robot.watch.violations == {}


def led_inside(stage: Any, outside_rad: float) -> Any:
    """Have a robot that stands outside a limit begin an answer."""
    model = stage.performer.model
    pose = model.rest.copy()
    pose[0] = model.upper[0] + outside_rad
    stage.robot.joints.positions = pose
    stage.robot.hold()
    stage.robot.update(stage.now_ns, 1)
    stage.robot.watch.violations.clear()
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance)
    return stage


@pytest.mark.parametrize("outside_rad", [0.01, 0.03, 0.09])
def test_a_robot_outside_its_limits_comes_back_gently(g1: RobotModel, outside_rad: float, make_stage: Any) -> None:
    """The controller takes it to where the plan begins, in as much time as its acceleration asks for."""
    stage = led_inside(make_stage(g1), outside_rad)
    stage.wait(6.0)
    assert set(stage.robot.watch.violations) == {"position"}  # as long as it is outside
    assert stage.robot.watch.violations["position"] < 400  # of a thousand a second


@pytest.mark.parametrize("after_s", [0.02, 0.06, 0.1, 0.15, 0.2, 0.3])
@pytest.mark.parametrize("outside_rad", [0.05, 0.09])
@pytest.mark.parametrize("what", ["halt", "answer", "answer and halt"])
def test_what_takes_over_from_a_robot_that_is_led_inside_waits_for_that(
    g1: RobotModel, outside_rad: float, what: str, after_s: float, make_stage: Any
) -> None:
    """A halt, another answer, or both while it comes back into its limits: none breaks any other."""
    stage = led_inside(make_stage(g1), outside_rad)
    stage.wait(after_s)
    if what.startswith("answer"):
        stage.do(stage.performer.answer(MOTIONS[1], stage.now_s, stage.measured()).performance)
        stage.wait(0.02)
    if what.endswith("halt"):
        stage.do(stage.performer.slow(stage.now_s))
    stage.wait(4.0)
    assert set(stage.robot.watch.violations) == {"position"}, stage.robot.watch.largest
    if what.endswith("halt"):
        assert not stage.performer.timeline.moving(stage.now_s)
        assert np.abs(stage.robot.joints.velocities).max() < 1e-6


def test_a_robot_of_unknown_motion_is_taken_over(g1: RobotModel, make_stage: Any) -> None:
    """A performer made anew, mid-answer, begins in the measured motion without a step."""
    stage = make_stage(g1)
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance)
    stage.wait(1.0)
    assert np.abs(stage.robot.joints.velocities).max() > 0.1
    stage.performer = Performer(g1, DEFINITION.limb_names, None, Timing())
    outcome = stage.performer.answer(MOTIONS[1], stage.now_s, stage.measured())
    stage.do(outcome.performance)
    stage.wait(8.0)
    if not outcome.complete:
        stage.do(stage.performer.go_home(stage.now_s, stage.measured()))
        stage.wait(5.0)
    assert set(stage.robot.watch.violations) <= {"velocity step", "acceleration"}  # its acceleration is not measured
    assert stage.robot.watch.largest.get("velocity step", 0.0) < 0.2
    np.testing.assert_allclose(stage.robot.joints.positions, g1.rest, atol=1e-9)


def test_answers_keep_clear_of_the_body(g1: RobotModel, make_stage: Any) -> None:
    """Every answer that is performed is clear at every instant, also those that were bent."""
    checker = CollisionChecker(g1)
    strict = CollisionChecker(g1, clearance_m=1e-3)
    stage = make_stage(g1, checker)
    across = np.array(MOTIONS[0].limbs_in_body)
    for index, name in enumerate(DEFINITION.limb_names):
        if name.endswith("forearm"):
            across[10:20, index] = [0.0, -1.0 if name.startswith("left") else 1.0, 0.0]  # through the trunk
    outcomes = []
    for motion in (*MOTIONS[:4], Motion(across, 2.0)):
        try:
            outcome = stage.performer.answer(motion, stage.now_s, stage.measured())
        except RobotError as error:
            assert "would touch" in str(error)  # noqa: PT017 - refused is as good as bent
            outcomes.append("refused")
            continue
        outcomes.append("bent" if outcome.bent else "clear")
        stage.do(outcome.performance)
        stage.wait(outcome.performance.plan.duration_s + 0.1)
    assert outcomes.count("clear") >= 2
    assert outcomes[-1] != "clear"
    for pose in stage.path[::20]:
        assert strict.contact_in(pose) is None


def test_what_cannot_be_performed_leaves_the_running_answer(g1: RobotModel, make_stage: Any) -> None:
    """An answer with NaN is refused, and the one that runs goes on."""
    stage = make_stage(g1)
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance)
    stage.wait(0.5)
    ends_s = stage.performer.timeline.ends_s
    with pytest.raises(RobotError, match="start"):
        stage.performer.answer(MOTIONS[0], stage.performer.timeline.ends_s + 1.0, State.at_rest(np.full(14, np.nan)))
    assert stage.performer.timeline.ends_s == ends_s


def test_band_holds_what_was_commanded(g1: RobotModel, make_stage: Any) -> None:
    """The band of the last moments is that of five commands in them, over two plans as well; before any, it is rest."""
    stage = make_stage(g1)
    np.testing.assert_array_equal(stage.performer.timeline.band(stage.now_s, 0.2), [g1.rest, g1.rest])
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance)
    stage.wait(0.7)
    stage.do(stage.performer.answer(MOTIONS[1], stage.now_s, stage.measured()).performance)
    stage.wait(0.1)
    commands = [stage.performer.timeline.commanded(stage.now_s - ago_s).position for ago_s in np.linspace(0.0, 0.2, 5)]
    expected = np.min(commands, axis=0), np.max(commands, axis=0)
    assert np.ptp(commands, axis=0).max() > 0.01
    np.testing.assert_allclose(stage.performer.timeline.band(stage.now_s, 0.2), expected, atol=1e-12)


def test_a_robot_that_others_moved_is_where_its_answer_begins(g1: RobotModel, make_stage: Any) -> None:
    """From the moment on that the answer is sent, however late it begins: it is no joint that fails to follow."""
    stage = make_stage(g1)
    stage.do(stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance)
    stage.wait(stage.performer.timeline.ends_s - stage.now_s + 1.0)
    moved = State.at_rest(g1.rest + 0.3)
    stage.performer.late_s = 0.2
    answer = stage.performer.answer(MOTIONS[1], stage.now_s, moved)
    begun = stage.performer.perform(answer.performance, stage.now_s)
    assert begun is not None
    assert begun.began_s == pytest.approx(stage.now_s + 0.24)
    for ago_s in (0.001, 0.1, 0.239):
        low, high = stage.performer.timeline.band(stage.now_s + ago_s, 0.0)
        np.testing.assert_allclose([low, high], [moved.position, moved.position], atol=1e-6)


def test_what_is_over_is_not_sent_again(g1: RobotModel, make_stage: Any) -> None:
    """An answer that was worked out soon takes over from one that was begun late, after what ran before has ended."""
    stage = make_stage(g1)
    first = stage.performer.answer(MOTIONS[0], stage.now_s, stage.measured()).performance
    begun = stage.performer.perform(first, stage.now_s)
    assert begun is not None
    second_s = begun.ends_s - 0.03
    late = stage.performer.answer(MOTIONS[1], second_s, None, reserve_s=0.12).performance
    assert stage.performer.perform(late, second_s) is not None
    third_s = begun.ends_s + 0.01
    soon = stage.performer.answer(MOTIONS[2], third_s, None, reserve_s=0.021).performance
    sent = stage.performer.perform(soon, third_s)
    assert sent is not None
    points = sent.points(third_s)
    assert (points.times_s < 0.0).sum() == 1, "the pose in which it stands, and nothing of how it came there"
    np.testing.assert_allclose(points.positions[0], begun.plan.end)
    assert not points.velocities[0].any()
    assert (np.diff(points.times_s) > 0.0).all()


@pytest.mark.parametrize("delivery_s", [0.02, 0.3])
def test_nothing_changes_before_the_controller_can_know_of_it(g1: RobotModel, delivery_s: float) -> None:
    """From rest, into a running answer and for a halt, a performance begins `delivery_s` after it was sent."""
    performer = Performer(g1, DEFINITION.limb_names, None, Timing(delivery_s=delivery_s))
    first = performer.perform(performer.answer(MOTIONS[0], 10.0, None).performance, 10.0)
    assert first is not None
    assert first.began_s == pytest.approx(10.0 + delivery_s)
    assert performer.answer(MOTIONS[1], 10.8, None).performance.began_s == pytest.approx(10.8 + delivery_s)
    halted = performer.slow(10.8)
    assert halted is not None
    assert halted.began_s == pytest.approx(10.8 + delivery_s)
