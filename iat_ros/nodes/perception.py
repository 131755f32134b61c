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

"""Perception: buffers streamed skeletons, finds when an action happened, publishes it as a window."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from iat_ros.errors import SkeletonError
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clouds import decode_skeletons, encode_motion, to_stamp
from iat_ros.nodes.hand_over import Outlet
from iat_ros.nodes.lost_messages import LostMessages
from iat_ros.nodes.parameters import Parameter
from iat_ros.nodes.people_parameters import PARAMETERS as PEOPLE
from iat_ros.nodes.people_parameters import choice_config, cleaning_config, identity_config
from iat_ros.nodes.serialised_clouds import CloudReader
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.stream.choice import looks_along
from iat_ros.stream.people import People
from iat_ros.stream.segment import LIVE, Segment, SegmenterConfig
from iat_ros.stream.window import make_window

_SEGMENTER = LIVE
_PARTIAL_EVERY_S = 0.1
_FRAMES_QOS = QoSProfile(depth=60, reliability=ReliabilityPolicy.BEST_EFFORT)
"""Best effort, as for every sensor; two seconds at 30 Hz, so that it is here that frames are dropped, and counted."""
_MOST_WAITING = 5  # frames that came in one burst, as over a wireless network, and are all used

SKELETON = Parameter("skeleton", "utd_mhad", "Skeleton definition: the name of one that ships, or a YAML file.")
LIMBS = Parameter(
    "limbs", "", "Limbs to use, separated by commas, in the model's order; empty: those that the skeleton lists first."
)


@dataclass(frozen=True)
class _Coming:
    """A window that was told of before it was sure, and the times of its frames."""

    times_s: np.ndarray
    message: PointCloud2


class PerceptionNode(IatNode):
    """Subscribes ``skeletons``, publishes ``windows``; service ``~/trigger`` sends what is in the buffer now.

    With ``early``, ``partial_windows`` carries each action so far, ten times a second, until it ends.
    ``coming_windows`` carries an action as soon as its person is at rest: the very window that follows if they stay so.
    """

    PARAMETERS = (
        SKELETON,
        LIMBS,
        Parameter("frames", 32, "T, the frames of a window; the model must have been trained with as many.", 8, 256),
        Parameter(
            "start_angle",
            _SEGMENTER.start_angle_rad,
            "A moving limb so far from rest starts an action [rad].",
            0.05,
            3.0,
        ),
        Parameter(
            "rest_angle", _SEGMENTER.rest_angle_rad, "All limbs so near to rest may end an action [rad].", 0.05, 3.0
        ),
        Parameter(
            "moving_speed", _SEGMENTER.moving_rad_s, "Above this the fastest limb counts as moving [rad/s].", 0.1, 20.0
        ),
        Parameter(
            "quiet_time", _SEGMENTER.quiet_s, "Silence near rest after which an action has ended [s].", 0.03, 5.0
        ),
        Parameter(
            "hold_time", _SEGMENTER.hold_s, "Silence away from rest after which an action has ended [s].", 0.1, 30.0
        ),
        Parameter("min_action", _SEGMENTER.min_action_s, "Shorter actions are dropped [s].", 0.1, 10.0),
        Parameter("max_action", _SEGMENTER.max_action_s, "Longer actions are dropped [s].", 1.0, 120.0),
        Parameter("max_gap", _SEGMENTER.max_gap_s, "A longer gap between frames loses the person [s].", 0.05, 5.0),
        Parameter("early", False, "Publish partial_windows, so that actions can be answered before they end."),
        Parameter(
            "prepare",
            True,
            "Publish coming_windows, so that an answer is ready when the silence after its action is over.",
        ),
        Parameter(
            "max_people", 64, "So many are followed at once; who came first stays, others are left out.", 1, 1000
        ),
        *PEOPLE,
    )

    def __init__(self, **options: Any) -> None:
        super().__init__("perception", **options)
        self._windows = self.create_lifecycle_publisher(PointCloud2, "windows", RESULT_QOS)
        self._partial_windows = self.create_lifecycle_publisher(PointCloud2, "partial_windows", RESULT_QOS)
        self._coming_windows = self.create_lifecycle_publisher(PointCloud2, "coming_windows", RESULT_QOS)
        self.outlet = Outlet()
        self._people: People | None = None
        self._coming: dict[int, _Coming] = {}
        self._reported: Counter[str] = Counter()
        self._skeletons = self.create_subscription(PointCloud2, "skeletons", self._on_skeletons, _FRAMES_QOS, raw=True)
        self._clouds = CloudReader()
        self._lost = LostMessages(self._who_streams)
        self._take = self.guarded(self._take_frame)
        self.create_service(Trigger, "~/trigger", self._on_trigger)

    def setup(self, values: dict[str, Any]) -> None:
        """Load the skeleton and start with nobody in view."""
        self._definition = load_skeleton(values["skeleton"], values["limbs"])
        self._frames = values["frames"]
        config = SegmenterConfig(
            start_angle_rad=values["start_angle"],
            rest_angle_rad=values["rest_angle"],
            moving_rad_s=values["moving_speed"],
            quiet_s=values["quiet_time"],
            hold_s=values["hold_time"],
            min_action_s=values["min_action"],
            max_action_s=values["max_action"],
            max_gap_s=values["max_gap"],
        )
        self._early, self._prepare = values["early"], values["prepare"]
        self._min_action_s = config.min_action_s
        self._partial_at_s = -math.inf
        self._most_people = values["max_people"]
        self._person, self._forward_axis, self._frame_id = values["person"], values["forward_axis"], ""
        self._people = People(
            self._definition,
            config,
            most=self._most_people,
            cleaning=cleaning_config(values),
            identity=identity_config(values, config),
            choice=choice_config(values),
        )
        self._reported = Counter()
        self._coming = {}

    def teardown(self) -> None:
        """Forget everybody."""
        self._people = None

    def state(self) -> dict[str, str]:
        """Tell who is chosen, and where the sensor is taken to look."""
        if self._people is None:
            return {}
        chosen = self._people.chosen
        one = "nobody" if chosen is None else f"body_{chosen}"
        told = {"person": "all" if self._person == "all" else f"{self._person}: {one}"}
        if self._person == "central" and self._frame_id:
            told["forward"] = f"{looks_along(self._frame_id, self._forward_axis)} of {self._frame_id}"
        return told

    def _on_skeletons(self, serialised: bytes) -> None:
        """Take this frame and those that wait behind it; where these are many, the oldest are skipped.

        So an answer is never later than the few frames that are used take. What is skipped is counted, and so is what
        the middleware threw away while this node was busy, where its queue had run over.
        """
        frames = [serialised]
        lost = self._lost.took(None)
        while len(frames) < _FRAMES_QOS.depth and (waiting := self._skeletons.handle.take_message(PointCloud2, True)):
            frames.append(waiting[0])
            lost += self._lost.took(waiting[1]["publication_sequence_number"])
        if lost and self.active:
            self.drop("frame lost before it was taken", lost)
        skipped = len(frames) - _MOST_WAITING
        if skipped > 0 and self.active:
            self.drop("frame overtaken by newer ones", skipped)
        for frame in frames[-_MOST_WAITING:]:
            self._take(frame)

    def _who_streams(self) -> list[bytes]:
        return [bytes(each.endpoint_gid) for each in self.get_publishers_info_by_topic(self._skeletons.topic_name)]

    def _take_frame(self, serialised: bytes) -> None:
        people = self._people
        if people is None:
            return
        cloud = decode_skeletons(self._clouds.read(serialised), len(self._definition.sent))
        self.counts["frames"] += 1
        positions = self._definition.complete(cloud.positions)
        self._publish(people.push(cloud.time_s, cloud.body_ids, positions, cloud.frame_id))
        if self._prepare:
            self._publish_coming(people)
        if self._early and not 0.0 <= cloud.time_s - self._partial_at_s < _PARTIAL_EVERY_S:
            self._partial_at_s = cloud.time_s
            self._publish_partial(people)
        self._frame_id = cloud.frame_id
        self.counts["people"] = len(people)
        self.counts.update({name: count - self.counts[name] for name, count in people.mended.items()})
        if people.dropped != self._reported:
            for reason, count in (people.dropped - self._reported).items():
                self.drop(reason, count)
            self._reported = people.dropped.copy()

    def _publish(self, ended: Iterable[tuple[int, Segment]]) -> None:
        """Publish the actions that ended with one frame, all of them before the first is handed over."""
        windows = []
        for body_id, segment in ended:
            coming = self._coming.pop(body_id, None)
            if coming is not None and np.array_equal(coming.times_s, segment.times_s):
                message: PointCloud2 | None = coming.message
            else:
                message = self._encode(body_id, segment)
            if message is not None:
                windows.append(message)
        self.counts["windows"] += len(windows)
        self.outlet.publish(self._windows, windows)

    def _publish_coming(self, people: People) -> None:
        coming = []
        for body_id, segment in people.coming():
            message = self._encode(body_id, segment)
            if message is not None:
                if len(self._coming) > self._most_people:
                    self._coming.clear()  # of people who left before they came to rest
                self._coming[body_id] = _Coming(segment.times_s, message)
                coming.append(message)
        self.counts["coming windows"] += len(coming)
        self.outlet.publish(self._coming_windows, coming)

    def _publish_partial(self, people: People) -> None:
        partial = []
        for body_id, segment in people.under_way():
            if segment.times_s[-1] - segment.times_s[0] < self._min_action_s:
                continue
            message = self._encode(body_id, segment)
            if message is not None:
                partial.append(message)
        self.counts["partial windows"] += len(partial)
        self.outlet.publish(self._partial_windows, partial)

    def _encode(self, body_id: int, segment: Segment) -> PointCloud2 | None:
        try:
            motion = make_window(self._definition, segment.times_s, segment.positions, self._frames)
        except SkeletonError as error:
            self.drop(f"action of body {body_id}: {error}")
            return None
        header = Header(stamp=to_stamp(float(segment.times_s[-1])), frame_id=f"body_{body_id}")
        return encode_motion(header, motion)

    def _on_trigger(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        segments = self._people.current() if self.active and self._people is not None else []
        before = self.counts["windows"]
        self._publish(segments)
        sent = self.counts["windows"] - before
        response.success = sent > 0
        if sent:
            response.message = f"sent {sent} window(s)"
        else:
            response.message = "nothing usable in the buffer" if self.active else "not active"
        return response
