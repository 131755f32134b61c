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

"""How plans are slowed down, and how smooth they are, at any instant."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.robot import spline
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

DEFINITION = load_skeleton("utd_mhad")
MOTIONS = [cut_action(DEFINITION, clip, 32).motion for clip in make_clips(people=2, trials=1)]
MS = 10**6


@pytest.mark.parametrize("number", range(0, len(MOTIONS), 2))
def test_a_halt_stops_soon_whenever_it_comes(g1: RobotModel, number: int) -> None:
    """At some instants limits leave no room for a brake at once; one that begins a moment later ends soon."""
    performer = Performer(g1, DEFINITION.limb_names, None, Timing())
    begun = performer.perform(performer.answer(MOTIONS[number], 10.0, State.at_rest(g1.rest)).performance, 10.0)
    assert begun is not None
    for halted_s in np.arange(10.05, begun.ends_s, 0.05):
        stopped = performer.slow(halted_s)
        assert (begun if stopped is None else stopped).ends_s - halted_s < 0.8


def test_a_long_answer_is_slowed_in_few_points(g1: RobotModel) -> None:
    """A controller gets them in time, and the robot goes on ever so slowly."""
    performer = Performer(g1, DEFINITION.limb_names, None, Timing(speed_scale=0.3))
    long = Motion(MOTIONS[0].limbs_in_body, 30.0)
    begun = performer.perform(performer.answer(long, 10.0, State.at_rest(g1.rest)).performance, 10.0)
    assert begun is not None
    slowed = performer.slow(20.0, 0.3)
    assert slowed is not None
    assert slowed.plan.duration_s > 0.9 * (begun.ends_s - 20.0) / 0.3
    assert len(slowed.plan.points().times_s) < 2000


def test_jerk_is_bounded(g1: RobotModel) -> None:
    """Answers from rest and in motion, stops and ways home: no joint's jerk, by differences, exceeds the plan's bound.

    The bound follows from the acceleration limits. What a G1 meets is less: answers to UTD-MHAD took 2681 rad/s^3.
    """
    performer, now_s, plans = Performer(g1, DEFINITION.limb_names, None, Timing()), 1.0, []
    for number, motion in enumerate(MOTIONS):
        performance = performer.answer(motion, now_s, None).performance
        begun = performer.perform(performance, now_s)
        assert begun is not None
        plans.append(begun.plan)
        now_s = begun.began_s + 0.6 * begun.plan.duration_s
        if number % 3 == 2 and (stopped := performer.slow(now_s)) is not None:
            plans.append(stopped.plan)
            assert performer.perform(stopped, now_s) is not None
            now_s = stopped.ends_s + 0.1
            home = performer.go_home(now_s, None)
            if home is not None:
                plans.append(home.plan)
                assert performer.perform(home, now_s) is not None
                now_s += 0.2
    assert len(plans) > len(MOTIONS)
    for plan in plans:
        times_s = (np.arange(4 * round(plan.duration_s / plan.dt_s)) + 0.5) * plan.dt_s / 4
        h = plan.dt_s / 16
        by_differences = np.abs(plan.sample(times_s + h)[2] - plan.sample(times_s - h)[2]).max(axis=0) / (2 * h)
        jerk = spline.sharpest(plan.control, plan.dt_s)
        np.testing.assert_allclose(by_differences, jerk, rtol=1e-6, atol=1e-3)
        assert (jerk <= plan.most_jerk(g1.max_acceleration) * (1 + 1e-4)).all()
        assert jerk.max() < 4000.0
