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

"""The links of a URDF, and the joints between them as the file writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError, describe

Array = NDArray[np.float64]

TURNS = ("revolute", "continuous")


@dataclass(frozen=True)
class Joint:
    """A joint as the URDF writes it.

    Attributes:
        name: Its name.
        kind: The URDF's type, such as ``revolute``.
        parent, child: The links that it joins.
        rotation, translation: (3, 3), (3,) [m]: its frame, which is also the child's, in the parent link.
        axis: (3,) unit axis in its own frame.
        lower, upper: Limits [rad] or [m]; None where not given.
        velocity: [rad/s] or [m/s]; None where not given.
        mimics: Whether it copies another joint.
    """

    name: str
    kind: str
    parent: str
    child: str
    rotation: Array
    translation: Array
    axis: Array
    lower: float | None
    upper: float | None
    velocity: float | None
    mimics: bool

    @property
    def turns(self) -> bool:
        """Whether it turns about its axis on its own."""
        return self.kind in TURNS and not self.mimics

    def placement(self, angle: float) -> tuple[Array, Array]:
        """Return rotation (3, 3) and origin (3,) [m] of the child in the parent link at an angle [rad] or [m]."""
        if self.kind in TURNS:
            x, y, z = self.axis
            cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
            turn = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross
            return self.rotation @ turn, self.translation
        if self.kind == "prismatic":
            return self.rotation, self.translation + self.rotation @ self.axis * angle
        return self.rotation, self.translation


class LinkTree:
    """The links of a URDF and the joints between them.

    Attributes:
        name: The robot's name.
        links: Names, in the order of the file.
        joints: By name, in the order of the file.
        above: The joint that carries each link but the root.
        below: The joints that each link carries.
        root: The link that nothing carries.
    """

    def __init__(self, root: ElementTree.Element, where: str) -> None:
        """Read it.

        Raises:
            RobotError: Links and joints do not make one tree.
        """
        self.name = root.get("name", "robot")
        self.links = tuple(link.get("name", "") for link in root.iterfind("link"))
        try:
            self.joints = {each.get("name", ""): _joint(each) for each in root.iterfind("joint")}
        except (ValueError, KeyError, AttributeError) as error:
            raise RobotError(f"{where}: a joint is not written as URDF asks: {describe(error)}") from error
        self.above = {joint.child: joint for joint in self.joints.values()}
        self.below: dict[str, list[Joint]] = {link: [] for link in self.links}
        for joint in self.joints.values():
            for link in (joint.parent, joint.child):
                if link not in self.below:
                    raise RobotError(f"{where}: joint '{joint.name}' names link '{link}', which the URDF lacks")
            self.below[joint.parent].append(joint)
        roots = [link for link in self.links if link not in self.above]
        if len(roots) != 1:
            why = ", ".join(roots[:3]) or "joints go round in a circle, or there are no links"
            raise RobotError(f"{where}: expected one link that nothing carries, found {len(roots)}: {why}")
        self.root = roots[0]

    def path(self, link: str) -> list[Joint]:
        """Return the joints from the root to a link."""
        joints: list[Joint] = []
        while link in self.above and len(joints) <= len(self.joints):
            joints.append(self.above[link])
            link = self.above[link].parent
        return joints[::-1]

    def between(self, upper: str, link: str) -> list[Joint]:
        """Return the joints that move a link and not another one, from that one's branch down."""
        carrying = {joint.name for joint in self.path(upper)}
        return [joint for joint in self.path(link) if joint.name not in carrying]

    def places(self, angles: Mapping[str, float]) -> dict[str, tuple[Array, Array]]:
        """Return rotation (3, 3) and origin (3,) [m] of each link in the root, at angles by joint; 0 if not named."""
        places = {self.root: (np.eye(3), np.zeros(3))}
        waiting = [self.root]
        while waiting:
            link = waiting.pop()
            rotation, origin = places[link]
            for joint in self.below[link]:
                turn, step = joint.placement(angles.get(joint.name, 0.0))
                places[joint.child] = rotation @ turn, origin + rotation @ step
                waiting.append(joint.child)
        return places


def _joint(element: ElementTree.Element) -> Joint:
    origin, axis, limit = element.find("origin"), element.find("axis"), element.find("limit")
    roll, pitch, yaw = _numbers(origin, "rpy", "0 0 0")
    direction = _numbers(axis, "xyz", "1 0 0")
    return Joint(
        name=element.attrib["name"],
        kind=element.attrib["type"],
        parent=element.find("parent").attrib["link"],  # type: ignore[union-attr]
        child=element.find("child").attrib["link"],  # type: ignore[union-attr]
        rotation=rotation_of(roll, pitch, yaw),
        translation=_numbers(origin, "xyz", "0 0 0"),
        axis=direction / max(float(np.linalg.norm(direction)), 1e-12),
        lower=_limit(limit, "lower"),
        upper=_limit(limit, "upper"),
        velocity=_limit(limit, "velocity"),
        mimics=element.find("mimic") is not None,
    )


def _numbers(element: ElementTree.Element | None, key: str, default: str) -> Array:
    values = np.array([float(x) for x in (default if element is None else element.get(key, default)).split()])
    if values.shape != (3,) or not np.isfinite(values).all():
        raise ValueError(f"expected three numbers in '{key}'")
    return values


def _limit(element: ElementTree.Element | None, key: str) -> float | None:
    text = None if element is None else element.get(key)
    return None if text is None else float(text)


def rotation_of(roll: float, pitch: float, yaw: float) -> Array:
    """Return the rotation (3, 3) of URDF's roll, pitch, yaw [rad]."""
    (sr, sp, sy), (cr, cp, cy) = np.sin([roll, pitch, yaw]), np.cos([roll, pitch, yaw])
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )
