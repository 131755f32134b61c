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

"""Checking a robot: proposing or reading its mapping, listing what its URDF lacks, letting it imitate."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iat_ros.errors import RobotError
from iat_ros.robot.collision import CLEARANCE_M
from iat_ros.robot.description import RobotConfig, load_robot_config
from iat_ros.robot.inspection import fill_in, what_is_missing
from iat_ros.robot.link_tree import LinkTree
from iat_ros.robot.model import RobotModel
from iat_ros.robot.model_source import load_urdf
from iat_ros.robot.proposal import SPLAYS_RAD, propose
from iat_ros.robot.trial import Trial, try_out
from iat_ros.robot.urdf import parse_urdf, read_urdf


@dataclass(frozen=True)
class RobotCheck:
    """What is known of a robot after a check.

    Attributes:
        config: The mapping.
        tree: Its links.
        model: It, with defaults where the URDF lacks limits.
        missing: What the URDF lacks, a line each.
        trial: What became of the test motions.
    """

    config: RobotConfig
    tree: LinkTree
    model: RobotModel
    missing: list[str]
    trial: Trial

    def figures(self) -> dict[str, Any]:
        """Return the figures by name."""
        trial = self.trial
        return {
            "robot": self.config.name,
            "torso": self.config.torso,
            "arms": {side: [arm.shoulder, arm.elbow, arm.wrist] for side, arm in self.config.arms.items()},
            "joints": list(self.model.joint_names),
            "missing": self.missing,
            "direction_error_deg": {
                limb: {
                    "person": each.person,
                    "mean": each.mean_deg,
                    "p95": each.worst_deg,
                    "mean_at_speed": each.hurried_deg,
                    "followed": each.followed,
                }
                for limb, each in trial.limbs.items()
            },
            "person_limbs_without_robot_limb": list(trial.lacking),
            "motions": trial.motions,
            "motions_answered": trial.answered,
            "motions_that_would_touch": trial.touching,
            "motions_bent": trial.bent,
            "motions_slowed": trial.slowed,
            "motions_refused": trial.refused,
            "collisions_not_checked": trial.unchecked,
            "lowest_m": trial.lowest_m,
            "stands_m": trial.stands_m,
            "floor_m": self.config.floor,
        }

    def lines(self) -> list[str]:
        """Say it in words, a line each."""
        trial = self.trial
        lines = [f"missing: {line}" for line in self.missing]
        if len(self.config.arms) == 1 and not self.config.splay:
            lines.append(
                "it rests raised: one arm on what does not move is taken for one on a table; see 'rest' and 'floor'"
            )
        for limb, each in trial.limbs.items():
            follows = "" if limb == each.person else f" (the person's {each.person}, mirrored)"
            verdict = "" if each.followed else "; it cannot follow: are its links right, do its limits allow it?"
            lines.append(
                f"{limb}{follows}: {each.mean_deg:g} deg off in the mean, p95 {each.worst_deg:g}; at the "
                f"person's speed {each.hurried_deg:g}{verdict}"
            )
        lines.append(f"nothing on the robot follows the person's {', '.join(trial.lacking)}")
        touching = (
            f"collisions are not checked: {trial.unchecked}; the nodes refuse this robot without "
            "--ros-args -p check_collisions:=false, with which nothing keeps it from its own body"
            if trial.touching is None
            else f"links would touch in {trial.touching}, {trial.bent} are bent to keep clear"
        )
        lines.append(
            f"{trial.answered} of {trial.motions} test motions can be performed, {trial.slowed} of them slower; "
            f"{touching}"
        )
        if self.config.floor is None and trial.lowest_m < trial.stands_m - CLEARANCE_M:
            lines.append(
                f"it reaches down to {trial.lowest_m:g} m in the frame of '{self.tree.root}', below all that does not "
                f"move ({trial.stands_m:g} m): what it stands on is not known; 'floor' in the mapping tells its height"
            )
        lines += [f"{name} is refused: {reason}" for name, reason in trial.refused.items()]
        return lines


def check_urdf(file: Path) -> RobotCheck:
    """Propose a mapping for a URDF, with the least splay that keeps it clear of its own body, and try it.

    Raises:
        RobotError: The file is no URDF, or no mapping can be found.
    """
    root = parse_urdf(read_urdf(file), str(file), file)
    tree = LinkTree(root, str(file))
    turning = [name for name, joint in tree.joints.items() if joint.turns]
    urdf_xml = fill_in(copy.deepcopy(root), turning)
    best: RobotCheck | None = None
    for splay_rad in SPLAYS_RAD:
        found = _check(root, file, tree, propose(tree, str(file.absolute()), urdf_xml, str(file), splay_rad))
        if best is None or found.trial.answered > best.trial.answered:
            best = found
        if not found.trial.refused or not found.config.splay:
            break
    assert best is not None
    return best


def check_mapping(file: Path, urdf: Path | None = None) -> RobotCheck:
    """Try a mapping.

    Args:
        file: The mapping.
        urdf: The URDF, instead of the one that it names.

    Raises:
        RobotError: There is no URDF, or mapping and URDF do not fit.
    """
    config = load_robot_config(file)
    if urdf is None and not config.urdf:
        raise RobotError(f"{file}: names no urdf: give the robot's with --urdf FILE, or add the key 'urdf'")
    if urdf is None:
        root, where, path = load_urdf(config, None)
    else:
        root, where, path = parse_urdf(read_urdf(urdf), str(urdf), urdf), str(urdf), urdf
    return _check(root, path, LinkTree(root, where), config)


def _check(root: Any, path: Path | None, tree: LinkTree, config: RobotConfig) -> RobotCheck:
    turning = [name for name, joint in tree.joints.items() if joint.turns]
    model = RobotModel(config, fill_in(copy.deepcopy(root), turning), path)
    missing = what_is_missing(root, path, tree, model.config)
    return RobotCheck(config, tree, model, missing, try_out(model))
