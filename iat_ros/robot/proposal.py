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

"""Proposing a robot's mapping from its URDF alone: torso, shoulders, elbows, wrists, and a rest pose."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.arm_mapping import ArmMapping, arm_joints
from iat_ros.robot.chains import Chain, find_arms
from iat_ros.robot.description import RobotConfig
from iat_ros.robot.link_tree import LinkTree, rotation_of
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget

Array = NDArray[np.float64]

_FAR = 0.3
"""A joint whose axis passes a point by less than this share of the most does not swing it."""
_NEAR_M = 0.02
_SNAP_RAD = 0.15
SPLAYS_RAD = (0.3, 0.45, 0.6)
"""Angles by which arms that hang may be held away from the body; the wider, the less they follow."""
_ELBOW_WORD = re.compile(r"elbow", re.IGNORECASE)
_END_WORDS = re.compile(r"wrist|hand|gripper|tool|palm|ee_link|flange|tcp|end_effector", re.IGNORECASE)
_HANGING = {"upper_arm": (0.05, 1.0, -1.0), "forearm": (0.35, 1.0, -1.0)}
"""x, share of the splay's tangent to the side, z."""
_RAISED = {"upper_arm": (0.2, 0.0, 1.0), "forearm": (1.0, 0.0, 0.2)}
"""An arm that stands on its base cannot hang: it would be in the table."""


def propose(tree: LinkTree, urdf: str, urdf_xml: str, source: str, splay_rad: float = SPLAYS_RAD[0]) -> RobotConfig:
    """Propose a mapping.

    Args:
        tree: The robot's links.
        urdf: What the mapping shall name as its URDF; may be empty.
        urdf_xml: The URDF.
        source: What messages call it.
        splay_rad: How far arms that hang are held away from the body [rad].

    Raises:
        RobotError: No arm was found.
    """
    chains = find_arms(tree)
    if not chains:
        raise RobotError(
            f"{source}: no arm found: expected a chain of 4 to 8 joints that turn, or 3 that are called arm, shoulder "
            "or elbow; write the mapping by hand (docs/robots.md)"
        )
    torso = _common_link(tree, list(chains.values()))
    arms = {side: _map_arm(tree, chain, torso, source) for side, chain in chains.items()}
    on_table = stands_on_base(tree, torso, chains)
    config = RobotConfig(
        name=_short_name(tree.name),
        urdf=urdf,
        torso=torso,
        arms=arms,
        torso_rpy=_body_frame(tree, torso, chains),
        splay=0.0 if on_table else splay_rad,
        floor=0.0 if on_table else None,
        source=source,
    )
    return replace(config, rest=rest_pose(RobotModel(config, urdf_xml, Path(urdf) if urdf else None)))


