"""The viewer's page: a person, the generated answer and the robot in a browser (viser), without ROS."""

from __future__ import annotations

import html
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pinocchio as pin
import rich
import trimesh
import viser

from iat_ros.errors import ConfigError, RobotError
from iat_ros.robot import description
from iat_ros.robot.description import RobotConfig

PERSON_RGB = (38, 110, 180)
ANSWER_RGB = (224, 84, 26)
_STILL_RGB = (140, 134, 128)
_STAND_RGB = (205, 205, 208)
_BONE_M, _JOINT_M, _HEAD_M = 0.028, 0.040, 0.095  # radii
_MOST_TRIANGLES = 90_000
_FIRST_CELL_M = 0.002
_PERSON_AT, _ROBOT_AT, _ANSWER_AT = (-0.85, 0.0, 0.0), (0.55, 0.0, 0.0), (1.35, 0.3, 0.0)
_STAND_M = 0.95  # height at which the answer's torso begins
_NOTHING = 1e-6  # size of what is not tracked
_TURNED = (0.0, 0.0, 0.0, 1.0)  # half a turn about z
_STATE_RGB = {"waiting": (120, 120, 120), "person acting": PERSON_RGB, "answering": ANSWER_RGB}


@dataclass(frozen=True)
class Status:
    """What the text panel tells.

    Attributes:
        state: ``waiting``, ``person acting`` or ``answering``.
        actions: Actions found so far.
        answers: Answers so far.
        latency_ms: From the last frame of the last action to the robot's trajectory [ms].
        people: How many people are in view.
    """

    state: str = "waiting"
    actions: int = 0
    answers: int = 0
    latency_ms: float | None = None
    people: int = 0


@dataclass(frozen=True)
class Bones:
    """What to draw of a body.

    Attributes:
        pairs: The pairs of joints that bones connect, shape (B, 2).
        head: The joint drawn as a head.
    """

    pairs: np.ndarray
    head: int | None = None


class ViewerPage:
    """A page on which a person and a robot face each other, the generated answer beside the robot.

    Attributes:
        url: Where to find it.
        robot_note: Why the robot is drawn as lines, or None.
    """

    def __init__(
        self, robot: RobotConfig, person: Bones, answer: Bones, *,
        host: str = "127.0.0.1", port: int = 8080, model: str = "",
    ) -> None:  # fmt: skip
        """Open the page.

        Args:
            robot: The robot.
            person: What to draw of the person.
            answer: What to draw of the answer.
            host: Address to listen on.
            port: Port to listen on; 0 takes any free one.
            model: What to call the model; empty: nothing is said about it.

        Raises:
            ConfigError: The address cannot be listened on.
            RobotError: The robot's URDF cannot be used.
        """
        self._names = {"robot": robot.name} | ({"model": model} if model else {})
        _require_free(host, port)  # before the work: the meshes take seconds
        self._robot = _RobotFigure(robot)
        self.robot_note = self._robot.note
        self._server = _open(host, port)
        self.url = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{self._server.get_port()}"
        scene = self._server.scene
        scene.add_frame("/person", show_axes=False, position=_PERSON_AT)
        scene.add_frame("/robot", show_axes=False, position=_ROBOT_AT, wxyz=_TURNED)
        self._answer_root = scene.add_frame(
            "/answer", show_axes=False, position=(*_ANSWER_AT[:2], _STAND_M), wxyz=_TURNED, visible=False
        )
        self._person = _StickFigure(scene, "/person/figure", person, PERSON_RGB)
        self._answer = _StickFigure(scene, "/answer/figure", answer, ANSWER_RGB)
        self._robot.draw(scene, "/robot")
        self._furnish(robot.name)
        self._panel = self._server.gui.add_html("")
        self.show_status(Status())

    @property
    def clients(self) -> int:
        """How many browsers show the page now."""
        return len(self._server.get_clients())

    def show_person(self, joints: np.ndarray | None) -> None:
        """Show joints (J, 3) [m], floor at z = 0, x to the person's front; NaN is left out, None hides the person."""
        with self._server.atomic():
            self._person.show(joints, PERSON_RGB)

    def show_answer(self, joints: np.ndarray | None, playing: bool = True) -> None:
        """Show joints (K, 3) [m] of the answer in the body frame; pale when it does not play; None hides it."""
        with self._server.atomic():
            _set_visible(self._answer_root, joints is not None)
            self._answer.show(joints, ANSWER_RGB if playing else _STILL_RGB)

    def show_robot(self, angles: Mapping[str, float]) -> None:
        """Show the robot with these joint angles [rad] or [m]; other joints stay where they are."""
        with self._server.atomic():
            self._robot.show(angles)

    def show_status(self, status: Status) -> None:
        """Show the text panel."""
        latency = "–" if status.latency_ms is None else f"{status.latency_ms:.0f} ms"
        rows: dict[str, object] = {"people": status.people, "actions": status.actions, "answers": status.answers}
        rows |= {"last latency": latency, **self._names}
        lines = "".join(
            f'<tr><td style="opacity:.65;padding:2px 14px 2px 0">{html.escape(key)}</td>'
            f'<td style="font-weight:600">{html.escape(str(value))}</td></tr>'
            for key, value in rows.items()
        )
        colour = f"rgb{_STATE_RGB.get(status.state, (0, 0, 0))}"
        content = (
            f'<div style="padding:4px 14px 10px;font-size:14px"><div style="font-size:20px;font-weight:700;'
            f'margin:2px 0 8px;color:{colour}">{html.escape(status.state)}</div><table>{lines}</table></div>'
        )
        if self._panel.content != content:
            self._panel.content = content

    def stop(self) -> None:
        """Close the page and free its port."""
        with _quiet():
            self._server.stop()

    def _furnish(self, robot: str) -> None:
        server, scene = self._server, self._server.scene
        server.gui.configure_theme(
            show_logo=False, show_share_button=False, control_width="small", brand_color=PERSON_RGB
        )
        server.gui.set_panel_label("iat_ros viewer")
        camera = server.initial_camera
        camera.position, camera.look_at, camera.fov = (-0.75, -4.0, 1.65), (0.58, 0.0, 0.86), np.deg2rad(34.0)
        scene.add_grid(
            "/floor", infinite_grid=True, fade_distance=14.0, cell_color=(222, 225, 230), shadow_opacity=0.25,
            section_color=(200, 204, 212),
        )  # fmt: skip
        scene.configure_environment_map("studio", environment_intensity=0.25)
        scene.add_cylinder("/answer/stand", 0.012, _STAND_M, color=_STAND_RGB, position=(0.0, 0.0, -_STAND_M / 2))
        scene.add_cylinder("/answer/foot", 0.16, 0.016, color=_STAND_RGB, position=(0.0, 0.0, 0.008 - _STAND_M))
        for text, (x, y, _), height in (
            ("person", _PERSON_AT, 1.82),
            (f"robot {robot}", _ROBOT_AT, self._robot.height_m + 0.12),
            ("generated answer", _ANSWER_AT, 1.82),
        ):
            scene.add_label(
                f"/label_{text}", text, position=(x, y, height), anchor="bottom-center", font_screen_scale=1.3
            )


