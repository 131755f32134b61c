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

"""Perception under load: what waits, what is skipped, and that both are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import PointCloud2

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.model.responder import Responder
from iat_ros.nodes.clouds import decode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.perception import PerceptionNode
from iat_ros.nodes.process import EventsExecutor, SingleThreadedExecutor, bring_up
from iat_ros.resources import find_model
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

CLIP = with_stillness(make_clips(1, 1, actions=("throw",))[0], 0.8, 1.0)

pytestmark = pytest.mark.ros


class Bench:
    """The node and a tracker in one process: a frame has arrived when `publish` returns, and waits until `spin`."""

    def __init__(self, domain: int, **values: Any) -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        # In a namespace: what is left of a lifecycle node's services must not answer to tests that come later.
        options: dict[str, Any] = {"context": self.context, "namespace": "load"}
        self.perception = PerceptionNode(parameter_overrides=overrides, **options)
        self.tracker = rclpy.create_node("tracker", **options)
        self.windows: list[PointCloud2] = []
        self.coming: list[PointCloud2] = []
        self.tracker.create_subscription(PointCloud2, "windows", self.windows.append, 50)
        self.tracker.create_subscription(PointCloud2, "coming_windows", self.coming.append, 50)
        self.publisher = self.tracker.create_publisher(PointCloud2, "skeletons", qos_profile_sensor_data)
        assert bring_up(self.perception)
        self.executor = (EventsExecutor or SingleThreadedExecutor)(context=self.context)
        for node in (self.perception, self.tracker):
            self.executor.add_node(node)
        self.spin_until(lambda: self.publisher.get_subscription_count() == 1)
        self.spin_until(lambda: self.tracker.count_subscribers("windows") == 1)

    def publish(self, time_s: float, positions: np.ndarray) -> None:
        """Send a frame of everybody, shape (N, J, 3) [m]."""
        self.publisher.publish(encode_skeletons(to_stamp(time_s), "camera", np.arange(len(positions)), positions))

    def spin_until(self, done: Callable[[], Any], rounds: int = 200) -> None:
        """Let the nodes work until something holds."""
        for _ in range(rounds):
            if done():
                return
            self.executor.spin_once(timeout_sec=0.05)
        pytest.fail(f"waited in vain: {self.perception.counts}, {self.perception.dropped}")

    def close(self) -> None:
        """Leave the domain."""
        self.executor.shutdown()
        self.perception.destroy_node()
        self.tracker.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def bench(ros_domain: int) -> Iterator[Bench]:
    """Perception that follows three people at most."""
    bench = Bench(ros_domain, max_people=3)
    yield bench
    bench.close()


def test_of_many_frames_that_wait_the_oldest_are_skipped_and_counted(bench: Bench) -> None:
    """Twenty frames wait: the newest five are used, fifteen are counted; the node says so."""
    for k in range(20):
        bench.publish(100.0 + k / 1000, CLIP.positions[:1])
    bench.spin_until(lambda: bench.perception.counts["frames"] == 5)
    assert bench.perception.dropped == {"frame overtaken by newer ones": 15}
    (segment,) = bench.perception._people.current()
    np.testing.assert_allclose(segment[1].times_s, 100.0 + np.arange(15, 20) / 1000)


def test_what_the_queue_lost_is_counted_too(bench: Bench) -> None:
    """Two hundred frames in a queue of sixty: five are used, all others counted; and before it ran over, none."""
    for k in range(3):
        bench.publish(100.0 + k / 1000, CLIP.positions[:1])
    bench.spin_until(lambda: bench.perception.counts["frames"] == 3)
    assert not bench.perception.dropped
    for k in range(3, 203):
        bench.publish(100.0 + k / 1000, CLIP.positions[:1])
    bench.spin_until(lambda: bench.perception.counts["frames"] == 8)
    assert bench.perception.dropped == {"frame overtaken by newer ones": 55, "frame lost before it was taken": 140}


def test_a_burst_loses_nothing(bench: Bench) -> None:
    """Frames that come five at once, one of them unusable, are all used but that one, and give their action."""
    for k, (time, pose) in enumerate(zip(CLIP.times_s + 100.0, CLIP.positions, strict=True)):
        bench.publish(time, pose[None] if k != 12 else pose[None, :7])
        if k % 5 == 4:
            bench.spin_until(lambda k=k: bench.perception.counts["frames"] == k + 1 - (k >= 12))
    bench.spin_until(lambda: bench.windows)
    assert bench.perception.dropped == {"cloud: expected width 20, got 7: is it of another skeleton?": 1}
    assert decode_motion(bench.windows[0], 8).duration_s > 0.5


def test_a_crowd_is_counted_and_those_who_came_first_are_answered(bench: Bench) -> None:
    """Five people act, three are followed and give a window each; the frames of two are counted."""
    for k, (time, pose) in enumerate(zip(CLIP.times_s + 100.0, CLIP.positions, strict=True)):
        bench.publish(time, np.repeat(pose[None], 5, axis=0))
        bench.spin_until(lambda k=k: bench.perception.counts["frames"] == k + 1)
    bench.spin_until(lambda: len(bench.windows) == 3)
    assert sorted(window.header.frame_id for window in bench.windows) == ["body_0", "body_1", "body_2"]
    assert bench.perception.dropped == {"too many people": 2 * len(CLIP.times_s)}


def test_a_window_is_told_of_before_it_comes(bench: Bench) -> None:
    """As soon as the person is at rest, bit by bit the window that follows."""
    told_at = 0
    for k, (time, pose) in enumerate(zip(CLIP.times_s + 100.0, CLIP.positions, strict=True)):
        bench.publish(time, pose[None])
        bench.spin_until(lambda k=k: bench.perception.counts["frames"] == k + 1)
        told_at = k if bench.perception.counts["coming windows"] and not told_at else told_at
        if bench.perception.counts["windows"]:
            break
    bench.spin_until(lambda: bench.windows and bench.coming)
    assert k - told_at >= 3
    assert bench.coming[-1] == bench.windows[0]


def test_frames_that_come_while_inactive_are_no_drops(bench: Bench) -> None:
    """Until it is active, the node neither uses nor counts what comes."""
    bench.perception.trigger_deactivate()
    for k in range(20):
        bench.publish(100.0 + k / 30, CLIP.positions[:1])
    for _ in range(30):
        bench.executor.spin_once(timeout_sec=0.0)
    assert bench.perception.counts["frames"] == 0
    assert bench.perception.dropped == {}
    bench.perception.trigger_activate()
    bench.publish(101.0, CLIP.positions[:1])
    bench.spin_until(lambda: bench.perception.counts["frames"] == 1)
    assert bench.perception.dropped == {}


def watch(domain: int, skeleton: str, positions: np.ndarray) -> Motion:
    """The window that perception makes of a clip's joints as a tracker sends them."""
    bench = Bench(domain, skeleton=skeleton)
    try:
        for count, time_s in enumerate(CLIP.times_s, 1):
            bench.publish(time_s, positions[count - 1, None])
            bench.spin_until(lambda count=count: bench.perception.counts["frames"] == count)
        bench.spin_until(lambda: bench.windows)
        return decode_motion(bench.windows[0], 8)
    finally:
        bench.close()


def test_a_tracker_that_sends_no_middle_of_the_shoulders(ros_domain: int) -> None:
    """Azure Kinect's joints make the windows that UTD-MHAD's make of the same motion, and the shipped model answers."""
    azure, own = load_skeleton("azure_kinect"), load_skeleton("utd_mhad")
    names = {"spine_navel": "spine"} | {name: name for name in azure.sent if name in own.joints}
    columns = [own.joints.index(names.get(joint, "head")) for joint in azure.sent]
    windows = [
        watch(ros_domain, azure.name, CLIP.positions[:, columns]),
        watch(ros_domain, own.name, CLIP.positions),
    ]
    cosines = np.sum(windows[0].limbs_in_body * windows[1].limbs_in_body, axis=-1)
    apart_deg = dict(zip(own.limb_names, np.degrees(np.arccos(cosines.clip(-1, 1))).mean(axis=0), strict=True))
    collars_deg = [apart_deg.pop(f"{side}_clavicle") for side in ("left", "right")]
    assert max(apart_deg.values()) < 6.0
    assert max(collars_deg) < 30.0  # Kinect v1 has the middle of the shoulders higher up
    responder = Responder.load(find_model("utd_mhad"), "cpu")
    responder.require_limbs(azure)
