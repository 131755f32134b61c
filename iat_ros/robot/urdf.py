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

"""A robot's URDF: where the file is, where ``package://`` leads, which meshes are missing, and names that clash."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError, describe

Array = NDArray[np.float64]

DESCRIPTION = "robot_description"
"""What messages call a URDF that came as text."""
TURNS = ("revolute", "continuous")
_MOST_CHARACTERS = 2**24
_DEEPEST = 100
_MOST_LINKS, _MOST_MOVING = 2000, 300
"""Far more than robots have. Beyond, Pinocchio takes minutes or all memory, or ends the process: it descends link by
link, and its tensors grow with the third power of the joints."""


def locate_urdf(urdf: str, source: str) -> Path:
    """Return the path of the file that a mapping's ``urdf`` means.

    Args:
        urdf: Absolute path, path relative to the mapping, or ``package://PACKAGE/path``; see `package_folders`.
        source: The mapping's file; messages name it.

    Raises:
        RobotError: There is no such file; the message says where it was looked for.
    """
    try:
        places = _urdf_places(urdf, source)
        for place in places:
            if place.is_file():
                return place
    except (OSError, RuntimeError) as error:  # a name that is too long, a home of nobody
        raise RobotError(f"{source}: 'urdf' is no usable path: {describe(error)[:200]}") from error
    raise RobotError(f"{source}: urdf {urdf}: there is no {places[0]}; correct the key 'urdf'")


def _urdf_places(urdf: str, source: str) -> list[Path]:
    if urdf.startswith("package://"):
        package, _, rest = urdf.removeprefix("package://").partition("/")
        places = [folder / package / rest for folder in package_folders() if (folder / package).is_dir()]
        if not places:
            raise RobotError(
                f"{source}: urdf {urdf}: no package '{package}' is installed; install it "
                "(pip install example-robot-data brings example robots) or source the workspace that has it"
            )
        return places
    file = Path(urdf).expanduser()
    return [file if file.is_absolute() else Path(source).parent / file]


def package_folders(near: Path | None = None) -> list[Path]:
    """List where ``package://NAME/...`` is looked for.

    That is ``share`` of AMENT_PREFIX_PATH, of the Python packages built with cmeel (example-robot-data is one) and of
    ``/opt/ros/*``, the folders of ROS_PACKAGE_PATH, and the folders above a URDF's file.

    Args:
        near: The URDF's file, where it is known.
    """
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    prefixes += [Path(p) / "cmeel.prefix" for p in sys.path if p]
    prefixes += sorted(Path("/opt/ros").glob("*"))
    packages = [Path(p) for p in os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep) if p]
    return [prefix / "share" for prefix in prefixes] + packages + (list(near.absolute().parents) if near else [])


def read_urdf(path: Path) -> str:
    """Read a URDF's file.

    Raises:
        RobotError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RobotError(f"{path}: no such file; expected a URDF") from error
    except OSError as error:
        raise RobotError(f"{path}: cannot be read as a URDF: {error.strerror or describe(error)}") from error
    except UnicodeDecodeError as error:
        raise RobotError(f"{path}: cannot be read as a URDF: it is no text in UTF-8") from error


def parse_urdf(text: str, where: str, near: Path | None = None) -> ElementTree.Element:
    """Return the root element of a URDF, with absolute paths for meshes that are named relative to its file.

    Args:
        text: The URDF.
        where: What messages call it.
        near: Its file, where it is known.

    Raises:
        RobotError: The text is no URDF, or larger than any robot's.
    """
    if len(text) > _MOST_CHARACTERS:
        raise RobotError(f"{where}: has {len(text)} characters; expected at most {_MOST_CHARACTERS}, meshes in files")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise RobotError(f"{where}: is damaged, not XML: {error}; give a whole one") from error
    if root.tag != "robot":
        raise RobotError(f"{where}: expected a URDF (<robot>), found <{root.tag}>; expand xacro files first")
    if any(str(child.tag).startswith("{") and "xacro" in str(child.tag) for child in root.iter()):
        raise RobotError(f"{where}: holds xacro; expand it first: xacro FILE > robot.urdf")
    _refuse_giants(root, where)
    for mesh in root.iterfind("link/*/geometry/mesh") if near else ():
        name = mesh.get("filename", "")
        if near and name and "://" not in name:
            mesh.set("filename", str(near.absolute().parent / name))
    return root


