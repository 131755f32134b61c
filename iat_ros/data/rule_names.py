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

"""Whether rules and clips call actions by the same names: a misspelt one silently loses its pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from iat_ros.data.clip import Clip
from iat_ros.data.damage import Damage
from iat_ros.data.joint_clip import JointClip
from iat_ros.data.protocol import Rule

_ALIKE = 0.7
"""Names as alike as this may be one, misspelt: where one changes places or is missing in a word of four letters."""
_RARE = 0.5
"""A slip of the pen is rarer than the right name; what is as frequent is an action of its own."""


def find_misnamed(rules: Sequence[Rule], clips: Sequence[Clip | JointClip]) -> list[Damage]:
    """Name rules that no clip fits, clips without an action, and actions whose name is nearly that of a rule.

    Actions that are simply in no rule are no mistake: `in_no_rule` counts them.
    """
    if not rules:
        return []
    counts = Counter(clip.action for clip in clips)
    names = _names(rules)
    found = [Damage("", "rule without clips", line) for line in unmatched(rules, counts)]
    for action in in_no_rule(rules, clips):
        name = max(names, key=lambda name: _alike(action, name))
        if _alike(action, name) >= _ALIKE and counts[action] <= _RARE * counts[name]:
            why = f"action '{action}' ({_clips(counts[action])}) is in no rule: is it '{name}'?"
            found.append(Damage("", "action without rule", why))
    found += [Damage(clip.name, "action without rule", "has no action") for clip in clips if not clip.action]
    return found


def in_no_rule(rules: Sequence[Rule], clips: Sequence[Clip | JointClip]) -> list[str]:
    """Actions that no rule names, in alphabetical order."""
    return sorted({clip.action for clip in clips if clip.action} - set(_names(rules)))


def unmatched(rules: Sequence[Rule], actions: Iterable[str]) -> list[str]:
    """Say for each name in a rule that no clip has what there is instead, the most alike first."""
    known = {action for action in actions if action}
    lines = []
    for rule in rules:
        for name in (rule.stimulus, rule.response):
            if name not in known:
                others = ", ".join(sorted(known, key=lambda other: (-_alike(name, other), other))) or "none"
                where = f"rule '{rule.stimulus}: {rule.response}'"
                lines.append(f"{where}: no clip has the action '{name}'; the actions are: {others}")
    return lines


def _names(rules: Sequence[Rule]) -> list[str]:
    return list(dict.fromkeys(name for rule in rules for name in (rule.stimulus, rule.response)))


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one.casefold(), other.casefold()).ratio()


def _clips(count: int) -> str:
    return f"{count} clip{'s' * (count > 1)}"
