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

"""Skeleton definitions: which joints a tracker sends, and which limbs and body frame follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from iat_ros.errors import SkeletonError
from iat_ros.resources import find_config
from iat_ros.yaml_file import check_keys, load_mapping


@dataclass(frozen=True)
class Limb:
    """A directed segment of the body: the unit vector from joint ``start`` to joint ``end``."""

    name: str
    start: str
    end: str


@dataclass(frozen=True)
class BodyFrameJoints:
    """The four joints that span the body frame: y runs from right to left, z from bottom to top."""

    left: str
    right: str
    bottom: str
    top: str


@dataclass(frozen=True)
class SkeletonDefinition:
    """What a tracker sends for one person.

    Attributes:
        name: Name of the definition.
        joints: Joint names in the order of positions (J of them): those that are sent, then those that are derived.
        limbs: The limbs (L of them); their order is the order of every (T, L, 3) array of this skeleton.
        body_frame: The joints that span the body frame (x forward, y left, z up; REP-103).
        derived: Joints that the tracker does not send, each the mean of some that it does, in the order of `joints`.
        other_limbs: Limbs that this skeleton could give as well, to a model that wants them (`with_limbs`).
        file: The YAML file that it was read from, where it is none that ships.
    """

    name: str
    joints: tuple[str, ...]
    limbs: tuple[Limb, ...]
    body_frame: BodyFrameJoints
    derived: tuple[tuple[str, tuple[str, ...]], ...] = ()
    other_limbs: tuple[Limb, ...] = ()
    file: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if len(set(self.joints)) != len(self.joints):
            doubled = sorted({joint for joint in self.joints if self.joints.count(joint) > 1})
            raise SkeletonError(f"skeleton '{self.name}': joints listed twice: {', '.join(doubled)}")
        if self.joints[len(self.sent) :] != tuple(name for name, _ in self.derived):
            raise SkeletonError(f"skeleton '{self.name}': derived joints must come last in joints, in their order")
        for name, parts in self.derived:
            unknown = [part for part in parts if part not in self.sent]
            if unknown or len(parts) < 2:
                raise SkeletonError(
                    f"skeleton '{self.name}': derived joint '{name}' must be the mean of two or more joints that are "
                    f"sent, got {', '.join(parts) or 'none'}; valid joints: {', '.join(self.sent)}"
                )
        if not self.limbs:
            raise SkeletonError(f"skeleton '{self.name}': needs at least one limb")
        names = [limb.name for limb in (*self.limbs, *self.other_limbs)]
        if len(set(names)) != len(names):
            doubled = sorted({name for name in names if names.count(name) > 1})
            raise SkeletonError(f"skeleton '{self.name}': limbs listed twice: {', '.join(doubled)}")
        for limb in (*self.limbs, *self.other_limbs):
            for joint in (limb.start, limb.end):
                self._require(joint, f"limb '{limb.name}'")
            if limb.start == limb.end:
                raise SkeletonError(f"skeleton '{self.name}': limb '{limb.name}' starts and ends at '{limb.start}'")
        frame = self.body_frame
        for joint in (frame.left, frame.right, frame.bottom, frame.top):
            self._require(joint, "body_frame")
        if frame.left == frame.right or frame.bottom == frame.top:
            raise SkeletonError(f"skeleton '{self.name}': body_frame needs two different joints for each axis")

    def _require(self, joint: str, where: str) -> None:
        if joint not in self.joints:
            raise SkeletonError(
                f"skeleton '{self.name}': {where} names joint '{joint}'; valid joints: {', '.join(self.joints)}"
            )

    def with_limbs(self, names: Sequence[str]) -> SkeletonDefinition:
        """This skeleton with other limbs: those that a model needs, in its order.

        Raises:
            SkeletonError: Names the limbs that this skeleton cannot give, and those that it can.
        """
        known = {limb.name: limb for limb in (*self.limbs, *self.other_limbs)}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise SkeletonError(
                f"skeleton '{self.name}' cannot give limb {', '.join(unknown)}: it has no joints for it; it can give: "
                f"{', '.join(known)}"
            )
        others = tuple(limb for limb in known.values() if limb.name not in names)
        return replace(self, limbs=tuple(known[name] for name in names), other_limbs=others)

    @property
    def sent(self) -> tuple[str, ...]:
        """The joints that the tracker sends, in its order."""
        return self.joints[: len(self.joints) - len(self.derived)]

    def complete(self, positions: np.ndarray) -> np.ndarray:
        """Add the derived joints to positions (..., sent, 3) [m]; of one that is not tracked (NaN) none is derived.

        Positions that have them already, and those of a skeleton without derived joints, are returned as they are.
        """
        if not self.derived or positions.shape[-2] == len(self.joints):
            return positions
        means = [positions[..., columns, :].mean(axis=-2) for columns in self._derived_from]
        return np.concatenate([positions, np.stack(means, axis=-2)], axis=-2)

    @cached_property
    def _derived_from(self) -> tuple[np.ndarray, ...]:
        return tuple(self._indices(list(parts)) for _, parts in self.derived)

    @property
    def limb_names(self) -> tuple[str, ...]:
        """Names of the limbs, in order."""
        return tuple(limb.name for limb in self.limbs)

    @cached_property
    def limb_starts(self) -> np.ndarray:
        """Index of each limb's start joint, shape (L,)."""
        return self._indices([limb.start for limb in self.limbs])

    @cached_property
    def limb_ends(self) -> np.ndarray:
        """Index of each limb's end joint, shape (L,)."""
        return self._indices([limb.end for limb in self.limbs])

    @cached_property
    def torso_joints(self) -> np.ndarray:
        """Sorted indices of the joints that span the body frame."""
        frame = self.body_frame
        return np.unique(self._indices([frame.left, frame.right, frame.bottom, frame.top]))

    @cached_property
    def needed_joints(self) -> np.ndarray:
        """Sorted indices of the joints that limbs and body frame need; the others may be untracked."""
        return np.unique(np.concatenate([self.limb_starts, self.limb_ends, self.torso_joints]))

    @property
    def needed_to_send(self) -> tuple[str, ...]:
        """Names of the joints that a tracker must send for limbs and body frame."""
        parts = dict(self.derived)
        needed = (self.joints[index] for index in self.needed_joints)
        return tuple(dict.fromkeys(sent for joint in needed for sent in parts.get(joint, (joint,))))

    def _indices(self, names: list[str]) -> np.ndarray:
        indices = np.array([self.joints.index(name) for name in names])
        indices.flags.writeable = False  # shared by all who ask
        return indices


