"""Viewer: shows person, answer and robot on a page in the browser, and as markers for RViz."""

from __future__ import annotations

from typing import Any

import numpy as np
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from sensor_msgs.msg import JointState, PointCloud2
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import MarkerArray

from iat_ros.errors import ConfigError, MessageError
from iat_ros.nodes.base import RESULT_QOS, SENSOR_QOS, IatNode
from iat_ros.nodes.clouds import decode_motion, decode_skeletons, stamp_s, to_stamp
from iat_ros.nodes.markers import PersonInView, body_bones, line_list
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.perception import SKELETON
from iat_ros.nodes.robot_description import PARAMETERS as ROBOT
from iat_ros.nodes.robot_description import read_robot
from iat_ros.nodes.trajectory_output import TOPIC
from iat_ros.robot.model import complete, load_urdf
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limb_chain import LimbChain, find_head
from iat_ros.skeleton.limbs import unit
from iat_ros.skeleton.motion import Motion

_FRESH_S = 1.0  # joint_states older than this no longer tell where the robot is
_ACTING_S = 0.4  # pauses this short belong to an action
_STATUS_S = 0.2
_LONGEST_LATENCY_S = 60.0  # more means that stamps come from another clock
_AHEAD_S = 1.0  # how far the stamp of a trajectory may be from now; else it counts from its receipt


