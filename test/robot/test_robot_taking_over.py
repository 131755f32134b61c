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

"""What takes over from a running trajectory, as a controller sees it that starts from what it measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.clock import whole_ns
from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError
from iat_ros.robot.joint_path import RobotState
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.simulated import Joints, SimulatedRobot
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
MOTIONS = [cut_action(DEFINITION, clip, 32).motion for clip in make_clips(people=2, trials=1)]
MS = 10**6


@pytest.mark.parametrize("before_ns", [200, 1000, 30_000])
def test_a_controller_that_takes_over_just_before_a_point_has_nothing_to_make_up_for(
    g1: RobotModel, before_ns: int
) -> None:
    """On a clock since 1970, an answer that takes over from another is on its curve to the last digits of a float.

    What a controller is off by when it takes over, it makes up for until the first point: 1e-9 rad in a microsecond is
    an acceleration of thousands.
    """
    rng = np.random.default_rng(before_ns)
    for number in range(10):
        performer, robot = Performer(g1, DEFINITION.limb_names, None, Timing()), SimulatedRobot(g1)
        now_ns = 1_700_000_000 * 10**9 + int(rng.integers(10**9))
        for motion, periods in ((MOTIONS[number], int(rng.integers(60, 120))), (MOTIONS[-1 - number], 100)):
            performance = performer.answer(motion, 1e-9 * now_ns, None).performance
            begun = performer.perform(performance, 1e-9 * now_ns)
            assert begun is not None
            robot.perform(begun, 1e-9 * now_ns, now_ns)
            times_s = begun.points(1e-9 * now_ns).times_s
            due_ns = whole_ns(1e-9 * now_ns) + round(1e9 * times_s[times_s > 0.0][0]) - before_ns
            for period_ns in [due_ns - now_ns] + [8 * MS] * periods:
                now_ns += period_ns
                robot.update(now_ns, period_ns)
        assert not robot.watch.violations, (robot.watch.largest, number)


@pytest.mark.parametrize(("lag_s", "tells_speed"), [(0.0, False), (0.05, True), (0.1, False)])
def test_a_robot_that_trails_its_command_is_not_jerked_when_something_takes_over(
    robot: RobotModel, monkeypatch: pytest.MonkeyPatch, lag_s: float, tells_speed: bool, make_stage: Any
) -> None:
    """The controller starts from what it measures: a robot behind its command, or with no speed at all."""
    rng = np.random.default_rng(4)
    stage = make_stage(robot)
    stage.robot.joints = joints = Joints(robot.joint_names, robot.rest, lag_s=lag_s)
    if not tells_speed:
        monkeypatch.setattr(joints, "measure", lambda: RobotState(joints.positions, None))
    stage.measured = lambda: State.at_rest(joints.positions.copy())  # type: ignore[method-assign]
    over = 0
    for number in range(12):
        stage.do(stage.performer.answer(MOTIONS[number], stage.now_s, stage.measured()).performance)
        for _ in range(3):  # a new answer or a halt while it moves, then rest
            stage.wait(rng.uniform(0.2, 0.8))
            if stage.performer.timeline.moving(stage.now_s):
                motion = MOTIONS[rng.integers(len(MOTIONS))]
                answered = stage.performer.answer(motion, stage.now_s, None, reserve_s=0.1).performance
                stage.do(answered if rng.random() < 0.7 else stage.performer.slow(stage.now_s, 0.0))
                over += 1
        stage.wait(8.0)
    assert over > 20
    assert stage.robot.watch.violations == {}, stage.robot.watch.largest


def test_a_second_stop_begins_on_the_curve_of_the_first(robot: RobotModel) -> None:
    """Where limits have a stop begin a little later, one that is asked for meanwhile takes over from what runs then."""
    waited, forbidden, later_s = 0, 0, 0.0
    for motion in MOTIONS[:4]:
        answer = Performer(robot, DEFINITION.limb_names, None, Timing()).answer(motion, 1.0, None).performance
        for now_s in np.arange(1.1, answer.ends_s, 0.02).tolist():
            performer = Performer(robot, DEFINITION.limb_names, None, Timing())
            performer.perform(answer, 1.0)
            try:
                first = performer.slow(now_s)
                if first is None or first.began_s < now_s + performer.delivery_s + 1e-6:
                    continue
                performer.perform(first, now_s)
                second = performer.slow(now_s + 0.02)
            except RobotError:  # it is tried again a moment later, when it is watched
                forbidden += 1
                continue
            if second is not None:
                waited += 1
                later_s = max(later_s, second.ends_s - first.ends_s)
                runs = performer.timeline.commanded(second.began_s)
                np.testing.assert_allclose(second.plan.start.position, runs.position, atol=1e-9)
                np.testing.assert_allclose(second.plan.start.velocity, runs.velocity, atol=1e-9)
    assert waited >= 5
    assert forbidden <= 2 * waited, "limits forbid a stop at few moments"
    assert later_s < 0.25, "what is found sooner is no better if it takes longer"
