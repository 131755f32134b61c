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

"""TF: a frame for each joint of each person, such as left_shoulder_1 (openni_tracker) or torso_a3f2c (ROS4HRI)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from iat_ros.errors import ConfigError, MessageError
from iat_ros.nodes.tracker.frame_names import FrameNames, body_id
from iat_ros.nodes.tracker.frame_tree import FrameTree, Link, is_usable
from iat_ros.nodes.tracker.rounds import Round
from iat_ros.nodes.tracker.source import Input, PeopleFrame, Settings, Source

_TF_QOS = QoSProfile(depth=500, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Robots send theirs on the same topic, hundreds in a second."""
_STATIC_QOS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Static transforms are sent once, to those who come later, too."""
_SECOND_NS = 10**9
_JUMP_NS = _SECOND_NS  # stamps that run back so far are those of a clock that was set, or of a bag that starts anew


def tf_message() -> type:
    """Import the message.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        from tf2_msgs.msg import TFMessage
    except ImportError as error:
        raise ConfigError(
            "parameter 'input' is 'tf' or 'hri', which needs tf2_msgs, which is not installed: "
            "sudo apt install ros-$ROS_DISTRO-tf2-msgs"
        ) from error
    return TFMessage


@dataclass
class _Body:
    """Where a person's joints are found.

    Attributes:
        root: The frame that the person hangs on.
        joints: Index, frame, and the moving frame whose coming shows that this joint is tracked.
        moving: All moving frames of this person that joints hang on.
    """

    root: str
    joints: list[tuple[int, str, str]]
    moving: set[str]


