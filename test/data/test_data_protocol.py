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

"""The A/B protocol: sizes as in the paper, no person and no clip on both sides, pairs that follow the rules."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.data.actions import Action
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Rule, divide
from iat_ros.data.source import RULES
from iat_ros.errors import DataError


@pytest.fixture(scope="module")
def actions() -> list[Action]:
    """Made-up actions of 8 people, 4 trials each: as many as UTD-MHAD has."""
    return open_source("made_up").actions(32)


@pytest.mark.parametrize("by", ["subject", "random"])
def test_sizes_are_the_papers(actions: list[Action], by: str) -> None:
    """80 pairs in A, 160 single actions in B."""
    division = divide(actions, RULES, by, 0)
    assert len(division.pairs) == 80
    assert (len(division.stimuli), len(division.responses)) == (80, 80)
    assert np.bincount(division.pair_rules).tolist() == [16] * 5


def test_people_of_b_are_not_in_a(actions: list[Action]) -> None:
    """By subject, B holds people the model never saw."""
    division = divide(actions, RULES, "subject", 0)
    assert set(division.pairs.people) == {"s1", "s3", "s5", "s7"}
    assert {action.person for action in (*division.stimuli, *division.responses)} == {"s2", "s4", "s6", "s8"}


@pytest.mark.parametrize("by", ["subject", "random"])
def test_no_motion_is_on_both_sides_and_pairs_follow_the_rules(actions: list[Action], by: str) -> None:
    """Each motion of A is found among the actions of its rule, and none of B is in A."""
    division = divide(actions, RULES, by, 3)
    known = {action.motion.limbs_in_body.tobytes(): action for action in actions}
    in_a = [known[limbs.tobytes()] for limbs in division.pairs.stimuli.limbs_in_body]
    answers = [known[limbs.tobytes()] for limbs in division.pairs.responses.limbs_in_body]
    for stimulus, response, rule in zip(in_a, answers, division.pair_rules, strict=True):
        assert (stimulus.label, response.label) == (RULES[rule].stimulus, RULES[rule].response)
    names_a = {action.name for action in (*in_a, *answers)}
    names_b = {action.name for action in (*division.stimuli, *division.responses)}
    assert not names_a & names_b
    assert len(names_a) == len(names_b) == 160


def test_the_seed_decides_pairing(actions: list[Action]) -> None:
    """The same seed gives the same pairs, another seed others."""
    first, again, other = (divide(actions, RULES, "subject", seed).pairs for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.responses.limbs_in_body, again.responses.limbs_in_body)
    assert not np.array_equal(first.responses.limbs_in_body, other.responses.limbs_in_body)


def test_wrong_divisions_and_missing_actions_are_named(actions: list[Action]) -> None:
    """An unknown division lists the known ones; a rule without clips says which action is missing."""
    with pytest.raises(DataError, match="choose one of: subject, random"):
        divide(actions, RULES, "height", 0)
    with pytest.raises(DataError, match="action 'yodel': 0 clips in A"):
        divide(actions, [Rule("yodel", "wave")], "subject", 0)


def test_made_up_motions_are_the_same_for_the_same_seed() -> None:
    """The generator is deterministic, and its people differ."""
    first, again, other = (open_source("made_up", seed).clips for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[5].positions, again[5].positions)
    assert first[5].positions.shape != other[5].positions.shape or not np.allclose(
        first[5].positions, other[5].positions
    )


def test_a_missing_directory_is_named() -> None:
    """A data directory that isn't there gives one line."""
    with pytest.raises(DataError, match="/nowhere: no such directory"):
        open_source("/nowhere")
