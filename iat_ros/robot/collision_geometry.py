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

"""A URDF's collision geometry, as far as hulls can be made of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.urdf import missing_meshes, package_folders, say_missing

Array = NDArray[np.float64]

_SIZES_M = 1e-5, 100.0
"""Least and largest size of a collision geometry, in each direction; beyond, Qhull ends the whole process."""


def read_collision_geometry(model: Any, urdf_xml: str, where: str, file: Path | None) -> Any:
    """Read a URDF's collision geometry.

    Args:
        model: The URDF's `pinocchio.Model`.
        urdf_xml: The URDF.
        where: What to call it in errors.
        file: Where it lies, if it lies anywhere; its meshes may be beside it.

    Returns:
        A `pinocchio.GeometryModel`, each geometry of which extends in all three directions, however it is turned.

    Raises:
        RobotError: A mesh is missing or cannot be read, or a geometry is flat, enormous or not written as URDF asks.
    """
    folders = [str(folder) for folder in package_folders(file) if folder.is_dir()]
    if missing := missing_meshes(ElementTree.fromstring(urdf_xml), "collision", file):
        raise RobotError(
            f"{where}: {say_missing(missing)}; or set check_collisions to false, and nothing keeps the robot from its "
            "own body"
        )
    try:
        geometry = pin.buildGeomFromUrdfString(model, urdf_xml, pin.GeometryType.COLLISION, package_dirs=folders)
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise RobotError(f"{where}: its collision geometry cannot be read: {reason}") from error
    _require_all(ElementTree.fromstring(urdf_xml), geometry, where)
    for each in geometry.geometryObjects:
        size_m = _size_m(each.geometry)
        if not ((size_m > _SIZES_M[0]) & (size_m < _SIZES_M[1])).all():
            size = " x ".join(f"{side_m:.3g}" for side_m in size_m)
            raise RobotError(
                f"{where}: collision geometry '{each.name}' measures {size} m; expected between "
                f"{_SIZES_M[0]:g} and {_SIZES_M[1]:g} m in each direction"
            )
    return geometry


def _require_all(root: ElementTree.Element, geometry: Any, where: str) -> None:
    """Refuse geometries that Pinocchio left out, as it does without a word: nothing would keep the robot from them.

    Of a link that has one that is not written as URDF asks it leaves out the others, too.
    """
    taken = Counter(each.name.rpartition("_")[0] for each in geometry.geometryObjects)
    for link in root.iterfind("link"):
        name = link.get("name", "")
        written = sum(len(each) > 0 for each in link.iterfind("collision/geometry"))
        if taken[name] < written:
            raise RobotError(
                f"{where}: link '{name}': only {taken[name]} of {written} collision geometries can be read; "
                "expected box, cylinder, sphere or mesh with finite numbers; or set check_collisions to false, and "
                "nothing keeps the robot from its own body"
            )


def corners(shape: Any) -> Array:
    """Return points (N, 3) [m] whose hull holds a geometry, in its own frame; those of a primitive are a box's."""
    if isinstance(shape, coal.BVHModelBase):
        return np.array([shape.vertex(index) for index in range(shape.num_vertices)]).reshape(-1, 3)
    low, high = _box(shape)
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])


def _size_m(shape: Any) -> Array:
    """Return a geometry's extents [m], a mesh's along its own axes where these are smaller: tilted, it is as flat."""
    low, high = _box(shape)
    upright: Array = high - low
    points = corners(shape)
    if not isinstance(shape, coal.BVHModelBase) or not np.isfinite(points).all() or len(points) == 0:
        return upright
    away = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(away.T @ away)
    own: Array = np.ptp(away @ axes, axis=0)
    return own if own.min() < upright.min() else upright


def _box(shape: Any) -> tuple[Array, Array]:
    shape.computeLocalAABB()
    return np.array(shape.aabb_local.min_), np.array(shape.aabb_local.max_)
