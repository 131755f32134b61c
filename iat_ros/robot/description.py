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

"""The small YAML file that says how a robot's links stand for a person's limbs.

The file names the torso link, which carries the body frame (x forward, y left, z up), and for each arm the links at
shoulder, elbow and wrist. Limits, geometry and the joints between those links come from the URDF.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from iat_ros.errors import ConfigError, RobotError
from iat_ros.robot.arm_mapping import ArmMapping, check_topic
from iat_ros.robot.urdf import locate_urdf
from iat_ros.yaml_file import load_mapping

DEFAULT_MAX_VELOCITY = 3.0
"""Cap on each joint's speed [rad/s] where the file gives none; the URDF's own limit holds if lower."""
DEFAULT_MAX_ACCELERATION = 10.0
"""Cap on each joint's acceleration [rad/s^2] where the file gives none; a URDF has no such limit."""
DEFAULT_POSITION_MARGIN = 0.02
"""Distance [rad] that answers keep from the URDF's position limits."""


def closest(name: str, valid: Iterable[str]) -> str:
    """Say in a few words which valid names are near ``name``, or the first of them when none is."""
    names = sorted(valid)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return "did you mean " + " or ".join(repr(n) for n in near) + "?"
    more = f", ... ({len(names)} in all)" if len(names) > 12 else ""
    return "valid names: " + (", ".join(names[:12]) + more if names else "none")