class ViewerNode(IatNode):
    """Subscribes what goes through the chain, shows it on a page at `url`, and publishes ``markers``.

    The robot is shown where ``joint_states`` say it is, not where it was told to go; while none come, not at all.
    """

    PARAMETERS = (
        SKELETON,
        *ROBOT,
        Parameter("model", "", "What to call the model on the page; empty: nothing."),
        Parameter("host", "127.0.0.1", "Address that the page listens on; 0.0.0.0 shows it to the whole network."),
        Parameter("port", 8080, "Port of the page; 0 takes any free one.", 0, 65535),
        Parameter("rate", 30.0, "How often the page is updated [Hz].", 1.0, 60.0),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("viewer", **options)
        self._markers = self.create_lifecycle_publisher(MarkerArray, "markers", RESULT_QOS)
        self._page: Any = None
        self._timer: Timer | None = None
        for kind, topic, callback, qos in (
            (PointCloud2, "skeletons", self._on_skeletons, SENSOR_QOS),
            (PointCloud2, "windows", self._on_window, RESULT_QOS),
            (PointCloud2, "responses", self._on_response, RESULT_QOS),
            (JointState, "joint_states", self._on_joint_states, SENSOR_QOS),
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
        self._definition = load_skeleton(values["skeleton"])
        robot, urdf_xml = read_robot(self, values)
        controllers = complete(robot, *load_urdf(robot, urdf_xml)[:2]).controllers()
        self._bones, self._chain = body_bones(self._definition), LimbChain(self._definition)
        self._person = PersonInView(self._definition)
        self._answer: tuple[float, str, Motion] | None = None  # since when [s], frame, motion
        self._performs_until_s = self._measured_s = self._status_s = -np.inf
        self._pose: dict[str, float] = {}
        self._stamp_s: float | None = None  # of the response whose trajectory has not come yet
        self._receipt_s: float | None = None  # of the trajectory whose response has not come yet
        self._latency_ms: float | None = None
        self._playing, self._browsers = False, 0
        self._undrawn: set[str] = set()
        self._colours, self._make_status = (viewer_page.PERSON_RGB, viewer_page.ANSWER_RGB), viewer_page.Status
        self._page = viewer_page.ViewerPage(
            robot,
            viewer_page.Bones(self._bones, find_head(self._definition.joints)),
            viewer_page.Bones(self._chain.bones, find_head(self._chain.joints)),
            urdf_xml=urdf_xml,
            host=values["host"],
            port=values["port"],
            model=values["model"],
        )
        self._listen(next(iter(controllers)))
        if self._page.robot_note is not None:
            self.get_logger().warning(f"'{robot.name}' is drawn as lines: {self._page.robot_note}")
        tick = self.guarded(self._on_tick)
        self._timer = self.create_timer(1.0 / values["rate"], lambda: tick(None))
        self.get_logger().info(f"page at {self._page.url}")

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
        cloud = decode_skeletons(message, len(self._definition.joints))
        self._undrawn.add("person")
        self._person.push(cloud, self._now_s())

    def _on_window(self, _message: PointCloud2) -> None:
        self.counts["actions"] += 1

    def _on_response(self, message: PointCloud2) -> None:
        motion = decode_motion(message, len(self._definition.limbs))
        self.counts["answers"] += 1
        now = self._now_s()
        waits = self._receipt_s is None and self._performs(now)  # plays, and counts, when the robot is free
        self._answer = np.inf if waits else now, message.header.frame_id, motion
        self._undrawn.add("answer")
        self._stamp_s = None if waits else stamp_s(message.header.stamp)
        self._time_answer()

    def _on_trajectory(self, message: JointTrajectory) -> None:
        now = self._now_s()
        if not message.points:
            raise MessageError("joint_trajectory: has no points")
        stamp = stamp_s(message.header.stamp)
        start_s = stamp if abs(stamp - now) < _AHEAD_S else now
        self._performs_until_s = start_s + stamp_s(message.points[-1].time_from_start)
        self.counts["trajectories"] += 1
        if self._answer is not None and self._answer[0] > now:
            self._answer = now, *self._answer[1:]
        else:
            self._receipt_s = now
            self._time_answer()

    def _time_answer(self) -> None:
        """Pair a response with its trajectory, whichever came first."""
        if self._stamp_s is None or self._receipt_s is None:
            return
        latency_s = self._receipt_s - self._stamp_s
        self._receipt_s = None
        if latency_s > 0.0:  # else the trajectory belonged to an answer before
            self._stamp_s = None
            self._latency_ms = 1e3 * latency_s if latency_s < _LONGEST_LATENCY_S else None

    def _on_joint_states(self, message: JointState) -> None:
        if len(message.name) != len(message.position):
            raise MessageError("joint_states: expected as many positions as names")
        if not np.isfinite(message.position).all():
            raise MessageError("joint_states: hold NaN or infinity")
        ours = self._page.joint_names  # what else is told is of another robot, or nonsense, and would be kept for good
        told = {name: at for name, at in zip(message.name, message.position, strict=True) if name in ours}
        if told:
            self._pose |= told
            self._measured_s = self._now_s()

    def _measured(self, now_s: float) -> bool:
        return abs(now_s - self._measured_s) < _FRESH_S

    def _performs(self, now_s: float) -> bool:
        return now_s < self._performs_until_s

    def _on_tick(self, _: None) -> None:
        page, person, now = self._page, self._person, self._now_s()
        if person.leave(now):
            self._undrawn.add("person")
        playing = self._answer is not None and 0.0 <= now - self._answer[0] <= self._answer[2].duration_s
        if playing or self._playing:
            self._undrawn.add("answer")
        self._playing = playing
        if page.clients > self._browsers:  # a browser that has just come knows nothing
            self._undrawn |= {"person", "answer"}
        self._browsers = page.clients
        if self._browsers:
            if "person" in self._undrawn:
                page.show_person(person.joints)
            if "answer" in self._undrawn:
                page.show_answer(self._answer_joints(now), playing)
            page.show_robot(self._pose if self._measured(now) else None)
            self._show_status(now)
        if self._undrawn and self._markers.get_subscription_count() > 0:
            self._publish_markers(now)
        self._undrawn = set()

    def _answer_joints(self, now_s: float) -> np.ndarray | None:
        if self._answer is None:
            return None
        since_s, _, motion = self._answer
        limbs, last = motion.limbs_in_body, len(motion.limbs_in_body) - 1
        place = min(max(0.0, now_s - since_s) / motion.duration_s, 1.0) * last
        i = min(int(place), last - 1)
        between = unit(limbs[i] + (place - i) * (limbs[i + 1] - limbs[i]))
        return self._chain.place(between, self._person.limb_lengths_m)

    def _show_status(self, now_s: float) -> None:
        if now_s - self._status_s < _STATUS_S:
            return
        self._status_s = now_s
        acting = now_s - self._person.moved_s < _ACTING_S
        self._page.show_status(
            self._make_status(
                "answering" if self._performs(now_s) or self._playing else "person acting" if acting else "waiting",
                self.counts["actions"],
                self.counts["answers"],
                self._latency_ms,
                self._person.people,
                self._measured(now_s),
            )
        )

    def _publish_markers(self, now_s: float) -> None:
        person, answer, markers = self._person, self._answer_joints(now_s), MarkerArray()
        if "person" in self._undrawn:
            joints = np.empty((0, 3)) if person.positions is None else person.positions
            bones = self._bones if len(joints) else self._bones[:0]
            stamp = to_stamp(person.time_s)
            markers.markers.append(line_list("person", person.frame_id, stamp, joints, bones, self._colours[0]))
        if "answer" in self._undrawn and self._answer is not None and answer is not None:
            frame, stamp = self._answer[1], to_stamp(now_s)
            markers.markers.append(line_list("answer", frame, stamp, answer, self._chain.bones, self._colours[1]))
        if markers.markers:
            self._markers.publish(markers)
