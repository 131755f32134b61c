"""The viewer's page: a person, the generated answer and the robot in a browser (viser), without ROS."""

from __future__ import annotations

import html
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import rich
import viser

from iat_ros.errors import ConfigError
from iat_ros.nodes.robot_figure import RobotFigure
from iat_ros.nodes.stick_figure import Bones, StickFigure, set_visible
from iat_ros.robot.description import RobotConfig

PERSON_RGB = (38, 110, 180)
ANSWER_RGB = (224, 84, 26)
_STILL_RGB = (140, 134, 128)
_STAND_RGB = (205, 205, 208)
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
        measured: Whether joint_states tell where the robot is.
    """

    state: str = "waiting"
    actions: int = 0
    answers: int = 0
    latency_ms: float | None = None
    people: int = 0
    measured: bool = False


class ViewerPage:
    """A page on which a person and a robot face each other, the generated answer beside the robot.

    Attributes:
        url: Where to find it.
        robot_note: Why the robot is drawn as lines, or None.
        joint_names: All joints of the robot; others are not shown.
    """

    def __init__(
        self, robot: RobotConfig, person: Bones, answer: Bones, *,
        urdf_xml: str | None = None, host: str = "127.0.0.1", port: int = 8080, model: str = "",
    ) -> None:  # fmt: skip
        """Open the page.

        Args:
            robot: The robot.
            person: What to draw of the person.
            answer: What to draw of the answer.
            urdf_xml: Its URDF, where it does not come from the file that it names.
            host: Address to listen on.
            port: Port to listen on; 0 takes any free one.
            model: What to call the model; empty: nothing is said about it.

        Raises:
            ConfigError: The address cannot be listened on.
            RobotError: The robot's URDF cannot be used.
        """
        self._names = {"robot": robot.name} | ({"model": model} if model else {})
        _require_free(host, port)  # before the work: the meshes take seconds
        self._robot = RobotFigure(robot, urdf_xml)
        self.robot_note = self._robot.note
        self.joint_names = self._robot.joint_names
        self._server = _open(host, port)
        self.url = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{self._server.get_port()}"
        scene = self._server.scene
        scene.add_frame("/person", show_axes=False, position=_PERSON_AT)
        self._robot_root = scene.add_frame("/robot", show_axes=False, position=_ROBOT_AT, wxyz=_TURNED, visible=False)
        self._answer_root = scene.add_frame(
            "/answer", show_axes=False, position=(*_ANSWER_AT[:2], _STAND_M), wxyz=_TURNED, visible=False
        )
        self._person = StickFigure(scene, "/person/figure", person, PERSON_RGB)
        self._answer = StickFigure(scene, "/answer/figure", answer, ANSWER_RGB)
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
            set_visible(self._answer_root, joints is not None)
            self._answer.show(joints, ANSWER_RGB if playing else _STILL_RGB)

    def show_robot(self, angles: Mapping[str, float] | None) -> None:
        """Show the robot with these joint angles [rad] or [m]; other joints stay where they are; None hides it."""
        with self._server.atomic():
            set_visible(self._robot_root, angles is not None)
            if angles is not None:
                self._robot.show(angles)

    def show_status(self, status: Status) -> None:
        """Show the text panel."""
        latency = "–" if status.latency_ms is None else f"{status.latency_ms:.0f} ms"
        rows: dict[str, object] = {"people": status.people, "actions": status.actions, "answers": status.answers}
        rows |= {"last latency": latency, **self._names}
        if not status.measured:
            rows["robot"] = f"{self._names['robot']}: not shown, no joint_states come"
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
