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

"""Who answered whom in an uncut recording: what follows what, with nothing known of what the actions are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from iat_ros.data.actions import ActionPair
from iat_ros.data.plausibility import Plausibility
from iat_ros.data.uncut import FoundAction

ANSWER_WITHIN_S = 2.0
"""An action that starts later than this after the other's has ended does not answer it [s]."""
ANSWER_AFTER_S = 0.25
"""Nobody answers sooner than this after the other has started [s]."""
_ONE_ACTS = 1.5
"""One of two people is taken for the one who acts where their pairs, that way round, fit so much better."""
_GAP_SCALE_S = 1.0


@dataclass
class PairingAccount:
    """What became of the actions of a recording.

    Attributes:
        minutes: Length of the recording [min].
        actions: How many actions were found, by person.
        acts: Who was taken to act, by the two people as ``A and B``; ``either`` where both do.
        pairs: How many pairs were made.
        alone: How many actions are in no pair, by reason.
        dropped: How many frames or actions were not used before, by reason.
        mended: What was mended in the frames that were used, by name, and how often.
    """

    minutes: float = 0.0
    actions: dict[str, int] = field(default_factory=dict)
    acts: dict[str, str] = field(default_factory=dict)
    pairs: int = 0
    alone: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Say it in words."""
        total = sum(self.actions.values())
        lines = [f"{self.minutes:.1f} minutes, {total} actions found: {_list(self.actions)}"]
        lines += [f"who acts: {_list(self.acts)}"] if self.acts else []
        lines += [f"{self.pairs} pairs; {sum(self.alone.values())} actions in none"]
        lines += [f"  {count} x {reason}" for reason, count in self.alone.most_common()]
        lines += [f"not used: {_list(dict(self.dropped.most_common()))}"] if self.dropped else []
        lines += [f"mended: {_list(dict(self.mended.most_common()))}"] if self.mended else []
        return lines

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        counters = {"alone": dict(self.alone), "dropped": dict(self.dropped), "mended": dict(self.mended)}
        return {**vars(self), **counters}


def pair_up(
    found: Sequence[FoundAction],
    account: PairingAccount,
    stimulus_bodies: frozenset[str] = frozenset(),
    plausibility: Plausibility | None = None,
) -> list[tuple[FoundAction, FoundAction]]:
    """Pair actions of different people where one follows the other.

    An answer starts after its stimulus has started, and at most `ANSWER_WITHIN_S` after it has ended. Of all ways to
    pair one with one, the best is taken: the most pairs, with the shortest waits. Where one of two people acts first
    all the time, the other only answers; where it is told who acts, that holds.

    Args:
        found: Actions of everybody, in any order.
        account: Where to note what became of them.
        stimulus_bodies: Who acts; the others answer. Empty: learned.
        plausibility: Weighs what may answer what; None: only times count.

    Returns:
        Stimulus and response of each pair, in order of time.
    """
    by_body: dict[str, list[FoundAction]] = {}
    for action in sorted(found, key=lambda action: action.start_s):
        by_body.setdefault(action.body, []).append(action)
    chosen: list[tuple[float, FoundAction, FoundAction]] = []
    for one, other in combinations(by_body, 2):
        ways = {}
        for first, second in ((one, other), (other, one)):
            if stimulus_bodies and (first not in stimulus_bodies or second in stimulus_bodies):
                continue
            ways[first] = _assign(by_body[first], by_body[second], plausibility)
        scores = {first: sum(fit for fit, _, _ in way) for first, way in ways.items()}
        if not any(scores.values()):
            continue
        best = max(scores, key=lambda first: scores[first])
        rest = sum(scores.values()) - scores[best]
        if scores[best] >= _ONE_ACTS * rest:
            account.acts[f"{one} and {other}"] = best
            chosen += ways[best]
        else:
            account.acts[f"{one} and {other}"] = "either"
            chosen += [pair for way in ways.values() for pair in way]
    pairs: list[tuple[FoundAction, FoundAction]] = []
    used: set[int] = set()
    for _, stimulus, response in sorted(chosen, key=lambda pair: -pair[0]):
        if id(stimulus) not in used and id(response) not in used:
            used |= {id(stimulus), id(response)}
            pairs.append((stimulus, response))
    account.pairs += len(pairs)
    for action in found:
        if id(action) not in used:
            account.alone[_why_alone(action, found, plausibility, stimulus_bodies)] += 1
    return sorted(pairs, key=lambda pair: pair[0].start_s)


def as_pairs(pairs: Sequence[tuple[FoundAction, FoundAction]]) -> list[ActionPair]:
    """Take the windows of pairs."""
    return [ActionPair(stimulus.action, response.action) for stimulus, response in pairs]


def _assign(
    stimuli: Sequence[FoundAction], responses: Sequence[FoundAction], plausibility: Plausibility | None
) -> list[tuple[float, FoundAction, FoundAction]]:
    """Pair one with one so that the sum of fits is largest; returns fit, stimulus and response."""
    possible, wait_s = _possible(stimuli, responses)
    fit = np.where(possible, 1.0 / (1.0 + np.abs(wait_s) / _GAP_SCALE_S), 0.0)
    if plausibility is not None:
        fit *= plausibility.weights(stimuli, responses)
    rows, columns = linear_sum_assignment(fit, maximize=True)
    return [(float(fit[i, j]), stimuli[i], responses[j]) for i, j in zip(rows, columns, strict=True) if possible[i, j]]


def _possible(stimuli: Sequence[FoundAction], responses: Sequence[FoundAction]) -> tuple[np.ndarray, np.ndarray]:
    """Tell what may answer what by its times, and how long after the stimulus' end [s]; both of shape (S, R)."""
    starts = np.array([one.start_s for one in stimuli])[:, None]
    ends = np.array([one.end_s for one in stimuli])[:, None]
    answered = np.array([one.start_s for one in responses])[None]
    return (answered >= starts + ANSWER_AFTER_S) & (answered - ends <= ANSWER_WITHIN_S), answered - ends


def _why_alone(
    action: FoundAction,
    found: Sequence[FoundAction],
    plausibility: Plausibility | None,
    stimulus_bodies: frozenset[str],
) -> str:
    acts = not stimulus_bodies or action.body in stimulus_bodies
    answers = not stimulus_bodies or action.body not in stimulus_bodies
    others = [other for other in found if other.body != action.body]
    if stimulus_bodies:  # only the others of the other role
        others = [other for other in others if (other.body in stimulus_bodies) != acts]
    after = [other for other in others if acts and _possible([action], [other])[0].item()]
    before = [other for other in others if answers and _possible([other], [action])[0].item()]
    if not after and not before:
        return f"nobody else acted within {ANSWER_WITHIN_S:g} s"
    if plausibility is not None:
        weights = [plausibility.weights([action], [other]).item() for other in after]
        weights += [plausibility.weights([other], [action]).item() for other in before]
        if not any(weights):
            return "implausible: nothing like it was answered, or answers, so elsewhere"
    return "whoever acted near it belongs to another action, or to a person who does not answer"


def _list(counts: Mapping[str, object], most: int = 12) -> str:
    words = [f"{name}: {value}" for name, value in counts.items()]
    more = [f"and {len(words) - most} more"] if len(words) > most else []
    return ", ".join(words[:most] + more)
