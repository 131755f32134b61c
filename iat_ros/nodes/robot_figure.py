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

"""A robot on the viewer's page: its URDF's visual meshes, simplified, on a tree of frames."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin
import trimesh
import viser

from iat_ros.errors import RobotError
from iat_ros.robot.description import RobotConfig
from iat_ros.robot.model_source import load_urdf
from iat_ros.robot.urdf import package_folders

_MOST_TRIANGLES = 90_000
_FIRST_CELL_M = 0.002


class RobotFigure:
    """A robot's visual meshes on a tree of frames, one per joint; only frames that moved are sent.

    Attributes:
        joint_names: All joints of the URDF that move.
        height_m: From its lowest point to its highest, in the rest pose [m].
        note: Why it is drawn as lines; None where it is not.
    """

    def __init__(self, config: RobotConfig, urdf_xml: str | None = None) -> None:
        root, where, path = load_urdf(config, urdf_xml)
        urdf_xml = ElementTree.tostring(root, encoding="unicode")
        try:
            self._model = pin.buildModelFromXML(urdf_xml)
        except (ValueError, RuntimeError, IndexError) as error:
            raise RobotError(f"{where}: Pinocchio refuses this URDF: {' '.join(str(error).split())}") from error
        self._data = self._model.createData()
        self.joint_names = frozenset(self._model.names[1:])
        self._q = pin.neutral(self._model)  # floating joints stay here: upright, where the URDF puts them
        self._pose(dict.fromkeys(self._model.names[1:], 0.0) | dict(config.rest))
        self._meshes, self.note = _read_meshes(self._model, urdf_xml, where, path)
        self._meshes = self._meshes or _rods(self._model)
        self._root = self._stand(config)
        self._frames: list[Any] = []
        self._shown: list[Any] = []

    def lines(self, angles: Mapping[str, float]) -> np.ndarray:
        """Return the robot as lines from joint to joint, on its ground and facing x, shape (S, 2, 3) [m]."""
        self._pose(angles)
        places = np.array([self._root.act(placement.translation) for placement in self._data.oMi])
        moved = [i for i in range(1, self._model.njoints) if self._model.parents[i] or self._model.joints[i].nv == 1]
        ends = np.array([(self._model.parents[i], i) for i in moved], int).reshape(-1, 2)
        return places[ends]

    def draw(self, scene: viser.SceneApi, parent: str) -> None:
        """Add the robot below a frame: on its ground, facing its x."""
        paths = [f"{parent}/base"]
        scene.add_frame(paths[0], show_axes=False, position=self._root.translation, wxyz=_wxyz(self._root.rotation))
        for i in range(1, self._model.njoints):
            placement = self._data.liMi[i].copy()
            paths.append(f"{paths[self._model.parents[i]]}/{i}")
            frame = scene.add_frame(
                paths[i], show_axes=False, position=placement.translation, wxyz=_wxyz(placement.rotation)
            )
            self._frames.append(frame)
            self._shown.append(placement)
        for number, (joint, rgb, vertices, faces) in enumerate(self._meshes):
            scene.add_mesh_simple(f"{paths[joint]}/mesh_{number}", vertices, faces, color=rgb, flat_shading=True)

    def show(self, angles: Mapping[str, float]) -> None:
        """Move the joints that are named."""
        self._pose(angles)
        for i, frame in enumerate(self._frames):
            before, now = self._shown[i], self._data.liMi[i + 1]
            if now.isApprox(before, 1e-5):
                continue
            frame.wxyz = _wxyz(now.rotation)
            if not np.allclose(now.translation, before.translation, atol=1e-6):
                frame.position = now.translation.copy()
            self._shown[i] = now.copy()

    def _pose(self, angles: Mapping[str, float]) -> None:
        low, high = self._model.lowerPositionLimit, self._model.upperPositionLimit
        for name, angle in angles.items():
            if not self._model.existJointName(name) or not np.isfinite(angle):
                continue
            joint = self._model.joints[self._model.getJointId(name)]
            if joint.nq == 1:
                k = joint.idx_q
                self._q[k] = np.clip(angle, low[k], high[k]) if low[k] < high[k] else angle
            elif joint.nq == 2 and joint.nv == 1:  # continuous: Pinocchio wants cosine and sine
                self._q[joint.idx_q : joint.idx_q + 2] = np.cos(angle), np.sin(angle)
        pin.forwardKinematics(self._model, self._data, self._q)

    def _stand(self, config: RobotConfig) -> Any:
        """Place the URDF's root so that the lowest point is at z = 0 and the torso is at the origin, facing x."""
        if not self._model.existFrame(config.torso, pin.FrameType.BODY):
            raise RobotError(f"{config.source}: torso '{config.torso}' is no link of the URDF")
        frame = self._model.frames[self._model.getFrameId(config.torso, pin.FrameType.BODY)]
        torso = self._data.oMi[frame.parentJoint] * frame.placement
        x, y, _ = (torso.rotation @ pin.rpy.rpyToMatrix(*config.torso_rpy))[:, 0]
        turn = pin.rpy.rpyToMatrix(0.0, 0.0, -float(np.arctan2(y, x)))
        heights = [
            vertices @ self._data.oMi[joint].rotation[2] + self._data.oMi[joint].translation[2]
            for joint, _, vertices, _ in self._meshes
        ]
        ends = np.array([(each.min(initial=np.inf), each.max(initial=-np.inf)) for each in heights]).reshape(-1, 2)
        if not len(ends) or not np.isfinite(ends).all():
            raise RobotError(f"{config.source}: the URDF has no links of a size that can be drawn")
        lowest, highest = ends[:, 0].min(), ends[:, 1].max()
        self.height_m = float(highest - lowest)
        across, along, _ = turn @ torso.translation
        return pin.SE3(turn, np.array([-across, -along, -lowest]))


