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

"""What a URDF lacks for imitating people: limits, meshes, links of arms."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from iat_ros.robot.description import DEFAULT_MAX_ACCELERATION, DEFAULT_MAX_VELOCITY, RobotConfig
from iat_ros.robot.link_tree import LinkTree
from iat_ros.robot.urdf import missing_meshes, say_missing


def what_is_missing(root: ElementTree.Element, path: Path | None, tree: LinkTree, config: RobotConfig) -> list[str]:
    """List in one line each what the URDF lacks, and what that means."""
    joints = [tree.joints[name] for name in config.joints if name in tree.joints]
    lines = []
    if names := [joint.name for joint in joints if joint.kind == "continuous"]:
        lines.append(f"{_some(names)}: turn without end; taken to turn from -pi to pi")
    if names := [j.name for j in joints if j.kind == "revolute" and not (j.lower or 0.0) < (j.upper or 0.0)]:
        lines.append(f"{_some(names)}: no position limits; add lower and upper to <limit>, the nodes refuse it without")
    if names := [joint.name for joint in joints if not joint.velocity]:
        lines.append(
            f"{_some(names)}: no velocity limit; add velocity to <limit>, the nodes refuse it without "
            f"({DEFAULT_MAX_VELOCITY:g} rad/s taken here)"
        )
    lines.append(
        f"no acceleration limits, as in every URDF: the mapping's max_acceleration holds, {DEFAULT_MAX_ACCELERATION:g} "
        "rad/s^2 where it says nothing; take what your arm bears"
    )
    if len(config.arms) == 1:
        ((side, arm),) = config.arms.items()
        if not arm.person:
            lines.append(
                f"one arm: it follows the person's {side} arm; 'person' in its mapping takes the other, mirrored"
            )
    if not root.findall("link/collision"):
        lines.append("no collision geometry: set check_collisions to false, and nothing keeps it from its own body")
    for kind in ("collision", "visual"):
        if meshes := missing_meshes(root, kind, path):
            lines.append(f"{kind} {say_missing(meshes)}")
    return lines


def fill_in(root: ElementTree.Element, joints: Iterable[str]) -> str:
    """Return the URDF with a default where joints have no velocity limit, so that it can be tried all the same."""
    wanted = set(joints)
    for joint in root.iterfind("joint"):
        limit = joint.find("limit")
        if joint.get("name") in wanted and limit is None:
            limit = ElementTree.SubElement(joint, "limit", effort="0")
        if joint.get("name") in wanted and limit is not None and not float(limit.get("velocity", 0.0)):
            limit.set("velocity", str(DEFAULT_MAX_VELOCITY))
            limit.set("effort", limit.get("effort", "0"))
    return ElementTree.tostring(root, encoding="unicode")


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
