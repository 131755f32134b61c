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

"""Ways home from where the straight one would touch."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.errors import RobotError
from iat_ros.resources import find_config
from iat_ros.robot import performer
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.plan import check
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing, plan_home
from iat_ros.skeleton.definition import load_skeleton

CROSSED = [2.868, -1.976, -0.528, -2.423, -1.852, 0.0, 0.0, -4.543, -0.302, 2.581, -1.499, 0.458, 0.0, 0.0]
"""A TIAGo Pro stopped in mid-answer, its arms crossed: on the straight way home their hands meet."""


def test_where_the_straight_way_home_would_touch_another_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear at every instant, within the limits, and at rest at its end; without it the robot would stay there."""
    model = RobotModel.load(find_config("robots", "tiago_pro"))
    checker = CollisionChecker(model)
    start = State.at_rest(np.array(CROSSED))
    assert checker.contact_in(start.position) is None
    assert checker.first_contact(plan_home(model, start)) is not None
    stuck = Performer(model, load_skeleton("utd_mhad").limb_names, checker, Timing(rest_after_s=2.0))
    performance = stuck.go_home(0.0, start)
    assert performance is not None
    assert checker.first_contact(performance.plan) is None
    check(model, performance.plan)
    np.testing.assert_allclose(performance.plan.control[0], start.position, atol=1e-9)
    np.testing.assert_allclose(performance.plan.end, model.rest, atol=1e-9)
    assert performance.plan.duration_s < 6.0, "it lingers aside"
    monkeypatch.setattr(performer, "plan_detour", lambda *_: None)
    with pytest.raises(RobotError, match="way home refused: arm_left_7_link would touch arm_right_7_link"):
        stuck.go_home(0.0, start)
