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

"""What is sent to the controller was worked out, and perhaps written, before."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from trajectory_msgs.msg import JointTrajectory

from iat_ros.nodes import trajectory_sender
from iat_ros.nodes.clouds import stamp_s
from iat_ros.nodes.trajectory_message import to_message
from iat_ros.nodes.trajectory_sender import TrajectorySender
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import HELD_BEFORE_S, Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import Held
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.motion import Motion

NOW_S = 1.79e9


class Stage:
    """A sender between a clock that stands still and a controller that takes everything."""

    def __init__(self, robot: RobotModel) -> None:
        self.now_s = NOW_S
        self.sent: list[JointTrajectory] = []
        self.prepared: list[JointTrajectory] = []
        clock = SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=round(self.now_s * 1e9)))
        node = cast(Any, SimpleNamespace(get_clock=lambda: clock, counts=Counter()))
        given = {"send": self._send, "prepare": self.prepared.append, "missing": lambda _: ""}
        output = cast(Any, SimpleNamespace(**given))
        self.performer = Performer(robot, robot.limb_names, None, Timing())
        self.sender = TrajectorySender(node, output, lambda: self.now_s)

    def _send(self, message: JointTrajectory, left_out: tuple[str, ...]) -> None:
        self.sent.append(message)
        assert not left_out

    def plan(self, held: bool = False) -> Performance:
        """Plan an answer from rest, where the controller says that it holds the robot."""
        where = Held.at_rest(self.performer.model.rest) if held else None
        limbs = np.tile(np.array([0.6, 0.0, -0.8]), (16, len(self.performer.model.limb_names), 1))
        return self.performer.answer(Motion(limbs, 1.0), self.now_s, where).performance

    def begin(self, performance: Performance) -> JointTrajectory:
        """Have a performance begun and sent."""
        assert self.sender.begin(self.performer, lambda *_: performance)
        return self.sent[-1]


@pytest.fixture
def stage() -> Stage:
    """A robot at rest."""
    return Stage(RobotModel.load(find_config("robots", "g1")))


def times_ns(message: JointTrajectory) -> list[int]:
    """When its points are due [ns]."""
    begin = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
    return [begin + each.time_from_start.sec * 10**9 + each.time_from_start.nanosec for each in message.points]


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("late_s", [(0.0, 0.0), (0.0, 0.005), (0.005, 0.0)])
def test_a_message_that_was_written_before_is_the_one_that_would_be_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, held: bool, late_s: tuple[float, float]
) -> None:
    """Its points are due when they would be; nothing is written when it is sent.

    Nor where machines have shown themselves a step busier, or less busy, meanwhile: then they are due as was thought.
    """
    performance = stage.plan(held)
    stage.performer.late_s = late_s[0]
    stage.sender.write(stage.performer, performance)
    stage.now_s += 0.123456789
    expected = to_message(replace(performance, began_s=stage.now_s + stage.performer.delivery_s), stage.now_s)
    stage.performer.late_s = late_s[1]
    with monkeypatch.context() as patch:
        patch.setattr(trajectory_sender, "to_message", lambda *_: pytest.fail("written a second time"))
        sent = stage.begin(performance)
    assert stamp_s(sent.header.stamp) == pytest.approx(stage.now_s - HELD_BEFORE_S * held, abs=1e-6)
    assert sent is stage.prepared[0]
    assert len(sent.points) == len(expected.points) > 10
    assert np.abs(np.subtract(times_ns(sent), times_ns(expected))).max() < 1000
    assert all(
        np.array_equal(one.positions, other.positions) for one, other in zip(sent.points, expected.points, strict=True)
    )
    begun_s = stage.performer.timeline.ends_s - performance.plan.duration_s
    assert times_ns(sent)[held] == pytest.approx(begun_s * 1e9, abs=1000), (
        "the robot starts when the node thinks it does"
    )


def test_what_was_written_for_something_else_is_not_sent(stage: Stage) -> None:
    """Another answer, a pose that is held, a controller that needs more time: then it is written when it is sent."""
    stage.sender.write(stage.performer, stage.plan())
    other = stage.plan()
    sent = stage.begin(other)
    assert times_ns(sent)[0] == pytest.approx((NOW_S + 0.04) * 1e9, abs=1000)

    stage.now_s = stage.performer.timeline.ends_s + 1.0
    performance = stage.plan()
    stage.sender.write(stage.performer, performance)
    elsewhere = stage.performer.model.rest + 0.01
    assert list(stage.begin(replace(performance, held=elsewhere)).points[0].positions) == pytest.approx(list(elsewhere))

    stage.now_s = stage.performer.timeline.ends_s + 1.0
    performance = stage.plan()
    stage.sender.write(stage.performer, performance)
    stage.performer.late_s = 0.01  # two steps: one alone is let pass
    sent = stage.begin(performance)
    assert times_ns(sent)[1] == pytest.approx((stage.now_s + 0.05) * 1e9, abs=1000)

    stage.now_s = stage.performer.timeline.ends_s + 1.0
    performance = stage.plan()
    stage.sender.write(stage.performer, performance)
    stage.performer.late_s = 0.015
    sent = stage.begin(replace(performance, held=elsewhere))
    assert times_ns(sent)[1] == pytest.approx((stage.now_s + 0.055) * 1e9, abs=1000), "written anew, for what holds now"


def test_a_message_is_sent_once(stage: Stage) -> None:
    """Who holds one that was sent does not see it change."""
    performance = stage.plan()
    stage.sender.write(stage.performer, performance)
    first = stage.begin(performance)
    stamp = first.header.stamp
    stage.now_s = stage.performer.timeline.ends_s + 1.0
    second = stage.begin(performance)
    assert second is not first
    assert first.header.stamp is stamp
