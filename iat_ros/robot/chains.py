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

"""Finding a robot's arms in its URDF: chains of joints that turn, told apart by names, sizes and symmetry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot.arm_mapping import HAND_WORDS
from iat_ros.robot.link_tree import Joint, LinkTree

Array = NDArray[np.float64]

MOST_JOINTS = 8
"""An arm has at most so many joints that turn, and at least `LEAST_JOINTS`."""
LEAST_JOINTS = 3
_SHORTEST_M = 0.13
"""A chain whose joints span less is a finger."""
_ALIKE = 0.02
"""Lengths of left and right may differ by this share."""
_POSES = 48
_ARM_WORDS = re.compile(r"arm|shoulder|elbow|wrist|bicep", re.IGNORECASE)
_OTHER_WORDS = re.compile(
    r"leg|hip|knee|ankle|foot|feet|thigh|calf|shank|toe|head|neck|wheel|caster|rotor|propeller|eye|camera|"
    r"haa|hfe|kfe|ear_|tail|flipper|track",
    re.IGNORECASE,
)
TRUNK_WORDS = re.compile(r"waist|torso|chest|spine|trunk|back|lift|pelvis|abdomen|column", re.IGNORECASE)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_GLUED = re.compile(r"^([lr])_?(arm|shoulder|elbow|wrist|hand|leg|hip|bicep|forearm)", re.IGNORECASE)


@dataclass(frozen=True)
class Chain:
    """Joints that turn, one after the other, without a branch between them.

    Attributes:
        joints: From the one nearest the root to the last.
        origins: (N, n, 3) where the joints are [m] in the root's frame, in random poses; the first pose is all 0.
        axes: (N, n, 3) unit axes they turn about.
    """

    joints: tuple[Joint, ...]
    origins: Array = field(repr=False)
    axes: Array = field(repr=False)

    @property
    def side(self) -> str:
        """``left``, ``right`` or empty, as most names say."""
        sides = [side_of(joint.name) or side_of(joint.child) for joint in self.joints]
        return max(("left", "right"), key=sides.count) if any(sides) else ""

    @property
    def lengths_m(self) -> Array:
        """Distances (n - 1,) between joints that follow each other [m]; they are the same in every pose."""
        return np.linalg.norm(np.diff(self.origins[0], axis=0), axis=-1)

    @property
    def centre_m(self) -> Array:
        """The mean (3,) of its joints' places in the first pose [m]; clavicles begin where the other side's do."""
        centre: Array = self.origins[0].mean(axis=0)
        return centre

    @property
    def names(self) -> str:
        """The names of its joints and links."""
        return " ".join(f"{joint.name} {joint.child}" for joint in self.joints)


def side_of(name: str) -> str:
    """Tell whether a name says ``left``, ``right`` or neither (empty)."""
    lowered = name.lower()
    for side in ("left", "right"):
        if side in lowered:
            return side
    words = {word.lower() for word in _PARTS.findall(name)}
    glued = _GLUED.match(name)
    letters = words & {"l", "r"} or ({glued[1].lower()} if glued else set())
    return {"l": "left", "r": "right"}[letters.pop()] if len(letters) == 1 else ""


def find_chains(tree: LinkTree) -> list[Chain]:
    """Return all chains of the tree that may be arms, those of hands and of the trunk left out."""
    rng = np.random.default_rng(0)
    turning = [joint for joint in tree.joints.values() if joint.turns]
    poses = [{}, *({joint.name: rng.uniform(*_range(joint)) for joint in turning} for _ in range(_POSES - 1))]
    places = [tree.places(pose) for pose in poses]
    chains = []
    for joints in _unbranched(tree):
        while joints and TRUNK_WORDS.search(joints[0].name) and not _ARM_WORDS.search(joints[0].name):
            joints = joints[1:]
        if not LEAST_JOINTS <= len(joints) <= MOST_JOINTS:
            continue
        origins = np.array([[place[joint.child][1] for joint in joints] for place in places])
        axes = np.array([[place[joint.child][0] @ joint.axis for joint in joints] for place in places])
        chain = Chain(tuple(joints), origins, axes)
        if chain.lengths_m.sum() >= _SHORTEST_M and not _other_part(chain):
            chains.append(chain)
    return chains


def _range(joint: Joint) -> tuple[float, float]:
    low, high = joint.lower or 0.0, joint.upper or 0.0
    return (low, high) if low < high and joint.kind == "revolute" else (-1.5, 1.5)


def _other_part(chain: Chain) -> bool:
    """Tell whether most of a chain's joints are named after something that is no arm."""
    other = sum(bool(_OTHER_WORDS.search(f"{joint.name} {joint.child}")) for joint in chain.joints)
    arm = sum(bool(_ARM_WORDS.search(f"{joint.name} {joint.child}")) for joint in chain.joints)
    return other > arm


