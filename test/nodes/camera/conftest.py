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

"""The camera node beside a node that hears it, and videos and people whose landmarks are known."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import PointCloud2

from iat_ros.nodes.camera.detector import LANDMARKS, Detection, MediaPipeDetector
from iat_ros.nodes.camera.node import CameraNode
from iat_ros.nodes.camera.place import focal_length_px
from iat_ros.nodes.clouds import SkeletonCloud, decode_skeletons

WIDTH, HEIGHT, HZ = 320, 240, 30.0
FOCAL = focal_length_px(WIDTH, math.radians(65.0))


def film(path: Path, count: int, hz: float = HZ) -> Path:
    """Render a video whose pictures show their number: eight stripes, white for 1."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed (requirements/camera.txt)")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), hz, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for number in range(count):
        stripes = np.repeat(np.unpackbits(np.array([number], np.uint8)) * 255, WIDTH // 8)
        writer.write(np.broadcast_to(stripes[None, :, None], (HEIGHT, WIDTH, 3)).copy())
    writer.release()
    return path


def landmarks(positions: np.ndarray) -> Detection:
    """What MediaPipe would find of somebody whose landmarks are here [m], shape (33, 3), from the camera."""
    pixels = FOCAL * positions[:, :2] / positions[:, 2:] + (WIDTH / 2, HEIGHT / 2)
    hips = positions[[LANDMARKS.index("left_hip"), LANDMARKS.index("right_hip")]].mean(axis=0)
    return Detection(positions - hips, pixels, np.full(33, 0.9))


class Known:
    """Finds in each picture who is there by its number; remembers what it was shown."""

    def __init__(self, people: Callable[[int], list[Detection]]) -> None:
        self._people = people
        self.numbers: list[int] = []
        self.times_s: list[float] = []
        self.closed = False

    def detect(self, picture: np.ndarray, time_s: float) -> list[Detection]:
        """Answer what is known."""
        assert picture.shape == (HEIGHT, WIDTH, 3)
        bits = picture.reshape(HEIGHT, 8, -1).mean(axis=(0, 2)) > 128
        self.numbers.append(int(np.packbits(bits)[0]))
        self.times_s.append(time_s)
        return self._people(self.numbers[-1])

    def close(self) -> None:
        """Remember that."""
        self.closed = True


class CameraRig:
    """The camera node and a node that hears it, in one process."""

    film = staticmethod(film)
    landmarks = staticmethod(landmarks)
    known = Known

    def __init__(self, domain: int) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        # In a namespace: what is left of a lifecycle node's services must not answer to tests that come later.
        self.options: dict[str, Any] = {"context": self.context, "namespace": "filmed"}
        self.other = rclpy.create_node("other", **self.options)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.clouds: list[PointCloud2] = []
        self.other.create_subscription(PointCloud2, "skeletons", self.clouds.append, 200)
        self.nodes: list[Any] = []
        self.add(self.other)

    def add(self, node: Any) -> Any:
        """Let a node work, too."""
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def camera(self, detector: Any, **values: Any) -> CameraNode:
        """Make the node, not configured yet."""
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        make = MediaPipeDetector if detector is None else lambda _model, _people: detector
        return self.add(CameraNode(make, parameter_overrides=overrides, **self.options))  # type: ignore[no-any-return]

    def play(self, detector: Any, **values: Any) -> CameraNode:
        """Make the node and start it once it is heard."""
        node = self.camera(detector, **values)
        assert node.trigger_configure().name == "SUCCESS"
        self.until(lambda: node._publisher.get_subscription_count() >= len(self.nodes) - 1 and self.heard())
        assert node.trigger_activate().name == "SUCCESS"
        return node

    def heard(self) -> bool:
        """Whether the other side knows of the node, too."""
        return self.other.count_publishers("skeletons") == 1

    def until(self, done: Callable[[], Any], timeout_s: float = 10.0) -> None:
        """Let the nodes work until something holds."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline:
                pytest.fail(f"waited in vain: {[getattr(node, 'dropped', '') for node in self.nodes]}")
            self.executor.spin_once(timeout_sec=0.02)

    def people(self, count: int) -> list[SkeletonCloud]:
        """Wait for so many clouds and read them."""
        self.until(lambda: len(self.clouds) >= count)
        return [decode_skeletons(cloud, 33) for cloud in self.clouds[:count]]

    def close(self) -> None:
        """Leave the domain."""
        self.executor.shutdown()
        for node in self.nodes:
            node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def rig(ros_domain: int) -> Iterator[CameraRig]:
    """A rig of its own."""
    rig = CameraRig(ros_domain)
    yield rig
    rig.close()


@pytest.fixture
def somebody() -> np.ndarray:
    """Landmarks of somebody [m], shape (33, 3)."""
    return np.random.default_rng(0).uniform((-0.4, -0.7, 1.9), (0.4, 0.7, 2.2), (33, 3))
