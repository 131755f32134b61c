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

"""Answers as figures: where their joints are at a time; one answer that plays once, three that play on and on."""

from __future__ import annotations

import numpy as np

from iat_ros.nodes.last_minute import PlayedAnswer
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limb_chain import LimbChain
from iat_ros.skeleton.limbs import unit
from iat_ros.skeleton.motion import Motion

_SHOWN = 3
_SHOWN_S = 30.0
_PAUSE_S = 0.8  # between two rounds of alternatives


class AnswerFigure:
    """Places the joints of answers.

    Attributes:
        joints: The names of the K joints.
        bones: The pairs of joints that bones connect, shape (L, 2).
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        self._chain = LimbChain(definition)
        self.joints, self.bones = self._chain.joints, self._chain.bones

    def place(self, motion: Motion, since_start_s: float, limb_lengths_m: np.ndarray) -> np.ndarray:
        """Return the joints (K, 3) [m] in the body frame; before the start and after the end the motion stands still.

        Args:
            motion: The answer.
            since_start_s: Time since it began [s].
            limb_lengths_m: Shape (L,).
        """
        limbs, last = motion.limbs_in_body, len(motion.limbs_in_body) - 1
        place = min(max(0.0, since_start_s) / motion.duration_s, 1.0) * last
        i = min(int(place), last - 1)
        between = unit(limbs[i] + (place - i) * (limbs[i + 1] - limbs[i]))
        return self._chain.place(between, limb_lengths_m)

    def place_answer(self, answer: PlayedAnswer | None, now_s: float, limb_lengths_m: np.ndarray) -> np.ndarray | None:
        """Return the joints of an answer at a time [s], or None without an answer."""
        return None if answer is None else self.place(answer.motion, now_s - answer.since_s, limb_lengths_m)


class Alternatives:
    """Answers to one action, known by their common stamp; shown for half a minute, over and over."""

    def __init__(self) -> None:
        self._stamp_s = self._since_s = -np.inf
        self.motions: list[Motion] = []

    def push(self, stamp_s: float, motion: Motion, now_s: float) -> None:
        """Take an alternative; one with another stamp than those before begins anew."""
        if stamp_s != self._stamp_s or len(self.motions) == _SHOWN:
            self._stamp_s, self.motions = stamp_s, []
        self.motions.append(motion)
        self._since_s = now_s

    def place(self, figure: AnswerFigure, now_s: float, limb_lengths_m: np.ndarray) -> list[np.ndarray]:
        """Return the joints of each at a time [s]; none, when they have been shown for long enough."""
        age_s = now_s - self._since_s
        if not self.motions or not 0.0 <= age_s < _SHOWN_S:
            return []
        round_s = max(motion.duration_s for motion in self.motions) + _PAUSE_S
        return [figure.place(motion, age_s % round_s, limb_lengths_m) for motion in self.motions]
