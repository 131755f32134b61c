"""The small YAML file that says how a robot's links stand for a person's limbs.

The file names a URDF, the torso link that carries the body frame (x forward, y left, z up), for each limb the two
links whose origins span it, and the joints that an answer may move. Limits and geometry come from the URDF.
"""

from __future__ import annotations

import difflib
import math
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from iat_ros.errors import ConfigError, RobotError, describe
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
        urdf: Absolute path, path relative to the YAML file, or ``package://PACKAGE/path``.
        torso: Link whose frame, turned by `torso_rpy`, is the body frame.
        joints: Revolute joints that answers move, in the order of the trajectory.
        limbs: Limb name -> (start link, end link); the limb points from the first origin to the second.
        torso_rpy: Roll, pitch, yaw [rad] from the torso link to the body frame.
        rest: Joint -> angle [rad] in the rest pose; 0 clipped to the limits for joints not named. Joints
            outside `joints` may be named too: they are held there.
        max_velocity: Cap [rad/s], one number or joint -> number.
        max_acceleration: Cap [rad/s^2], one number or joint -> number.
        position_margin: Distance [rad] that answers keep from the URDF's position limits.
        splay: Angle [rad] by which hanging arms are held away from the body, where a person's would touch the robot's.
        source: File that this came from; messages name it.
    """

    name: str
    urdf: str
    torso: str
    joints: tuple[str, ...]
    limbs: Mapping[str, tuple[str, str]]
    torso_rpy: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rest: Mapping[str, float] = field(default_factory=dict)
    max_velocity: float | Mapping[str, float] = DEFAULT_MAX_VELOCITY
    max_acceleration: float | Mapping[str, float] = DEFAULT_MAX_ACCELERATION
    position_margin: float = DEFAULT_POSITION_MARGIN
    splay: float = 0.0
    source: str = "RobotConfig"

    def __post_init__(self) -> None:
        put = lambda key, value: object.__setattr__(self, key, value)  # noqa: E731
        for key in ("name", "urdf", "torso"):
            put(key, self._text(key, getattr(self, key)))
        put("joints", tuple(self._text("joints", j) for j in self._sequence("joints", self.joints)))
        if not self.joints or len(set(self.joints)) < len(self.joints):
            raise self._error("joints", "at least one joint, each named once", list(self.joints))
        limbs = {}
        for limb, links in self._mapping("limbs", self.limbs).items():
            pair = self._sequence(f"limbs.{limb}", links)
            if len(pair) != 2 or pair[0] == pair[1]:
                raise self._error(f"limbs.{limb}", "two different links, [start, end]", links)
            limbs[limb] = (self._text(f"limbs.{limb}", pair[0]), self._text(f"limbs.{limb}", pair[1]))
        if not limbs:
            raise self._error("limbs", "at least one limb", self.limbs)
        put("limbs", MappingProxyType(limbs))
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
        put("max_velocity", self._cap("max_velocity", self.max_velocity))
        put("max_acceleration", self._cap("max_acceleration", self.max_acceleration))

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
            if joint and joint not in self.joints:
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
            raise RobotError(f"{file}: key '{key}' is missing; needed are name, urdf, torso, joints, limbs")
    return RobotConfig(**content, source=str(file))


def find_urdf(config: RobotConfig) -> Path:
    """Return the path of the URDF file that ``config.urdf`` means.

    ``package://PACKAGE/...`` is looked for in ``share/PACKAGE`` of AMENT_PREFIX_PATH, of the Python packages
    built with cmeel (example-robot-data is one), of ``/opt/ros/*``, and in the folders of ROS_PACKAGE_PATH.

    Raises:
        RobotError: When there is no such file; the message says where it was looked for.
    """
    try:
        places = _urdf_places(config)
        for place in places:
            if place.is_file():
                return place
    except (OSError, RuntimeError) as error:  # a name that is too long, a home of nobody
        raise RobotError(f"{config.source}: 'urdf' is no usable path: {describe(error)[:200]}") from error
    raise RobotError(f"{config.source}: urdf {config.urdf}: there is no {places[0]}; correct the key 'urdf'")


def _urdf_places(config: RobotConfig) -> list[Path]:
    if config.urdf.startswith("package://"):
        package, _, rest = config.urdf.removeprefix("package://").partition("/")
        roots = [folder / package for folder in package_folders()]
        places = [root / rest for root in roots if root.is_dir()]
        if not places:
            raise RobotError(
                f"{config.source}: urdf {config.urdf}: no package '{package}' is installed; install it "
                "(pip install example-robot-data brings example robots) or source the workspace that has it"
            )
        return places
    urdf = Path(config.urdf).expanduser()
    return [urdf if urdf.is_absolute() else Path(config.source).parent / urdf]


def package_folders() -> list[Path]:
    """List where ``package://NAME/...`` is looked for: ROS prefixes, Python packages, ROS_PACKAGE_PATH."""
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    prefixes += [Path(p) / "cmeel.prefix" for p in sys.path if p]
    prefixes += sorted(Path("/opt/ros").glob("*"))
    packages = [Path(p) for p in os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep) if p]
    return [prefix / "share" for prefix in prefixes] + packages


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
