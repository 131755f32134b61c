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

"""Limb directions and their Jacobians for many poses at once, in NumPy.

Pinocchio does one pose at a time; an answer has 32 frames. So the fixed transforms of the small chains (an arm: four
joints) are read out of the Pinocchio model once, and chains of the same shape (left and right arm) are computed
together. Retargeting takes the same transforms, but computes in compiled code. Tests hold all of them equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChainStack:
    """A chains with the same n joints and m limbs, computed together.

    Poses come last in every array, (A, n, N), so that each NumPy operation runs along all N of them.

    Attributes:
        parents: For each joint the index of the joint before it, -1 for the torso. Length n.
        operators: (n, A, 3, 11). Columns: placement P, P K, P K^2 (K the axis' cross matrix), offset [m], P axis;
            so one product with the parent's rotation R gives all that a turn by q needs, by Rodrigues' formula
            R P (1 + sin(q) K + (1 - cos(q)) K^2).
        limb_parents: (m, 2) joint that carries the start and the end of each limb, -1 for the torso.
        limb_offsets: (m, 2, A, 3) where they are in that joint's frame [m].
        joint_columns: (A, n) column of each joint in the robot's joint vector.
        limb_columns: (A, m) row of each limb among the robot's limbs.
    """

    parents: tuple[int, ...]
    operators: Array
    limb_parents: NDArray[np.intp]
    limb_offsets: Array
    joint_columns: NDArray[np.intp]
    limb_columns: NDArray[np.intp]

    @property
    def signature(self) -> tuple[object, ...]:
        """What must agree for chains to be stacked."""
        return (self.parents, self.limb_parents.tobytes())

    def directions(self, q: Array) -> Array:
        """Unit limb directions in the body frame, shape (A, m, 3, N), at joint angles q of shape (A, n, N) [rad]."""
        frames = self._frames(q)
        out = np.empty((len(q), len(self.limb_parents), 3, q.shape[2]))
        for k in range(out.shape[1]):
            span = self._point(frames, k, 1) - self._point(frames, k, 0)
            out[:, k] = span / np.sqrt((span * span).sum(axis=1))[:, None]
        return out

    def linearize(self, q: Array) -> tuple[Array, Array]:
        """Return directions (A, m, 3, N) and derivatives (A, m, n, 3, N) by the joint angles q (A, n, N) [rad]."""
        frames = self._frames(q)
        A, n, N = q.shape
        m = len(self.limb_parents)
        axes = np.stack([np.broadcast_to(axis, (A, 3, N)) for _, _, axis in frames], axis=1)
        directions = np.empty((A, m, 3, N))
        jacobian = np.zeros((A, m, n, 3, N))
        for k in range(m):
            start, end = self._point(frames, k, 0), self._point(frames, k, 1)
            span = end - start
            inverse = 1.0 / np.sqrt((span * span).sum(axis=1))[:, None]
            direction = np.multiply(span, inverse, out=directions[:, k])
            whole, partly = self.movers[k]
            if whole:  # joints that carry both ends turn the limb as a whole
                jacobian[:, k, whole] = _cross(axes[:, whole], direction[:, None])
            for j, carries_end in partly:  # the others move one end of it
                arm = end - frames[j][1] if carries_end else frames[j][1] - start
                speed = _cross(frames[j][2], arm * inverse)
                jacobian[:, k, j] = speed - (speed * direction).sum(axis=1)[:, None] * direction
        return directions, jacobian

    def _frames(self, q: Array) -> list[tuple[Array, Array, Array]]:
        """Rotation (A, 3, 3, N), origin (A, 3, N) and axis (A, 3, N) of each joint, all in the body frame."""
        sin, one_minus_cos = np.sin(q)[:, :, None, None], (1.0 - np.cos(q))[:, :, None, None]
        frames: list[tuple[Array, Array, Array]] = []
        for j, parent in enumerate(self.parents):
            operator = self.operators[j]
            if parent < 0:
                moved = operator[..., None]  # (A, 3, 11, 1)
                origin = moved[:, :, 9]
            else:
                rotation, origin, _ = frames[parent]
                moved = np.swapaxes(operator, 1, 2)[:, None] @ rotation  # (A, 3, 11, N)
                origin = origin + moved[:, :, 9]
            rotation = sin[:, j] * moved[:, :, 3:6]
            rotation += one_minus_cos[:, j] * moved[:, :, 6:9]
            rotation += moved[:, :, 0:3]
            frames.append((rotation, origin, moved[:, :, 10]))
        return frames

    def _point(self, frames: list[tuple[Array, Array, Array]], limb: int, end: int) -> Array:
        """Where the start (0) or the end (1) of a limb is: (A, 3, N) or (A, 3, 1) [m] in the body frame."""
        joint, offset = self.limb_parents[limb, end], self.limb_offsets[limb, end]
        if joint < 0:
            return offset[..., None]
        rotation, origin, _ = frames[joint]
        if not offset.any():
            return origin
        point: Array = origin + (offset[:, None, None] @ rotation)[:, :, 0]
        return point

    @cached_property
    def movers(self) -> list[tuple[list[int], list[tuple[int, bool]]]]:
        """For each limb the joints that carry both ends, and those that carry one, with whether it is the end."""
        movers = []
        for joints, offsets in zip(self.limb_parents, self.limb_offsets, strict=True):
            above: list[set[int]] = []
            for joint, offset in zip(joints, offsets, strict=True):
                carrying, j = set(), int(joint)
                if j >= 0 and not offset.any():  # a joint does not move its own origin
                    j = self.parents[j]
                while j >= 0:
                    carrying.add(j)
                    j = self.parents[j]
                above.append(carrying)
            start, end = above
            movers.append((sorted(start & end), [(j, j in end) for j in sorted(start ^ end)]))
        return movers


def _cross(a: Array, b: Array) -> Array:
    """Cross product along the second-last axis of (..., 3, N) arrays."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(a[..., j, :], b[..., k, :], out=out[..., i, :])
        out[..., i, :] -= a[..., k, :] * b[..., j, :]
    return out


def read_chain(
    model: Any,
    body: Any,
    links: list[tuple[str, str]],
    joint_columns: list[int],
    limb_columns: list[int],
) -> ChainStack:
    """Read the fixed transforms of one chain out of a Pinocchio model that has its joints only.

    Args:
        model: `pinocchio.Model` with revolute joints only.
        body: `pinocchio.SE3` of the body frame in the model's world; it must not move with the joints.
        links: (start link, end link) of each limb.
        joint_columns: Column of each of the model's joints in the robot's joint vector.
        limb_columns: Row of each limb among the robot's limbs.
    """
    operators = []
    for i in range(1, model.njoints):
        placement = model.jointPlacements[i]
        if model.parents[i] == 0:
            placement = body.inverse() * placement
        axis = joint_axis(model, i)
        cross = pin.skew(axis)
        P = placement.rotation
        columns = [P, P @ cross, P @ cross @ cross, placement.translation[:, None], (P @ axis)[:, None]]
        operators.append(np.hstack(columns)[None])
    limb_parents, limb_offsets = [], []
    for pair in links:
        frames = [model.frames[model.getFrameId(link, pin.FrameType.BODY)] for link in pair]
        placements = [body.inverse() * f.placement if f.parentJoint == 0 else f.placement for f in frames]
        limb_parents.append([f.parentJoint - 1 for f in frames])
        limb_offsets.append([p.translation[None] for p in placements])
    return ChainStack(
        parents=tuple(model.parents[i] - 1 for i in range(1, model.njoints)),
        operators=np.array(operators),
        limb_parents=np.array(limb_parents),
        limb_offsets=np.array(limb_offsets),
        joint_columns=np.array([joint_columns]),
        limb_columns=np.array([limb_columns]),
    )


def joint_axis(model: Any, joint: int) -> Array:
    """Return the axis (3,) that a Pinocchio joint turns about, in its own frame; zero if it does not turn."""
    q = pin.neutral(model)
    q[model.joints[joint].idx_q] = 1.0
    data = model.createData()
    pin.forwardKinematics(model, data, q)
    axis: Array = pin.log3(model.jointPlacements[joint].rotation.T @ data.liMi[joint].rotation)
    return axis


def stack_chains(chains: list[ChainStack]) -> list[ChainStack]:
    """Put chains of the same shape together, in order of first appearance."""
    groups: dict[tuple[object, ...], list[ChainStack]] = {}
    for chain in chains:
        groups.setdefault(chain.signature, []).append(chain)
    return [
        ChainStack(
            parents=group[0].parents,
            operators=np.concatenate([c.operators for c in group], axis=1),
            limb_parents=group[0].limb_parents,
            limb_offsets=np.concatenate([c.limb_offsets for c in group], axis=2),
            joint_columns=np.concatenate([c.joint_columns for c in group]),
            limb_columns=np.concatenate([c.limb_columns for c in group]),
        )
        for group in groups.values()
    ]
