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

"""A robot as the answers need it: joints with their limits, and the directions of its limbs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.collision_geometry import read_collision_geometry
from iat_ros.robot.description import RobotConfig, closest, load_robot_config
from iat_ros.robot.kinematics import ChainStack, joint_axis, read_chain, stack_chains
from iat_ros.robot.model_source import add_floor, build_pinocchio, complete, load_urdf
from iat_ros.robot.urdf import rename_shared, soft_limits

Array = NDArray[np.float64]

IDLE_GAIN = 0.02
"""A joint that turns no limb by more than this [rad/rad] (a wrist's roll) is left in the rest pose."""


class RobotModel:
    """A URDF reduced to the joints that answers move, checked against its configuration.

    Attributes:
        config: The configuration it was made from, complete.
        joint_names: The J joints, in the order of every joint vector.
        limb_names: The L limbs, in the order of every array of directions.
        lower, upper: (J,) position limits [rad] of the URDF.
        safe_lower, safe_upper: (J,) the same, drawn in by the position margin and the URDF's soft limits; answers stay
            inside.
        max_velocity: (J,) [rad/s], the URDF's limit or the configured cap, whichever is lower.
        max_acceleration: (J,) [rad/s^2], the configured cap.
        rest: (J,) rest pose [rad], inside the safe limits.
        chains: Independent chains of limbs, for retargeting.
        controlled: The joints (K,) of each controller, by number.
        pinocchio: The reduced `pinocchio.Model`.
        floor_link: What the robot stands on; None if that is not known.
    """

    def __init__(self, config: RobotConfig, urdf_xml: str | None = None, urdf_file: Path | None = None) -> None:
        """Build the model.

        Args:
            config: What to take from the URDF.
            urdf_xml: The URDF itself, e.g. from the topic ``robot_description``; ``config.urdf`` if None.
            urdf_file: Where ``urdf_xml`` lies, if it lies anywhere; its meshes may be beside it.

        Raises:
            RobotError: When URDF and configuration do not fit; one line says where.
        """
        root, self._where, self._path = load_urdf(config, urdf_xml, urdf_file)
        config = complete(config, root, self._where)
        self.floor_link = None if config.floor is None else add_floor(root, config.floor, self._where)
        self.config = config
        self.joint_names = config.joints
        self.limb_names = tuple(config.limbs)
        self._renamed = rename_shared(root)
        soft = soft_limits(root, config.joints, self._where)
        full, self._urdf = build_pinocchio(root, self._where, config.joints)
        for joint in (*config.joints, *config.rest):
            self._one_dof(full, joint)
        for limb, links in config.limbs.items():
            for link in links:
                self._link(full, f"limb '{limb}'", link)
        self._link(full, "torso", config.torso)
        self._read_limits(full, *soft)
        self._full = full
        self._locked = [full.getJointId(n) for n in full.names[1:] if n not in config.joints], self._pose(full)
        self.pinocchio = reduced = pin.buildReducedModel(full, *self._locked)
        # Pinocchio orders joints along the tree; this one is the configuration's order.
        self._column = {name: i for i, name in enumerate(config.joints)}
        self.controlled = tuple(
            np.array([self._column[joint] for joint in joints], int) for joints in config.controllers().values()
        )
        self._order = [self._column[name] for name in reduced.names[1:]]
        for i, name in enumerate(reduced.names[1:], start=1):
            if not np.any(joint_axis(reduced, i)):
                raise RobotError(f"{self._where}: joint '{name}' does not turn; leave it out of 'joints'")
        frame = reduced.frames[self._link(reduced, "torso", config.torso)]
        if frame.parentJoint != 0:
            raise RobotError(
                f"{self._where}: torso '{config.torso}' moves with joint '{reduced.names[frame.parentJoint]}'; "
                "take that joint out of 'joints', or a torso link before it"
            )
        self._body = frame.placement * pin.SE3(pin.rpy.rpyToMatrix(*config.torso_rpy), np.zeros(3))
        self.chains = self._build_chains()
        for array in (self.lower, self.upper, self.safe_lower, self.safe_upper, self.max_velocity,
                      self.max_acceleration, self.rest):  # fmt: skip
            array.flags.writeable = False

    @classmethod
    def load(cls, path: str | os.PathLike[str], urdf_xml: str | None = None) -> RobotModel:
        """Build the model of a robot's YAML file (see `load_robot_config`)."""
        return cls(load_robot_config(path), urdf_xml)

    def limb_directions(self, q: Array) -> Array:
        """Return unit vectors (T, L, 3) along the limbs in the body frame at angles (T, J) or (J,) [rad]."""
        q = self._poses(q)
        directions = np.empty((len(q), len(self.limb_names), 3))
        for chain in self.chains:
            for limbs, values in zip(chain.limb_columns, chain.directions(chain_poses(chain, q)), strict=True):
                directions[:, limbs] = np.moveaxis(values, -1, 0)
        return directions

    def limb_jacobians(self, q: Array) -> Array:
        """Return derivatives (T, L, 3, J) [1/rad] of the limb directions by angles (T, J) or (J,) [rad]."""
        q = self._poses(q)
        jacobians = np.zeros((len(q), len(self.limb_names), 3, len(self.joint_names)))
        for chain in self.chains:
            _, values = chain.linearize(chain_poses(chain, q))
            for limbs, joints, value in zip(chain.limb_columns, chain.joint_columns, values, strict=True):
                jacobians[:, limbs[:, None], :, joints[None, :]] = np.moveaxis(value, 3, 2)
        return jacobians

    @property
    def joint_order(self) -> list[int]:
        """Column of each of Pinocchio's joints in a joint vector: Pinocchio orders them along the tree."""
        return self._order

    def heights(self, q: Array) -> tuple[float, float]:
        """Return the least height of what moves and of what does not, in the root link's frame [m].

        Args:
            q: Angles (T, J) or (J,) [rad].
        """
        model, data = self.pinocchio, self.pinocchio.createData()
        links = [i for i, frame in enumerate(model.frames) if frame.type == pin.FrameType.BODY]
        moving = [i for i in links if model.frames[i].parentJoint]
        standing = [model.frames[i].placement.translation[2] for i in links if not model.frames[i].parentJoint]
        lowest = np.inf
        for pose in self._poses(q):
            pin.framesForwardKinematics(model, data, pose[self._order])
            lowest = min(lowest, *(data.oMf[i].translation[2] for i in moving))
        return float(lowest), float(min(standing, default=0.0))

    def collision_geometry(self) -> Any:
        """Read the URDF's collision geometry, as a `pinocchio.GeometryModel` of the reduced model.

        Raises:
            RobotError: A mesh is missing or cannot be read, or a geometry is flat or enormous.
        """
        geometry = read_collision_geometry(self._full, self._urdf, self._where, self._path)
        _, reduced = pin.buildReducedModel(self._full, geometry, *self._locked)
        return reduced

    def _poses(self, q: Array) -> Array:
        q = np.asarray(q, dtype=np.float64)
        q = q[None] if q.ndim == 1 else q
        if q.ndim != 2 or q.shape[1] != len(self.joint_names):
            raise RobotError(f"{self.config.name}: expected angles (T, {len(self.joint_names)}), got {q.shape}")
        return q

    def _one_dof(self, full: Any, joint: str) -> None:
        if not full.existJointName(joint):
            fixed = full.existFrame(joint, pin.FrameType.FIXED_JOINT)
            why = "is fixed there" if fixed else closest(joint, full.names[1:])
            raise RobotError(f"{self.config.source}: names joint '{joint}' of {self._where}; {why}")
        info = full.joints[full.getJointId(joint)]
        if info.nq != 1:
            raise RobotError(f"{self._where}: joint '{joint}' is {info.shortname()}; expected one angle between limits")

    def _link(self, model: Any, what: str, link: str) -> int:
        known = self._renamed.get(link, link)
        if not model.existFrame(known, pin.FrameType.BODY):
            links = [f.name for f in model.frames if f.type == pin.FrameType.BODY]
            raise RobotError(
                f"{self.config.source}: {what} names link '{link}' of {self._where}; {closest(link, links)}"
            )
        return int(model.getFrameId(known, pin.FrameType.BODY))

    def _read_limits(self, full: Any, soft_lower: Array, soft_upper: Array) -> None:
        config = self.config
        joints = [full.joints[full.getJointId(name)] for name in config.joints]
        self.lower = np.array([full.lowerPositionLimit[j.idx_q] for j in joints])
        self.upper = np.array([full.upperPositionLimit[j.idx_q] for j in joints])
        fastest = np.array([full.velocityLimit[j.idx_v] for j in joints])
        for name, low, high, speed in zip(config.joints, self.lower, self.upper, fastest, strict=True):
            if not -20.0 < low < high < 20.0:
                raise RobotError(
                    f"{self._where}: joint '{name}' has limits {low:g} to {high:g} rad; expected lower < upper, "
                    "both finite (<limit lower=.. upper=..>)"
                )
            if high - low <= 2 * config.position_margin:
                raise RobotError(
                    f"{self._where}: joint '{name}' moves {high - low:g} rad only; 'position_margin' "
                    f"{config.position_margin:g} leaves nothing of it"
                )
            if not speed > 0.0:
                raise RobotError(f"{self._where}: joint '{name}' has velocity limit {speed:g}; expected > 0")
        self.safe_lower = np.maximum(self.lower + config.position_margin, soft_lower)
        self.safe_upper = np.minimum(self.upper - config.position_margin, soft_upper)
        for name, low, high in zip(config.joints, self.safe_lower, self.safe_upper, strict=True):
            if not low < high:
                raise RobotError(f"{self._where}: joint '{name}' has soft limits that leave nothing of its limits")
        self.max_velocity = np.minimum(fastest, [config.cap("max_velocity", n) for n in config.joints])
        self.max_acceleration = np.array([config.cap("max_acceleration", n) for n in config.joints])

    def _pose(self, full: Any) -> Array:
        """Pose of the full model in rest; sets the rest of the listed joints."""
        pose = pin.neutral(full)
        for i, name in enumerate(full.names[1:], start=1):
            if full.joints[i].nq != 1:
                continue
            k = full.joints[i].idx_q
            low, high = full.lowerPositionLimit[k], full.upperPositionLimit[k]
            if name in self.config.rest:
                pose[k] = self.config.rest[name]
                if low <= high and not low <= pose[k] <= high:
                    raise RobotError(
                        f"{self.config.source}: rest of '{name}' is {pose[k]:g} rad; expected {low:g} to {high:g}"
                    )
            else:
                pose[k] = min(max(0.0, low), high) if low <= high else 0.0
        angles = [pose[full.joints[full.getJointId(n)].idx_q] for n in self.config.joints]
        self.rest = np.clip(angles, self.safe_lower, self.safe_upper)
        for name, angle, inside in zip(self.config.joints, angles, self.rest, strict=True):
            if name in self.config.rest and abs(angle - inside) > self.config.position_margin + 1e-9:
                raise RobotError(
                    f"{self.config.source}: rest of '{name}' is {angle:g} rad, outside its soft limits in the URDF; "
                    f"the nearest is {inside:g}"
                )
        return np.asarray(pose)

    def _build_chains(self) -> list[ChainStack]:
        """Split the limbs into groups that share no joint, and read each group's geometry."""
        reduced, links = self.pinocchio, []
        for start, end in self.config.limbs.values():
            links.append((self._renamed.get(start, start), self._renamed.get(end, end)))
        whole = read_chain(reduced, self._body, links, self._order, list(range(len(links))))
        samples = np.random.default_rng(0).uniform(self.safe_lower, self.safe_upper, (64, len(self.rest)))
        with np.errstate(invalid="ignore", divide="ignore"):
            directions, jacobian = whole.linearize(samples.T[None, self._order])
            gain = np.linalg.norm(jacobian[0], axis=2).max(axis=-1)  # (L, J)
        for limb, direction, row in zip(self.limb_names, directions[0], gain, strict=True):
            if not np.all(np.isfinite(direction)):
                raise RobotError(f"{self.config.source}: limb '{limb}': its two links have the same origin")
            if not np.any(row > IDLE_GAIN):
                raise RobotError(
                    f"{self.config.source}: limb '{limb}' ({' to '.join(self.config.limbs[limb])}) moves with none "
                    f"of the joints named there ({self._where}); check the links and joints of its arm"
                )
        groups: list[tuple[set[int], set[int]]] = []  # (limbs, joints of the reduced model)
        for index, row in enumerate(gain > IDLE_GAIN):
            limbs, joints = {index}, set(np.flatnonzero(row).tolist())
            apart = []
            for group in groups:
                if group[1] & joints:
                    limbs, joints = limbs | group[0], joints | group[1]
                else:
                    apart.append(group)
            groups = [*apart, (limbs, joints)]
        chains = []
        for limbs, joints in groups:
            locked = [i + 1 for i in range(reduced.nq) if i not in joints]
            part = pin.buildReducedModel(reduced, locked, self.rest[self._order])
            columns = [self._column[name] for name in part.names[1:]]
            rows = sorted(limbs)
            chains.append(read_chain(part, self._body, [links[k] for k in rows], columns, rows))
        return stack_chains(chains)


def chain_poses(chain: ChainStack, q: Array) -> Array:
    """Take the columns of a stack's joints: (T, J) -> (A, n, T)."""
    return np.ascontiguousarray(np.moveaxis(q[:, chain.joint_columns], 0, -1))
