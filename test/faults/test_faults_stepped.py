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

"""The chain's nodes under a clock that steps: what only happens at the wrong moment happens each time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.faults.acting import Person
from benchmarks.faults.stepped import WatchedChain, stepped_chain
from iat_ros.nodes.clouds import encode_skeletons, to_stamp

pytestmark = pytest.mark.ros

MOTIONS = [known.motion for known in Person(4).known]


@pytest.fixture
def chain(ros_domain: int) -> Iterator[WatchedChain]:
    """The chain, and somebody who stands still far away."""
    with stepped_chain() as chain:
        yield chain


def wait(chain: WatchedChain, seconds: float) -> None:
    """Let time pass; a camera shows somebody."""
    pose = np.full((1, 20, 3), [0.0, 0.0, 3.0])
    for tick in range(round(seconds / 0.008)):
        if tick % 4 == 0:
            stamp = to_stamp(1e-9 * chain.clock.ros_ns)
            chain.show(encode_skeletons(stamp, "camera", np.array([0]), pose + np.arange(20)[:, None] * 0.01))
        chain.tick()


@pytest.mark.parametrize("into_s", [0.3, 0.7, 1.1, 1.9])
def test_a_restarted_node_waits_until_the_robot_stands(chain: WatchedChain, into_s: float) -> None:
    """A trajectory node killed in mid-answer doesn't know what the robot does; its first answer breaks no limit."""
    wait(chain, 0.5)
    chain.answer(MOTIONS[0])
    wait(chain, into_s)
    assert not chain.stands
    chain.restart_trajectory()
    wait(chain, 0.1)
    before = chain.trajectories
    chain.answer(MOTIONS[1])
    wait(chain, 12.0)
    assert chain.trajectories == before + 1
    assert chain.violations == {}
    assert chain.rests


def test_a_restarted_node_can_halt_what_it_never_began(chain: WatchedChain) -> None:
    """Halt stops a robot that still performs what a killed node sent; what is not measured may cost a small step."""
    wait(chain, 0.5)
    chain.answer(MOTIONS[0])
    wait(chain, 0.9)
    chain.restart_trajectory()
    wait(chain, 0.1)
    assert not chain.stands
    chain.halt()
    wait(chain, 1.5)
    where = chain.position
    assert chain.stands
    assert not chain.rests
    wait(chain, 3.0)
    np.testing.assert_array_equal(chain.position, where)
    assert set(chain.violations) <= {"violations: velocity step", "violations: acceleration"}


@pytest.mark.parametrize("by_s", [5.0, -5.0])
@pytest.mark.parametrize("after", range(6))
def test_a_clock_that_is_set_in_mid_answer_does_not_halt_the_robot(
    chain: WatchedChain, by_s: float, after: int
) -> None:
    """Whoever looks at the clock first, guard or joint states: the robot stops, and the next answer moves it."""
    wait(chain, 0.5)
    chain.answer(MOTIONS[0])
    wait(chain, 1.0 + 0.008 * after)
    assert not chain.stands
    chain.tick(round(1e9 * by_s))
    wait(chain, 7.5)
    before = chain.trajectories
    chain.answer(MOTIONS[1])
    wait(chain, 0.5)
    assert chain.trajectories > before
    assert not chain.stands
    assert chain.violations == {}
