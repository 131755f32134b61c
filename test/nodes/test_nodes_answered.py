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

"""No action is answered twice: early and at its end, in any order of topics, over loops of a recording."""

from __future__ import annotations

from iat_ros.nodes.answered import AnsweredActions


def test_an_early_answer_is_the_only_one() -> None:
    """Once answered early, neither later partial windows nor the whole window is answered."""
    actions = AnsweredActions()
    assert actions.may_come_early("body_1", 10.0, now_s=0.0)
    actions.answered_early("body_1", 10.0)
    assert not actions.may_come_early("body_1", 10.0, now_s=0.1)
    assert not actions.end("body_1", 10.0 + 1e-6, now_s=1.0)
    assert not actions.may_come_early("body_1", 10.0, now_s=1.1)


def test_the_next_action_and_other_people_are_answered() -> None:
    """Another start or another body is another action."""
    actions = AnsweredActions()
    actions.answered_early("body_1", 10.0)
    assert actions.may_come_early("body_2", 10.0, now_s=0.1)
    assert actions.may_come_early("body_1", 12.0, now_s=0.1)
    assert actions.end("body_2", 10.0, now_s=0.2)
    assert actions.end("body_1", 12.0, now_s=0.3)


def test_without_an_early_answer_every_window_is_answered() -> None:
    """Also one that comes twice, as after a trigger."""
    actions = AnsweredActions()
    assert actions.end("body_1", 10.0, now_s=0.0)
    assert actions.end("body_1", 10.0, now_s=0.1)


def test_a_partial_window_that_comes_after_the_whole_one_is_too_late() -> None:
    """Topics keep no common order."""
    actions = AnsweredActions()
    assert actions.end("body_1", 10.0, now_s=0.0)
    assert not actions.may_come_early("body_1", 10.0, now_s=0.05)


def test_a_recording_that_is_played_again_is_answered_again() -> None:
    """The same body and the same stamps, some time later, are an action of their own."""
    actions = AnsweredActions()
    for loop_s in (0.0, 5.0, 10.0):
        assert actions.may_come_early("body_1", 10.0, now_s=loop_s)
        actions.answered_early("body_1", 10.0)
        assert not actions.end("body_1", 10.0, now_s=loop_s + 1.0)


def test_memory_stays_bounded() -> None:
    """Trackers number people for ever."""
    actions = AnsweredActions()
    for body in range(5000):
        actions.answered_early(f"body_{body}", 1.0)
    assert len(actions._last) <= 256
    assert not actions.may_come_early("body_4999", 1.0, now_s=0.0)
