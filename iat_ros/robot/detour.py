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

"""A way home where the straight one would touch: first a little aside, then home."""

from __future__ import annotations

import numpy as np

from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import JointPlan
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing, plan_home

POSES = 40
"""How many poses aside are tried."""
FURTHEST_RAD = 1.2
"""How far a joint is turned for the last of them; nearer ones are tried first."""


def plan_detour(
    model: RobotModel, checker: CollisionChecker, start: State, links: tuple[str, str], timing: Timing
) -> JointPlan | None:
    """Plan a way to the rest pose by a pose beside the start; None if none of those that are tried is clear.

    An answer that was stopped may leave a hand beside the hip, where every straight way home passes through it. Joints
    that move the two links against each other are turned at random, the same each time.

    Args:
        model: The robot.
        checker: Tells what touches.
        start: Where the robot stands.
        links: What the straight way home would bring together.
        timing: How to perform it; the robot ends at rest in any case.
    """
    rng = np.random.default_rng(0)
    joints = checker.joints_between(links)
    for furthest_rad in np.linspace(0.0, FURTHEST_RAD, POSES + 1)[1:]:
        aside = start.position.copy()
        aside[joints] += rng.uniform(-furthest_rad, furthest_rad, int(joints.sum()))
        aside = np.clip(aside, model.safe_lower, model.safe_upper)
        if checker.contact_in(aside) is not None:
            continue
        result = plan_home(model, start, timing, aside)
        if checker.first_contact(result) is None:
            return result
    return None
