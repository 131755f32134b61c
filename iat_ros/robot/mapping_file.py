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

"""Writing a robot's mapping as the YAML file that `load_robot_config` reads."""

from __future__ import annotations

import json
import re

import yaml

from iat_ros.robot.arm_mapping import ArmMapping
from iat_ros.robot.description import RobotConfig

_PLAIN = re.compile(r"^[A-Za-z_/~][\w/.~-]*(://[\w/.-]+)?$")


def to_yaml(config: RobotConfig, comments: list[str]) -> str:
    """Return a mapping's text: what `robot check` proposes.

    Args:
        config: The mapping; of joints and limbs those of its arms are left to them.
        comments: Lines for the head of the file.
    """
    lines = [*(f"# {comment}" for comment in comments), f"name: {quote(config.name)}"]
    if config.urdf:
        lines.append(f"urdf: {quote(config.urdf)}")
    else:
        lines.append("# no urdf: it comes from the topic or the parameter robot_description")
    lines.append(f"torso: {quote(config.torso)}")
    if any(config.torso_rpy):
        rpy = ", ".join(f"{angle:g}" for angle in config.torso_rpy)
        lines.append(f"torso_rpy: [{rpy}]  # rad; from the torso link to x forward, y left, z up")
    lines += ["arms:", *(line for side, arm in config.arms.items() for line in _arm_lines(side, arm))]
    if not all(arm.controller for arm in config.arms.values()):
        lines.append(f"controller: {quote(config.controller)}  # or one for each arm, in its lines above")
    if config.rest:
        lines += ["rest:  # rad", *(f"  {quote(joint)}: {angle:g}" for joint, angle in config.rest.items())]
    lines.append(f"max_velocity: {config.max_velocity:g}       # rad/s; the URDF's limits hold where they are lower")
    lines.append(f"max_acceleration: {config.max_acceleration:g}  # rad/s^2; a URDF has none: take what your arm bears")
    if config.splay:
        lines.append(f"splay: {config.splay:g}              # rad; arms that hang straight down would touch the body")
    if config.floor is not None:
        lines.append(
            f"floor: {config.floor:g}                # m; height of what it stands on, in the root link's frame"
        )
    return "\n".join(lines) + "\n"


def _arm_lines(side: str, arm: ArmMapping) -> list[str]:
    links = ", ".join(f"{part}: {quote(getattr(arm, part))}" for part in ("shoulder", "elbow", "wrist"))
    more = f", joints: [{', '.join(quote(joint) for joint in arm.joints)}]" if arm.joints else ""
    more += "".join(f", {key}: {quote(value)}" for key in ("controller", "person") if (value := getattr(arm, key)))
    return [f"  {side}: {{{links}{more}}}"]


def quote(name: str) -> str:
    """Return a name as YAML reads it back, in quotes only where it must be."""
    return name if _PLAIN.match(name) and yaml.safe_load(name) == name else json.dumps(name)
