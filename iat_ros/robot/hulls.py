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

"""Convex hulls of a robot's links, made of the URDF's collision geometry."""

from __future__ import annotations

from typing import Any

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.collision_geometry import corners

Array = NDArray[np.float64]


def hulls_of(geometry: Any) -> Any:
    """Make one convex hull of all that a joint carries; what stands still keeps its parts.

    Args:
        geometry: A `pinocchio.GeometryModel`, as `read_collision_geometry` gives it.

    Returns:
        A `pinocchio.GeometryModel` of the hulls, each in the frame of its joint.

    Raises:
        RobotError: A geometry has no usable hull.
    """
    bodies: dict[tuple[int, int], list[Any]] = {}
    for number, each in enumerate(geometry.geometryObjects):
        bodies.setdefault((each.parentJoint, 0 if each.parentJoint else number), []).append(each)
    hulls = pin.GeometryModel()
    for (joint, _), parts in bodies.items():
        corners = coal.StdVec_Vec3s()
        corners.extend(np.concatenate([_corners(each) for each in parts]))
        try:
            hull = coal.ConvexBase.convexHull(corners, True, "Qt")
        except RuntimeError as error:
            raise RobotError(
                f"the collision geometry of '{parts[0].name}', {len(corners)} points, has no usable convex hull: give "
                "it a simpler one, or set check_collisions to false, and nothing keeps the robot from its own body"
            ) from error
        hull.computeLocalAABB()
        placement = pin.SE3.Identity()
        hulls.addGeometryObject(pin.GeometryObject(parts[0].name, joint, parts[0].parentFrame, placement, hull))
    return hulls


def _corners(each: Any) -> Array:
    """Points (N, 3) in the frame of its joint whose hull holds a geometry."""
    return corners(each.geometry) @ each.placement.rotation.T + each.placement.translation


def points_of(hull: Any) -> Array:
    """Return the corners (N, 3) of a hull [m]."""
    return np.array([hull.point(index) for index in range(hull.num_points)])
