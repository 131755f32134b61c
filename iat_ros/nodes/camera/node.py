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

"""Camera: people in the picture of a webcam or a video file become skeletons, through MediaPipe."""

from __future__ import annotations

import math
from collections.abc import Callable
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import PointCloud2

from iat_ros.errors import ConfigError, describe
from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.camera.detector import LANDMARKS, Detection, Detector, MediaPipeDetector
from iat_ros.nodes.camera.identities import Identities
from iat_ros.nodes.camera.place import focal_length_px, stand
from iat_ros.nodes.camera.video import Video
from iat_ros.nodes.clouds import encode_skeletons, stamp_s, to_stamp
from iat_ros.nodes.parameters import Parameter

_TRY_AGAIN_S = 1.0
_BREAK_S = 0.03  # between the last picture of a video and its first when it is played again
_COUNT_EVERY_S = 0.2


class CameraNode(IatNode):
    """Publishes ``skeletons`` with MediaPipe's 33 landmarks, in the camera's optical frame.

    Args:
        make_detector: Makes what finds people, of the path of a landmarker and the number of people.
        options: For the node's constructor.
    """

    PARAMETERS = (
        Parameter("source", "0", "Number of a camera, /dev/videoN, or a video file."),
        Parameter("landmarker", "", "MediaPipe's pose landmarker, a .task file; docs/trackers.md tells where it is."),
        Parameter("rate", 30.0, "Use at most so many pictures a second; 0: all [Hz].", 0.0, 240.0),
        Parameter("realtime", True, "Play a file as fast as it was filmed; false: as fast as people are found in it."),
        Parameter("loop", False, "Play a file again and again; false: once."),
        Parameter("frame_id", "camera_optical_frame", "The camera's optical frame: x right, y down, z forward."),
        Parameter("field_of_view", 65.0, "Angle that the picture shows from left to right [deg].", 10.0, 170.0),
        Parameter("distance", 0.0, "How far from the camera people's hips are [m]; 0: guessed from their size.", 0, 20),
        Parameter("min_visibility", 0.3, "Landmarks that are less likely to be seen are not tracked.", 0.0, 1.0),
        Parameter("max_people", 1, "Find at most so many people; each costs time.", 1, 10),
    )

    def __init__(self, make_detector: Callable[[str, int], Detector] = MediaPipeDetector, **options: Any) -> None:
        super().__init__("camera", **options)
        self._make_detector = make_detector
        self._publisher = self.create_lifecycle_publisher(PointCloud2, "skeletons", RESULT_QOS)
        self._video: Video | None = None
        self._detector: Detector | None = None
        self._thread: Thread | None = None
        self._stop = Event()
        self._unused: SimpleQueue[str] = SimpleQueue()  # reasons; counters belong to the executor's thread
        self._newest_s = 0.0
        self._trouble = ""
        self.create_timer(_COUNT_EVERY_S, self._count_drops)

    def setup(self, values: dict[str, Any]) -> None:
        """Open the camera or file and load the model."""
        self._values = values
        refusals = []
        try:
            self._video = Video(values["source"], values["rate"])
        except ConfigError as error:
            refusals.append(str(error))
        try:
            self._detector = self._make_detector(values["landmarker"], values["max_people"])
        except ConfigError as error:
            refusals.append(str(error))
        if refusals:  # both at once: who sets up a camera has neither at first
            raise ConfigError("; ".join(refusals))
        self._identities = Identities()
        self._trouble = ""
        self.counts.update({"frames": 0, "people": 0})  # there from now on: the other thread only changes them

    def teardown(self) -> None:
        """Let the camera go, and the model."""
        self._halt()
        if self._video is not None:
            self._video.close()
        if self._detector is not None:
            self._detector.close()
        self._video = self._detector = None

    def trouble(self) -> str:
        """Say that the camera is gone, or the video at its end."""
        return self._trouble

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Start to look."""
        result = super().on_activate(state)
        self._stop.clear()
        self._thread = Thread(target=self._look, args=(self._video, self._detector), name="camera", daemon=True)
        self._thread.start()
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Look no more; the camera stays open."""
        self._halt()
        return super().on_deactivate(state)

    def destroy_node(self) -> None:
        """End the thread before the node."""
        self.teardown()
        super().destroy_node()

    def _halt(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None

    def _count_drops(self) -> None:
        while not self._unused.empty():
            self.drop(self._unused.get_nowait())

    def _look(self, video: Video, detector: Detector) -> None:
        """Publish the people of each picture, in a thread of its own: pictures are waited for."""
        try:
            while not self._stop.is_set():
                begin_s = max(stamp_s(self.get_clock().now().to_msg()), self._newest_s + _BREAK_S)
                for time_s, picture in video.pictures(self._stop, self._values["realtime"]):
                    self._trouble = ""
                    self._newest_s = begin_s + time_s
                    self._use(self._newest_s, picture, detector.detect(picture, self._newest_s))
                if not self._stop.is_set() and not self._go_on(video):
                    return
        except Exception as error:  # noqa: BLE001 - the end of a thread would go unnoticed
            self._trouble = f"looks no more, because of an unexpected {describe(error)}"
            self.get_logger().error(self._trouble)

    def _go_on(self, video: Video) -> bool:
        """Decide what comes after the last picture; return whether there may be more."""
        if video.live:
            self._trouble = "the camera gives no pictures"
            self.get_logger().error(f"{self._trouble}; looking for it again every {_TRY_AGAIN_S:g} s")
            while not self._stop.wait(_TRY_AGAIN_S):
                if video.reopen():
                    return True
            return False
        if self._values["loop"] and not self._stop.wait(_BREAK_S) and video.reopen():
            return True
        self.get_logger().info(f"the video is over: {self.counts['frames']} frames published")
        self._trouble = "the video is over"
        return False

    def _use(self, time_s: float, picture: np.ndarray, people: list[Detection]) -> None:
        height, width = picture.shape[:2]
        focal_px = focal_length_px(width, math.radians(self._values["field_of_view"]))
        places, positions, confidences = [], [], []
        for person in people:
            visible = person.visibility >= self._values["min_visibility"]
            weights = np.where(visible, person.visibility, 0.0)
            centre = width / 2, height / 2
            place = stand(person.body, person.pixels, weights, focal_px, centre, self._values["distance"])
            if place is None:
                self._unused.put("person of whom too little is seen, or who fits nowhere before the camera")
                continue
            places.append(place)
            positions.append(np.where(visible[:, None], person.body + place, np.nan))
            confidences.append(weights)
        ids = self._identities.match(time_s, np.array(places).reshape(-1, 3))
        joints = np.array(positions).reshape(-1, len(LANDMARKS), 3)
        confidence = np.array(confidences).reshape(-1, len(LANDMARKS))
        self._publisher.publish(
            encode_skeletons(to_stamp(time_s), self._values["frame_id"], np.array(ids, np.uint32), joints, confidence)
        )
        self.counts["frames"] += 1
        self.counts["people"] = len(ids)
