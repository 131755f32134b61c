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

"""zed_msgs/ObjectsStamped as zed-ros2-wrapper publishes it, over DDS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from std_msgs.msg import Header

from iat_ros.nodes.clouds import to_stamp

pytestmark = pytest.mark.ros

SKELETON = """
name: body_18
joints: [%s]
limbs: {left_upper_arm: [k5, k6], right_upper_arm: [k2, k3], torso: [k8, k1], neck: [k1, k0]}
body_frame: {left: k5, right: k2, bottom: k8, top: k1}
"""


@pytest.fixture
def rig(make_rig: Callable[..., Any], need_messages: Callable[[str], None], tmp_path: Path) -> Any:
    """A rig for the skeleton of 18 keypoints."""
    need_messages("zed_msgs")
    from zed_msgs.msg import ObjectsStamped

    path = tmp_path / "zed.yaml"
    path.write_text(SKELETON % ", ".join(f"k{k}" for k in range(18)))
    rig = make_rig(input="zed", skeleton=str(path), topic="/zed/zed_node/body_trk/skeletons", max_people=3)
    rig.zed = rig.publisher(ObjectsStamped, "/zed/zed_node/body_trk/skeletons")
    return rig


def objects(time_s: float, *bodies: Any) -> Any:
    """One message."""
    from zed_msgs.msg import ObjectsStamped

    return ObjectsStamped(header=Header(stamp=to_stamp(time_s), frame_id="zed_left_camera_frame"), objects=bodies)


def body(body_id: int, keypoints: np.ndarray, **more: Any) -> Any:
    """One person: the keypoints in the first of 70 slots, the others zero."""
    from zed_msgs.msg import Object

    fields = {"tracking_available": True, "tracking_state": 1, "skeleton_available": True, "body_format": 0, **more}
    person = Object(label=f"Body_{body_id}", label_id=body_id, **fields)
    for slot, keypoint in zip(person.skeleton_3d.keypoints, keypoints, strict=False):
        slot.kp = keypoint.astype(np.float32)
    return person


@pytest.fixture
def pose() -> np.ndarray:
    """Keypoints, shape (18, 3) [m]."""
    return np.random.default_rng(0).normal(size=(18, 3)) + 5.0


def test_people_in_one_message(rig: Any, pose: np.ndarray) -> None:
    """Ids, stamps, frame and positions are kept; NaN and zero are not tracked; searched for is still there."""
    second = pose + 1.0
    second[4], second[7] = np.nan, 0.0
    rig.zed.publish(objects(3.25, body(4, pose), body(9, second, tracking_state=2)))
    (cloud,) = rig.clouds_after(1)
    assert (cloud.time_s, cloud.frame_id, cloud.body_ids.tolist()) == (3.25, "zed_left_camera_frame", [4, 9])
    second[7] = np.nan
    np.testing.assert_allclose(cloud.positions, [pose, second], atol=1e-6)


def test_who_is_gone_is_left_out(rig: Any, pose: np.ndarray) -> None:
    """Tracking that is off or ends now; nobody left is a cloud without people. Without tracking ids are rows."""
    rig.zed.publish(objects(1.0, body(1, pose, tracking_state=0), body(2, pose, tracking_state=3)))
    off = {"tracking_available": False, "tracking_state": 0}
    rig.zed.publish(objects(2.0, body(-1, pose, **off), body(-1, pose + 1, **off)))
    nobody, untracked = rig.clouds_after(2)
    assert nobody.body_ids.tolist() == []
    assert untracked.body_ids.tolist() == [0, 1]
    assert rig.tracker.dropped == {}


def test_what_cannot_be_read_is_counted_and_named(rig: Any, pose: np.ndarray) -> None:
    """Another skeleton, an unknown format, doubled ids, objects that are no people, crowds."""
    rig.zed.publish(objects(1.0, body(1, pose, body_format=2)))
    rig.zed.publish(objects(1.1, body(1, pose, body_format=7)))
    rig.zed.publish(objects(1.2, body(1, pose), body(1, pose)))
    rig.until(lambda: sum(rig.tracker.dropped.values()) == 3)
    rig.zed.publish(objects(1.3, body(1, pose, skeleton_available=False), *(body(k, pose) for k in range(2, 7))))
    (cloud,) = rig.clouds_after(1)
    assert cloud.body_ids.tolist() == [2, 3, 4]
    assert rig.tracker.dropped == {
        "zed: expected 18 joints ('body_18'), got 38": 1,
        "zed: unknown body_format 7": 1,
        "zed: two people with one label_id in a message: 1": 1,
        "zed: object without a skeleton": 1,
        "too many people": 2,
    }


def test_perception_makes_the_same_window_of_keypoints_as_of_clouds(rig: Any, throw: Any) -> None:
    """A throw as keypoints, with the joints of another skeleton in ZED's places."""
    rig.add_perception()
    order = [0, 1, 8, 9, 10, 4, 5, 6, 2, 3, 7, 11, 12, 13, 14, 15, 16, 17]
    times = throw.times_s + 100.0
    for count, (time, positions) in enumerate(zip(times, throw.positions[:, order], strict=True), 1):
        rig.zed.publish(objects(time, body(2, positions)))
        rig.send_direct(time, positions, 2)
        rig.until(lambda k=count: rig.tracker.counts["frames"] == k)
    rig.compare_windows(len(times))
    assert rig.tracker.dropped == {}