def _unbranched(tree: LinkTree) -> Iterator[list[Joint]]:
    """Go through the tree, in parts that do not branch."""
    waiting: list[tuple[str, list[Joint]]] = [(tree.root, [])]
    while waiting:
        link, joints = waiting.pop()
        below = _turning_below(tree, link)
        while len(below) == 1:
            joints = [*joints, below[0]]
            below = _turning_below(tree, below[0].child)
        if joints:
            yield joints
        waiting += [(joint.child, [joint]) for joint in below]


def _turning_below(tree: LinkTree, link: str) -> list[Joint]:
    """Return the next joints that turn below a link, through what slides or is fixed; hands are left out."""
    found: list[Joint] = []
    for joint in tree.below[link]:
        if joint.mimics or HAND_WORDS.search(joint.name):
            continue
        if joint.turns and not HAND_WORDS.search(joint.child):
            found.append(joint)
        elif not joint.turns:
            found += _turning_below(tree, joint.child)
    return found


def find_arms(tree: LinkTree) -> dict[str, Chain]:
    """Return the chains that are most likely arms: ``left`` and ``right``, or only one of them; empty without any."""
    chains = [chain for chain in find_chains(tree) if len(chain.joints) >= LEAST_JOINTS]
    pairs = [
        (one, other)
        for index, one in enumerate(chains)
        for other in chains[index + 1 :]
        if _twins(one, other) and (len(one.joints) > LEAST_JOINTS or _ARM_WORDS.search(one.names))
    ]
    if pairs:
        return _by_side(*max(pairs, key=lambda pair: _likely(pair[0])))
    single = [chain for chain in chains if len(chain.joints) > LEAST_JOINTS or _ARM_WORDS.search(chain.names)]
    # Three or more alike are legs, or fingers, whatever they are called.
    if not single:
        return {}
    arm = max(single, key=_likely)
    return {arm.side or "right": arm}


def _likely(chain: Chain) -> tuple[bool, float]:
    """Order chains: those with an arm's names first, then those that begin higher and reach further."""
    return bool(_ARM_WORDS.search(chain.names)), float(chain.origins[0, 0, 2] + chain.lengths_m.sum())


def _twins(one: Chain, other: Chain) -> bool:
    """Tell whether two chains are each other's mirror image: as many joints, the same lengths, opposite names."""
    if len(one.joints) != len(other.joints) or (one.side and one.side == other.side):
        return False
    if np.linalg.norm(one.centre_m - other.centre_m) < 0.01:
        return False
    tolerance = _ALIKE * one.lengths_m.sum()
    return bool(np.all(np.abs(one.lengths_m - other.lengths_m) < tolerance))


def _by_side(one: Chain, other: Chain) -> dict[str, Chain]:
    left_first = one.side == "left" or other.side == "right"
    if not one.side and not other.side:  # x is forward, y left, as ROS asks
        left_first = one.centre_m[1] > other.centre_m[1]
    return {"left": one, "right": other} if left_first else {"left": other, "right": one}
