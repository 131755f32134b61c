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

"""The newest transform of every frame, and what a chain of them comes to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from iat_ros.errors import MessageError
from iat_ros.nodes.tracker.source import FARTHEST_M

_LONGEST_CHAIN = 100
_MOST_FRAMES = 10_000
_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True)
class Link:
    """A frame in its parent.

    Attributes:
        parent: The parent's name.
        stamp_ns: When that was so [ns].
        static: Whether it is so for ever.
        transform: A geometry_msgs/Transform, read only when it is asked for: most frames belong to robots.
    """

    parent: str
    stamp_ns: int
    static: bool
    transform: Any


class FrameTree:
    """Keeps one transform for each frame, the newest; those not heard of for the longest time go first when it is full.

    Attributes:
        changed: Frames that are new, are gone, or got another parent, until somebody clears it.
    """

    def __init__(self) -> None:
        self._moving: OrderedDict[str, Link] = OrderedDict()
        self._static: dict[str, Link] = {}
        self.changed: set[str] = set()

    def get(self, frame: str) -> Link | None:
        """Return how a frame lies in its parent; None for one without a parent."""
        return self._moving.get(frame) or self._static.get(frame)

    def put(self, frame: str, link: Link) -> None:
        """Take a newer transform."""
        before = self.get(frame)
        if before is None or before.parent != link.parent or before.static != link.static:
            self.changed.add(frame)
        if link.static:
            if len(self._static) >= _MOST_FRAMES and frame not in self._static:
                raise MessageError(f"tf: more than {_MOST_FRAMES} static frames")
            self._static[frame] = link
            self._moving.pop(frame, None)
            return
        self._moving[frame] = link
        self._moving.move_to_end(frame)
        if len(self._moving) > _MOST_FRAMES:
            self.changed.add(self._moving.popitem(last=False)[0])

    def remove(self, frame: str) -> None:
        """Forget a frame that moves."""
        if self._moving.pop(frame, None) is not None:
            self.changed.add(frame)

    def forget_moving(self) -> None:
        """Forget all but static frames."""
        self.changed.update(self._moving)
        self._moving.clear()

    def chain(self, frame: str) -> list[str]:
        """Name a frame and those above it, up to the one without a parent.

        Raises:
            MessageError: The frames go round in a circle.
        """
        names = [frame]
        while (link := self.get(names[-1])) is not None:
            names.append(link.parent)
            if len(names) > _LONGEST_CHAIN:
                raise MessageError(f"tf: the frames above '{frame}' go round in a circle, or are more than 100")
        return names

    def placer(self, root: str) -> Placer:
        """Compose transforms up to a frame, each once."""
        return Placer(self, root)


class Placer:
    """Positions of frames in one frame above them all, at one instant."""

    def __init__(self, tree: FrameTree, root: str) -> None:
        self._tree = tree
        self._known: dict[str, tuple[np.ndarray, np.ndarray]] = {root: (np.eye(3), np.zeros(3))}

    def position(self, frame: str) -> np.ndarray:
        """Tell where the origin of a frame lies [m], shape (3,).

        Raises:
            MessageError: The root is not above it, or the frames above it go round in a circle.
        """
        return self._place(frame)[1]

    def _place(self, frame: str) -> tuple[np.ndarray, np.ndarray]:
        path: list[tuple[str, Link]] = []
        while frame not in self._known:
            link = self._tree.get(frame)
            if link is None:
                raise MessageError(f"tf: nothing leads from '{path[0][0] if path else frame}' to the root")
            path.append((frame, link))
            if len(path) > _LONGEST_CHAIN:
                raise MessageError(f"tf: the frames above '{path[0][0]}' go round in a circle, or are more than 100")
            frame = link.parent
        rotation, position = self._known[frame]
        for name, link in reversed(path):
            at = link.transform.translation
            position = position + rotation @ (at.x, at.y, at.z)
            rotation = rotation @ _matrix(link.transform.rotation)
            self._known[name] = rotation, position
        return rotation, position


def is_usable(transform: Any) -> bool:
    """Tell whether a transform is finite and its quaternion has a length."""
    at, turn = transform.translation, transform.rotation
    numbers = (at.x, at.y, at.z, turn.x, turn.y, turn.z, turn.w)
    return all(abs(number) < FARTHEST_M for number in numbers) and sum(q * q for q in numbers[3:]) > _SHORTEST


def _matrix(quaternion: Any) -> np.ndarray:
    """Rotation matrix of a quaternion of any length."""
    x, y, z, w = quaternion.x, quaternion.y, quaternion.z, quaternion.w
    s = 2.0 / (x * x + y * y + z * z + w * w)
    return np.array(
        [
            [1 - s * (y * y + z * z), s * (x * y - z * w), s * (x * z + y * w)],
            [s * (x * y + z * w), 1 - s * (x * x + z * z), s * (y * z - x * w)],
            [s * (x * z - y * w), s * (y * z + x * w), 1 - s * (x * x + y * y)],
        ]
    )
