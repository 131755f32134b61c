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

from collections import Counter

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError
from iat_ros.robot.guard import Guard, GuardConfig
from iat_ros.robot.joint_answer import Answer
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performance import Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S, Make, Means, Supervisor, TooLateError
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
ANSWER = cut_action(DEFINITION, make_clips(people=1, trials=1, actions=("throw",))[0], 32).motion
FAR_M, SLOW_M, NEAR_M = 3.0, 0.8, 0.3


class Stage:
    """A supervisor, and what stands for clock, controller and joint states: the robot is where it is told to be."""

    def __init__(self, model: RobotModel) -> None:
        self.now_s = 100.0
        self.begun: list[Performance] = []
        self.ready: list[Performance] = []
        self.dropped: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.late = 0  # how many performances will be worked out too late
        self.awake = False
        self.performer = Performer(model, DEFINITION.limb_names, None, Timing())
        self.guard = Guard(GuardConfig())
        observer = Observer(self.performer, self.guard, lambda: self.now_s, lambda: None)
        means = Means(lambda: self.now_s, self.begin, self.ready.append, self.wake, self.drop, self.counts)
        self.supervisor = Supervisor(self.performer, observer, means, slow_tempo=0.3)
        self.distance_m = FAR_M

    def begin(self, performer: Performer, make: Make) -> bool:
        """Begin a performance."""
        performance = make(self.now_s, performer.timing.delivery_s)
        if performance is None:
            return False
        if self.late:
            self.late -= 1
            raise TooLateError("too late")
        begun = performer.perform(performance, self.now_s)
        assert begun is not None
        self.begun.append(begun)
        return True

    def wake(self) -> None:
        """Have the supervisor watch from now on."""
        self.awake = True

    def drop(self, reason: str) -> None:
        """Count what is not used."""
        self.dropped[reason] += 1

    def measure(self, away_rad: float = 0.0) -> None:
        """Tell where the robot is, and how near a person."""
        state = self.performer.timeline.commanded(self.now_s)
        measured = State(state.position + away_rad, state.velocity, state.acceleration)
        self.supervisor.observer.saw_joints(measured, self.now_s)
        self.guard.saw_people(self.now_s, self.distance_m)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / WATCH_S)):
            self.now_s += WATCH_S
            self.measure()
            if self.awake:
                self.awake = self.supervisor.watch()

    @property
    def at_rest(self) -> bool:
        """Whether the robot stands in its rest pose."""
        state = self.performer.timeline.commanded(self.now_s)
        return not state.moves and bool(np.abs(state.position - self.performer.model.rest).max() < 1e-6)


@pytest.fixture
def stage(g1: RobotModel) -> Stage:
    """A robot that was seen to stand."""
    stage = Stage(g1)
    stage.wait(STANDS_S + 0.1)
    return stage


def test_an_answer_is_watched_until_the_robot_stands(stage: Stage) -> None:
    """One plan, there and back; then nobody needs to look any more."""
    stage.supervisor.answer(ANSWER)
    stage.wait(0.5)
    assert stage.awake
    assert not stage.at_rest
    stage.wait(10.0)
    assert not stage.awake
    assert stage.at_rest
    assert len(stage.begun) == stage.counts["answers"] == 1
    assert not stage.dropped


def test_a_person_who_is_too_near_holds_the_robot_until_they_leave(stage: Stage) -> None:
    """It stops on its way, stays awake while it is held, refuses answers, and then goes home."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)
    stage.distance_m = NEAR_M
    stage.wait(4.0)
    assert not stage.performer.timeline.moving(stage.now_s)
    assert not stage.at_rest
    assert stage.awake
    reason = "a person is nearer than 0.5 m"
    assert stage.supervisor.trouble() == reason
    stage.supervisor.answer(ANSWER)
    assert stage.dropped == {f"rest of an answer: {reason}": 1, f"answer, since the robot must not move: {reason}": 1}
    stage.distance_m = FAR_M
    stage.wait(5.0)
    assert stage.at_rest
    assert not stage.awake
    assert [stage.supervisor.trouble(), len(stage.begun)] == ["", 3]


def test_a_halted_robot_stays_where_it_is(stage: Stage) -> None:
    """Nobody looks after it until the next answer, which begins where it stands, also after it may move again."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)
    stage.guard.halt("on request")
    stage.supervisor.stop()
    stage.wait(4.0)
    assert not stage.awake
    assert not stage.guard.resume(stage.now_s)
    stage.wait(4.0)
    assert not stage.at_rest
    assert len(stage.begun) == 2
    stage.supervisor.answer(ANSWER)
    stage.wait(10.0)
    assert stage.at_rest


