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

"""What the trajectory node says of its parameters' values."""

from __future__ import annotations

import pytest

from iat_ros.nodes.trajectory_parameters import PARAMETERS, doubts

DEFAULTS = {each.name: each.default for each in PARAMETERS}


def test_defaults_are_meant() -> None:
    """Nobody is warned who changed nothing, nor who watches neither people nor joint states."""
    assert doubts(DEFAULTS) == []
    assert doubts({**DEFAULTS, "stop_distance": 0.0, "slow_distance": 0.0, "joint_states_timeout": 0.0}) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stop_distance": 1.0, "slow_distance": 1.0}, "nobody slows the robot, only stops it"),
        ({"joint_states_timeout": 0.3}, "joint_states_timeout 0.3 s is below 0.35 s"),
    ],
)
def test_what_is_hardly_meant_is_said(values: dict[str, float], said: str) -> None:
    """Each in one line, beside the other."""
    assert [said in each for each in doubts({**DEFAULTS, **values})] == [True]
    assert len(doubts({**DEFAULTS, "slow_distance": 0.1, "joint_states_timeout": 0.2})) == 2