@dataclass(frozen=True)
class RobotConfig:
    """What the YAML file of a robot says, checked for form; `RobotModel` checks it against the URDF.

    Attributes:
        name: Short name of the robot.
        torso: Link whose frame, turned by `torso_rpy`, is the body frame.
        urdf: Absolute path, path relative to the YAML file, or ``package://PACKAGE/path``; empty: the URDF comes as
            text, such as that of the topic ``robot_description``.
        arms: ``left`` and ``right``, one of them or both.
        joints: Revolute joints that answers move, in the order of the trajectory. Those of the arms are added: at
            once where the arms name them, else by `complete`.
        limbs: Limb name -> (start link, end link); the limb points from the first origin to the second. Those of the
            arms are added.
        controller: Topic that takes the trajectories of all joints whose arm names none.
        torso_rpy: Roll, pitch, yaw [rad] from the torso link to the body frame.
        rest: Joint -> angle [rad] in the rest pose; 0 clipped to the limits for joints not named. Joints
            outside `joints` may be named too: they are held there.
        max_velocity: Cap [rad/s], one number or joint -> number.
        max_acceleration: Cap [rad/s^2], one number or joint -> number.
        position_margin: Distance [rad] that answers keep from the URDF's position limits.
        splay: Angle [rad] by which hanging arms are held away from the body, where a person's would touch the robot's.
        floor: Height [m] of what the robot stands on, a table or the floor, in the frame of the URDF's root link, which
            no link may reach; None: not known.
        source: File that this came from; messages name it.
    """

    name: str
    torso: str
    urdf: str = ""
    arms: Mapping[str, ArmMapping] = field(default_factory=dict)
    joints: tuple[str, ...] = ()
    limbs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    controller: str = "joint_trajectory"
    torso_rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rest: Mapping[str, float] = field(default_factory=dict)
    max_velocity: float | Mapping[str, float] = DEFAULT_MAX_VELOCITY
    max_acceleration: float | Mapping[str, float] = DEFAULT_MAX_ACCELERATION
    position_margin: float = DEFAULT_POSITION_MARGIN
    splay: float = 0.0
    floor: float | None = None
    source: str = "RobotConfig"

    def __post_init__(self) -> None:
        put = lambda key, value: object.__setattr__(self, key, value)  # noqa: E731
        for key in ("name", "torso"):
            put(key, self._text(key, getattr(self, key)))
        if not isinstance(self.urdf, str):
            raise self._error("urdf", "a path or package://PACKAGE/path (text)", self.urdf)
        put("controller", check_topic(self.source, "controller", self.controller))
        arms = {side: ArmMapping.read(self.source, side, arm) for side, arm in self._mapping("arms", self.arms).items()}
        put("arms", MappingProxyType(arms))
        put("joints", self._all_joints())
        put("limbs", MappingProxyType(self._all_limbs()))
        rpy = self._sequence("torso_rpy", self.torso_rpy)
        if len(rpy) != 3:
            raise self._error("torso_rpy", "three angles [roll, pitch, yaw] in rad", rpy)
        put("torso_rpy", tuple(self._number("torso_rpy", a) for a in rpy))
        rest = {j: self._number(f"rest.{j}", a) for j, a in self._mapping("rest", self.rest).items()}
        put("rest", MappingProxyType(rest))
        put("position_margin", self._number("position_margin", self.position_margin))
        if not 0.0 <= self.position_margin < 1.0:
            raise self._error("position_margin", "a number in [0, 1) rad", self.position_margin)
        put("splay", self._number("splay", self.splay))
        if not 0.0 <= self.splay <= 1.0:
            raise self._error("splay", "a number in [0, 1] rad", self.splay)
        if self.floor is not None:
            put("floor", self._number("floor", self.floor))
        put("max_velocity", self._cap("max_velocity", self.max_velocity))
        put("max_acceleration", self._cap("max_acceleration", self.max_acceleration))

    @property
    def complete(self) -> bool:
        """Whether the joints of all arms are known."""
        return all(arm.joints for arm in self.arms.values())

    def controllers(self) -> dict[str, tuple[str, ...]]:
        """Return the joints (at least one) that each controller's topic takes, in the order of `joints`."""
        topics = dict.fromkeys(self.joints, self.controller)
        for arm in self.arms.values():
            topics.update(dict.fromkeys(arm.joints, arm.controller or self.controller))
        return {topic: tuple(j for j in self.joints if topics[j] == topic) for topic in dict.fromkeys(topics.values())}

    def mirrored(self) -> dict[str, str]:
        """Return the limbs that follow one of the person's other side, as in a mirror: the robot's -> the person's."""
        return {
            f"{side}_{part}": f"{arm.person}_{part}"
            for side, arm in self.arms.items()
            if arm.person and arm.person != side
            for part in ("upper_arm", "forearm")
        }

    def _all_joints(self) -> tuple[str, ...]:
        joints = [self._text("joints", j) for j in self._sequence("joints", self.joints)]
        if len(set(joints)) < len(joints) or not (joints or self.arms):
            raise self._error("joints", "at least one joint, each named once, or 'arms'", joints)
        return tuple(dict.fromkeys([*joints, *(joint for arm in self.arms.values() for joint in arm.joints)]))

    def _all_limbs(self) -> dict[str, tuple[str, str]]:
        limbs: dict[str, tuple[str, str]] = {}
        for limb, links in self._mapping("limbs", self.limbs).items():
            pair = self._sequence(f"limbs.{limb}", links)
            if len(pair) != 2 or pair[0] == pair[1]:
                raise self._error(f"limbs.{limb}", "two different links, [start, end]", links)
            limbs[limb] = (self._text(f"limbs.{limb}", pair[0]), self._text(f"limbs.{limb}", pair[1]))
        for side, arm in self.arms.items():
            for limb, ends in arm.limbs(side).items():
                if limbs.setdefault(limb, ends) != ends:
                    raise RobotError(f"{self.source}: 'limbs.{limb}' and 'arms.{side}' name different links; drop one")
        if not limbs:
            raise self._error("limbs", "at least one limb, or 'arms'", self.limbs)
        return limbs

    def cap(self, key: str, joint: str) -> float:
        """Return a joint's cap; ``key`` is ``max_velocity`` [rad/s] or ``max_acceleration`` [rad/s^2]."""
        value = getattr(self, key)
        if isinstance(value, Mapping):
            default = DEFAULT_MAX_VELOCITY if key == "max_velocity" else DEFAULT_MAX_ACCELERATION
            return float(value.get(joint, default))
        return float(value)

    def _error(self, key: str, expected: str, came: object) -> RobotError:
        return RobotError(f"{self.source}: '{key}' must be {expected}, not {_short(came)}")

    def _text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._error(key, "a name (text)", value)
        return value

    def _number(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._error(key, "a finite number", value)
        return float(value)

    def _sequence(self, key: str, value: object) -> list[Any]:
        if not isinstance(value, (list, tuple)):
            raise self._error(key, "a list", value)
        return list(value)

    def _mapping(self, key: str, value: object) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise self._error(key, "a mapping from names to values", value)
        return {self._text(key, k): v for k, v in value.items()}

    def _cap(self, key: str, value: object) -> float | Mapping[str, float]:
        caps = self._mapping(key, value) if isinstance(value, Mapping) else {"": value}
        for joint, cap in caps.items():
            if joint and self.complete and joint not in self.joints:
                raise RobotError(f"{self.source}: '{key}' names '{joint}'; {closest(joint, self.joints)}")
            if self._number(key, cap) <= 0:
                raise self._error(key, "greater than zero", cap)
        if isinstance(value, Mapping):
            return MappingProxyType({joint: self._number(key, cap) for joint, cap in caps.items()})
        return self._number(key, value)


def _short(value: object) -> str:
    text = " ".join(repr(value).split())
    text = text[:77] + "..." if len(text) > 80 else text
    return f"{text} ({type(value).__name__})"


def load_robot_config(path: str | os.PathLike[str]) -> RobotConfig:
    """Read a robot's YAML file, strictly: plain data only, no unknown key, no wrong type.

    Args:
        path: The YAML file, e.g. ``config/robots/g1.yaml``.

    Raises:
        RobotError: When the file cannot be read or does not say what it must; the message names the key.
    """
    file = Path(path)
    try:
        content = load_mapping(file)
    except ConfigError as error:
        raise RobotError(str(error)) from error
    known = {f.name: f for f in fields(RobotConfig) if f.name != "source"}
    for key in content:
        if key not in known:
            raise RobotError(f"{file}: unknown key {key!r}; valid keys: {', '.join(known)}")
    for key, f in known.items():
        if key not in content and f.default is MISSING and f.default_factory is MISSING:
            raise RobotError(f"{file}: key '{key}' is missing; needed are name, torso and arms (or joints and limbs)")
    return RobotConfig(**content, source=str(file))


def find_urdf(config: RobotConfig) -> Path:
    """Return the path of the URDF file that ``config.urdf`` means (see `locate_urdf`).

    Raises:
        RobotError: There is no such file; the message says where it was looked for.
    """
    return locate_urdf(config.urdf, config.source)