def _short_name(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_").lower() or "robot"


def _common_link(tree: LinkTree, chains: list[Chain]) -> str:
    """Return the link that carries all arms: the last one that moves with none of their joints."""
    paths = [[joint.name for joint in tree.path(chain.joints[0].parent)] for chain in chains]
    shared = 0
    while all(len(path) > shared and path[shared] == paths[0][shared] for path in paths):
        shared += 1
    joints = tree.path(chains[0].joints[0].parent)[:shared]
    for joint in reversed(joints):
        # A fixed mount carries the arms too, but what moves last is what people call the torso.
        if joint.kind != "fixed" or re.search(r"torso|chest|trunk|body", joint.child, re.IGNORECASE):
            return joint.child
    return joints[-1].child if len(chains) == 1 and joints else tree.root


def _map_arm(tree: LinkTree, chain: Chain, torso: str, source: str) -> ArmMapping:
    """Choose the links whose origins are shoulder, elbow and wrist of a chain.

    The elbow is the joint that turns upper arm and forearm against each other: both shoulder and wrist are far from
    its axis. The shoulder is the last joint before it that swings it, the wrist the first after it that it is far
    from; a joint that turns the upper arm or the forearm about itself passes near it.
    """
    best: tuple[float, ArmMapping] | None = None
    for elbow in range(1, len(chain.joints)):
        shoulder = _last_swinging(chain, elbow)
        wrist, fore = _wrist(tree, chain, elbow)
        upper = _distance(chain.origins[:, elbow], chain.axes[:, elbow], chain.origins[:, shoulder])
        score = min(upper, fore) * (1.5 if _ELBOW_WORD.search(chain.joints[elbow].name) else 1.0)
        names = chain.joints[shoulder].child, chain.joints[elbow].child, wrist
        if len(set(names)) == 3 and (best is None or score > best[0]):
            best = score, ArmMapping(*names)
    if best is None or best[0] < 0.02:
        raise RobotError(f"{source}: no elbow found between '{chain.joints[0].name}' and '{chain.joints[-1].name}'")
    arm = best[1]
    derived = [joint.name for joint in arm_joints(tree, torso, arm.wrist)]
    own = [joint.name for joint in chain.joints]
    return arm if derived == own else replace(arm, joints=tuple(own))


def _last_swinging(chain: Chain, elbow: int) -> int:
    """Return the last joint before the elbow that moves it far, in the share of the one that moves it furthest."""
    away = [_distance(chain.origins[:, k], chain.axes[:, k], chain.origins[:, elbow]) for k in range(elbow)]
    return max(k for k in range(elbow) if away[k] >= _FAR * max(away))


def _wrist(tree: LinkTree, chain: Chain, elbow: int) -> tuple[str, float]:
    """Return the link at the wrist, and how far its origin is from the elbow's axis [m]."""
    after = range(elbow + 1, len(chain.joints))
    origin, axis = chain.origins[:, elbow], chain.axes[:, elbow]
    away = [_distance(chain.origins[:, k], chain.axes[:, k], origin) for k in after]
    reach = [float(np.median(np.linalg.norm(chain.origins[:, k] - origin, axis=-1))) for k in after]
    longest = max(reach, default=0.0)
    for k, apart, far in zip(after, away, reach, strict=True):
        if apart >= 0.5 * far and far >= 0.5 * longest and far > _NEAR_M:
            return chain.joints[k].child, _distance(origin, axis, chain.origins[:, k])
    for k, far in zip(reversed(after), reversed(reach), strict=True):  # a last joint that only turns the hand about
        if far > _NEAR_M:
            return chain.joints[k].child, _distance(origin, axis, chain.origins[:, k])
    hand, place = _hand(tree, chain)
    return hand, _distance(origin[:1], axis[:1], place[None])


def _hand(tree: LinkTree, chain: Chain) -> tuple[str, Array]:
    """Return a link beyond the last joint that is a hand by its name, else the furthest, and where (3,) it is [m]."""
    last = chain.joints[-1].child
    places = tree.places({})
    below, waiting = [(last, 0.0)], [last]
    while waiting:
        link = waiting.pop()
        waiting += [joint.child for joint in tree.below[link]]
        below.append((link, float(np.linalg.norm(places[link][1] - places[last][1]))))
    named = [each for each in below if _END_WORDS.search(each[0]) and each[1] > _NEAR_M]
    hand = named[0][0] if named else max(below, key=lambda each: each[1])[0]
    return hand, places[hand][1]


def _distance(origin: Array, axis: Array, point: Array) -> float:
    """Return how far points (N, 3) are from lines [m], in the median."""
    return float(np.median(np.linalg.norm(np.cross(axis, point - origin), axis=-1)))


def _body_frame(tree: LinkTree, torso: str, chains: dict[str, Chain]) -> tuple[float, float, float]:
    """Return roll, pitch, yaw [rad] from the torso link to x forward, y left, z up, with all joints at 0."""
    left = np.array([0.0, 1.0, 0.0])
    if len(chains) == 2:
        left = chains["left"].centre_m - chains["right"].centre_m
        left[2] = 0.0
        left /= max(float(np.linalg.norm(left)), 1e-9)
    body = np.stack([np.cross(left, [0.0, 0.0, 1.0]), left, [0.0, 0.0, 1.0]], axis=1)
    turn = tree.places({})[torso][0].T @ body
    pitch = -np.arcsin(np.clip(turn[2, 0], -1.0, 1.0))
    roll, yaw = np.arctan2(turn[2, 1], turn[2, 2]), np.arctan2(turn[1, 0], turn[0, 0])
    if abs(turn[2, 0]) > 0.999:  # looking up or down: only roll and yaw together are known
        roll, yaw = np.arctan2(-turn[1, 2], turn[1, 1]), 0.0
    snapped = [round(angle / (np.pi / 2)) * np.pi / 2 for angle in (roll, pitch, yaw)]
    near = np.allclose(rotation_of(*snapped), turn, atol=_SNAP_RAD)
    angles = snapped if near else [float(roll), float(pitch), float(yaw)]
    return tuple(round(angle, 4) + 0.0 for angle in angles)  # type: ignore[return-value]


def stands_on_base(tree: LinkTree, torso: str, chains: dict[str, Chain]) -> bool:
    """Tell whether there is one arm, of no side, on what doesn't move, as on a table: it can't hang."""
    one = len(chains) == 1 and not any(chain.side for chain in chains.values())
    return one and all(joint.kind == "fixed" for joint in tree.path(torso))


def rest_pose(model: RobotModel) -> dict[str, float]:
    """Return angles [rad] with which the arms hang splayed, or stand raised where there is no splay."""
    out = np.tan(0.85 * model.config.splay)
    names, wanted = list(model.limb_names), []
    for limb in names:
        side, _, part = limb.partition("_")
        x, y, z = (_HANGING if model.config.splay else _RAISED)[part]
        wanted.append((x, y * out if side == "left" else -y * out, z))
    directions = np.array(wanted) / np.linalg.norm(wanted, axis=-1, keepdims=True)
    pose = retarget(model, np.repeat(directions[None], 3, axis=0), names).positions[-1]
    margin = 10.0**-2
    angles = np.clip(np.round(pose, 2), model.safe_lower + margin, model.safe_upper - margin)
    return {
        joint: round(float(angle), 2)
        for joint, angle, low, high in zip(model.joint_names, angles, model.lower, model.upper, strict=True)
        if abs(angle - min(max(0.0, low), high)) > 0.015
    }