@pytest.mark.parametrize("released", [True, False])
def test_a_robot_that_is_released_while_it_stops_stays(stage: Stage, released: bool) -> None:
    """Who halts and resumes it within that moment does not send it home."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)
    stage.supervisor.stop()
    if released:
        stage.supervisor.release()
    stage.wait(5.0)
    assert stage.at_rest != released
    assert not stage.awake


def test_a_person_who_is_near_slows_the_robot_once(stage: Stage) -> None:
    """What runs is slowed, once; the next answer is slow from its beginning."""
    stage.supervisor.answer(ANSWER)
    ends_s = stage.performer.timeline.ends_s
    stage.wait(0.5)
    stage.distance_m = SLOW_M
    stage.wait(1.0)
    assert stage.performer.timeline.ends_s > ends_s + 1.0
    assert stage.counts["answers slowed because a person is near"] == 1
    stage.wait(20.0)
    stage.supervisor.answer(ANSWER)
    assert len(stage.begun) == 3
    assert stage.begun[2].plan.duration_s > 2.0 * stage.begun[0].plan.duration_s


def test_a_robot_is_slowed_on_its_way_home_too(stage: Stage) -> None:
    """Once for each: who was near during the answer and comes near again meets a slow robot again."""
    stage.supervisor.answer(ANSWER)
    stage.wait(0.8)
    for distance_m in (SLOW_M, NEAR_M):
        stage.distance_m = distance_m
        stage.wait(2.0)
    stage.distance_m = FAR_M
    stage.wait(0.2)
    assert stage.performer.timeline.moving(stage.now_s)
    ends_s = stage.performer.timeline.ends_s
    stage.distance_m = SLOW_M
    stage.wait(0.1)
    assert stage.performer.timeline.ends_s > ends_s + 0.5
    assert stage.counts["answers slowed because a person is near"] == 2


def test_what_others_move_is_waited_for_and_the_newest_answer_counts(g1: RobotModel) -> None:
    """A robot that was not seen to stand yet may be moved by a plan from before a restart."""
    stage = Stage(g1)
    stage.measure()
    stage.supervisor.answer(ANSWER)
    stage.supervisor.answer(ANSWER)
    assert stage.dropped == {"answer overtaken by a newer one while the robot came to a stop": 1}
    assert stage.awake
    stage.wait(STANDS_S - 2 * WATCH_S)
    assert not stage.begun
    stage.wait(3 * WATCH_S)
    assert len(stage.begun) == stage.counts["answers"] == 1


def test_what_others_go_on_moving_is_never_taken_over(g1: RobotModel) -> None:
    """An answer waits for its rest for five seconds, and is dropped; once it stands, the next one is given."""
    stage = Stage(g1)
    stage.measure()
    stage.supervisor.answer(ANSWER)

    def swing(seconds: float) -> None:
        """Have others move the robot meanwhile."""
        for _ in range(round(seconds / WATCH_S)):
            stage.now_s += WATCH_S
            stage.measure(0.5 * np.sin(3.0 * stage.now_s))
            stage.awake = stage.awake and stage.supervisor.watch()

    swing(4.9)
    assert stage.awake
    assert not stage.dropped
    swing(0.3)
    assert stage.dropped == {"answer, since others have moved the robot for 5 s": 1}
    assert not stage.awake
    assert not stage.begun
    stage.wait(STANDS_S + 0.1)
    stage.supervisor.answer(ANSWER)
    assert len(stage.begun) == 1


def test_what_others_move_is_not_sent_home(stage: Stage) -> None:
    """After a hold it waits until they are done."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)
    stage.distance_m = NEAR_M
    stage.wait(4.0)
    begun = len(stage.begun)
    for number in range(110):
        stage.now_s += WATCH_S
        stage.distance_m = FAR_M if number > 10 else NEAR_M
        stage.measure(0.5 * np.sin(0.1 * number))
        assert stage.supervisor.watch()
    assert len(stage.begun) == begun
    stage.awake = True
    stage.wait(8.0)
    assert len(stage.begun) == begun + 1
    assert stage.at_rest


@pytest.mark.parametrize("away_rad", [0.12, 0.3])
def test_what_others_move_near_its_last_pose_is_waited_for_and_can_be_halted(stage: Stage, away_rad: float) -> None:
    """Once its own plan is over for a while, what moves a little is moved by others as well."""
    stage.supervisor.answer(ANSWER)
    stage.wait(12.0)
    assert stage.at_rest
    for number in range(10):
        stage.now_s += WATCH_S
        stage.measure(away_rad * (number + 1) / 10.0)
    stage.supervisor.answer(ANSWER)
    assert stage.counts["answers that waited for a stop"] == 1
    assert len(stage.begun) == 1
    stage.supervisor.stop()
    assert len(stage.begun) == 2
    position = stage.begun[-1].plan.start.position
    np.testing.assert_allclose(position, stage.performer.model.rest + away_rad, atol=0.01)


