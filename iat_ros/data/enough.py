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

"""Whether there is enough to learn from: how many pairs there are, and how much of what people did is in one."""

from __future__ import annotations

from collections.abc import Sequence

from iat_ros.data.actions import Action
from iat_ros.data.damage import Damage
from iat_ros.data.protocol import FEWEST_PAIRS, divide
from iat_ros.data.source import Source
from iat_ros.errors import DataError

_MOST = 0.5


def find_too_few(source: Source, pairs: int, actions: Sequence[Action]) -> list[Damage]:
    """Name what `train` would refuse for its number of pairs, and data most of which is in no pair.

    Args:
        source: After its pairs were found or made.
        pairs: How many there are.
        actions: Labelled actions, of people and of the robot; only where there are rules.
    """
    if source.labelled:
        return _labelled(source, actions)
    alone = source.account.alone
    count = sum(alone.values())
    found = []
    if pairs < FEWEST_PAIRS:
        why = f"{pairs} pair{'s' * (pairs != 1)}, at least {FEWEST_PAIRS} are needed: record more"
        found.append(Damage("", "too few pairs", why))
    if count > _MOST * (2 * pairs + count):
        reason, _ = alone.most_common(1)[0]
        why = f"{count} of {2 * pairs + count} actions are in no pair, most because {reason}: {_advice(source)}"
        found.append(Damage("", "unanswered", why))
    return found


def _labelled(source: Source, actions: Sequence[Action]) -> list[Damage]:
    """Divide by subject, as training does by default."""
    if {name for rule in source.rules for name in (rule.stimulus, rule.response)} - {one.label for one in actions}:
        return []  # there is nothing to divide, which is named elsewhere
    try:
        count = len(divide(actions, source.rules, "subject", 0).pairs)
    except DataError as error:
        return [Damage("", "too few pairs", f"{error}: record more people, or `train --division random`")]
    if count >= FEWEST_PAIRS:
        return []
    why = f"{count} pairs to learn from, where every second person is kept to judge with; at least {FEWEST_PAIRS}"
    return [Damage("", "too few pairs", f"{why} are needed: record more people and more repeats")]


def _advice(source: Source) -> str:
    if (
        source.recordings
        and source.joint_scale is None
        and all(len(recording.tracks) == 1 for recording in source.recordings)
    ):
        return "one person alone is in view, so record who answers as well, or the joint states of a robot"
    other = "the robot" if source.joint_scale is not None else "the other person"
    return f"do both count time from one clock, and did {other} answer in time?"
