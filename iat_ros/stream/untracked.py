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

"""Frames that cannot be used for lack of a joint, counted by the joint that they lack."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition

_MOST_KNOWN = 1000  # sets of joints whose reason is remembered


class Untracked:
    """The reasons under which frames are counted that lack joints: by the first one, in the skeleton's order.

    So there are at most two reasons for each joint, however many joints come and go.

    Args:
        definition: The skeleton.
    """

    def __init__(self, definition: SkeletonDefinition) -> None:
        names = [definition.joints[joint] for joint in definition.needed_joints]
        parts = dict(definition.derived)
        self._derived_from = np.array([[part in parts.get(name, ()) for name in names] for part in names])  # (K, K)
        self._told = [f"{name} (from {', '.join(parts[name])})" if name in parts else name for name in names]
        self._known: dict[bytes, str] = {}  # made once: all of a crowd may lack the same joint, 30 times a second

    def reason(self, lacking: np.ndarray) -> str:
        """Name the reason.

        Args:
            lacking: Which of the skeleton's needed joints are not tracked, shape (K,); one at least.
        """
        key = lacking.tobytes()
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._word(lacking & ~(lacking @ self._derived_from))  # with a part its mean is lacking
        return self._known[key]

    def _word(self, lacking: np.ndarray) -> str:
        first, *others = np.flatnonzero(lacking).tolist()
        return f"joint not tracked: {self._told[first]}{' and others' if others else ''}"


@lru_cache(maxsize=16)
def untracked_of(definition: SkeletonDefinition) -> Untracked:
    """Return the reasons of a skeleton, made once for all who stream it."""
    return Untracked(definition)
