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

"""Where everybody's joints were seen last, in arrays with a place for each person."""

from __future__ import annotations

import numpy as np

_FIRST_PLACES = 4


class SeenJoints:
    """Gives people places as they come, and takes them back when they are gone.

    Args:
        joints: How many joints, K.
        most: How many people at most.

    Attributes:
        last_s: Stamp of each one's newest frame [s], shape (P,).
        body: How far each body has moved [m], shape (P, 3).
        good_s: When each joint was last good [s], shape (P, K).
        good: Where it was then [m], shape (P, K, 3); NaN: never.
        on_body: The same relative to the body.
        accepted: Which joints have been in doubt for so long that they are taken as they are read, shape (P, K).
    """

    def __init__(self, joints: int, most: int) -> None:
        self.last_s = np.zeros(0)
        self.body = np.zeros((0, 3))
        self.good_s = np.zeros((0, joints))
        self.good = np.zeros((0, joints, 3))
        self.on_body = np.zeros((0, joints, 3))
        self.accepted = np.zeros((0, joints), bool)
        self._most = most
        self._place_of: dict[int, int] = {}
        self._free: list[int] = []

    @property
    def places(self) -> int:
        """How many places there are, P."""
        return len(self.last_s)

    def find(self, body: int) -> int | None:
        """Return a person's place; None: they have none."""
        return self._place_of.get(body)

    def add(self, body: int) -> int | None:
        """Give a person a place, which knows nothing yet; None where there is no room."""
        if len(self._place_of) >= self._most:
            return None
        if not self._free:
            self._grow()
        place = self._place_of[body] = self._free.pop()
        self.start_anew(place)
        self.last_s[place] = -np.inf
        return place

    def start_anew(self, place: int) -> None:
        """Forget where somebody's joints were."""
        self.body[place], self.good_s[place], self.accepted[place] = 0.0, -np.inf, False
        self.good[place] = self.on_body[place] = np.nan

    def remember(
        self, places: np.ndarray, time_s: float, body: np.ndarray, joints: np.ndarray, good: np.ndarray
    ) -> None:
        """Take note of a frame.

        Args:
            places: Whose, shape (N,).
            time_s: Its stamp [s].
            body: How far the bodies have moved [m], shape (N, 3).
            joints: Joints [m], shape (N, K, 3).
            good: Which of these are good, shape (N, K).
        """
        self.last_s[places], self.body[places] = time_s, body
        self.good_s[places] = np.where(good, time_s, self.good_s[places])
        self.good[places] = np.where(good[..., None], joints, self.good[places])
        self.on_body[places] = np.where(good[..., None], joints - body[:, None], self.on_body[places])

    def take_gone(self, now_s: float, forget_s: float) -> list[int]:
        """Take the places back of those who were not seen for so long [s], and return them."""
        gone: list[int] = []
        if not self._place_of:
            return gone
        stale = np.abs(now_s - self.last_s[list(self._place_of.values())]) > forget_s
        if stale.any():
            for (body, place), is_stale in zip(list(self._place_of.items()), stale.tolist(), strict=True):
                if is_stale:
                    gone.append(place)
                    del self._place_of[body]
            self._free += gone
        return gone

    def _grow(self) -> None:
        before, more = self.places, max(_FIRST_PLACES, self.places)
        self._free = list(range(before, before + more))
        for name in ("last_s", "body", "good_s", "good", "on_body", "accepted"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)]))