def test_an_answer_that_waits_when_all_is_forgotten_is_counted(g1: RobotModel) -> None:
    """With the reason; nothing is counted where none waits."""
    stage = Stage(g1)
    stage.supervisor.forget("nobody asks")
    assert not stage.dropped
    stage.measure()
    stage.supervisor.answer(ANSWER)
    stage.supervisor.forget("this node stops")
    assert stage.dropped == {"answer that waited for a stop: this node stops": 1}
    stage.wait(2.0)
    assert not stage.begun


def test_an_answer_that_waited_and_must_not_be_given_is_counted(g1: RobotModel) -> None:
    """Somebody comes near while it waits: it is dropped, and says why."""
    stage = Stage(g1)
    stage.measure()
    stage.supervisor.answer(ANSWER)
    stage.distance_m = NEAR_M
    stage.wait(STANDS_S + 0.5)
    assert not stage.begun
    assert stage.dropped == {"answer that waited for a stop: a person is nearer than 0.5 m": 1}


def test_an_answer_that_is_too_late_stops_the_robot_first(stage: Stage) -> None:
    """Then there is time to work it out; where not even the stop is in time, that is said."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)
    stage.late = 1
    stage.supervisor.answer(ANSWER)
    assert [stage.counts["answers"], len(stage.begun)] == [1, 2]
    stage.wait(2.0)
    assert [stage.counts["answers"], len(stage.begun)] == [2, 3]
    stage.late = 2
    stage.supervisor.answer(ANSWER)
    assert stage.dropped == {"stop: too late": 1}


def test_an_answer_that_may_come_is_planned_only_where_it_could_be_performed(stage: Stage) -> None:
    """Then it is ready when it is given; else it is not even decoded."""
    decoded: list[bool] = []

    def decode() -> Answer:
        decoded.append(True)
        return ANSWER

    stage.guard.halt("on request")
    stage.supervisor.prepare(decode)
    assert not decoded
    stage.guard.resume(stage.now_s)
    stage.supervisor.prepare(decode)
    assert decoded
    assert len(stage.ready) == 1
    stage.supervisor.answer(ANSWER)
    assert stage.begun[-1].plan is stage.ready[0].plan
    assert stage.counts["answers that were ready"] == stage.counts["answers"] == 1


def test_what_the_controller_gave_up_is_not_taken_up_again(stage: Stage) -> None:
    """The robot stands where it was measured; nothing is sent to it."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)
    stage.measure(0.05)
    position = stage.performer.timeline.commanded(stage.now_s).position + 0.05
    stage.guard.halt("path tolerance")
    stage.supervisor.lost()
    np.testing.assert_allclose(stage.performer.timeline.commanded(stage.now_s).position, position)
    stage.wait(4.0)
    assert len(stage.begun) == 1
    assert not stage.awake


def test_a_clock_that_was_set_keeps_what_waits_waiting(g1: RobotModel) -> None:
    """An answer waits for as long as it would have, by the new clock."""
    stage = Stage(g1)
    stage.measure()
    stage.supervisor.answer(ANSWER)
    stage.now_s -= 50.0
    stage.guard.shift(-50.0)
    stage.supervisor.shift(-50.0)
    stage.wait(STANDS_S - 2 * WATCH_S)
    assert not stage.begun
    stage.wait(3 * WATCH_S)
    assert len(stage.begun) == 1


def test_an_answer_that_cannot_be_performed_is_an_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks is told why; the robot goes on with what it did."""

    def refuse(*_: object) -> Performance:
        raise RobotError("answer refused")

    monkeypatch.setattr(stage.performer, "answer", refuse)
    with pytest.raises(RobotError, match="refused"):
        stage.supervisor.answer(ANSWER)
    assert not stage.begun


def test_a_robot_that_cannot_answer_from_where_it_stopped_goes_home(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside its hip every answer would touch; it does not stand there for as long as somebody acts."""
    stage.supervisor.answer(ANSWER)
    stage.wait(1.0)

    def refuse(*_: object) -> None:
        raise RobotError("answer refused: hip would touch wrist")

    with monkeypatch.context() as patch:
        patch.setattr(stage.performer, "_plan_answer", refuse)
        stage.supervisor.answer(ANSWER)  # stops the running one, and waits
        assert stage.counts["answers that waited for a stop"] == 1
        with pytest.raises(RobotError, match="would touch"):
            stage.wait(4.0)
        assert not stage.performer.timeline.moving(stage.now_s)
        assert not stage.at_rest
        stage.wait(6.0)
        assert stage.at_rest
        assert not stage.awake
        with pytest.raises(RobotError, match="would touch"):
            stage.supervisor.answer(ANSWER)  # at rest there is nowhere to go
        begun = len(stage.begun)
        stage.wait(1.0)
        assert len(stage.begun) == begun
    stage.supervisor.answer(ANSWER)
    assert len(stage.begun) == begun + 1
