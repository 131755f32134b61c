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

import time
from dataclasses import replace
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from iat_ros.errors import ConfigError, MessageError
from iat_ros.nodes.answer_stages import AnswerStages
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, decode_skeletons, stamp_s, to_stamp
from iat_ros.nodes.last_minute import LastMinute, Moment, PlayedAnswer
from iat_ros.nodes.markers import PersonInView, body_bones, line_list
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import LIMBS, SKELETON
from iat_ros.nodes.robot_description import PARAMETERS as ROBOT
from iat_ros.nodes.robot_description import read_robot
from iat_ros.nodes.shown_answers import Alternatives, AnswerFigure
from iat_ros.nodes.stage_markers import stage_markers
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.nodes.viewer_display import ViewerDisplay
from iat_ros.nodes.viewer_requests import Requests
from iat_ros.robot.model import complete, load_urdf
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.joint_motion import LARGEST
from iat_ros.skeleton.limb_chain import find_head

_FRESH_S = 1.0  # joint_states older than this no longer tell where the robot is
_ACTING_S = 0.4  # pauses this short belong to an action
_STATUS_S = 0.2
_SILENT_S = 3.0  # diagnostics come every second
_NOTE_S = 15.0  # so long the page tells what came of a button
_AHEAD_S = 1.0  # how far the stamp of a trajectory may be from now; else it counts from its receipt


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
        self._page: Any = None
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
            from iat_ros.nodes import viewer_page, viewer_panel
        except ImportError as error:
            raise ConfigError(f"the viewer needs {error.name}, which is not installed: pip install viser") from error
        self._definition = load_skeleton(values["skeleton"], values["limbs"])
        robot, urdf_xml = read_robot(self, values)
        controllers = complete(robot, *load_urdf(robot, urdf_xml)[:2]).controllers()
        self._bones, self._figure = body_bones(self._definition), AnswerFigure(self._definition)
        self._person = PersonInView(self._definition)
        self._answer: PlayedAnswer | None = None
        self._alternatives = Alternatives()
        self._performs_until_s = self._measured_s = self._status_s = -np.inf
        self._pose: dict[str, float] = {}
        self._stages = AnswerStages()
        self._history, self._past, self._ago_s = LastMinute(), LastMinute(), 0.0
        self._trouble: tuple[float, str] = -np.inf, ""  # when the trajectory node told, and what
        self._note: tuple[float, str] = -np.inf, ""
        self._playing, self._browsers = False, 0
        self._undrawn: set[str] = set()
        self._colours, self._make_status = (viewer_panel.PERSON_RGB, viewer_panel.ANSWER_RGB), viewer_panel.Status
        self._page = viewer_page.ViewerPage(
            robot,
            viewer_page.Bones(self._bones, find_head(self._definition.joints)),
            viewer_page.Bones(self._figure.bones, find_head(self._figure.joints)),
            urdf_xml=urdf_xml,
            host=values["host"],
            port=values["port"],
            model=values["model"],
            controls=values["controls"],
        )
        self._robot, self._display = self._page.robot, ViewerDisplay(self._page, self._figure)
        self._listen(next(iter(controllers)))
        if self._page.robot_note is not None:
            self.get_logger().warning(f"'{robot.name}' is drawn as lines: {self._page.robot_note}")
        tick = self.guarded(lambda _: self._on_tick())
        self._timer = self.create_timer(1.0 / values["rate"], lambda: tick(None))
        self.get_logger().info(f"page at {self._page.url}")
        if values["controls"] and not _only_here(values["host"]):
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
        self._undrawn.add("person")
        self._person.push(cloud, self._now_s())

    def _on_window(self, message: PointCloud2) -> None:
        self.counts["actions"] += 1
        self._stages.saw_window(stamp_s(message.header.stamp), self._now_s())

    def _on_response(self, message: PointCloud2) -> None:
        motion = decode_motion(message, len(self._definition.limbs))
        self.counts["answers"] += 1
        now = self._now_s()
        self._stages.saw_response(stamp_s(message.header.stamp), now)
        # Plays when the robot is free, unless its trajectory has come already.
        waits = self._performs(now) and self._stages.latency_ms is None
        self._answer = PlayedAnswer(np.inf if waits else now, message.header.frame_id, motion)
        self._undrawn.add("answer")

    def _on_joint_response(self, message: JointTrajectory) -> None:
        """Take note of an answer in joints: there is no figure to show but the robot itself."""
        self.counts["answers"] += 1
        self._stages.saw_response(stamp_s(message.header.stamp), self._now_s())
        self._answer = None
        self._undrawn.add("answer")

    def _on_alternative(self, message: PointCloud2) -> None:
        motion = decode_motion(message, len(self._definition.limbs))
        self._alternatives.push(stamp_s(message.header.stamp), motion, self._now_s())
        self.counts["alternatives"] += 1

    def _on_trajectory(self, message: JointTrajectory) -> None:
        now = self._now_s()
        if not message.points:
            raise MessageError("joint_trajectory: has no points")
        stamp = stamp_s(message.header.stamp)
        start_s = stamp if abs(stamp - now) < _AHEAD_S else now
        self._performs_until_s = start_s + stamp_s(message.points[-1].time_from_start)
        self.counts["trajectories"] += 1
        self._stages.saw_trajectory(now, self._pose)
        if self._answer is not None and self._answer.since_s > now:
            self._answer = PlayedAnswer(now, self._answer.frame_id, self._answer.motion)

    def _on_joint_states(self, message: JointState) -> None:
        if len(message.name) != len(message.position):
            raise MessageError("joint_states: expected as many positions as names")
        ours = self._robot.joint_names  # what else is told is of another robot, or nonsense, and would be kept for good
        told = {name: at for name, at in zip(message.name, message.position, strict=True) if name in ours}
        if not told:
            return
        if not all(abs(at) <= LARGEST for at in told.values()):
            raise MessageError(f"joint_states: hold NaN, infinity or positions beyond {LARGEST:g}")
        self._pose = {**self._pose, **told}  # a new one: moments of the last minute hold the old ones
        self._measured_s = self._now_s()
        self._stages.saw_joints(told, self._measured_s)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == self.resolve_topic_name("trajectory"):
                told = {value.key: value.value for value in status.values}
                self._trouble = self._now_s(), told.get("trouble", "")
                self._status_s = -np.inf

    def _on_outcome(self, button: str, success: bool, said: str) -> None:
        self.counts[f"button: {button}" if success else f"button in vain: {button}"] += 1
        self._note = self._now_s(), f"{button}: {said}"
        self._status_s = -np.inf

    def _measured(self, now_s: float) -> bool:
        return abs(now_s - self._measured_s) < _FRESH_S

    def _performs(self, now_s: float) -> bool:
        return now_s < self._performs_until_s

    def _on_tick(self) -> None:
        page, now = self._page, self._now_s()
        if self._person.leave(now):
            self._undrawn.add("person")
        playing = self._answer is not None and self._answer.plays(now)
        if playing or self._playing:
            self._undrawn.add("answer")
        self._playing = playing
        moment = self._moment(now)
        self._history.push(moment)
        self._take_clicks()
        if page.clients > self._browsers:
            self._display.forget()
        self._browsers = page.clients
        alternatives = self._alternatives.place(self._figure, now, self._person.limb_lengths_m)
        if self._browsers:
            shown = self._past.before(self._ago_s) if self._ago_s else None
            self._display.show(shown or moment, [] if shown else alternatives)
            self._show_status(shown or moment, now)
        if self._undrawn and self._markers.get_subscription_count() > 0:
            self._publish_markers(moment)
        if self._stage.get_subscription_count() > 0:
            self._publish_stage(moment, alternatives)
        self._undrawn = set()

    def _moment(self, now_s: float) -> Moment:
        acting = now_s - self._person.moved_s < _ACTING_S
        return Moment(
            now_s,
            self._person.joints,
            self._person.limb_lengths_m,
            self._answer,
            self._pose if self._measured(now_s) else None,
            "answering" if self._performs(now_s) or self._playing else "person acting" if acting else "waiting",
        )

    def _take_clicks(self) -> None:
        panel, now = self._page.panel, time.monotonic()
        for what, value in panel.take_clicks():
            if what == panel.LIVE:
                panel.go_live()
            if what in (panel.LIVE, panel.SLIDER):
                if value and not self._ago_s:
                    self._past = self._history.copy()
                self._ago_s = value
                self._status_s = -np.inf
            else:
                self._requests.ask(what, now)
        self._requests.give_up(now)

    def _show_status(self, moment: Moment, now_s: float) -> None:
        if 0.0 <= now_s - self._status_s < _STATUS_S:
            return
        self._status_s = now_s
        told_s, trouble = self._trouble
        noted_s, note = self._note
        self._page.panel.show(
            self._make_status(
                moment.state,
                self.counts["actions"],
                self.counts["answers"],
                self._person.people,
                self._measured(now_s),
                trouble if abs(now_s - told_s) < _SILENT_S else None,
                self._stages.stages,
                note if abs(now_s - noted_s) < _NOTE_S else "",
                self._ago_s,
            )
        )

    def _publish_markers(self, moment: Moment) -> None:
        person, markers = self._person, MarkerArray()
        if "person" in self._undrawn:
            joints = np.empty((0, 3)) if person.positions is None else person.positions
            bones = self._bones if len(joints) else self._bones[:0]
            stamp = to_stamp(person.time_s)
            markers.markers.append(line_list("person", person.frame_id, stamp, joints, bones, self._colours[0]))
        if "answer" in self._undrawn and moment.answer is not None:
            stamp, frame = to_stamp(moment.time_s), moment.answer.frame_id
            since_s = moment.time_s - moment.answer.since_s
            joints = self._figure.place(moment.answer.motion, since_s, moment.limb_lengths_m)
            markers.markers.append(line_list("answer", frame, stamp, joints, self._figure.bones, self._colours[1]))
        if markers.markers:
            self._markers.publish(markers)

    def _publish_stage(self, moment: Moment, alternatives: list[np.ndarray]) -> None:
        answer = self._figure.place_answer(moment.answer, moment.time_s, moment.limb_lengths_m)
        robot = None if moment.pose is None else self._robot.lines(moment.pose)
        told_s, trouble = self._trouble
        state = trouble if trouble and moment.time_s - told_s < _SILENT_S else moment.state
        self._stage.publish(
            stage_markers(
                to_stamp(moment.time_s),
                (moment.person, self._bones),
                robot,
                ((answer, *alternatives), self._figure.bones),
                self._colours,
                state,
            )
        )


def _only_here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
