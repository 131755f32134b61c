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

"""The tracker node and what hears it, over DDS, in one process: a message has been used when `send` returns."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import SkeletonCloud, decode_skeletons, encode_skeletons, to_stamp
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.tracker.node import TrackerNode
from iat_ros.skeleton.definition import load_skeleton


class TrackerRig:
    """Another tracker's publisher, the tracker node, and perception behind it.

    Attributes:
        clouds: What the tracker node published.
        windows: What perception makes of these.
        direct_windows: What perception makes of the same people as clouds.
    """

    def __init__(self, domain: int, **values: Any) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.skeleton = load_skeleton(values.get("skeleton", "utd_mhad"))
        # In a namespace: what is left of a lifecycle node's services must not answer to tests that come later.
        self._options: dict[str, Any] = {"context": self.context, "namespace": "tracked"}
        self.tracker = TrackerNode(parameter_overrides=_parameters(**values), **self._options)
        self.other = rclpy.create_node("other", **self._options)
        self.clouds: list[PointCloud2] = []
        self.other.create_subscription(PointCloud2, "skeletons", self.clouds.append, 100)
        self.executor = SingleThreadedExecutor(context=self.context)
        self._nodes = [self.tracker, self.other]
        self.windows: list[PointCloud2] = []
        self.direct_windows: list[PointCloud2] = []

    def start(self) -> None:
        """Bring the tracker up."""
        assert bring_up(self.tracker)
        for node in self._nodes:
            self.executor.add_node(node)
        self.until(
            lambda: self.other.count_publishers("skeletons") == 1 and self.tracker._publisher.get_subscription_count()
        )

    def add_perception(self) -> None:
        """Have perception hear the tracker, and another one the clouds that `send_direct` sends."""
        direct = {**self._options, "namespace": "direct"}
        self._perceptions = []
        for options, windows in ((self._options, self.windows), (direct, self.direct_windows)):
            node = PerceptionNode(parameter_overrides=_parameters(skeleton=self.skeleton_name), **options)
            assert bring_up(node)
            self.executor.add_node(node)
            self._nodes.append(node)
            self._perceptions.append(node)
            self.other.create_subscription(PointCloud2, f"/{options['namespace']}/windows", windows.append, 50)
        self._direct = self.other.create_publisher(PointCloud2, "/direct/skeletons", 50)
        self.until(lambda: self._direct.get_subscription_count() == 1)
        self.until(lambda: all(node._windows.get_subscription_count() == 1 for node in self._perceptions))

    @property
    def skeleton_name(self) -> str:
        """What the tracker's parameter says."""
        return str(self.tracker.get_parameter("skeleton").value)

    def publisher(self, kind: type, topic: str, qos: QoSProfile | int = qos_profile_sensor_data) -> Any:
        """Make a publisher that the tracker hears."""
        publisher = self.other.create_publisher(kind, topic, qos)
        self.until(lambda: publisher.get_subscription_count() >= 1)
        return publisher

    def until(self, done: Callable[[], Any], rounds: int = 400) -> None:
        """Let the nodes work until something holds."""
        for _ in range(rounds):
            if done():
                return
            self.executor.spin_once(timeout_sec=0.02)
        pytest.fail(f"waited in vain: {self.tracker.counts}, {self.tracker.dropped}")

    def clouds_after(self, count: int) -> list[SkeletonCloud]:
        """Wait for so many clouds and read them."""
        self.until(lambda: len(self.clouds) >= count)
        assert len(self.clouds) == count
        return [decode_skeletons(cloud, len(self.skeleton.joints)) for cloud in self.clouds]

    def send_direct(self, time_s: float, positions: np.ndarray, body_id: int) -> None:
        """Send one person [m], shape (J, 3), as a cloud."""
        counts = self._perceptions[1].counts
        expected = counts["frames"] + 1
        self._direct.publish(encode_skeletons(to_stamp(time_s), "camera", np.array([body_id]), positions[None]))
        self.until(lambda: counts["frames"] == expected)

    def compare_windows(self, frames: int) -> None:
        """Let perception work through so many frames of both ways, and expect the same single window of both."""
        self.until(lambda: all(node.counts["frames"] >= frames for node in self._perceptions))
        self.until(lambda: self.windows and self.direct_windows)
        (window,), (expected,) = self.windows, self.direct_windows
        assert window == expected

    def close(self) -> None:
        """Leave the domain."""
        self.executor.shutdown()
        for node in self._nodes:
            node.destroy_node()
        rclpy.shutdown(context=self.context)


def _parameters(**values: Any) -> list[Parameter]:
    return [Parameter(name, value=value) for name, value in values.items()]


@pytest.fixture
def make_rig(ros_domain: int) -> Iterator[Callable[..., TrackerRig]]:
    """Make a rig whose tracker has these parameters."""
    rigs: list[TrackerRig] = []

    def make(started: bool = True, **values: Any) -> TrackerRig:
        rigs.append(TrackerRig(ros_domain, **values))
        if started:
            rigs[0].start()
        return rigs[0]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture(scope="session")
def throw() -> Any:
    """Somebody is quiet, throws, and is quiet: a clip of UTD-MHAD's joints."""
    return with_stillness(make_clips(1, 1, actions=("throw",))[0], 0.8, 1.0)


DEFINITIONS = {
    "tf2_msgs": {"TFMessage": "geometry_msgs/TransformStamped[] transforms\n"},
    "hri_msgs": {"IdsList": "std_msgs/Header header\nstring[] ids\n"},
    "zed_msgs": {
        "Keypoint2Di": "uint32[2] kp\n",
        "Keypoint2Df": "float32[2] kp\n",
        "Keypoint3D": "float32[3] kp\n",
        "BoundingBox2Di": "zed_msgs/Keypoint2Di[4] corners\n",
        "BoundingBox2Df": "zed_msgs/Keypoint2Df[4] corners\n",
        "BoundingBox3D": "zed_msgs/Keypoint3D[8] corners\n",
        "Skeleton2D": "zed_msgs/Keypoint2Df[70] keypoints\n",
        "Skeleton3D": "zed_msgs/Keypoint3D[70] keypoints\n",
        "Object": """string label
int16 label_id
string sublabel
float32 confidence
float32[3] position
float32[6] position_covariance
float32[3] velocity
bool tracking_available
int8 tracking_state
int8 action_state
zed_msgs/BoundingBox2Di bounding_box_2d
zed_msgs/BoundingBox3D bounding_box_3d
float32[3] dimensions_3d
bool skeleton_available
int8 body_format
zed_msgs/BoundingBox2Df head_bounding_box_2d
zed_msgs/BoundingBox3D head_bounding_box_3d
float32[3] head_position
zed_msgs/Skeleton2D skeleton_2d
zed_msgs/Skeleton3D skeleton_3d
""",
        "ObjectsStamped": "std_msgs/Header header\nzed_msgs/Object[] objects\n",
    },
}
"""Messages of other trackers' packages, field by field as these define them."""


@pytest.fixture(scope="session")
def need_messages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """Make a package of messages importable, compiled where it is not installed; skip where neither can be."""
    packages = runpy.run_path(str(Path(__file__).with_name("message_packages.py")))

    def need(package: str) -> None:
        try:
            __import__(f"{package}.msg")
        except ImportError:
            if reason := packages["why_not"]():
                pytest.skip(f"{package} is not installed and cannot be made: {reason}")
            packages["require"](package, DEFINITIONS[package], tmp_path_factory.mktemp(package))

    return need