class _Server(viser.ViserServer):
    def request_share_url(self, verbose: bool = True) -> None:
        """Never pass the page on to a server in the internet, even if a browser asks for it."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep viser from printing its banner."""
    console = rich.get_console()
    before, console.quiet = console.quiet, True
    try:
        yield
    finally:
        console.quiet = before


def _require_free(host: str, port: int) -> None:
    """Raise ConfigError where nothing can listen: viser would try the next ports, or hang if the host is wrong."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except (OSError, UnicodeError) as error:
        raise _refusal(host, port, getattr(error, "strerror", None) or str(error)) from error


def _refusal(host: str, port: int, reason: str) -> ConfigError:
    return ConfigError(f"the viewer cannot listen on {host}:{port} ({reason}); set the parameter 'port' or 'host'")


def _open(host: str, port: int) -> viser.ViserServer:
    _require_free(host, port)
    with _quiet():
        server = _Server(host, port, verbose=False)
        if port not in (0, server.get_port()):
            server.stop()
            raise _refusal(host, port, "taken a moment ago")
    return server


class _StickFigure:
    """Bones as cylinders, joints as spheres: two meshes, each drawn many times."""

    def __init__(self, scene: viser.SceneApi, name: str, bones: Bones, rgb: tuple[int, int, int]) -> None:
        self._pairs, self._joints = bones.pairs, np.unique(bones.pairs)
        self._radii = np.where(self._joints == bones.head, _HEAD_M, _JOINT_M)[:, None]
        self._rgb = rgb
        tube, ball = trimesh.creation.cylinder(1.0, 1.0, sections=20), trimesh.creation.icosphere(2, 1.0)
        self._handles = [  # no bigger than a point until there is somebody to show
            scene.add_batched_meshes_simple(
                f"{name}_{part}", np.array(mesh.vertices), np.array(mesh.faces), visible=False, lod="off",
                batched_wxyzs=np.tile((1.0, 0.0, 0.0, 0.0), (count, 1)), batched_positions=np.zeros((count, 3)),
                batched_scales=np.full((count, 3), _NOTHING), batched_colors=_colours(rgb, count),
            )
            for part, mesh, count in (("bones", tube, len(self._pairs)), ("joints", ball, len(self._joints)))
        ]  # fmt: skip

    def show(self, joints: np.ndarray | None, rgb: tuple[int, int, int]) -> None:
        """Show joints (J, 3); bones and joints that are NaN vanish; None hides all."""
        for handle in self._handles:
            _set_visible(handle, joints is not None)
            if joints is not None and rgb != self._rgb:
                handle.batched_colors = _colours(rgb, len(handle.batched_positions))
        if joints is None:
            return
        self._rgb = rgb
        tubes, balls = self._handles
        start, end = joints[self._pairs[:, 0]], joints[self._pairs[:, 1]]
        length = np.linalg.norm(end - start, axis=-1, keepdims=True)
        known = np.isfinite(length) & (length > 1e-6)
        x, y, z = np.where(known, (end - start) / np.where(known, length, 1.0), (0.0, 0.0, 1.0)).T
        turns = np.stack([1.0 + z, -y, x, np.zeros_like(x)], axis=-1)  # from the z axis to the bone
        turns[z < -0.99999] = (0.0, 1.0, 0.0, 0.0)
        tubes.batched_wxyzs = turns / np.linalg.norm(turns, axis=-1, keepdims=True)
        tubes.batched_positions = np.where(known, (start + end) / 2, 0.0)
        tubes.batched_scales = np.where(known, length * (0.0, 0.0, 1.0) + (_BONE_M, _BONE_M, 0.0), _NOTHING)
        spots = joints[self._joints]
        tracked = np.isfinite(spots).all(axis=-1, keepdims=True)
        balls.batched_positions = np.where(tracked, spots, 0.0)
        balls.batched_scales = np.where(tracked, np.tile(self._radii, 3), _NOTHING)


def _set_visible(handle: viser.SceneNodeHandle, visible: bool) -> None:
    if handle.visible != visible:
        handle.visible = visible


def _colours(rgb: tuple[int, int, int], count: int) -> np.ndarray:
    return np.tile(np.array(rgb, np.uint8), (count, 1))


class _RobotFigure:
    """A robot's visual meshes on a tree of frames, one per joint; only frames that moved are sent."""

    def __init__(self, config: RobotConfig) -> None:
        path = description.find_urdf(config)
        try:
            self._model = pin.buildModelFromUrdf(str(path))
        except (ValueError, RuntimeError, IndexError) as error:
            raise RobotError(f"{path}: Pinocchio refuses this URDF: {' '.join(str(error).split())}") from error
        self._data = self._model.createData()
        self._q = pin.neutral(self._model)  # floating joints stay here: upright, where the URDF puts them
        self._pose(dict.fromkeys(self._model.names[1:], 0.0) | dict(config.rest))
        self._meshes, self.note = _read_meshes(self._model, path)
        self._meshes = self._meshes or _rods(self._model)
        self._root = self._stand(config)
        self._frames: list[Any] = []
        self._shown: list[Any] = []

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
        if not self._model.existFrame(config.torso):
            raise RobotError(f"{config.source}: torso '{config.torso}' is no link of the URDF")
        frame = self._model.frames[self._model.getFrameId(config.torso)]
        torso = self._data.oMi[frame.parentJoint] * frame.placement
        x, y, _ = (torso.rotation @ pin.rpy.rpyToMatrix(*config.torso_rpy))[:, 0]
        turn = pin.rpy.rpyToMatrix(0.0, 0.0, -float(np.arctan2(y, x)))
        heights = [
            vertices @ self._data.oMi[joint].rotation[2] + self._data.oMi[joint].translation[2]
            for joint, _, vertices, _ in self._meshes
        ]
        lowest, highest = min(h.min() for h in heights), max(h.max() for h in heights)
        self.height_m = float(highest - lowest)
        across, along, _ = turn @ torso.translation
        return pin.SE3(turn, np.array([-across, -along, -lowest]))


_Mesh = tuple[int, tuple[int, int, int], np.ndarray, np.ndarray]  # joint, colour, vertices (V, 3), faces (F, 3)


def _read_meshes(model: Any, path: Path) -> tuple[list[_Mesh], str | None]:
    """Read a URDF's visual geometry in its joints' frames, simplified; or say why there is none."""
    folders = [str(folder) for folder in description._package_folders() if folder.is_dir()]
    try:
        shapes = pin.buildGeomFromUrdf(model, str(path), pin.GeometryType.VISUAL, package_dirs=folders)
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
    return found, None if found else f"{path.name} has no visual geometry"


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
