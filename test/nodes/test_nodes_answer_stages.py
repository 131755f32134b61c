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

"""The time of each stage, in whatever order topics come; and the last minute, bounded."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.nodes.answer_stages import AnswerStages
from iat_ros.nodes.last_minute import LastMinute, Moment
from iat_ros.nodes.shown_answers import Alternatives, AnswerFigure
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion


def totals(stages: AnswerStages) -> dict[str, float | None]:
    """Times from the beginning, rounded."""
    return {each.name: None if each.total_ms is None else round(each.total_ms, 3) for each in stages.stages}


def test_stages_of_an_ordinary_answer() -> None:
    """Each stage has its own time and that since the end of the action; moving is told by the joints."""
    stages = AnswerStages()
    assert set(totals(stages).values()) == {None}
    stages.saw_window(100.0, 100.130)
    stages.saw_response(100.0, 100.140)
    assert stages.latency_ms is None
    stages.saw_trajectory(100.145, {"elbow": 0.5})
    stages.saw_joints({"elbow": 0.505}, 100.150)
    assert totals(stages)["robot moves"] is None, "noise is no movement"
    stages.saw_joints({"elbow": 0.6}, 100.200)
    assert totals(stages) == {"window": 130.0, "response": 140.0, "trajectory": 145.0, "robot moves": 200.0}
    assert [round(each.took_ms or 0.0) for each in stages.stages] == [130, 10, 5, 55]
    assert stages.latency_ms == pytest.approx(145.0)


def test_stages_in_another_order() -> None:
    """A trajectory just before its response is its own; one long before it, or before the action, is not."""
    stages = AnswerStages()
    stages.saw_trajectory(100.141, {})
    stages.saw_response(100.0, 100.142)
    stages.saw_window(100.0, 100.143)
    assert totals(stages) == {"window": 143.0, "response": 142.0, "trajectory": 141.0, "robot moves": None}
    assert all((each.took_ms or 0.0) >= 0.0 for each in stages.stages)
    for early, stamp in ((104.0, 105.0), (104.9, 104.0)):
        other = AnswerStages()
        other.saw_trajectory(early, {})
        other.saw_response(stamp, 105.2)
        assert other.latency_ms is None
        other.saw_trajectory(105.3, {})
        assert other.latency_ms == pytest.approx(1e3 * (105.3 - stamp))


def test_an_answer_that_was_asked_for_begins_with_the_request() -> None:
    """Long after its window: the window's stage is not known, the others count from the request."""
    stages = AnswerStages()
    stages.saw_window(100.0, 100.1)
    stages.saw_response(100.0, 100.11)
    stages.saw_trajectory(100.12, {})
    stages.saw_response(131.0, 131.001)
    stages.saw_trajectory(131.004, {})
    assert totals(stages) == {"window": None, "response": 1.0, "trajectory": 4.0, "robot moves": None}


def test_stamps_of_another_clock_tell_nothing() -> None:
    """No latency of hours, and none below zero."""
    for stamp in (5.0, 9999.0):
        stages = AnswerStages()
        stages.saw_window(stamp, 1000.0)
        stages.saw_response(stamp, 1000.1)
        stages.saw_trajectory(1000.2, {})
        assert set(totals(stages).values()) == {None}
    for number in range(100):
        stages.saw_window(float(number), 1000.0)
    assert len(stages._windows) < 20


def moment(time_s: float) -> Moment:
    """A moment that is known by its time."""
    return Moment(time_s, None, np.ones(8), None, None, "waiting")


def test_last_minute_is_a_minute() -> None:
    """Ten minutes at 60 Hz leave one, at about 30 Hz; any time in it is found, a copy stays as it is."""
    history = LastMinute()
    assert history.before(3.0) is None
    for number in range(60 * 600):
        history.push(moment(number / 60))
    assert 1700 < len(history) <= 1900
    newest = history.before(0.0)
    assert newest is not None
    assert newest.time_s == pytest.approx(600.0, abs=0.1)
    for ago_s in (1.0, 30.5, 59.0):
        found = history.before(ago_s)
        assert found is not None
        assert found.time_s == pytest.approx(newest.time_s - ago_s, abs=0.06)
    oldest = history.before(500.0)
    assert oldest is not None
    assert newest.time_s - oldest.time_s == pytest.approx(60.0, abs=0.1)
    kept = history.copy()
    history.push(moment(700.0))
    assert len(history) == 1
    assert kept.before(0.0) is newest
    history.push(moment(10.0))
    assert len(history) == 1, "moments of a clock that was set back are gone"


def test_alternatives_play_on_and_on_for_a_while() -> None:
    """Those of one stamp belong together; they are shown at most half a minute, round after round."""
    definition = load_skeleton("utd_mhad")
    turn = np.linspace(0.0, 1.0, 4)[:, None]
    limbs = np.stack([np.sin(turn), np.zeros_like(turn), np.cos(turn)], axis=-1).repeat(8, axis=1)
    figure, shown = AnswerFigure(definition), Alternatives()
    for _ in range(3):
        shown.push(7.0, Motion(limbs, 2.0), 50.0)
    first = shown.place(figure, 50.0, np.ones(8))
    assert len(first) == 3
    assert np.abs(shown.place(figure, 51.0, np.ones(8))[0] - first[0]).max() > 0.1
    once, again = (shown.place(figure, at_s, np.ones(8))[0] for at_s in (50.1, 52.9))
    np.testing.assert_allclose(again, once, atol=1e-9)
    shown.push(8.0, Motion(limbs, 2.0), 55.0)
    assert len(shown.place(figure, 55.0, np.ones(8))) == 1
    assert shown.place(figure, 90.0, np.ones(8)) == []
