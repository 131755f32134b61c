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

"""ROS4HRI (REP-155) over DDS: a list of bodies, a tree of frames for each, wrists that are fixed to the forearm."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from std_msgs.msg import Header

from iat_ros.nodes.clouds import to_stamp

pytestmark = pytest.mark.ros

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# As robot_state_publisher tells of the body's URDF: child, parent, place in the parent; some joints never move.
MOVING = (
    ("waist", "body", (0, 0, 0.1)),
    ("p_head", "torso", (0, 0, 0.4)),
    ("l_shoulder", "torso", (0, 0.2, 0.3)),
    ("r_shoulder", "torso", (0, -0.2, 0.3)),
    ("l_elbow", "l_shoulder", (0, 0, -0.3)),
    ("r_elbow", "r_shoulder", (0, 0, -0.3)),
)
FIXED = (
    ("torso", "waist", (0, 0, 0.2)),
    ("head", "p_head", (0, 0, 0.1)),
    ("l_wrist", "l_elbow", (0, 0, -0.25)),
    ("r_wrist", "r_elbow", (0, 0, -0.25)),
)
SKELETON = """
name: hri
joints: [head, body, torso, l_shoulder, l_elbow, l_wrist, r_shoulder, r_elbow, r_wrist]
limbs: {left_upper_arm: [l_shoulder, l_elbow], right_upper_arm: [r_shoulder, r_elbow]}
body_frame: {left: l_shoulder, right: r_shoulder, bottom: body, top: torso}
"""
STANDING = [
    (0, 0, 0.8), (0, 0, 0), (0, 0, 0.3), (0, 0.2, 0.6), (0, 0.2, 0.3), (0, 0.2, 0.05), (0, -0.2, 0.6), (0, -0.2, 0.3),
    (0, -0.2, 0.05),
]  # fmt: skip
QUARTER = (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5))


@pytest.fixture
def rig(make_rig: Callable[..., Any], need_messages: Callable[[str], None], tmp_path: Path) -> Any:
    """A rig with publishers as ROS4HRI has them."""
    for package in ("tf2_msgs", "hri_msgs"):
        need_messages(package)
    from hri_msgs.msg import IdsList
    from tf2_msgs.msg import TFMessage

    path = tmp_path / "hri.yaml"
    path.write_text(SKELETON)
    rig = make_rig(input="hri", skeleton=str(path))
    rig.ids = rig.publisher(IdsList, "/humans/bodies/tracked", 1)
    rig.tf = rig.publisher(TFMessage, "/tf", 100)
    rig.static = rig.publisher(TFMessage, "/tf_static", LATCHED)
    return rig


def links(time_s: float, body: str, tree: tuple[Any, ...]) -> Any:
    """Part of a body's tree as one message."""
    from tf2_msgs.msg import TFMessage

    return TFMessage(transforms=[link(time_s, f"{up}_{body}", f"{down}_{body}", at) for down, up, at in tree])


def link(time_s: float, parent: str, child: str, at: Any, turn: Any = (0.0, 0.0, 0.0, 1.0)) -> TransformStamped:
    """A frame in its parent."""
    return TransformStamped(
        header=Header(stamp=to_stamp(time_s), frame_id=parent),
        child_frame_id=child,
        transform=Transform(
            translation=Vector3(**dict(zip("xyz", map(float, at), strict=True))),
            rotation=Quaternion(**dict(zip("xyzw", turn, strict=True))),
        ),
    )


def send(rig: Any, time_s: float, *bodies: str, limbs: bool = True) -> None:
    """One image's worth: who is tracked, each one's place, and each one's limbs, which do not come with every image."""
    from hri_msgs.msg import IdsList
    from tf2_msgs.msg import TFMessage

    rig.ids.publish(IdsList(header=Header(stamp=to_stamp(time_s), frame_id="camera"), ids=list(bodies)))
    rig.until(lambda: rig.tracker._source._tracked == frozenset(bodies))
    for k, body in enumerate(bodies):
        rig.tf.publish(TFMessage(transforms=[link(time_s, "camera", f"body_{body}", (2, k, time_s), QUARTER)]))
        if limbs:
            rig.tf.publish(links(time_s, body, MOVING))


def test_bodies_come_and_go(rig: Any) -> None:
    """Two bodies with letters for ids, in the camera's frame, each joint where its tree puts it; then nobody."""
    for body in ("a3f2c", "77"):
        rig.static.publish(links(0.0, body, FIXED))
    for count, time_s in enumerate((1.0, 2.0, 3.0), 1):
        send(rig, time_s, "a3f2c", "77")
        rig.until(lambda k=count: rig.tracker.counts["frames"] >= k - (k == 1))
    newest = rig.clouds_after(3)[-1]
    assert newest.frame_id == "camera"
    assert newest.time_s == 3.0
    assert newest.body_ids.tolist() == [zlib.crc32(b"a3f2c"), 77]
    turned = np.array(STANDING)[:, [1, 0, 2]] * (-1, 1, 1)
    np.testing.assert_allclose(newest.positions, turned + np.array([[[2, 0, 3]], [[2, 1, 3]]]), atol=1e-5)
    send(rig, 4.0, "77")
    send(rig, 5.0, "77")
    rig.until(lambda: rig.tracker.counts["frames"] == 5)
    send(rig, 6.0)
    clouds = rig.clouds_after(6)
    assert [cloud.body_ids.tolist() for cloud in clouds[3:]] == [[77], [77], []]
    assert (clouds[-1].time_s, clouds[-1].frame_id) == (6.0, "camera")
    assert rig.tracker.dropped == {}


def test_only_tracked_bodies_are_people(rig: Any) -> None:
    """Frames of a body that the list does not have, or no longer has, are nobody's."""
    send(rig, 1.0, "here")
    for time_s in (1.1, 1.2):
        rig.tf.publish(links(time_s, "gone", MOVING))
        send(rig, time_s, "here")
    for cloud in rig.clouds_after(3):
        assert cloud.body_ids.tolist() == [zlib.crc32(b"here")]


@pytest.mark.parametrize("every", [2, 3])
def test_limbs_that_come_less_often_than_bodies(rig: Any, every: int) -> None:
    """At 30 images a second robot_state_publisher tells of each second one alone: these are the frames, and whole."""
    images, bodies = 30, ("a3f2c", "77")
    for body in bodies:
        rig.static.publish(links(0.0, body, FIXED))
    for k in range(images):
        time_s, limbs = 1.0 + k / 30, k % every == 0
        send(rig, time_s, *bodies, limbs=limbs)
        last = f"{'r_elbow' if limbs else 'body'}_{bodies[-1]}", Time.from_msg(to_stamp(time_s)).nanoseconds
        rig.until(lambda last=last: (link := rig.tracker._source._tree.get(last[0])) and link.stamp_ns == last[1])
    rig.until(lambda: len(rig.clouds) == rig.tracker.counts["frames"])
    clouds = rig.clouds_after(len(rig.clouds))
    whole = [cloud for cloud in clouds if len(cloud.body_ids) == 2 and np.isfinite(cloud.positions).all()]
    assert [round((cloud.time_s - 1.0) * 30) for cloud in whole] == [0, *range(2 * every, images, every)]
    for cloud in whole:
        np.testing.assert_allclose(cloud.positions[:, 1, 2], cloud.time_s, atol=1e-5)
    assert len(clouds) - len(whole) == every  # until it is known how often limbs come
