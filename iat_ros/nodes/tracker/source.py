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

"""What every source of skeletons is: topics to hear, and how their messages become frames of people."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.qos import QoSProfile, ReliabilityPolicy

from iat_ros.errors import MessageError
from iat_ros.skeleton.definition import SkeletonDefinition

FRAMES_QOS = QoSProfile(depth=60, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Best effort matches every publisher; two seconds at 30 Hz."""
FARTHEST_M = 1e6  # nobody is a thousand kilometres away
NOWHERE = (math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class PeopleFrame:
    """People of one instant, as a source tells of them.

    Attributes:
        stamp: When it was seen; zero: the source does not say.
        frame_id: The frame of the positions.
        body_ids: One for each person, from 0 to 2^32 - 1.
        positions: Joint positions [m], shape (N, J, 3); NaN where not tracked.
    """

    stamp: Time
    frame_id: str
    body_ids: Sequence[int]
    positions: np.ndarray


@dataclass(frozen=True)
class Settings:
    """What sources need to know.

    Attributes:
        definition: The skeleton: names and order of its joints.
        topic: Topic to hear instead of the source's usual one; empty: the usual one.
        max_people: So many people are taken at once.
        body_id: Id of the person where the source has none.
        frame: Frame to which transforms are composed; empty: the one that the person hangs on.
        frame_pattern: How frames are named.
        joint_names: The source's name for joints that have another one in the definition.
        timeout_s: A person not heard of for so long is gone [s].
        now: The node's clock.
    """

    definition: SkeletonDefinition
    topic: str
    max_people: int
    body_id: int
    frame: str
    frame_pattern: str
    joint_names: dict[str, str]
    timeout_s: float
    now: Callable[[], Time]


@dataclass(frozen=True)
class Input:
    """A topic of a source.

    Attributes:
        kind: Type of its messages.
        topic: Its name, unless a remapping changes it.
        read: Makes frames of a message; may raise MessageError.
        qos: How it is subscribed to.
    """

    kind: type
    topic: str
    read: Callable[[Any], list[PeopleFrame]]
    qos: QoSProfile


class Source:
    """One kind of tracker.

    Args:
        settings: What it needs to know.
        drop: Told the reason of everything that is not used.

    Raises:
        ConfigError: A setting cannot be used, or messages are missing that this source needs.
    """

    def __init__(self, settings: Settings, drop: Callable[[str], None]) -> None:
        self.settings = settings
        self.joints = len(settings.definition.sent)
        self.drop = drop

    def inputs(self) -> list[Input]:
        """Name the topics to subscribe to."""
        raise TypeError(f"{type(self).__name__} must implement inputs()")

    def overdue(self, now_s: float) -> list[PeopleFrame]:
        """Tell of people who are gone though no message says so; now is of a clock that only runs on [s]."""
        del now_s
        return []

    def nobody(self, frame_id: str, stamp: Time | None = None) -> PeopleFrame:
        """Make a frame without people."""
        return PeopleFrame(stamp or self.settings.now(), frame_id, [], np.empty((0, self.joints, 3)))

    def untracked(self) -> np.ndarray:
        """Make positions of a person of whom nothing is tracked yet, shape (J, 3)."""
        return np.full((self.joints, 3), math.nan)

    def people(self, stamp: Time, frame_id: str, people: dict[int, np.ndarray]) -> PeopleFrame:
        """Make a frame of positions [m] of shape (J, 3) by body id."""
        if not people:
            return self.nobody(frame_id, stamp)
        return PeopleFrame(stamp, frame_id, list(people), np.stack(list(people.values())))


def point(x: float, y: float, z: float) -> tuple[float, float, float]:
    """Take a position [m]; the very origin, which trackers send for nothing, and what is nowhere near is untracked."""
    far = not (abs(x) < FARTHEST_M and abs(y) < FARTHEST_M and abs(z) < FARTHEST_M)  # NaN is far
    return NOWHERE if far or (x == 0.0 and y == 0.0 and z == 0.0) else (x, y, z)


def require_count(what: str, found: int, definition: SkeletonDefinition) -> None:
    """Check that a person has as many joints as the skeleton.

    Raises:
        MessageError: It has more or fewer.
    """
    if found != len(definition.sent):
        raise MessageError(f"{what}: expected {len(definition.sent)} joints ('{definition.name}'), got {found}")
