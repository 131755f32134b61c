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

"""The supervisor on a clock of the test's own: what it has the robot do, when, and what it says of the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.errors import RobotError
from iat_ros.robot.joint_answer import Answer
from iat_ros.robot.performance import Performance


def test_an_answer_is_watched_until_the_robot_stands(stage: Any) -> None:
    """One plan, there and back; then nobody needs to look any more."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.5)
    assert stage.awake
    assert not stage.at_rest
    stage.wait(10.0)
    assert not stage.awake
    assert stage.at_rest
    assert len(stage.begun) == stage.counts["answers"] == 1
    assert not stage.dropped


def test_a_person_who_is_too_near_holds_the_robot_until_they_leave(stage: Any) -> None:
    """It stops on its way, stays awake while it is held, refuses answers, and then goes home."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    stage.distance_m = stage.NEAR_M
    stage.wait(4.0)
    assert not stage.performer.timeline.moving(stage.now_s)
    assert not stage.at_rest
    assert stage.awake
    reason = "a person is nearer than 0.5 m"
    assert stage.supervisor.trouble() == reason
    stage.supervisor.answer(stage.ANSWER)
    assert stage.dropped == {f"rest of an answer: {reason}": 1, f"answer, since the robot must not move: {reason}": 1}
    stage.distance_m = stage.FAR_M
    stage.wait(5.0)
    assert stage.at_rest
    assert not stage.awake
    assert [stage.supervisor.trouble(), len(stage.begun)] == ["", 3]


def test_a_halted_robot_stays_where_it_is(stage: Any) -> None:
    """Nobody looks after it until the next answer, which begins where it stands, also after it may move again."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    stage.guard.halt("on request")
    stage.supervisor.stop()
    stage.wait(4.0)
    assert not stage.awake
    assert not stage.guard.resume(stage.now_s)
    stage.wait(4.0)
    assert not stage.at_rest
    assert len(stage.begun) == 2
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(10.0)
    assert stage.at_rest


@pytest.mark.parametrize("released", [True, False])
def test_a_robot_that_is_released_while_it_stops_stays(stage: Any, released: bool) -> None:
    """Who halts and resumes it within that moment does not send it home."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    stage.supervisor.stop()
    if released:
        stage.supervisor.release()
    stage.wait(5.0)
    assert stage.at_rest != released
    assert not stage.awake


def test_a_person_who_is_near_slows_the_robot_once(stage: Any) -> None:
    """What runs is slowed, once; the next answer is slow from its beginning."""
    stage.supervisor.answer(stage.ANSWER)
    ends_s = stage.performer.timeline.ends_s
    stage.wait(0.5)
    stage.distance_m = stage.SLOW_M
    stage.wait(1.0)
    assert stage.performer.timeline.ends_s > ends_s + 1.0
    assert stage.counts["answers slowed because a person is near"] == 1
    stage.wait(20.0)
    stage.supervisor.answer(stage.ANSWER)
    assert len(stage.begun) == 3
    assert stage.begun[2].plan.duration_s > 2.0 * stage.begun[0].plan.duration_s


def test_a_robot_is_slowed_on_its_way_home_too(stage: Any) -> None:
    """Once for each: who was near during the answer and comes near again meets a slow robot again."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(0.8)
    for distance_m in (stage.SLOW_M, stage.NEAR_M):
        stage.distance_m = distance_m
        stage.wait(2.0)
    stage.distance_m = stage.FAR_M
    stage.wait(0.2)
    assert stage.performer.timeline.moving(stage.now_s)
    ends_s = stage.performer.timeline.ends_s
    stage.distance_m = stage.SLOW_M
    stage.wait(0.1)
    assert stage.performer.timeline.ends_s > ends_s + 0.5
    assert stage.counts["answers slowed because a person is near"] == 2


def test_an_answer_that_is_too_late_stops_the_robot_first(stage: Any) -> None:
    """Then there is time to work it out; where not even the stop is in time, that is said."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    stage.late = 1
    stage.supervisor.answer(stage.ANSWER)
    assert [stage.counts["answers"], len(stage.begun)] == [1, 2]
    stage.wait(2.0)
    assert [stage.counts["answers"], len(stage.begun)] == [2, 3]
    stage.late = 2
    stage.supervisor.answer(stage.ANSWER)
    assert stage.dropped == {"stop: too late": 1}


def test_an_answer_that_may_come_is_planned_only_where_it_could_be_performed(stage: Any) -> None:
    """Then it is ready when it is given; else it is not even decoded."""
    decoded: list[bool] = []

    def decode() -> Answer:
        decoded.append(True)
        return stage.ANSWER

    stage.guard.halt("on request")
    stage.supervisor.prepare(decode)
    assert not decoded
    stage.guard.resume(stage.now_s)
    stage.supervisor.prepare(decode)
    assert decoded
    assert len(stage.ready) == 1
    stage.supervisor.answer(stage.ANSWER)
    assert stage.begun[-1].plan is stage.ready[0].plan
    assert stage.counts["answers that were ready"] == stage.counts["answers"] == 1


def test_what_the_controller_gave_up_is_not_taken_up_again(stage: Any) -> None:
    """The robot stands where it was measured; nothing is sent to it."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    stage.measure(0.05)
    position = stage.performer.timeline.commanded(stage.now_s).position + 0.05
    stage.guard.halt("path tolerance")
    stage.supervisor.lost(np.ones(len(position), bool))
    np.testing.assert_allclose(stage.performer.timeline.commanded(stage.now_s).position, position)
    stage.wait(4.0)
    assert len(stage.begun) == 1
    assert not stage.awake


def test_an_answer_that_cannot_be_performed_is_an_error(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is told why; the robot goes on with what it did."""

    def refuse(*_: object) -> Performance:
        raise RobotError("answer refused")

    monkeypatch.setattr(stage.performer, "answer", refuse)
    with pytest.raises(RobotError, match="refused"):
        stage.supervisor.answer(stage.ANSWER)
    assert not stage.begun


def test_a_robot_that_cannot_answer_from_where_it_stopped_goes_home(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside its hip every answer would touch; it does not stand there for as long as somebody acts."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)

    def refuse(*_: object) -> None:
        raise RobotError("answer refused: hip would touch wrist")

    with monkeypatch.context() as patch:
        patch.setattr(stage.performer, "_plan_answer", refuse)
        stage.supervisor.answer(stage.ANSWER)  # stops the running one, and waits
        assert stage.counts["answers that waited for a stop"] == 1
        with pytest.raises(RobotError, match="would touch"):
            stage.wait(4.0)
        assert not stage.performer.timeline.moving(stage.now_s)
        assert not stage.at_rest
        stage.wait(6.0)
        assert stage.at_rest
        assert not stage.awake
        with pytest.raises(RobotError, match="would touch"):
            stage.supervisor.answer(stage.ANSWER)  # at rest there is nowhere to go
        begun = len(stage.begun)
        stage.wait(1.0)
        assert len(stage.begun) == begun
    stage.supervisor.answer(stage.ANSWER)
    assert len(stage.begun) == begun + 1
