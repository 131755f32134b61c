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

"""How plausible it is that one action answers another: do actions like the first get answers like the second elsewhere?

Nothing is known of what the actions are. Pairs that were made by their times alone are right for the most part, so what
they have in common tells which of them are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from iat_ros.data.actions import stack
from iat_ros.data.uncut import FoundAction

FEWEST = 20
"""Fewer pairs have too little in common to doubt one of them."""
_NEIGHBOURS = 5
_TOO_FAR = 2.5


class Plausibility:
    """Judges candidates by the pairs that were made before.

    Args:
        pairs: Stimulus and response of each; at least `FEWEST`.
    """

    def __init__(self, pairs: Sequence[tuple[FoundAction, FoundAction]]) -> None:
        self._stimuli = [id(stimulus) for stimulus, _ in pairs]
        self._responses = [id(response) for _, response in pairs]
        self._sides = [_flat([pair[side] for pair in pairs]) for side in (0, 1)]
        own = self.distances([stimulus for stimulus, _ in pairs], [response for _, response in pairs])
        self._usual = float(np.median(np.diag(own)))

    def weights(self, stimuli: Sequence[FoundAction], responses: Sequence[FoundAction]) -> np.ndarray:
        """Weigh every stimulus with every response from 0 to 1, shape (S, R); 0 is implausible."""
        share = self.distances(stimuli, responses) / max(self._usual, 1e-9)
        return np.asarray(np.where(share > _TOO_FAR, 0.0, np.exp(-0.5 * share**2)))

    def distances(self, stimuli: Sequence[FoundAction], responses: Sequence[FoundAction]) -> np.ndarray:
        """How far each response lies from the nearest answer that the most similar stimuli got, shape (S, R)."""
        near = cdist(_flat(stimuli), self._sides[0])
        far = cdist(_flat(responses), self._sides[1])
        for i, stimulus in enumerate(stimuli):
            near[i, [index for index, known in enumerate(self._stimuli) if known == id(stimulus)]] = np.inf
        for j, response in enumerate(responses):
            far[j, [index for index, known in enumerate(self._responses) if known == id(response)]] = np.inf
        nearest = np.argsort(near, axis=1)[:, :_NEIGHBOURS]
        return np.asarray(np.stack([far[:, row].min(axis=1) for row in nearest]))


def _flat(actions: Sequence[FoundAction]) -> np.ndarray:
    vectors = stack([one.action for one in actions]).limbs_in_body
    return vectors.reshape(len(vectors), -1)
