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

"""Whether the robot hits itself: its links as convex hulls, checked along a whole plan with Pinocchio and coal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import coal
import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot import spline
from iat_ros.robot.compiled.proximity import Capsule, first_doubt, first_doubts, forward, segments, skip
from iat_ros.robot.hulls import hulls_of, points_of
from iat_ros.robot.kinematics import joint_axis
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import JointPlan

Array = NDArray[np.float64]

CLEARANCE_M = 0.02
"""Links that come nearer than this count as touching [m]."""
NEIGHBOURS = 2
"""Links with at most so many joints between them are neighbours."""
TOUCHES = "would touch"
GRID_S = 0.02
"""Time between the poses of a plan that are looked at [s]; less where a link moves further than the clearance."""
_NOWHERE = coal.Transform3s()


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
        return f"{self.links[0]} {TOUCHES} {self.links[1]}"


@dataclass(frozen=True)
class _Pair:
    """Two hulls that must not meet: their indices, how near they may come [m], and what bounds their distance."""

    hulls: tuple[int, int]
    margin_m: float
    capsules: tuple[int, int]
    box: Array


class CollisionChecker:
    """Checks poses and plans of one robot against its own body.

    Links that touch in the rest pose, and neighbours in the kinematic tree such as torso and shoulder, are not checked
    against each other: the robot's maker lets them touch. Links that are near each other in the rest pose may come
    half as near again. Between two poses that are looked at no point of the robot moves further than the clearance, so
    nothing is passed through. What is not in the URDF, such as a wall, is not seen.

    Args:
        model: The robot; its URDF must have collision geometry.
        clearance_m: Links that come nearer than this count as touching [m].

    Attributes:
        ignored: Pairs of links that touch in the rest pose, and so are not checked.

    Raises:
        RobotError: The URDF has no collision geometry, or its meshes are missing, or the robot rests on its floor.
    """

    def __init__(self, model: RobotModel, clearance_m: float = CLEARANCE_M) -> None:
        self._model = model
        self._clearance_m = clearance_m
        self._hulls = hulls_of(model.collision_geometry())
        self._joints = [each.parentJoint for each in self._hulls.geometryObjects]
        self._shapes = [each.geometry for each in self._hulls.geometryObjects]
        if not any(self._joints):
            raise RobotError(
                f"{model.config.source}: the URDF has no collision geometry on links that move; add <collision> to "
                "them, or set check_collisions to false"
            )
        self._tree = _tree(model)
        moving = [index for index, joint in enumerate(self._joints) if joint]
        capsules = [Capsule.around(points_of(self._hulls.geometryObjects[index].geometry)) for index in moving]
        self._moved_by = self._movers()
        self._carriers = np.array([self._joints[index] - 1 for index in moving])
        self._lines = np.array([[each.start, each.end] for each in capsules])
        self._radii = np.array([each.radius_m for each in capsules])
        self._reach = self._reaches(moving)
        self._request, self._result = coal.DistanceRequest(), coal.DistanceResult()
        at_rest = self._placed(model.rest[None])
        pairs = self._candidates(moving)
        apart_m = [self._distance(pair, at_rest, 0) for pair in pairs]
        self.ignored = sorted({self._links(p) for p, apart in zip(pairs, apart_m, strict=True) if apart <= 0.0})
        for links in self.ignored:
            if model.floor_link in links:
                raise RobotError(
                    f"{model.config.source}: in its rest pose {' and '.join(links)} touch; correct 'rest', such as a "
                    f"lift's, or 'floor', which is at {model.config.floor:g} m"
                )
        self._pairs = [
            replace(pair, margin_m=min(clearance_m, apart / 2.0))
            for pair, apart in zip(pairs, apart_m, strict=True)
            if apart > 0.0
        ]
        self._bounds = (
            np.array([pair.capsules for pair in self._pairs], dtype=np.int64).reshape(-1, 2),
            np.array([pair.box for pair in self._pairs]).reshape(-1, 2, 3),
            np.array([pair.margin_m for pair in self._pairs]),
        )

    def first_contact(self, plan: JointPlan) -> Contact | None:
        """Return where a plan first brings two links together; None if nowhere."""
        count = max(2, int(np.ceil(plan.duration_s / GRID_S)) + 1)
        times = np.linspace(0.0, plan.duration_s, count)
        poses = spline.positions(plan.control, plan.dt_s, times)
        moved = np.abs(np.diff(poses, axis=0)) @ self._reach
        finer = int(np.ceil(moved.max() / self._clearance_m))  # two links can close in by twice half of that
        if finer > 1:
            times = np.linspace(0.0, plan.duration_s, (count - 1) * finer + 1)
            poses = spline.positions(plan.control, plan.dt_s, times)
            moved = np.abs(np.diff(poses, axis=0)) @ self._reach
        travelled = np.zeros((moved.shape[1], len(times)))
        np.cumsum(moved.T, axis=1, out=travelled[:, 1:])
        placed = self._placed(poses)
        first, pair = self._first_touch(placed, travelled)
        return None if pair is None else Contact(float(times[first]), self._links(pair))

    def contact_in(self, pose: Array) -> tuple[str, str] | None:
        """Return two links that touch in a pose (J,) [rad]; None if none do."""
        return next(iter(self._contacts(pose)), None)

    def contacts_in(self, pose: Array) -> list[tuple[str, str]]:
        """Return all pairs of links that touch in a pose (J,) [rad]."""
        return list(self._contacts(pose))

    def joints_between(self, links: tuple[str, str]) -> NDArray[np.bool_]:
        """Return which joints (J,) move two links, as `contact_in` names them, against each other."""
        return self._moved_by[links[0]] ^ self._moved_by[links[1]]

    def _contacts(self, pose: Array) -> Iterator[tuple[str, str]]:
        placed, still = self._placed(pose[None]), np.zeros((len(self._radii), 1))
        for number in np.flatnonzero(self._doubts(placed, still) == 0):
            pair = self._pairs[number]
            if self._distance(pair, placed, 0) < pair.margin_m:
                yield self._links(pair)

    def _placed(self, poses: Array) -> _Placed:
        """Place all links at poses (S, J) [rad]."""
        q = np.ascontiguousarray(poses[:, self._model.joint_order])
        rotations, origins = forward(q, *self._tree)
        return _Placed(rotations, origins, segments(rotations, origins, self._carriers, self._lines))

    def _doubts(self, placed: _Placed, travelled: Array) -> NDArray[np.int64]:
        return first_doubts(placed.lines, self._radii, travelled, *self._bounds)

    def _first_touch(self, placed: _Placed, travelled: Array) -> tuple[int, _Pair | None]:
        """Return the first sample at which a pair touches, and the pair; None if none does."""
        first, found = travelled.shape[1], None
        for number, sample in enumerate(self._doubts(placed, travelled).tolist()):
            pair = self._pairs[number]
            while sample < first:
                apart_m = self._distance(pair, placed, sample)
                if apart_m < pair.margin_m:
                    first, found = sample, pair
                    break
                sample = skip(sample, apart_m, travelled, pair.capsules, pair.margin_m)
                bounds = pair.capsules, pair.box, pair.margin_m
                sample = first_doubt(sample, placed.lines, self._radii, travelled, *bounds)
        return first, found

    def _distance(self, pair: _Pair, placed: _Placed, sample: int) -> float:
        """Return the distance [m] between the hulls of a pair."""
        one, other = (self._shapes[hull] for hull in pair.hulls)
        places = [placed.place(sample, self._joints[hull] - 1) for hull in pair.hulls]
        self._result.clear()
        return float(coal.distance(one, places[0], other, places[1], self._request, self._result))

    def _candidates(self, moving: list[int]) -> list[_Pair]:
        """List pairs of hulls that move against each other and are no neighbours."""
        parents = list(self._model.pinocchio.parents)
        capsule_of = {hull: index for index, hull in enumerate(moving)}
        pairs = []
        for first in range(len(self._joints)):
            for second in range(first + 1, len(self._joints)):
                if _hops(parents, self._joints[first], self._joints[second]) <= NEIGHBOURS:
                    continue
                known = [hull for hull in (first, second) if hull in capsule_of]
                capsules = capsule_of[known[0]], capsule_of[known[1]] if len(known) == 2 else -1
                still = [hull for hull in (first, second) if hull not in capsule_of]
                corners = points_of(self._hulls.geometryObjects[still[0]].geometry) if still else np.zeros((1, 3))
                box = np.stack([corners.min(axis=0), corners.max(axis=0)])
                pairs.append(_Pair((first, second), 0.0, capsules, box))
        return pairs

    def _links(self, pair: _Pair) -> tuple[str, str]:
        return self._link(pair.hulls[0]), self._link(pair.hulls[1])

    def _link(self, hull: int) -> str:
        return str(self._model.pinocchio.frames[self._hulls.geometryObjects[hull].parentFrame].name)

    def _movers(self) -> dict[str, NDArray[np.bool_]]:
        """Which joints (J,) move each link."""
        model, order = self._model.pinocchio, self._model.joint_order
        movers = {}
        for index, joint in enumerate(self._joints):
            moved = np.zeros(len(order), dtype=bool)
            while joint:
                moved[order[joint - 1]] = True
                joint = model.parents[joint]
            movers[self._link(index)] = moved
        return movers

    def _reaches(self, moving: list[int]) -> Array:
        """How far [m] a turn by 1 rad of each joint can move any point of each moving hull, (J, G)."""
        model, order = self._model.pinocchio, self._model.joint_order
        reach_m = np.zeros((len(order), len(moving)))
        for column, hull in enumerate(moving):
            far_m = float(np.linalg.norm(points_of(self._hulls.geometryObjects[hull].geometry), axis=1).max())
            joint = self._joints[hull]
            while joint:
                reach_m[order[joint - 1], column] = far_m
                far_m += float(np.linalg.norm(model.jointPlacements[joint].translation))
                joint = model.parents[joint]
        return reach_m


@dataclass(frozen=True)
class _Placed:
    """Where links are at S samples: rotations (S, n, 3, 3), origins (S, n, 3), capsules' lines (S, G, 2, 3) [m]."""

    rotations: Array
    origins: Array
    lines: Array
    _places: dict[tuple[int, int], Any] = field(default_factory=dict)

    def place(self, sample: int, joint: int) -> Any:
        """Return where a joint's frame is at a sample, as coal wants it; joint -1 is what stands."""
        if joint < 0:
            return _NOWHERE
        if (sample, joint) not in self._places:
            self._places[sample, joint] = coal.Transform3s(self.rotations[sample, joint], self.origins[sample, joint])
        return self._places[sample, joint]


def _tree(model: RobotModel) -> tuple[NDArray[np.int64], Array, Array]:
    """Return what `forward` needs of a robot."""
    tree = model.pinocchio
    places = [tree.jointPlacements[joint] for joint in range(1, tree.njoints)]
    return (
        np.array([tree.parents[joint] - 1 for joint in range(1, tree.njoints)]),
        np.array([np.hstack([place.rotation, place.translation[:, None]]) for place in places]),
        np.array([joint_axis(tree, joint) for joint in range(1, tree.njoints)]),
    )


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
