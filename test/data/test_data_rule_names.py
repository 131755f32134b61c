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

"""Rules and clips that call an action by different names: each slip of the pen is named with what was meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.made_up import make_clips
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Rule
from iat_ros.data.rule_names import find_misnamed, unmatched
from iat_ros.errors import DataError

CLIPS = make_clips(4, 1, actions=("throw", "catch", "knock", "wave"))
RULES = (Rule("throw", "catch"), Rule("knock", "wave"))


def renamed(action: str, index: int = 0) -> list[Clip]:
    """One clip is called otherwise."""
    return [*CLIPS[:index], replace(CLIPS[index], action=action), *CLIPS[index + 1 :]]


def test_names_that_agree_give_no_warning() -> None:
    """Nor does an action of its own that no rule names, however alike its name is, nor a set without rules."""
    assert find_misnamed(RULES, CLIPS) == []
    assert find_misnamed(RULES, [*CLIPS, *(replace(clip, action="waves") for clip in CLIPS)]) == []
    assert find_misnamed(RULES, renamed("bow")) == []
    assert find_misnamed((), renamed("thorw")) == []


def test_a_misspelt_rule_lists_the_actions_with_the_nearest_first() -> None:
    """Either side of a rule may be misspelt, or differ in capitals."""
    (line,) = unmatched((Rule("throw", "catch"), Rule("knock", "wav")), {"throw", "catch", "knock", "wave"})
    assert line.startswith("rule 'knock: wav': no clip has the action 'wav'; the actions are: wave, ")
    assert [one.kind for one in find_misnamed((Rule("Throw", "Catch"),), CLIPS)] == ["rule without clips"] * 2


def test_a_misspelt_label_names_what_was_meant() -> None:
    """One clip of its own name, much like one of a rule; and one without any."""
    (found,) = find_misnamed(RULES, renamed("thorw"))
    assert (found.kind, found.why) == ("action without rule", "action 'thorw' (1 clip) is in no rule: is it 'throw'?")
    (found,) = find_misnamed(RULES, renamed(""))
    assert (found.clip, found.why) == (CLIPS[0].name, "has no action")


def test_a_rule_without_clips_is_refused_by_its_name_before_anything_is_divided(tmp_path: Path) -> None:
    """The rule and the actions are named, not the division; actions in no rule are told in the summary."""
    write_set(tmp_path / "bad.npz", CLIPS, "utd_mhad", rules=[Rule("throw", "catch"), Rule("knock", "wav")])
    source = open_source(str(tmp_path / "bad.npz"))
    assert source.summary().endswith("left out: actions in no rule (wave)")
    with pytest.raises(DataError, match=r"bad\.npz: rule 'knock: wav': no clip has the action 'wav'; .* wave, "):
        source.divide(32, None, 0)