_Mesh = tuple[int, tuple[int, int, int], np.ndarray, np.ndarray]  # joint, colour, vertices (V, 3), faces (F, 3)


def _read_meshes(model: Any, urdf_xml: str, where: str, path: Path | None) -> tuple[list[_Mesh], str | None]:
    """Read a URDF's visual geometry in its joints' frames, simplified; or say why there is none."""
    folders = [str(folder) for folder in package_folders(path) if folder.is_dir()]
    try:
        shapes = pin.buildGeomFromUrdfString(model, urdf_xml, pin.GeometryType.VISUAL, package_dirs=folders)
    except (ValueError, RuntimeError) as error:
        return [], " ".join(str(error).split())
    parts: dict[tuple[int, tuple[int, int, int]], list[trimesh.Trimesh]] = {}
    for shape in shapes.geometryObjects:
        mesh = _triangles(shape)
        mesh.apply_transform(shape.placement.homogeneous @ np.diag([*shape.meshScale, 1.0]))
        red, green, blue = (int(channel) for channel in np.round(shape.meshColor[:3] * 255))
        parts.setdefault((shape.parentJoint, (red, green, blue)), []).append(mesh)
    whole = {key: trimesh.util.concatenate(meshes) for key, meshes in parts.items()}
    small = {key: (np.asarray(mesh.vertices), np.asarray(mesh.faces)) for key, mesh in whole.items()}
    cell = _FIRST_CELL_M
    while sum(len(faces) for _, faces in small.values()) > _MOST_TRIANGLES:
        small = {key: simplify(*mesh, cell) for key, mesh in small.items()}
        cell *= 1.4
    found = [(joint, rgb, *mesh) for (joint, rgb), mesh in small.items() if len(mesh[1])]
    return found, None if found else f"{where} has no visual geometry"


def _triangles(shape: Any) -> trimesh.Trimesh:
    geometry, kind = shape.geometry, type(shape.geometry).__name__
    if kind == "Box":
        return trimesh.creation.box(2 * geometry.halfSide)
    if kind in ("Cylinder", "Capsule"):
        return getattr(trimesh.creation, kind.lower())(radius=geometry.radius, height=2 * geometry.halfLength)
    if kind == "Sphere":
        return trimesh.creation.icosphere(2, geometry.radius)
    if shape.meshPath.lower().endswith(".stl"):  # the same triangles as Pinocchio's, three times as fast
        return trimesh.load_mesh(shape.meshPath, process=False)
    if not hasattr(geometry, "tri_indices"):
        return trimesh.Trimesh()
    faces = [[triangle[k] for k in range(3)] for triangle in map(geometry.tri_indices, range(geometry.num_tris))]
    mesh = trimesh.Trimesh(geometry.vertices(), faces, process=False)
    return mesh.apply_scale(1.0 / shape.meshScale)  # Pinocchio scaled these already


def simplify(vertices: np.ndarray, faces: np.ndarray, cell_m: float) -> tuple[np.ndarray, np.ndarray]:
    """Merge all vertices of a cell of space into their mean; triangles that collapse vanish.

    Args:
        vertices: Shape (V, 3) [m].
        faces: Triples of vertices (F, 3).
        cell_m: Edge of a cell [m].

    Returns:
        Fewer vertices and faces of the same form.
    """
    if not len(faces):  # smaller than a cell of the round before
        return vertices[:0], faces
    grid = np.floor((vertices - vertices.min(axis=0)) / cell_m).astype(np.int64)
    keys, merged = np.unique(grid @ np.array([1, 2**20, 2**40]), return_inverse=True)
    count = np.bincount(merged, minlength=len(keys))
    means = np.stack([np.bincount(merged, column, len(keys)) / count for column in vertices.T], axis=1)
    faces = merged[faces]
    a, b, c = faces.T
    faces = faces[(a != b) & (b != c) & (c != a)]
    if not len(faces):
        return means[:0], faces
    a, b, c = np.sort(faces, axis=1).T
    _, first = np.unique((a * len(keys) + b) * len(keys) + c, return_index=True)
    used, faces = np.unique(faces[np.sort(first)], return_inverse=True)
    return means[used], faces.reshape(-1, 3)


def _rods(model: Any) -> list[_Mesh]:
    """Draw links as rods between joints, for a robot without meshes."""
    meshes: list[_Mesh] = []
    steps = [(model.parents[i], model.jointPlacements[i].translation) for i in range(1, model.njoints)]
    steps += [(frame.parentJoint, frame.placement.translation) for frame in model.frames]
    for joint, end in steps:
        length = float(np.linalg.norm(end))
        if length > 1e-3:
            rod = trimesh.creation.cylinder(0.02, segment=[np.zeros(3), end], sections=12)
            meshes.append((int(joint), (120, 124, 130), np.asarray(rod.vertices), np.asarray(rod.faces)))
    return meshes


def _wxyz(rotation: np.ndarray) -> np.ndarray:
    x, y, z, w = pin.Quaternion(rotation).coeffs()
    return np.array([w, x, y, z])
