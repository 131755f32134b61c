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

"""How alike actions are: doubled ones, labels that the neighbours doubt, and what more data would help.

The distance between two actions is that between their limb vectors, as the joint embedding measures it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from iat_ros.data.actions import Action, ActionPair, stack
from iat_ros.data.damage import Damage
from iat_ros.data.protocol import FEWEST_PAIRS

_DOUBLED = 0.15
"""Two actions this near, as a share of how far actions lie from their nearest as a rule, are one."""
_NEIGHBOURS = 5
_MARGIN = 1.0
_DRAWS = 12
_WORTH = 0.01


def distances(actions: Sequence[Action]) -> np.ndarray:
    """Root mean square distance between the limb vectors of any two actions, shape (N, N)."""
    vectors = stack(actions).limbs_in_body
    flat = vectors.reshape(len(vectors), -1)
    return np.asarray(cdist(flat, flat) / np.sqrt(vectors.shape[1] * vectors.shape[2]))


def find_doubled(actions: Sequence[Action], apart: np.ndarray) -> list[Damage]:
    """Name actions that are nearly the same motion as another: people never repeat themselves so exactly."""
    if len(actions) < 3:
        return []
    others = apart + np.diag(np.full(len(apart), np.inf))
    usual = float(np.median(others.min(axis=1)))
    found = []
    for i, j in np.argwhere(np.triu(others < _DOUBLED * usual)):
        share = others[i, j] / usual
        why = f"differs from {actions[i].name} by {100 * share:.0f} % of what actions differ from their nearest"
        found.append(Damage(actions[j].name, "doubled", why))
    return found


def find_mislabelled(actions: Sequence[Action], apart: np.ndarray) -> list[Damage]:
    """Name actions whose nearest neighbours all agree on another label, and which lie far from those of their own."""
    labels = np.array([action.label for action in actions])
    others = apart + np.diag(np.full(len(apart), np.inf))
    found = []
    for index, action in enumerate(actions):
        near = np.argsort(others[index])[:_NEIGHBOURS]
        if len(near) < _NEIGHBOURS or not action.label:
            continue
        label, votes = Counter(labels[near].tolist()).most_common(1)[0]
        own = others[index][labels == action.label]
        if label == action.label or votes < _NEIGHBOURS or not np.isfinite(own).any():
            continue
        if own.min() > _MARGIN * others[index, near[-1]]:
            found.append(
                Damage(
                    action.name, "mislabelled", f"called '{action.label}', but its {votes} nearest are called '{label}'"
                )
            )
    return found


@dataclass(frozen=True)
class Help:
    """What more data would bring, estimated from what less data would have cost.

    The error is how far the nearest known stimulus' response lies from what was answered indeed, as a share of how far
    any two responses lie apart: 0 is perfect, 1 no better than chance. Whoever acts is always left out.

    Attributes:
        people: Error by how many other people were known.
        repeats: Error by the share of each person's pairs that was known, in percent.
        advice: What it comes to, in one sentence.
    """

    people: dict[int, float]
    repeats: dict[int, float]
    advice: str


def what_helps(pairs: Sequence[ActionPair], seed: int = 0) -> Help:
    """Estimate whether more people or more repeats would help more.

    Args:
        pairs: Real pairs, or pairs made by rules.
        seed: Decides which part of the data is left out.
    """
    people = np.array([pair.stimulus.person for pair in pairs])
    names = sorted(set(people))
    if len(pairs) < FEWEST_PAIRS:
        return Help(
            {},
            {},
            f"{len(pairs)} pairs are too few to tell; at least {FEWEST_PAIRS} are learned from, and dozens help.",
        )
    if len(names) < 3:
        return Help({}, {}, f"More people: with {len(names)} nobody can tell how the answers will do with others.")
    stimuli = distances([pair.stimulus for pair in pairs])
    responses = distances([pair.response for pair in pairs])
    responses = responses / responses[np.triu_indices(len(pairs), 1)].mean().clip(1e-9)
    rng = np.random.default_rng(seed)

    def error(choose: Callable[[np.ndarray], np.ndarray]) -> float:
        """Mean over the people, each left out; `choose` thins out what is known of the others."""
        each = []
        for name in names:
            tested = np.flatnonzero(people == name)
            for _ in range(_DRAWS):
                known = choose(np.flatnonzero(people != name))
                nearest = known[stimuli[np.ix_(tested, known)].argmin(axis=1)]
                each.append(float(responses[tested, nearest].mean()))
        return float(np.mean(each))

    def some_people(count: int) -> Callable[[np.ndarray], np.ndarray]:
        """Keep so many people, drawn anew each time."""

        def choose(rest: np.ndarray) -> np.ndarray:
            """Return the rows of those who are kept."""
            kept = rng.choice(sorted(set(people[rest])), count, replace=False)
            return rest[np.isin(people[rest], kept)]

        return choose

    def some_repeats(percent: int) -> Callable[[np.ndarray], np.ndarray]:
        """Keep so many percent of all clips, drawn anew each time."""
        return lambda rest: rng.choice(rest, max(1, round(len(rest) * percent / 100)), replace=False)

    counts = sorted({1, (len(names) - 1) // 2, len(names) - 1} - {0})
    by_people = {count: error(some_people(count)) for count in counts}
    by_repeats = {percent: error(some_repeats(percent)) for percent in (25, 50, 100)}
    return Help(by_people, by_repeats, _advice(by_people, by_repeats))


def _advice(by_people: dict[int, float], by_repeats: dict[int, float]) -> str:
    last, before = sorted(by_people)[-1], sorted(by_people)[-2]
    more_people = by_people[before] - by_people[last]
    more_repeats = by_repeats[50] - by_repeats[100]
    figures = (
        f"Going from {before} to {last} people {_took(more_people)}, twice as many pairs of the same people "
        f"{_took(more_repeats)}; it is {by_people[last]:.3f} with all of them, where 0 is perfect (whoever did nearly "
        "the same got the same answer) and 1 no better than chance."
    )
    if max(more_people, more_repeats) < _WORTH:
        return f"Neither more people nor more repeats would help much. {figures}"
    what = "More people" if more_people >= more_repeats else "More repeats by the same people"
    return f"{what} would help most. {figures}"


def _took(gain: float) -> str:
    """Say what a step did to the error, in the three digits that are shown."""
    gain = round(gain, 3)
    return f"took {gain:.3f} off the error" if gain > 0.0 else f"did not lower the error ({-gain + 0.0:+.3f})"
