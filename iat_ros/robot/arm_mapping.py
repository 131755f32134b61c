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

"""One arm of a robot's mapping: its links, its joints, its controller, and whose arm it follows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from iat_ros.errors import RobotError
from iat_ros.robot.link_tree import Joint, LinkTree

SIDES = ("left", "right")
_TOPIC = re.compile(r"^(~/|/)?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*$")
HAND_WORDS = re.compile(
    r"hand|finger|thumb|gripper|knuckle|palm|jaw|claw(?!ic|er)|pinky|pinkie|index|little|suction|"
    r"(ring|middle)_?(finger|q?\d|prox|dist)",
    re.IGNORECASE,
)
"""Joints and links that belong to a hand, which no answer moves."""


@dataclass(frozen=True)
class ArmMapping:
    """How an arm of the robot stands for an arm of a person.

    Attributes:
        shoulder: Link whose origin is where the upper arm begins.
        elbow: Link whose origin is where the upper arm ends and the forearm begins.
        wrist: Link whose origin is where the forearm ends.
        joints: Joints that answers move; empty: those from the torso to the wrist, and on to the hand.
        controller: Topic of the controller that takes them; empty: the one of the robot.
        person: Side of the person whose arm it follows, as in a mirror if that is the other side; empty: its own.
    """

    shoulder: str
    elbow: str
    wrist: str
    joints: tuple[str, ...] = ()
    controller: str = ""
    person: str = ""

    @classmethod
    def read(cls, source: str, side: str, content: object) -> ArmMapping:
        """Check what a file says of an arm.

        Raises:
            RobotError: It does not say what it must; the message names ``source`` and the key.
        """
        if side not in SIDES:
            raise RobotError(f"{source}: 'arms' names '{side}'; expected left, right or both")
        if isinstance(content, cls):
            return content
        keys = [each.name for each in fields(cls)]
        if not isinstance(content, Mapping) or not {"shoulder", "elbow", "wrist"} <= set(content):
            raise RobotError(f"{source}: 'arms.{side}' must name three links: shoulder, elbow and wrist")
        for key, value in content.items():
            if key not in keys:
                raise RobotError(f"{source}: unknown key 'arms.{side}.{key}'; valid keys: {', '.join(keys)}")
            names = value if key == "joints" and isinstance(value, (list, tuple)) else [value]
            if not all(isinstance(name, str) and name.strip() for name in names):
                raise RobotError(f"{source}: 'arms.{side}.{key}' must be a name (text), not {value!r:.80}")
        arm = cls(**{**content, "joints": tuple(content.get("joints", ()))})
        if len({arm.shoulder, arm.elbow, arm.wrist}) < 3:
            raise RobotError(f"{source}: 'arms.{side}' must name three different links as shoulder, elbow and wrist")
        if len(set(arm.joints)) < len(arm.joints):
            raise RobotError(f"{source}: 'arms.{side}.joints' names a joint twice")
        if arm.person and arm.person not in SIDES:
            raise RobotError(f"{source}: 'arms.{side}.person' must be left or right, not '{arm.person}'")
        if arm.controller:
            check_topic(source, f"arms.{side}.controller", arm.controller)
        return arm

    def limbs(self, side: str) -> dict[str, tuple[str, str]]:
        """Return its limbs: name -> (start link, end link)."""
        return {f"{side}_upper_arm": (self.shoulder, self.elbow), f"{side}_forearm": (self.elbow, self.wrist)}

    def with_joints(self, tree: LinkTree, torso: str) -> ArmMapping:
        """Return it with the joints that it moves, where it names none; unchanged where its links are not there."""
        if self.joints or self.wrist not in tree.links or torso not in tree.links:
            return self
        return replace(self, joints=tuple(joint.name for joint in arm_joints(tree, torso, self.wrist)))


def check_topic(source: str, key: str, topic: object) -> str:
    """Return the topic if ROS can use it as a name.

    Raises:
        RobotError: It cannot; the message names ``source`` and ``key``.
    """
    if not isinstance(topic, str) or not _TOPIC.match(topic) or "__" in topic:
        raise RobotError(
            f"{source}: '{key}' must be a topic such as left_arm_controller/joint_trajectory, not {topic!r}"
        )
    return topic


def arm_joints(tree: LinkTree, torso: str, wrist: str) -> list[Joint]:
    """Return the joints that turn from the torso to the wrist, and on to where a hand begins.

    A controller takes an arm as a whole, so joints beyond the wrist belong to the trajectory too.
    """
    joints = [joint for joint in tree.between(torso, wrist) if joint.turns]
    link = wrist
    while len(onward := joints_below(tree, link)) == 1:
        joints.append(onward[0])
        link = onward[0].child
    return joints


def joints_below(tree: LinkTree, link: str) -> list[Joint]:
    """Return the next joints that turn below a link, those of hands left out."""
    found: list[Joint] = []
    for joint in tree.below[link]:
        if joint.kind == "fixed" or not joint.turns:
            found += joints_below(tree, joint.child) if joint.kind == "fixed" else []
        elif not HAND_WORDS.search(joint.name) and not HAND_WORDS.search(joint.child):
            found.append(joint)
    return found
