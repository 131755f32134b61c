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

"""The camera node as a process, on a video that is rendered here, with a stand-in for MediaPipe's landmarker.

    python -m benchmarks.faults.stand_in_camera VIDEO --ros-args -p skeleton:=mediapipe

Pictures only give the times: whoever is published as ``pose_array``, with UTD-MHAD's joints, is seen in them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from threading import Thread

import numpy as np
import rclpy
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor

from iat_ros.nodes.base import SENSOR_QOS
from iat_ros.nodes.camera.detector import LANDMARKS, Detection
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.camera.place import focal_length_px
from iat_ros.nodes.camera.video import load_opencv
from iat_ros.nodes.process import run_nodes
from iat_ros.skeleton.definition import load_skeleton

WIDTH, HEIGHT = 64, 48
FIELD_OF_VIEW_DEG = 65.0
VIDEO_S = 60
RATE_HZ = 30
FARTHER_M = 1.0  # so that all of the person is before the camera
_GONE_S = 0.5


class Eyes:
    """Sees who was published last; a `Detector`."""

    def __init__(self, _model: str, _people: int) -> None:
        names = load_skeleton("utd_mhad").joints
        self._rows = [names.index(name if name in names else "head") for name in LANDMARKS]
        self._hips = [LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]
        self._seen: tuple[float, np.ndarray] = (-np.inf, np.empty(0))
        self._node = rclpy.create_node("eyes")
        self._node.create_subscription(PoseArray, "pose_array", self._see, SENSOR_QOS)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def detect(self, picture: np.ndarray, _time_s: float) -> list[Detection]:
        """Tell of the person, as MediaPipe would."""
        came_s, positions = self._seen
        if time.monotonic() - came_s > _GONE_S:
            return []
        height, width = picture.shape[:2]
        focal_px = focal_length_px(width, np.radians(FIELD_OF_VIEW_DEG))
        pixels = focal_px * positions[:, :2] / positions[:, 2:] + (width / 2, height / 2)
        return [Detection(positions - positions[self._hips].mean(axis=0), pixels, np.full(len(LANDMARKS), 0.9))]

    def close(self) -> None:
        """See nothing more. A thread that still waits in rclpy when the interpreter ends would abort the process."""
        self._executor.shutdown()
        self._thread.join()
        self._node.destroy_node()

    def _see(self, message: PoseArray) -> None:
        joints = np.array([(each.position.x, each.position.y, each.position.z) for each in message.poses])
        self._seen = time.monotonic(), joints[self._rows] + (0.0, 0.0, FARTHER_M)


def film(path: Path) -> None:
    """Render the video: nothing is to be seen in it."""
    cv2 = load_opencv()
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), float(RATE_HZ), (WIDTH, HEIGHT))
    for _ in range(VIDEO_S * RATE_HZ):
        writer.write(np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    writer.release()


def main() -> int:
    """Run the node until SIGTERM, on a video that is made where there is none yet."""
    video = Path(sys.argv[1])
    if not video.is_file():
        film(video)
    shown = ["-p", f"source:={video}", "-p", "loop:=true", "-p", f"field_of_view:={FIELD_OF_VIEW_DEG}"]
    return run_nodes(lambda: [CameraNode(Eyes)], ["--ros-args", *shown, *sys.argv[3:]])


if __name__ == "__main__":
    raise SystemExit(main())
