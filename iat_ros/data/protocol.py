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

"""The A/B protocol: set A of unlabelled pairs to learn from, set B of labelled single actions to judge with.

Where pairs are real, because two people were recorded together, there are no rules and nothing is paired anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.data.actions import Action, ActionPair, stack
from iat_ros.errors import DataError
from iat_ros.skeleton.motion import MotionArray

DIVISIONS = ("subject", "random")
REAL_DIVISIONS = ("all", *DIVISIONS)
"""How real pairs can be divided: all of them into A, or by their people, or at random."""

FEWEST_PAIRS = 8
"""Nothing is learned from fewer."""


@dataclass(frozen=True)
class Rule:
    """An interaction: who does ``stimulus`` is to be answered with ``response``."""

    stimulus: str
    response: str


@dataclass(frozen=True)
class PairSet:
    """Pairs of motions: stimulus n was answered with response n. It carries no labels.

    Attributes:
        stimuli: N motions.
        responses: N motions.
        people: Who acted in stimulus n, shape (N,).
    """

    stimuli: MotionArray
    responses: MotionArray
    people: np.ndarray

    def __post_init__(self) -> None:
        if not len(self.stimuli) == len(self.responses) == len(self.people):
            raise DataError(f"{len(self.stimuli)} stimuli, {len(self.responses)} responses, {len(self.people)} people")

    def __len__(self) -> int:
        return len(self.stimuli)

    def __getitem__(self, index: np.ndarray | list[int]) -> PairSet:
        return PairSet(self.stimuli[index], self.responses[index], self.people[index])


@dataclass(frozen=True)
class Division:
    """One way to divide a data set into A and B.

    Attributes:
        pairs: Set A.
        pair_rules: Index of the rule of each pair of A, shape (N,). For evaluation only.
        stimuli: The stimuli of B.
        responses: The responses of B.
        rules: The rules; none where pairs are real.
        held_out: Where pairs are real: those that are not in A, if there are any.
        by: How the data set was divided.
    """

    pairs: PairSet
    pair_rules: np.ndarray
    stimuli: list[Action]
    responses: list[Action]
    rules: tuple[Rule, ...]
    held_out: PairSet | None = None
    by: str = ""

    @property
    def labelled(self) -> bool:
        """Whether rules and labels are known, which all that judges answers needs."""
        return bool(self.rules)

    def stimulus_rules(self) -> np.ndarray:
        """Index of the rule of each stimulus of B, shape (len(stimuli),)."""
        index = {rule.stimulus: i for i, rule in enumerate(self.rules)}
        return np.array([index[action.label] for action in self.stimuli])

    def response_rules(self) -> np.ndarray:
        """Index of the rule of each response of B, shape (len(responses),)."""
        index = {rule.response: i for i, rule in enumerate(self.rules)}
        return np.array([index[action.label] for action in self.responses])


def divide(actions: Sequence[Action], rules: Sequence[Rule], by: str, seed: int) -> Division:
    """Divide actions into A and B and pair those of A at random within each rule.

    By subject, every second person goes to A (the data set's own protocol: odd subjects train) and the others to B,
    so that B holds people the model never saw. At random, half of each action's clips go to A.

    Args:
        actions: All actions; those in no rule are left out.
        rules: The rules.
        by: ``subject`` or ``random``.
        seed: Decides the random division and the pairing.

    Raises:
        DataError: The division is unknown, or a rule has no action in A or in B.
    """
    if by not in DIVISIONS:
        raise DataError(f"division '{by}' is unknown; choose one of: {', '.join(DIVISIONS)}")
    rng = np.random.default_rng(seed)
    by_label: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        by_label[action.label].append(action)
    in_rules = [label for rule in rules for label in (rule.stimulus, rule.response)]
    people = sorted({action.person for label in in_rules for action in by_label[label]}, key=_natural)
    train_people = set(people[::2])
    part_a: dict[str, list[Action]] = {}
    part_b: dict[str, list[Action]] = {}
    for label in in_rules:
        clips = by_label[label]
        if by == "subject":
            part_a[label] = [action for action in clips if action.person in train_people]
            part_b[label] = [action for action in clips if action.person not in train_people]
        else:
            order = rng.permutation(len(clips))
            half = len(clips) // 2
            part_a[label] = [clips[i] for i in sorted(order[:half])]
            part_b[label] = [clips[i] for i in sorted(order[half:])]
        if not part_a[label] or not part_b[label]:
            raise DataError(
                f"action '{label}': {len(part_a[label])} clips in A and {len(part_b[label])} in B; both need some "
                f"(divided by {by})"
            )
    stimuli, responses, pair_rules = [], [], []
    for index, rule in enumerate(rules):
        first, second = part_a[rule.stimulus], part_a[rule.response]
        count = min(len(first), len(second))
        stimuli += [first[i] for i in rng.permutation(len(first))[:count]]
        responses += [second[i] for i in rng.permutation(len(second))[:count]]
        pair_rules += [index] * count
    order = rng.permutation(len(stimuli))  # the order of pairs tells nothing about their rules
    stimuli, responses = [stimuli[i] for i in order], [responses[i] for i in order]
    return Division(
        pairs=PairSet(stack(stimuli), stack(responses), np.array([action.person for action in stimuli])),
        pair_rules=np.array(pair_rules)[order],
        stimuli=[action for rule in rules for action in part_b[rule.stimulus]],
        responses=[action for rule in rules for action in part_b[rule.response]],
        rules=tuple(rules),
        by=by,
    )


def divide_real_pairs(pairs: Sequence[ActionPair], by: str, seed: int) -> Division:
    """Divide real pairs into A and a held-out part; every pair stays as it was recorded.

    By subject, every second of the people who act goes to A with all their pairs, the others are held out. A pair whose
    two people fall apart is in neither, so that nobody is on both sides.

    Args:
        pairs: All pairs.
        by: ``all``, ``subject`` or ``random`` (half of them).
        seed: Decides the random division.

    Raises:
        DataError: The division is unknown, or leaves A or the held-out part empty.
    """
    if by not in REAL_DIVISIONS:
        raise DataError(f"division '{by}' is unknown; choose one of: {', '.join(REAL_DIVISIONS)}")
    if not pairs:
        raise DataError("no action was answered by anybody, so there is nothing to learn from; `inspect` says why")
    inside = np.ones(len(pairs), dtype=bool)
    outside = np.zeros(len(pairs), dtype=bool)
    if by == "random":
        inside[np.random.default_rng(seed).permutation(len(pairs))[: len(pairs) // 2]] = False
        outside = ~inside
    elif by == "subject":
        people = sorted({pair.stimulus.person for pair in pairs}, key=_natural)
        part = set(people[::2])
        sides = [{person in part for person in _people(pair) & set(people)} for pair in pairs]
        inside = np.array([side == {True} for side in sides], dtype=bool)
        outside = np.array([side == {False} for side in sides], dtype=bool)
    if by != "all" and not (inside.any() and outside.any()):
        raise DataError(
            f"{len(pairs)} real pairs divided by {by}: {inside.sum()} to learn from and {outside.sum()} held out; both "
            "need some. Without --division all pairs are learned from"
        )
    return Division(
        pairs=_pair_set(pairs, inside),
        pair_rules=np.array([], dtype=int),
        stimuli=[],
        responses=[],
        rules=(),
        held_out=_pair_set(pairs, outside) if outside.any() else None,
        by=by,
    )


def _people(pair: ActionPair) -> set[str]:
    return {pair.stimulus.person, pair.response.person}


def _pair_set(pairs: Sequence[ActionPair], chosen: np.ndarray) -> PairSet:
    wanted = [pair for pair, is_chosen in zip(pairs, chosen, strict=True) if is_chosen]
    stimuli, responses = [pair.stimulus for pair in wanted], [pair.response for pair in wanted]
    return PairSet(stack(stimuli), stack(responses), np.array([action.person for action in stimuli]))


def _natural(text: str) -> tuple[int, str]:
    digits = "".join(character for character in text if character.isdigit())
    return (int(digits) if digits else 0, text)
