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

"""What a robot model is made from: its URDF, its mapping with the joints of all arms, and Pinocchio's model of both."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pinocchio as pin

from iat_ros.errors import RobotError
from iat_ros.robot.description import RobotConfig, closest, find_urdf
from iat_ros.robot.link_tree import LinkTree
from iat_ros.robot.urdf import DESCRIPTION, parse_urdf, read_urdf

FLOOR = "floor"
"""What messages call what the robot stands on."""
_FLOOR_M = (6.0, 6.0, 0.1)


def load_urdf(
    config: RobotConfig, urdf_xml: str | None, urdf_file: Path | None = None
) -> tuple[ElementTree.Element, str, Path | None]:
    """Return a robot's URDF, what messages call it, and its file where it has one.

    Args:
        config: Names the file.
        urdf_xml: The URDF itself, instead of the file; None: the file.
        urdf_file: Where that text lies, if it lies anywhere.

    Raises:
        RobotError: There is none, or it is no URDF.
    """
    if urdf_xml is not None:
        where = DESCRIPTION if urdf_file is None else str(urdf_file)
        return parse_urdf(urdf_xml, where, urdf_file), where, urdf_file
    if not config.urdf:
        raise RobotError(
            f"{config.source}: names no urdf, and none came as {DESCRIPTION}; add the key 'urdf', or give the URDF as "
            f"the parameter or on the topic {DESCRIPTION}"
        )
    path = find_urdf(config)
    return parse_urdf(read_urdf(path), str(path), path), str(path), path


def complete(config: RobotConfig, root: ElementTree.Element, where: str) -> RobotConfig:
    """Return a mapping with the joints of all its arms, given its URDF and what messages call that.

    Raises:
        RobotError: Between an arm's links no joint turns.
    """
    if config.complete:
        return config
    tree = LinkTree(root, where)
    arms = {side: arm.with_joints(tree, config.torso) for side, arm in config.arms.items()}
    for side, arm in arms.items():
        for link in (config.torso, arm.shoulder, arm.elbow, arm.wrist):
            if link not in tree.links:
                raise RobotError(f"{config.source}: 'arms.{side}' needs link '{link}'; {closest(link, tree.links)}")
        if not arm.joints:
            raise RobotError(f"{config.source}: no joint turns between '{config.torso}' and '{arm.wrist}'")
    return replace(config, arms=arms)


def add_floor(root: ElementTree.Element, height_m: float, where: str) -> str:
    """Put a floor into a URDF: a wide box that its root link carries, whose top is at a height in that link's frame.

    Returns:
        The name of its link.

    Raises:
        RobotError: Links and joints do not make one tree.
    """
    tree = LinkTree(root, where)
    name = FLOOR
    while name in tree.links or f"{name}_joint" in tree.joints:
        name += "_"
    collision = ElementTree.SubElement(ElementTree.SubElement(root, "link", name=name), "collision")
    ElementTree.SubElement(collision, "origin", xyz=f"0 0 {height_m - _FLOOR_M[2] / 2}")
    size = " ".join(f"{side_m:g}" for side_m in _FLOOR_M)
    ElementTree.SubElement(ElementTree.SubElement(collision, "geometry"), "box", size=size)
    joint = ElementTree.SubElement(root, "joint", name=f"{name}_joint", type="fixed")
    ElementTree.SubElement(joint, "parent", link=tree.root)
    ElementTree.SubElement(joint, "child", link=name)
    return name


def build_pinocchio(root: ElementTree.Element, where: str, joints: tuple[str, ...]) -> tuple[Any, str]:
    """Parse a URDF with Pinocchio, without its meshes; of ``joints``, those that turn without end turn once at most.

    Raises:
        RobotError: Pinocchio refuses it, or a joint copies one of ``joints``: it would be taken to stand still.
    """
    for each in root.iterfind("joint"):
        if (mimic := each.find("mimic")) is not None and {each.get("name"), mimic.get("joint")} & {*joints}:
            raise RobotError(
                f"{where}: joint '{each.get('name')}' copies '{mimic.get('joint')}' (<mimic>), and answers would move "
                "one of them; leave them out of the mapping's joints"
            )
        if each.get("type") == "continuous" and each.get("name") in joints:
            each.set("type", "revolute")
            limit = each.find("limit")
            limit = ElementTree.SubElement(each, "limit", effort="0", velocity="0") if limit is None else limit
            limit.set("lower", str(-math.pi))
            limit.set("upper", str(math.pi))
    urdf_xml = ElementTree.tostring(root, encoding="unicode")
    try:
        return pin.buildModelFromXML(urdf_xml), urdf_xml
    except (ValueError, RuntimeError, IndexError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RobotError(f"{where}: Pinocchio refuses this URDF: {reason}") from error
