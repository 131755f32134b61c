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

"""A robot that others move, and answers that wait for its rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.supervisor import WATCH_S


def test_what_others_move_is_waited_for_and_the_newest_answer_counts(unseen: Any) -> None:
    """A robot that was not seen to stand yet may be moved by a plan from before a restart."""
    unseen.measure()
    unseen.supervisor.answer(unseen.ANSWER)
    unseen.supervisor.answer(unseen.ANSWER)
    assert unseen.dropped == {"answer overtaken by a newer one while the robot came to a stop": 1}
    assert unseen.awake
    unseen.wait(STANDS_S - 2 * WATCH_S)
    assert not unseen.begun
    unseen.wait(3 * WATCH_S)
    assert len(unseen.begun) == unseen.counts["answers"] == 1


def test_what_others_go_on_moving_is_never_taken_over(unseen: Any) -> None:
    """An answer waits for its rest for five seconds, and is dropped; once it stands, the next one is given."""
    unseen.measure()
    unseen.supervisor.answer(unseen.ANSWER)

    def swing(seconds: float) -> None:
        """Have others move the robot meanwhile."""
        for _ in range(round(seconds / WATCH_S)):
            unseen.now_s += WATCH_S
            unseen.measure(0.5 * np.sin(3.0 * unseen.now_s))
            unseen.awake = unseen.awake and unseen.supervisor.watch()

    swing(4.9)
    assert unseen.awake
    assert not unseen.dropped
    swing(0.3)
    assert unseen.dropped == {"answer, since the robot was not seen to stand for 5 s": 1}
    assert not unseen.awake
    assert not unseen.begun
    unseen.wait(STANDS_S + 0.1)
    unseen.supervisor.answer(unseen.ANSWER)
    assert len(unseen.begun) == 1


def test_what_others_move_is_not_sent_home(stage: Any) -> None:
    """After a hold it waits until they are done."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(1.0)
    stage.distance_m = stage.NEAR_M
    stage.wait(4.0)
    begun = len(stage.begun)
    for number in range(110):
        stage.now_s += WATCH_S
        stage.distance_m = stage.FAR_M if number > 10 else stage.NEAR_M
        stage.measure(0.5 * np.sin(0.1 * number))
        assert stage.supervisor.watch()
    assert len(stage.begun) == begun
    stage.awake = True
    stage.wait(8.0)
    assert len(stage.begun) == begun + 1
    assert stage.at_rest


@pytest.mark.parametrize("away_rad", [0.12, 0.3])
def test_what_others_move_near_its_last_pose_is_waited_for_and_can_be_halted(stage: Any, away_rad: float) -> None:
    """Once its own plan is over for a while, what moves a little is moved by others as well."""
    stage.supervisor.answer(stage.ANSWER)
    stage.wait(12.0)
    assert stage.at_rest
    for number in range(10):
        stage.now_s += WATCH_S
        stage.measure(away_rad * (number + 1) / 10.0)
    stage.supervisor.answer(stage.ANSWER)
    assert stage.counts["answers that waited for a stop"] == 1
    assert len(stage.begun) == 1
    stage.supervisor.stop()
    assert len(stage.begun) == 2
    position = stage.begun[-1].plan.start.position
    np.testing.assert_allclose(position, stage.performer.model.rest + away_rad, atol=0.01)


def test_an_answer_that_waits_when_all_is_forgotten_is_counted(unseen: Any) -> None:
    """With the reason; nothing is counted where none waits."""
    unseen.supervisor.forget("nobody asks")
    assert not unseen.dropped
    unseen.measure()
    unseen.supervisor.answer(unseen.ANSWER)
    unseen.supervisor.forget("this node stops")
    assert unseen.dropped == {"answer that waited for a stop: this node stops": 1}
    unseen.wait(2.0)
    assert not unseen.begun


def test_an_answer_that_waited_and_must_not_be_given_is_counted(unseen: Any) -> None:
    """Somebody comes near while it waits: it is dropped, and says why."""
    unseen.measure()
    unseen.supervisor.answer(unseen.ANSWER)
    unseen.distance_m = unseen.NEAR_M
    unseen.wait(STANDS_S + 0.5)
    assert not unseen.begun
    assert unseen.dropped == {"answer that waited for a stop: a person is nearer than 0.5 m": 1}


def test_a_clock_that_was_set_keeps_what_waits_waiting(unseen: Any) -> None:
    """An answer waits for as long as it would have, by the new clock."""
    unseen.measure()
    unseen.supervisor.answer(unseen.ANSWER)
    unseen.now_s -= 50.0
    unseen.guard.shift(-50.0)
    unseen.supervisor.shift(-50.0)
    unseen.wait(STANDS_S - 2 * WATCH_S)
    assert not unseen.begun
    unseen.wait(3 * WATCH_S)
    assert len(unseen.begun) == 1


def test_what_was_read_just_now_counts(unseen: Any) -> None:
    """Joint states had waited to be read, as of a process that was held up: the robot is there, not at rest."""

    def look() -> None:
        """Read what waited, which takes a moment."""
        unseen.now_s += 0.001
        unseen.measure(0.3)

    unseen.supervisor.observer.look = look
    unseen.guard.saw_people(unseen.now_s, unseen.distance_m)
    unseen.supervisor.answer(unseen.ANSWER)
    assert not unseen.begun
    assert unseen.counts["answers that waited for a stop"] == 1
