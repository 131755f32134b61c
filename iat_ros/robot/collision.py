"""Whether the robot hits itself: its links as convex hulls, checked along a whole plan with Pinocchio and coal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import coal
import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import JointPlan

Array = NDArray[np.float64]

CLEARANCE_M = 0.02
"""Links that come nearer than this count as touching [m]."""
LEVELS = (8.0, 4.0, 2.0, 1.0)
"""A stretch of a plan in which no point moves further than so many clearances is clear if in its middle nothing comes
nearer to each other than that."""
NEIGHBOURS = 2
"""Links with at most so many joints between them are neighbours."""
_GRID_S = 0.01


@dataclass(frozen=True)
class Contact:
    """Where a plan brings two links together.

    Attributes:
        time_s: Time in the plan [s].
        links: What touches.
    """

    time_s: float
    links: tuple[str, str]

    def __str__(self) -> str:
        return f"{self.links[0]} would touch {self.links[1]}"


class CollisionChecker:
    """Checks poses and plans of one robot against its own body.

    Links that touch in the rest pose, and neighbours in the kinematic tree such as torso and shoulder, are not checked
    against each other: the robot's maker lets them touch. Links that are near each other in the rest pose may come
    half as near again. Between two poses that are checked no point of the robot moves far enough to pass through
    another, so nothing is missed. What is not in the URDF, such as a wall, is not seen.

    Args:
        model: The robot; its URDF must have collision geometry.
        clearance_m: Links that come nearer than this count as touching [m].

    Attributes:
        ignored: Pairs of links that touch in the rest pose, and so are not checked.

    Raises:
        RobotError: The URDF has no collision geometry, or its meshes are missing.
    """

    def __init__(self, model: RobotModel, clearance_m: float = CLEARANCE_M) -> None:
        self._model = model
        self._levels_m = [level * clearance_m for level in LEVELS]
        self._geometry = _hulls(model.collision_geometry())
        self._order = model.joint_order
        if not any(each.parentJoint for each in self._geometry.geometryObjects):
            raise RobotError(
                f"{model.config.source}: the URDF has no collision geometry on links that move; add <collision> to "
                "them, or set check_collisions to false"
            )
        self._data = model.pinocchio.createData()
        pairs = self._pairs()
        apart_m = _Manager(model, self._geometry, dict.fromkeys(pairs, 0.0)).distances(self._data, self._q(model.rest))
        self.ignored = sorted({self._links(pair) for pair in pairs if apart_m[pair] <= 0.0})
        left = [pair for pair in pairs if apart_m[pair] > 0.0]
        self._managers = [
            _Manager(model, self._geometry, {pair: min(margin_m, apart_m[pair] / 2.0) for pair in left})
            for margin_m in self._levels_m
        ]
        self._reach = self._reaches()

    def first_contact(self, plan: JointPlan) -> Contact | None:
        """Return where a plan first brings two links together; None if nowhere."""
        grid = np.linspace(0.0, plan.duration_s, max(2, int(np.ceil(plan.duration_s / _GRID_S)) + 1))
        moved = (np.abs(np.diff(plan.sample(grid)[0], axis=0)) @ self._reach).max(axis=1)
        travelled = np.concatenate([[0.0], np.cumsum(moved)])
        finest = 2 ** (len(self._levels_m) - 1)
        stretches = max(1, int(np.ceil(travelled[-1] / self._levels_m[0])))
        # The middles of all stretches of all levels lie on one even grid of half the finest stretch.
        middles = np.linspace(0.0, travelled[-1], 2 * finest * stretches + 1)
        times = np.interp(middles, travelled, grid)
        poses = plan.sample(times)[0]
        q = np.ascontiguousarray(poses[:, self._order])
        for number in range(stretches):
            index = self._search(q, 2 * finest * number, 2 * finest, 0)
            if index is not None:
                links = self.contact_in(poses[index])
                if links is not None:
                    return Contact(float(times[index]), links)
        return None

    def contact_in(self, pose: Array) -> tuple[str, str] | None:
        """Return two links that touch in a pose (J,) [rad]; None if none do."""
        if not self._managers[-1].hits(self._data, self._q(pose)):
            return None
        return self.contacts_in(pose)[0]

    def contacts_in(self, pose: Array) -> list[tuple[str, str]]:
        """Return all pairs of links that touch in a pose (J,) [rad]."""
        apart_m = self._managers[-1].distances(self._data, self._q(pose))
        margins_m = self._managers[-1].margins_m
        return [self._links(pair) for pair in sorted(apart_m) if apart_m[pair] < margins_m[pair]]

    def _search(self, q: Array, first: int, length: int, level: int) -> int | None:
        """Return the first pose of the stretch in whose finest part links touch."""
        middle = first + length // 2
        if not self._managers[level].hits(self._data, q[middle]):
            return None
        if level == len(self._levels_m) - 1:
            return middle
        for half in (first, middle):
            found = self._search(q, half, length // 2, level + 1)
            if found is not None:
                return found
        return None

    def _pairs(self) -> list[tuple[int, int]]:
        """Pairs of geometries that move against each other and are no neighbours."""
        parents = list(self._model.pinocchio.parents)
        joints = [each.parentJoint for each in self._geometry.geometryObjects]
        return [
            (first, second)
            for first in range(len(joints))
            for second in range(first + 1, len(joints))
            if _hops(parents, joints[first], joints[second]) > NEIGHBOURS
        ]

    def _q(self, pose: Array) -> Array:
        return np.ascontiguousarray(pose[self._order])

    def _links(self, pair: tuple[int, int]) -> tuple[str, str]:
        frames = self._model.pinocchio.frames
        first, second = (frames[self._geometry.geometryObjects[index].parentFrame].name for index in pair)
        return first, second

    def _reaches(self) -> Array:
        """How far [m] a turn by 1 rad of each joint can move any point of each moving geometry, (J, G)."""
        model = self._model.pinocchio
        columns = []
        for each in self._geometry.geometryObjects:
            joint = each.parentJoint
            if not joint:
                continue
            reach = np.linalg.norm(each.placement.act(each.geometry.aabb_center)) + each.geometry.aabb_radius
            column = np.zeros(len(self._order))
            while joint:
                column[self._order[joint - 1]] = reach
                reach += np.linalg.norm(model.jointPlacements[joint].translation)
                joint = model.parents[joint]
            columns.append(column)
        return np.unique(np.array(columns), axis=0).T


def _hops(parents: Any, first: int, second: int) -> int:
    """Count the joints between two links; 0 is what carries the whole robot."""
    above = {first: 0}
    while first:
        first = parents[first]
        above[first] = len(above)
    hops = 0
    while second not in above:
        second, hops = parents[second], hops + 1
    return hops + above[second]


def _hulls(geometry: Any) -> Any:
    """Make one convex hull of all that a joint carries; what stands still keeps its parts."""
    bodies: dict[tuple[int, int], list[Any]] = {}
    for number, each in enumerate(geometry.geometryObjects):
        bodies.setdefault((each.parentJoint, 0 if each.parentJoint else number), []).append(each)
    hulls = pin.GeometryModel()
    for (joint, _), parts in bodies.items():
        corners = coal.StdVec_Vec3s()
        corners.extend(np.concatenate([_corners(each) for each in parts]))
        hull = coal.ConvexBase.convexHull(corners, True, "Qt")
        hull.computeLocalAABB()
        placement = pin.SE3.Identity()
        hulls.addGeometryObject(pin.GeometryObject(parts[0].name, joint, parts[0].parentFrame, placement, hull))
    return hulls


def _corners(each: Any) -> Array:
    """Points (N, 3) in the frame of its joint whose hull holds a geometry; that of a primitive is a box."""
    shape = each.geometry
    if isinstance(shape, coal.BVHModelBase):
        points = np.array([shape.vertex(index) for index in range(shape.num_vertices)])
    else:
        shape.computeLocalAABB()
        low, high = shape.aabb_local.min_, shape.aabb_local.max_
        points = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return points @ each.placement.rotation.T + each.placement.translation


class _Manager:
    """Finds out whether any pair of geometries comes nearer to each other than its margin.

    Args:
        model: The robot.
        geometry: Its hulls.
        margins_m: Pairs of hulls with their margins [m].
    """

    def __init__(self, model: RobotModel, geometry: Any, margins_m: dict[tuple[int, int], float]) -> None:
        self._model = model.pinocchio
        self._geometry = geometry.copy()
        self._geometry.removeAllCollisionPairs()
        for pair in margins_m:
            self._geometry.addCollisionPair(pin.CollisionPair(*pair))
        self.margins_m = margins_m
        self._results = pin.GeometryData(self._geometry)
        for request, margin_m in zip(self._results.collisionRequests, margins_m.values(), strict=True):
            request.security_margin = margin_m
        manager = pin.BroadPhaseManager_DynamicAABBTreeCollisionManager
        self._manager = manager(self._model, self._geometry, self._results)

    def hits(self, data: Any, q: Array) -> bool:
        """Tell whether any pair does in the pose q, in Pinocchio's order of joints."""
        return bool(pin.computeCollisions(self._model, data, self._manager, q, True))

    def distances(self, data: Any, q: Array) -> dict[tuple[int, int], float]:
        """Return how far apart all pairs are [m]; 0 or less where they touch."""
        pin.computeDistances(self._model, data, self._geometry, self._results, q)
        found = zip(self.margins_m, self._results.distanceResults, strict=True)
        return {pair: float(result.min_distance) for pair, result in found}
