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

"""Viewer: shows person, answer and robot on a page in the browser, and as markers for RViz and Foxglove."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from iat_ros.errors import ConfigError, MessageError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, decode_skeletons, stamp_s
from iat_ros.nodes.joint_states import read_known_joints
from iat_ros.nodes.markers import body_bones
from iat_ros.nodes.page_control import PageControl
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import LIMBS, SKELETON
from iat_ros.nodes.robot_description import PARAMETERS as ROBOT
from iat_ros.nodes.robot_description import read_robot
from iat_ros.nodes.shown_answers import Alternatives, AnswerFigure
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.nodes.viewer_markers import ViewerMarkers
from iat_ros.nodes.viewer_requests import Requests
from iat_ros.nodes.viewer_scene import Scene
from iat_ros.nodes.viewer_status import Status
from iat_ros.robot.model_source import complete, load_urdf
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limb_chain import find_head


class ViewerNode(IatNode):
    """Subscribes what goes through the chain, shows it on a page at `url`, and publishes ``markers`` and ``stage``.

    The robot is shown where ``joint_states`` say it is, not where it was told to go; while none come, not at all.
    Buttons on the page call services of the other nodes; the slider shows what was to be seen in the last minute.
    """

    PARAMETERS = (
        SKELETON,
        LIMBS,
        *ROBOT,
        Parameter("model", "", "What to call the model on the page; empty: nothing."),
        Parameter("host", "127.0.0.1", "Address that the page listens on; 0.0.0.0 shows it to the whole network."),
        Parameter("port", 8080, "Port of the page; 0 takes any free one.", 0, 65535),
        Parameter("rate", 30.0, "How often the page is updated [Hz].", 1.0, 60.0),
        Parameter("controls", True, "Show buttons that call services: answer again, halt, resume and others."),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("viewer", **options)
        self._markers = self.create_lifecycle_publisher(MarkerArray, "markers", RESULT_QOS)
        self._stage = self.create_lifecycle_publisher(MarkerArray, "stage", RESULT_QOS)
        self._page: Any = None  # a `ViewerPage`; its module needs viser
        self._timer: Timer | None = None
        self._requests = Requests(self, self._on_outcome)
        for kind, topic, callback, qos in (
            (PointCloud2, "skeletons", self._on_skeletons, SENSOR_QOS),
            (PointCloud2, "windows", self._on_window, RESULT_QOS),
            (PointCloud2, "responses", self._on_response, RESULT_QOS),
            (JointTrajectory, "joint_responses", self._on_joint_response, RESULT_QOS),
            (PointCloud2, "alternatives", self._on_alternative, RESULT_QOS),
            (JointState, "joint_states", self._on_joint_states, SENSOR_QOS),
            (DiagnosticArray, "/diagnostics", self._on_diagnostics, RESULT_QOS),
        ):
            self.create_subscription(kind, topic, self.guarded(callback), qos)
        self._input: Subscription | None = None
        self._listen(TOPIC)  # what most robots have, seen by tools before the node is configured

    @property
    def url(self) -> str | None:
        """Where the page is; None while the node is not configured."""
        return str(self._page.url) if self._page is not None else None

    def setup(self, values: dict[str, Any]) -> None:
        """Open the page, with nobody in view."""
        try:
            from iat_ros.nodes import viewer_page
        except ImportError as error:
            raise ConfigError(f"the viewer needs {error.name}, which is not installed: pip install viser") from error
        definition = load_skeleton(values["skeleton"], values["limbs"])
        robot, urdf_xml = read_robot(self, values)
        controllers = complete(robot, *load_urdf(robot, urdf_xml)[:2]).controllers()
        bones, figure = body_bones(definition), AnswerFigure(definition)
        self._page = viewer_page.ViewerPage(
            robot,
            viewer_page.Bones(bones, find_head(definition.joints)),
            viewer_page.Bones(figure.bones, find_head(figure.joints)),
            urdf_xml=urdf_xml,
            host=values["host"],
            port=values["port"],
            model=values["model"],
            controls=values["controls"],
        )
        self._definition, self._figure, self._robot = definition, figure, self._page.robot
        self._scene, self._alternatives = Scene(definition), Alternatives()
        self._control = PageControl(self._page, figure, self._requests)
        self._marked = ViewerMarkers(self._markers, self._stage, bones, figure, self._robot.lines)
        self._listen(next(iter(controllers)))
        if self._page.robot_note is not None:
            self.get_logger().warning(f"'{robot.name}' is drawn as lines: {self._page.robot_note}")
        tick = self.guarded(lambda _: self._on_tick())
        self._timer = self.create_timer(1.0 / values["rate"], lambda: tick(None))
        self.get_logger().info(f"page at {self._page.url}")
        if self._page.controls_note is not None:
            self.get_logger().warning(f"the page has no buttons: {self._page.controls_note}")
        elif values["controls"] and not _only_here(values["host"]):
            self.get_logger().warning(
                f"whoever reaches {values['host']} may press its buttons; controls:=false has none"
            )

    def teardown(self) -> None:
        """Close the page."""
        if self._timer is not None:
            self.destroy_timer(self._timer)
            self._timer = None
        if self._page is not None:
            self._page.stop()
            self._page = None

    def _listen(self, topic: str) -> None:
        """Listen to the first controller: all get their parts of a trajectory at once, with one stamp."""
        if self._input is not None and self._input.topic_name == self.resolve_topic_name(topic):
            return
        if self._input is not None:
            self.destroy_subscription(self._input)
        self._input = self.create_subscription(JointTrajectory, topic, self.guarded(self._on_trajectory), RESULT_QOS)

    def destroy_node(self) -> None:
        """Close the page too, however the node ends."""
        self.teardown()
        super().destroy_node()

    def _now_s(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _on_skeletons(self, message: PointCloud2) -> None:
        cloud = decode_skeletons(message, len(self._definition.sent))
        cloud = replace(cloud, positions=self._definition.complete(cloud.positions))
        self._scene.saw_people(cloud, self._now_s())

    def _on_window(self, message: PointCloud2) -> None:
        self.counts["actions"] += 1
        self._scene.stages.saw_window(stamp_s(message.header.stamp), self._now_s())

    def _on_response(self, message: PointCloud2) -> None:
        motion = decode_motion(message, len(self._definition.limbs))
        self.counts["answers"] += 1
        self._scene.saw_answer(stamp_s(message.header.stamp), message.header.frame_id, motion, self._now_s())

    def _on_joint_response(self, message: JointTrajectory) -> None:
        self.counts["answers"] += 1
        self._scene.saw_joint_answer(stamp_s(message.header.stamp), self._now_s())

    def _on_alternative(self, message: PointCloud2) -> None:
        motion = decode_motion(message, len(self._definition.limbs))
        self._alternatives.push(stamp_s(message.header.stamp), motion, self._now_s())
        self.counts["alternatives"] += 1

    def _on_trajectory(self, message: JointTrajectory) -> None:
        now = self._now_s()
        if not message.points:
            raise MessageError("joint_trajectory: has no points")
        self.counts["trajectories"] += 1
        duration_s = stamp_s(message.points[-1].time_from_start)
        self._scene.saw_trajectory(stamp_s(message.header.stamp), duration_s, now)

    def _on_joint_states(self, message: JointState) -> None:
        pose = read_known_joints(message, self._robot.joint_names)
        if pose:
            self._scene.saw_joints(pose, self._now_s())

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == self.resolve_topic_name("trajectory"):
                told = {value.key: value.value for value in status.values}
                self._scene.saw_trouble(told.get("trouble", ""), self._now_s())
                self._control.refresh()

    def _on_outcome(self, button: str, success: bool, said: str) -> None:
        self.counts[f"button: {button}" if success else f"button in vain: {button}"] += 1
        self._control.note(f"{button}: {said}", self._now_s())

    def _on_tick(self) -> None:
        for reason, count in self._page.take_refused().items():
            self.drop(reason, count)
        now, scene = self._now_s(), self._scene
        moment, changed = scene.pass_time(now), scene.take_changed()
        alternatives = self._alternatives.place(self._figure, now, moment.limb_lengths_m)
        trouble = scene.trouble(now)
        status = Status(
            moment.state,
            self.counts["actions"],
            self.counts["answers"],
            scene.person.people,
            scene.measured(now),
            trouble,
            scene.stages.stages,
        )
        self._control.show(moment, alternatives, status)
        self._marked.publish_figures(scene.person, moment, changed)
        self._marked.publish_stage(moment, alternatives, trouble or moment.state)


def _only_here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
