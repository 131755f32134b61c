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


"""Who is who: a person keeps one number while the tracker changes its mind about theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from iat_ros.errors import ConfigError


@dataclass(frozen=True)
class IdentityConfig:
    """When a body under a new number is somebody who was known.

    Attributes:
        rejoin_m: Its torso is so near to where theirs was last; 0: numbers are taken as they come.
        rejoin_s: They were seen so shortly before.
        jump_m: A torso that moves further than this from one frame to the next, and
        jump_m_s: faster than this, is not the same person's.
    """

    rejoin_m: float = 0.5
    rejoin_s: float = 1.0
    jump_m: float = 0.5
    jump_m_s: float = 8.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} must be 0 or above, got {value}")


@dataclass
class _Seen:
    """A person, by where they were last.

    Attributes:
        time_s: When they were seen last [s].
        torso: Where [m], shape (3,).
    """

    time_s: float
    torso: np.ndarray


class Identities:
    """Gives bodies the numbers of the people whose they are.

    A body is in question where its number is new, or where it has jumped; a person is free where nobody bears their
    number, or who does has jumped. A body in question takes over a free person whose place it is at, if there is no
    other choice for either. So people who swap numbers keep theirs, and two who are both seen never become one.

    Args:
        config: When a body is somebody who was known.
        mended: Where to count "ids_changed".
    """

    def __init__(self, config: IdentityConfig, mended: Counter[str]) -> None:
        self._config = config
        self._mended = mended
        self._people: dict[int, _Seen] = {}
        self._person_of: dict[int, int] = {}  # by the tracker's number
        self._next = 0
        self._time_s = 0.0  # of the newest frame, and who was in it where
        self._bodies: list[int] = []
        self._owners: list[int] = []
        self._torsos = np.empty((0, 3))

    def push(self, time_s: float, body_ids: np.ndarray, torsos: np.ndarray) -> np.ndarray:
        """Take a frame of everybody.

        Args:
            time_s: Stamp [s].
            body_ids: The tracker's numbers, shape (N,); all differ.
            torsos: Where their torsos are [m], shape (N, 3); NaN: not known.

        Returns:
            The people's own numbers, shape (N,); the tracker's where nothing speaks against it.
        """
        if not self._config.rejoin_m:
            return body_ids
        bodies = body_ids.tolist()
        if not (bodies == self._bodies and self._all_go_on(time_s, torsos)):
            self._note()
            self._next = max([self._next, *(body + 1 for body in bodies)])
            question = self._in_question(time_s, bodies, torsos)
            if question:
                self._settle(time_s, bodies, torsos, question)
            self._forget(time_s)
            self._bodies = bodies
            owners = [self._person_of.get(body) for body in bodies]
            self._owners = [
                self._new_number(body) if own is None else own for own, body in zip(owners, bodies, strict=True)
            ]
        self._time_s, self._torsos = time_s, torsos
        return np.array(self._owners, np.int64)

    def _all_go_on(self, time_s: float, torsos: np.ndarray) -> bool:
        """Whether nobody of the same people as before has jumped."""
        limit = max(self._config.jump_m, self._config.jump_m_s * abs(time_s - self._time_s))
        return bool((np.square(torsos - self._torsos).sum(axis=1) <= limit**2).all())  # NaN is no place

    def _note(self) -> None:
        """Write down where everybody of the newest frame was."""
        known = np.asarray(np.isfinite(self._torsos).all(axis=1)).tolist()
        for person, torso, usable in zip(self._owners, self._torsos, known, strict=True):
            if usable:
                self._people[person] = _Seen(self._time_s, torso)

    def _in_question(self, time_s: float, bodies: list[int], torsos: np.ndarray) -> list[int]:
        """Return the rows of bodies that are new or have jumped."""
        rows = []
        for row, body in enumerate(bodies):
            person = self._person_of.get(body)
            if not np.isfinite(torsos[row]).all():
                continue
            if person is None:
                rows.append(row)
                continue
            seen = self._people.get(person)
            if seen is None:
                continue
            limit = max(self._config.jump_m, self._config.jump_m_s * abs(time_s - seen.time_s))
            if float(np.square(torsos[row] - seen.torso).sum()) > limit**2:
                rows.append(row)
        return rows

    def _settle(self, time_s: float, bodies: list[int], torsos: np.ndarray, question: list[int]) -> None:
        """Find the people of bodies in question."""
        asked = {bodies[row] for row in question}
        sure = {self._person_of[body] for body in bodies if body in self._person_of and body not in asked}
        free = [
            (person, seen)
            for person, seen in self._people.items()
            if person not in sure and 0 <= time_s - seen.time_s <= self._config.rejoin_s
        ]
        near = np.array(
            [
                [float(np.linalg.norm(torsos[row] - seen.torso)) <= self._config.rejoin_m for _, seen in free]
                for row in question
            ]
        ).reshape(len(question), len(free))
        taken: dict[int, int] = {}  # the tracker's number to the person
        for k, row in enumerate(question):
            places = np.flatnonzero(near[k])
            if len(places) == 1 and near[:, places[0]].sum() == 1:
                taken[bodies[row]] = free[int(places[0])][0]
        before = {body: self._person_of.pop(body, None) for body in asked}
        for body, person in taken.items():
            self._person_of = {known: other for known, other in self._person_of.items() if other != person}
            self._person_of[body] = person
            self._mended["ids_changed"] += before[body] != person
        for body in sorted(asked - set(taken)):
            own = before[body]
            if own is None or own in self._person_of.values():
                own = self._new_number(body)
            self._person_of[body] = own

    def _new_number(self, body: int) -> int:
        """Return the tracker's number where no person who is known has it, else one that nobody had."""
        if body not in self._people and body not in self._person_of.values():
            return body
        self._next += 1
        return self._next - 1

    def _forget(self, now_s: float) -> None:
        gone = [p for p, seen in self._people.items() if abs(now_s - seen.time_s) > max(2.0, self._config.rejoin_s)]
        for person in gone:
            del self._people[person]
            self._person_of = {body: other for body, other in self._person_of.items() if other != person}