def _refuse_giants(root: ElementTree.Element, where: str) -> None:
    links = len(root.findall("link"))
    moving = sum(joint.get("type") != "fixed" for joint in root.iterfind("joint"))
    for count, most, what in ((links, _MOST_LINKS, "links"), (moving, _MOST_MOVING, "joints that move")):
        if count > most:
            raise RobotError(f"{where}: has {count} {what}; expected one robot, with at most {most}")
    level = [root]
    for _ in range(_DEEPEST):
        level = [child for element in level for child in element]
    if level:
        raise RobotError(f"{where}: its elements lie over {_DEEPEST} deep in one another; expected a URDF")


def missing_meshes(root: ElementTree.Element, kind: str, near: Path | None = None) -> list[str]:
    """List the mesh files that a URDF names and that are nowhere, each once.

    Args:
        root: The URDF.
        kind: ``visual`` or ``collision``.
        near: The URDF's file, where it is known.
    """
    folders = [folder for folder in package_folders(near) if folder.is_dir()]
    names = [mesh.get("filename", "") for mesh in root.iterfind(f"link/{kind}/geometry/mesh")]
    return [name for name in dict.fromkeys(names) if not _is_there(name, folders)]


def _is_there(mesh: str, folders: Iterable[Path]) -> bool:
    for scheme in ("package://", "model://"):
        if mesh.startswith(scheme):
            return any((folder / mesh.removeprefix(scheme)).is_file() for folder in folders)
    return Path(mesh.removeprefix("file://")).is_file()


def say_missing(meshes: list[str]) -> str:
    """Say in one line which meshes are missing, and how they are found."""
    first, more = meshes[0], f" and {len(meshes) - 1} more" if len(meshes) > 1 else ""
    package = first.removeprefix("package://").partition("/")[0] if first.startswith("package://") else ""
    way = f"install the package '{package}', source the workspace that has it, or name the folder that holds it in "
    return f"mesh {first}{more} cannot be found; " + (
        f"{way}ROS_PACKAGE_PATH" if package else "put the file there, or correct its <mesh filename>"
    )


def soft_limits(root: ElementTree.Element, joints: Sequence[str], where: str) -> tuple[Array, Array]:
    """Return the soft position limits of a URDF, lower and upper, (J,) each [rad]; infinite where it has none.

    A robot's own controllers slow down what goes beyond them (<safety_controller soft_lower_limit=..>). Of a joint with
    one of the two only, the other is 0, as the format has it; with neither, or both at 0, there are none.

    Raises:
        RobotError: A limit is no number, or the lower one is not below the upper one.
    """
    low, high = np.full(len(joints), -np.inf), np.full(len(joints), np.inf)
    found = {joint.get("name"): joint.find("safety_controller") for joint in root.iterfind("joint")}
    for i, name in enumerate(joints):
        controller = found.get(name)
        texts = [None if controller is None else controller.get(f"soft_{end}_limit") for end in ("lower", "upper")]
        try:
            ends = [0.0 if text is None else float(text) for text in texts]
        except ValueError:
            ends = [np.nan, np.nan]
        if ends == [0.0, 0.0]:
            continue
        low[i], high[i] = ends
        if not low[i] < high[i]:
            given = " to ".join(str(text) for text in texts)
            raise RobotError(f"{where}: joint '{name}' has soft limits {given}; expected numbers, lower < upper")
    return low, high


def rename_shared(root: ElementTree.Element) -> dict[str, str]:
    """Give links that share their name with a joint another one, in place: Pinocchio cannot tell these apart.

    Returns:
        The new names of these links, by their old ones.
    """
    joints = {joint.get("name", "") for joint in root.iterfind("joint")}
    links = {link.get("name", "") for link in root.iterfind("link")}
    renamed: dict[str, str] = {}
    for name in sorted(links & joints):
        new = f"{name}_link"
        while new in links | joints:
            new += "_"
        renamed[name] = new
    for link in root.iterfind("link"):
        link.set("name", renamed.get(link.get("name", ""), link.get("name", "")))
    for end in (*root.iterfind("joint/parent"), *root.iterfind("joint/child")):
        end.set("link", renamed.get(end.get("link", ""), end.get("link", "")))
    return renamed
