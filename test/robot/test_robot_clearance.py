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

"""Answers that would touch the robot's own body: made smaller where no bend is enough."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.errors import RobotError
from iat_ros.robot import performer
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

DEFINITION = load_skeleton("utd_mhad")


def test_an_answer_that_no_bend_makes_clear_is_made_smaller(g1: RobotModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of wild motions, in which the arms pass through the body again and again, none is refused."""
    checker = CollisionChecker(g1)
    share = np.linspace(0.0, 1.0, 32)[:, None, None]

    def refused() -> int:
        count = 0
        for seed in (1, 4, 6, 24, 41, 54):
            first, last = np.random.default_rng(seed).normal(size=(2, len(DEFINITION.limb_names), 3))
            limbs = first * (1.0 - share) + last * share
            motion = Motion(limbs / np.linalg.norm(limbs, axis=-1, keepdims=True), 2.0)
            try:
                outcome = Performer(g1, DEFINITION.limb_names, checker, Timing()).answer(
                    motion, 0.0, State.at_rest(g1.rest)
                )
            except RobotError:
                count += 1
                continue
            assert outcome.bent
            assert checker.first_contact(outcome.performance.plan) is None
            assert np.abs(outcome.performance.plan.control - g1.rest).max() > 0.3, "hardly a motion"
        return count

    assert refused() == 0
    monkeypatch.setattr(performer, "SMALLER", ())
    assert refused() >= 4, "bends alone would do: this test tells nothing"
