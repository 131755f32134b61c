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

"""The viewer's page: a person, the generated answer and the robot in a browser (viser), without ROS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import viser

from iat_ros.nodes.arrangement import (
    ALTERNATIVES_AT,
    ANSWER_AT,
    ANSWER_RGB,
    PERSON_AT,
    PERSON_RGB,
    ROBOT_AT,
    STAND_M,
    STAND_RGB,
    TO_CAMERA,
    TO_PERSON,
)
from iat_ros.nodes.page_server import open_server, quiet, require_free
from iat_ros.nodes.robot_figure import RobotFigure
from iat_ros.nodes.stick_figure import Bones, StickFigure, set_visible
from iat_ros.nodes.viewer_camera import FOV_RAD, USUAL_PX, view
from iat_ros.nodes.viewer_panel import ViewerPanel
from iat_ros.nodes.viewer_status import Status
from iat_ros.robot.description import RobotConfig

_STILL_RGB = (140, 134, 128)
_UNGUARDED = f"pages of other sites could press them, as viser {viser.__version__} does not refuse their requests"


class ViewerPage:
    """A page on which a person and a robot face each other, the generated answer beside the robot.

    Attributes:
        url: Where to find it.
        robot_note: Why the robot is drawn as lines, or None.
        controls_note: Why there are no buttons that were asked for, or None.
        robot: The robot's figure.
        panel: The panel with texts, buttons and slider.
    """

    def __init__(
        self, robot: RobotConfig, person: Bones, answer: Bones, *,
        urdf_xml: str | None = None, host: str = "127.0.0.1", port: int = 8080, model: str = "", controls: bool = True,
    ) -> None:  # fmt: skip
        """Open the page.

        Args:
            robot: The robot.
            person: What to draw of the person.
            answer: What to draw of an answer.
            urdf_xml: Its URDF, where it does not come from the file that it names.
            host: Address to listen on.
            port: Port to listen on; 0 takes any free one.
            model: What to call the model; empty: nothing is said about it.
            controls: Whether there are buttons that ask something of nodes.

        Raises:
            ConfigError: The address cannot be listened on.
            RobotError: The robot's URDF cannot be used.
        """
        require_free(host, port)  # before the work: the meshes take seconds
        self.robot = RobotFigure(robot, urdf_xml)
        self.robot_note = self.robot.note
        self._server = open_server(host, port)
        self.url = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{self._server.get_port()}"
        self.controls_note = _UNGUARDED if controls and not self._server.guarded else None
        scene = self._server.scene
        self._person_root = scene.add_frame("/person", show_axes=False, position=PERSON_AT, visible=False)
        self._robot_root = scene.add_frame("/robot", show_axes=False, position=ROBOT_AT, wxyz=TO_PERSON, visible=False)
        self._person = StickFigure(scene, "/person/figure", person, PERSON_RGB)
        self._answer = _StandingAnswer(scene, "/answer", "answer", answer, ANSWER_AT, TO_PERSON)
        self._alternatives = [
            _StandingAnswer(scene, f"/alternative_{number}", str(number), answer, place, TO_CAMERA)
            for number, place in enumerate(ALTERNATIVES_AT, start=1)
        ]
        self.robot.draw(scene, "/robot")
        self._furnish(robot.name)
        self.panel = ViewerPanel(
            self._server.gui,
            {"robot": robot.name} | ({"model": model} if model else {}),
            controls and self.controls_note is None,
        )
        self.panel.show(Status())

    @property
    def clients(self) -> int:
        """How many browsers show the page now."""
        return len(self._server.get_clients())

    def take_refused(self) -> Mapping[str, int]:
        """Take how many requests of other sites and the like were refused since the last time, by reason."""
        return self._server.guard.take_refused()

    def show_person(self, joints: np.ndarray | None) -> None:
        """Show joints (J, 3) [m], floor at z = 0, x to the person's front; NaN is left out, None hides the person."""
        with self._server.atomic():
            set_visible(self._person_root, joints is not None)
            self._person.show(joints, PERSON_RGB)

    def show_answer(self, joints: np.ndarray | None, playing: bool = True) -> None:
        """Show joints (K, 3) [m] of the answer in the body frame; pale when it does not play; None hides it."""
        with self._server.atomic():
            self._answer.show(joints, playing)

    def show_alternatives(self, joints: Sequence[np.ndarray]) -> None:
        """Show up to three answers side by side, each as `show_answer` takes it; without any, none."""
        with self._server.atomic():
            for number, figure in enumerate(self._alternatives):
                figure.show(joints[number] if number < len(joints) else None, playing=True)

    def show_robot(self, angles: Mapping[str, float] | None) -> None:
        """Show the robot with these joint angles [rad] or [m]; other joints stay where they are; None hides it."""
        with self._server.atomic():
            set_visible(self._robot_root, angles is not None)
            if angles is not None:
                self.robot.show(angles)

    def stop(self) -> None:
        """Close the page and free its port."""
        with quiet():
            self._server.stop()

    def _furnish(self, robot: str) -> None:
        server, scene = self._server, self._server.scene
        server.gui.configure_theme(
            show_logo=False, show_share_button=False, control_width="medium", brand_color=PERSON_RGB
        )
        server.gui.set_panel_label("iat_ros viewer")
        camera = server.initial_camera
        camera.position, camera.look_at = view(*USUAL_PX)
        camera.fov = FOV_RAD
        server.on_client_connect(_fit)
        scene.add_grid(
            "/floor", infinite_grid=True, fade_distance=14.0, cell_color=(222, 225, 230), shadow_opacity=0.25,
            section_color=(200, 204, 212),
        )  # fmt: skip
        scene.configure_environment_map("studio", environment_intensity=0.25)
        _label(scene, "/person/label", "person", (0.0, 0.0, 1.82))
        _label(scene, "/robot/label", f"robot {robot}", (0.0, 0.0, self.robot.height_m + 0.12))


def _fit(client: viser.ClientHandle) -> None:
    """Show everything in this browser's window, too."""
    client.camera.position, client.camera.look_at = view(client.camera.image_width, client.camera.image_height)


class _StandingAnswer:
    """An answer on a stand, with a label."""

    def __init__(
        self, scene: viser.SceneApi, name: str, label: str, bones: Bones, place: tuple[float, float, float],
        wxyz: tuple[float, float, float, float],
    ) -> None:  # fmt: skip
        position = (place[0], place[1], STAND_M)
        self._root = scene.add_frame(name, show_axes=False, position=position, wxyz=wxyz, visible=False)
        self._figure = StickFigure(scene, f"{name}/figure", bones, ANSWER_RGB)
        scene.add_cylinder(f"{name}/stand", 0.012, STAND_M, color=STAND_RGB, position=(0.0, 0.0, -STAND_M / 2))
        scene.add_cylinder(f"{name}/foot", 0.16, 0.016, color=STAND_RGB, position=(0.0, 0.0, 0.008 - STAND_M))
        _label(scene, f"{name}/label", label, (0.0, 0.0, 0.87))

    def show(self, joints: np.ndarray | None, playing: bool) -> None:
        """Show the answer's joints (J, 3) [m], lit while it plays; None: nothing."""
        set_visible(self._root, joints is not None)
        self._figure.show(joints, ANSWER_RGB if playing else _STILL_RGB)


def _label(scene: viser.SceneApi, name: str, text: str, position: tuple[float, float, float]) -> None:
    scene.add_label(name, text, position=position, anchor="bottom-center", font_screen_scale=1.3)
