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

"""How near people are, where a tracker loses some of them, or parts of them."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.robot.nearness import VANISHED_S, Nearness

NAN = np.nan


def see(nearness: Nearness, now_s: float, **people: list[float]) -> float:
    """Show people, by letters for their numbers, with the distances of two joints."""
    ids = np.array([ord(name) for name in people], np.int64)
    return nearness.see(now_s, ids, np.array(list(people.values()), float).reshape(-1, 2), within_m=1.0)


def test_the_nearest_joint_of_anybody_counts() -> None:
    """Nobody is infinitely far."""
    nearness = Nearness()
    assert see(nearness, 1.0) == np.inf
    assert see(nearness, 1.1, a=[2.0, 3.0], b=[4.0, 1.5]) == 1.5


@pytest.mark.parametrize("others", [{}, {"b": [2.0, 2.0]}, {"a": [NAN, 1.2]}, {"a": [NAN, NAN]}])
def test_what_was_near_and_is_lost_is_there_still(others: dict[str, list[float]]) -> None:
    """Whoever else is seen, and whatever else of them; for three seconds."""
    nearness = Nearness()
    assert see(nearness, 1.0, a=[0.3, 1.2]) == 0.3
    for now_s in (1.1, 2.5, 0.99 + VANISHED_S):
        assert see(nearness, now_s, **others) == 0.3
    assert see(nearness, 1.01 + VANISHED_S, **others) > 1.0
    assert not nearness._near


def test_what_is_seen_farther_away_has_gone() -> None:
    """At once, and is not remembered; another person there does not tell that."""
    nearness = Nearness()
    see(nearness, 1.0, a=[0.3, 0.4])
    assert see(nearness, 1.1, b=[2.0, 2.0]) == 0.3
    assert see(nearness, 1.2, a=[0.8, 0.9]) == 0.8
    assert see(nearness, 1.3, a=[1.5, NAN]) == 0.9
    assert see(nearness, 1.4, a=[1.5, 1.6]) == 1.5
    assert see(nearness, 1.5) == np.inf


def test_a_clock_that_is_set_makes_nothing_older() -> None:
    """Without being told, what lies in the future is not believed."""
    nearness = Nearness()
    see(nearness, 100.0, a=[0.3, 0.3])
    nearness.shift(-95.0)
    assert see(nearness, 5.1) == 0.3
    assert see(nearness, 4.0) == np.inf
