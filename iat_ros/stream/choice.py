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


"""Whom the robot answers, of all who are seen: the nearest, the most central, who came first, or everybody."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from iat_ros.errors import ConfigError

PERSONS = ("all", "nearest", "central", "first")
FORWARD_AXES = ("auto", "x", "z")


@dataclass(frozen=True)
class ChoiceConfig:
    """Whom to choose, and when another.

    Attributes:
        person: One of `PERSONS`.
        switch_m: Another must be nearer than the chosen one by this, and
        switch_rad: for "central", nearer to the axis by this angle,
        switch_s: all this time, to be chosen instead.
        gone_s: The chosen one may be out of view for so long.
        forward_axis: One of `FORWARD_AXES`: along which axis the sensor looks.
    """

    person: str = "all"
    switch_m: float = 0.5
    switch_rad: float = 0.2
    switch_s: float = 1.0
    gone_s: float = 1.0
    forward_axis: str = "auto"

    def __post_init__(self) -> None:
        for name, choices in (("person", PERSONS), ("forward_axis", FORWARD_AXES)):
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} must be one of {', '.join(choices)}, got '{getattr(self, name)}'")


def looks_along(frame_id: str, forward_axis: str) -> str:
    """Tell along which axis of a frame the sensor looks, "x" or "z".

    REP-103: x is forward, but for optical frames, where z is; their names end in ``_optical_frame`` or ``_optical``.
    Names that say nothing of a link or a frame, such as ``camera``, are taken for optical ones, and so is Azure
    Kinect's ``depth_camera_link``: skeletons come in them as the depth camera sees them.
    """
    if forward_axis != "auto":
        return forward_axis
    name = frame_id.rstrip("/").rsplit("/", 1)[-1]
    if "optical" in name or name.endswith("depth_camera_link"):
        return "z"
    by_rep_105 = name in ("map", "odom", "earth", "world", "torso", "base")
    return "x" if by_rep_105 or name.endswith(("_link", "_frame", "_center", "_footprint")) else "z"


class PersonChoice:
    """Chooses one person, and keeps to the choice until there is reason for another.

    Args:
        config: Whom to choose, and when another.
        mended: Where to count "handovers".

    Attributes:
        chosen: Who is chosen; None: nobody, or everybody.
    """

    def __init__(self, config: ChoiceConfig, mended: Counter[str]) -> None:
        self._config = config
        self._mended = mended
        self._first_s: dict[int, tuple[float, int]] = {}  # when each one came, and as which
        self._last_s: dict[int, float] = {}
        self._came = 0
        self._better: int | None = None  # who might be chosen instead
        self._better_since_s = 0.0
        self._chosen_last: int | None = None
        self.chosen: int | None = None

    @property
    def everybody(self) -> bool:
        """Whether everybody is answered."""
        return self._config.person == "all"

    def answers(self, person: int) -> bool:
        """Whether what this person does is answered."""
        return self.everybody or person == self.chosen

    def push(self, time_s: float, torsos: Mapping[int, np.ndarray], acting: bool, frame_id: str = "") -> None:
        """Take a frame.

        Args:
            time_s: Stamp [s].
            torsos: Where everybody is who is seen [m], shape (3,) each, by their number.
            acting: Whether the chosen person is in the midst of an action, which is never taken from them.
            frame_id: The frame of the positions; its origin is the sensor.
        """
        if self.everybody:
            return
        for person in torsos:
            if person not in self._first_s:
                self._first_s[person] = time_s, self._came
                self._came += 1
            self._last_s[person] = time_s
        self._forget(time_s)
        seen_s = -math.inf if self.chosen is None else self._last_s.get(self.chosen, -math.inf)
        gone = not 0.0 <= time_s - seen_s <= self._config.gone_s
        if gone:
            self.chosen = None
        if not torsos or (not gone and (acting or self.chosen not in torsos)):
            self._better = None
            return
        measures = {person: self._measure(person, torso, frame_id) for person, torso in torsos.items()}
        best = min(measures, key=measures.__getitem__)
        if self.chosen is None:
            self._choose(best)
        elif not self._clearly_better(measures[best], measures[self.chosen]):
            self._better = None
        else:
            if self._better != best:
                self._better, self._better_since_s = best, time_s
            if time_s - self._better_since_s >= self._config.switch_s - 1e-6:
                self._choose(best)

    def _measure(self, person: int, torso: np.ndarray, frame_id: str) -> float:
        """Return what is smallest for the person to be chosen: distance [m], angle [rad], or place in the queue."""
        if self._config.person == "first":
            return float(self._first_s[person][1])
        distance = float(np.linalg.norm(torso))
        if self._config.person == "nearest":
            return distance
        forward = float(torso["xyz".index(looks_along(frame_id, self._config.forward_axis))])
        return math.acos(max(-1.0, min(1.0, forward / max(distance, 1e-9))))

    def _clearly_better(self, best: float, chosen: float) -> bool:
        if self._config.person == "first":
            return False
        margin = self._config.switch_m if self._config.person == "nearest" else self._config.switch_rad
        return best < chosen - margin

    def _choose(self, person: int) -> None:
        if self._chosen_last is not None and person != self._chosen_last:
            self._mended["handovers"] += 1
        self.chosen = self._chosen_last = person
        self._better = None

    def _forget(self, now_s: float) -> None:
        for person, last_s in list(self._last_s.items()):
            if abs(now_s - last_s) > max(2.0, self._config.gone_s):
                del self._last_s[person], self._first_s[person]
