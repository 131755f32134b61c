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

"""Joint states that wait while an answer is worked out are taken in after, and make no machine busy."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from iat_ros.robot.guard import Guard, GuardConfig
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performance import Outcome, Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import Make, Means, Supervisor
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

LIMBS = load_skeleton("utd_mhad").limb_names


def raised(x: float) -> Motion:
    """An answer that lifts all limbs forward."""
    return Motion(np.tile(np.array([x, 0.0, -np.sqrt(1.0 - x**2)]), (16, len(LIMBS), 1)), 1.0)


class Stage:
    """A robot at rest, whose joint states come every 10 ms and are read when somebody looks."""

    def __init__(self, model: RobotModel) -> None:
        self.now_s = 100.0
        self.waiting: list[float] = []  # stamps of joint states that were not read yet
        self.ready: list[Performance] = []
        self.begun: list[Performance] = []
        self.performer = Performer(model, LIMBS, None, Timing())
        guard = Guard(GuardConfig())
        guard.saw_people(self.now_s, 3.0)
        self.observer = Observer(self.performer, guard, lambda: self.now_s, self.look)
        means = Means(lambda: self.now_s, self.begin, self.ready.append, lambda: None, lambda _: None, Counter())
        self.supervisor = Supervisor(self.performer, self.observer, means, slow_tempo=0.3)

    def begin(self, _: Performer, make: Make) -> bool:
        """Begin a performance."""
        performance = make(self.now_s, 0.05)
        assert performance is not None
        self.begun.append(performance)
        return True

    def look(self) -> None:
        """Hand over the joint states that wait."""
        waiting, self.waiting = self.waiting, []
        for stamp_s in waiting:
            self.observer.saw_joints(State.at_rest(self.performer.model.rest), stamp_s)

    def pass_time(self, seconds: float) -> None:
        """Let time pass in which nobody looks."""
        for _ in range(round(seconds / 0.01)):
            self.now_s += 0.01
            self.waiting.append(self.now_s)


def test_working_out_an_answer_makes_no_machine_busy(g1: RobotModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The robot begins no later for it, neither with this answer nor with the next."""
    stage = Stage(g1)
    plan = Performer._plan_answer

    def plan_slowly(*given: Any) -> Outcome:
        """Take as long as on a small computer."""
        stage.pass_time(0.06)
        return plan(*given)

    monkeypatch.setattr(Performer, "_plan_answer", plan_slowly)
    for _ in range(60):  # punctual so far, and long enough to be seen to stand
        stage.pass_time(0.01)
        stage.look()
    stage.supervisor.prepare(lambda: raised(0.6))
    assert (len(stage.ready), stage.waiting, stage.performer.late_s) == (1, [], 0.0)
    stage.supervisor.answer(raised(0.7))  # another one than was prepared, so it is worked out now
    assert (len(stage.begun), stage.waiting, stage.performer.late_s) == (1, [], 0.0)
    stage.pass_time(0.06)  # nobody works: a machine that is busy
    stage.look()
    assert stage.performer.late_s == pytest.approx(0.05)