def load_skeleton(name_or_path: str, limbs: str = "") -> SkeletonDefinition:
    """Load a skeleton definition by the name of one that ships, or from a YAML file.

    Args:
        name_or_path: Its name, or the file.
        limbs: The limbs to use, separated by commas; empty: those that the definition lists as `limbs`.

    Raises:
        ConfigError: There is no such file, or it is not plain YAML with the expected keys.
        SkeletonError: The definition contradicts itself, or cannot give a limb.
    """
    definition = _read(name_or_path)
    return definition.with_limbs(split_names(limbs)) if limbs else definition


def split_names(text: str) -> list[str]:
    """Split names that are separated by commas.

    Raises:
        SkeletonError: A name is missing.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise SkeletonError(f"limbs: expected names that are separated by single commas, got '{text}'")
    return names


def _read(name_or_path: str) -> SkeletonDefinition:
    path = find_config("skeletons", name_or_path)
    content = load_mapping(path)
    check_keys(str(path), content, {"name", "joints", "limbs", "body_frame"}, {"derived", "other_limbs"})
    joints = content["joints"]
    if not (isinstance(joints, list) and all(isinstance(joint, str) for joint in joints)):
        raise SkeletonError(f"{path}: joints must be a list of names, got {joints!r}")
    derived = _mapping(path, "derived", content.get("derived", {}))
    for name, parts in derived.items():
        if not (isinstance(parts, list) and all(isinstance(part, str) for part in parts)):
            raise SkeletonError(f"{path}: derived joint '{name}' must list the joints whose mean it is, got {parts!r}")
    frame = _mapping(path, "body_frame", content["body_frame"])
    check_keys(f"{path}: body_frame", frame, {"left", "right", "bottom", "top"})
    limbs, other_limbs = (_limbs(path, key, content.get(key, {})) for key in ("limbs", "other_limbs"))
    try:
        return SkeletonDefinition(
            name=str(content["name"]),
            joints=(*joints, *derived),
            limbs=limbs,
            body_frame=BodyFrameJoints(**{key: str(value) for key, value in frame.items()}),
            derived=tuple((name, tuple(parts)) for name, parts in derived.items()),
            other_limbs=other_limbs,
            file="" if path.stem == name_or_path else str(path),
        )
    except SkeletonError as error:
        raise SkeletonError(f"{path}: {error}") from error


def _limbs(path: Path, key: str, value: Any) -> tuple[Limb, ...]:
    limbs = _mapping(path, key, value)
    for name, ends in limbs.items():
        if not (isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, str) for end in ends)):
            raise SkeletonError(f"{path}: limb '{name}' must be [start joint, end joint], got {ends!r}")
    return tuple(Limb(name, ends[0], ends[1]) for name, ends in limbs.items())


def _mapping(path: Path, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise SkeletonError(f"{path}: {key} must be a mapping with text keys, got {type(value).__name__}")
    return value