class TransformSource(Source):
    """People whose joints are frames, one below the other or all below the camera's."""

    def __init__(self, settings: Settings, drop: Callable[[str], None]) -> None:
        super().__init__(settings, drop)
        self._names = FrameNames(settings.frame_pattern, settings.definition.sent, settings.joint_names)
        self._root = settings.frame.strip("/")
        self._timeout_ns = round(settings.timeout_s * _SECOND_NS)
        self._tree = FrameTree()
        self._round = Round()
        self._people: dict[str, int] = {}  # when each was seen last [ns]
        self._bodies: dict[str, _Body] = {}
        self._moving: dict[str, str] = {}  # whose each moving frame is
        self._watched: set[str] = set()  # frames of all chains, also those that are not there yet
        self._stale = False
        self._last = (self._root, 0)  # frame and stamp [ns] of the newest people
        self._quiet_since_s: float | None = None

    def inputs(self) -> list[Input]:
        """Name the topics of TF."""
        return self.transforms(self.settings.topic or "/tf")

    def transforms(self, topic: str) -> list[Input]:
        """Name the topic of transforms that change, and that of static ones."""
        kind = tf_message()
        return [Input(kind, topic, self.read, _TF_QOS), Input(kind, "/tf_static", self.read_static, _STATIC_QOS)]

    def accepts(self, person: str) -> bool:
        """Tell whether somebody with this id is a person."""
        del person
        return True

    def read(self, message: Any) -> list[PeopleFrame]:
        """Take transforms; those that complete a round of joints make a frame of people."""
        frames: list[PeopleFrame] = []
        for transform in message.transforms:
            frames += self._take(transform)
        if self._round.complete:
            frames += self._close()
        return frames

    def read_static(self, message: Any) -> list[PeopleFrame]:
        """Take transforms that hold for ever."""
        for transform in message.transforms:
            child, parent = _names(transform)
            if self._is_usable(transform, child, parent):
                self._tree.put(child, Link(parent, 0, True, transform.transform))
        return []

    def overdue(self, now_s: float) -> list[PeopleFrame]:
        """Tell that nobody is there any more when nobody's transforms came for a while."""
        if self._quiet_since_s is None:
            self._quiet_since_s = now_s
        if not self._people or now_s - self._quiet_since_s < self.settings.timeout_s:
            return []
        frames = self._close()
        self.keep_only(frozenset())
        root, last_ns = self._last
        return [*frames, self.nobody(root, _time(last_ns + self._timeout_ns))]

    def keep_only(self, people: frozenset[str]) -> str:
        """Forget everybody else; return the frame in which people were last."""
        for person in set(self._people) - people:
            self._forget(person)
        return self._last[0]

    def _take(self, transform: Any) -> list[PeopleFrame]:
        child, parent = _names(transform)
        if not self._is_usable(transform, child, parent):
            return []
        now_ns = transform.header.stamp.sec * _SECOND_NS + transform.header.stamp.nanosec
        before = self._tree.get(child)
        frames: list[PeopleFrame] = []
        if before is not None and not before.static and now_ns <= before.stamp_ns:
            if before.stamp_ns - now_ns < _JUMP_NS:
                if child in self._moving:
                    self.drop("tf: transform not newer")
                return []
            if child in self._moving:
                self._start_anew(now_ns)
        if child in self._round.arrived and not self._round.waits(now_ns):
            frames = self._close()
        self._tree.put(child, Link(parent, now_ns, False, transform.transform))
        self._meet(child, now_ns)
        person = self._whose(child)
        if person is not None:
            self._people[person] = now_ns
            self._quiet_since_s = None
            self._round.add(child, now_ns)
        return frames

    def _is_usable(self, transform: Any, child: str, parent: str) -> bool:
        if child and parent and child != parent and is_usable(transform.transform):
            return True
        self.drop(f"tf: unusable transform from '{parent}' to '{child}'")
        return False

    def _start_anew(self, now_ns: int) -> None:
        self.drop("tf: clock jumped back")
        self._round = Round()
        self._tree.forget_moving()
        self._people = dict.fromkeys(self._people, now_ns)

    def _meet(self, frame: str, now_ns: int) -> None:
        person = self._names.person_of_joint(frame)
        if person is None or person in self._people or not self.accepts(person):
            return
        if len(self._people) >= self.settings.max_people:
            self.drop("tf: transform of one person too many")
            return
        self._people[person] = now_ns
        self._stale = True

    def _whose(self, frame: str) -> str | None:
        """Tell whose joints hang on a frame that moves."""
        if self._stale or not self._tree.changed.isdisjoint(self._watched):
            self._watched = set()
            self._bodies = {person: self._find(person) for person in self._people}
            self._moving = {frame: person for person, body in self._bodies.items() for frame in body.moving}
            self._stale = False
        self._tree.changed.clear()
        return self._moving.get(frame)

    def _find(self, person: str) -> _Body:
        """Find what a person's joints hang on; those that do not hang on the root are not tracked."""
        body = _Body(self._root, [], set())
        for index, frame in enumerate(self._names.frames(person)):
            self._watched.add(frame)
            try:
                chain = self._tree.chain(frame)
            except MessageError as error:
                self.drop(str(error))
                continue
            self._watched.update(chain)
            own = [name for name in chain if self._names.person(name) == person]
            live = [name for name in own if (link := self._tree.get(name)) is not None and not link.static]
            root = self._root if self._root in chain else next((name for name in chain if name not in own), "")
            body.moving.update(live)
            if not live or not root or root != (body.root or root):
                continue
            body.root = root
            body.joints.append((index, frame, live[0]))
        return body

    def _close(self) -> list[PeopleFrame]:
        arrived = self._round.close()
        if not arrived:
            return []
        newest_ns = max(arrived.values())
        seen: dict[str, dict[int, np.ndarray]] = {}
        for person in dict.fromkeys(self._moving[frame] for frame in arrived if frame in self._moving):
            body = self._bodies[person]
            positions = self._place(body, arrived)
            if positions is None:
                self.drop(f"tf: no transforms lead from a person's joints to '{body.root}'")
            elif seen.setdefault(body.root, {}).setdefault(body_id(person), positions) is not positions:
                self.drop("tf: two people whose ids make the same number")
            else:
                self._last = body.root, newest_ns
        for person, last_ns in list(self._people.items()):
            if newest_ns - last_ns > self._timeout_ns:
                self._forget(person)
        return [self.people(_time(newest_ns), root, people) for root, people in seen.items()]

    def _place(self, body: _Body, arrived: dict[str, int]) -> np.ndarray | None:
        placer, positions = self._tree.placer(body.root), self.untracked()
        for index, frame, live in body.joints:
            if live not in arrived:
                continue
            try:
                positions[index] = placer.position(frame)
            except MessageError as error:  # what is above it changed while this round came in
                self.drop(str(error))
        return positions if np.isfinite(positions).any() else None

    def _forget(self, person: str) -> None:
        del self._people[person]
        body = self._bodies.pop(person, None)
        for frame in body.moving if body is not None else ():
            self._tree.remove(frame)
            self._moving.pop(frame, None)
        self._stale = True


def _names(transform: Any) -> tuple[str, str]:
    """Names of child and parent, without the slash that old programs put before them."""
    return transform.child_frame_id.lstrip("/"), transform.header.frame_id.lstrip("/")


def _time(nanoseconds: int) -> Time:
    return Time(sec=nanoseconds // _SECOND_NS, nanosec=nanoseconds % _SECOND_NS)
