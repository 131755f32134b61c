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

"""People as TF frames, in the forms of openni_tracker and others, over DDS."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header

from iat_ros.errors import MessageError
from iat_ros.nodes.clouds import to_stamp
from iat_ros.nodes.tracker.frame_tree import FrameTree, Link

pytestmark = pytest.mark.ros

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture(autouse=True)
def _messages(need_messages: Callable[[str], None]) -> None:
    need_messages("tf2_msgs")


def transform(time_s: float, parent: str, child: str, at: Any, turn: Any = (0.0, 0.0, 0.0, 1.0)) -> TransformStamped:
    """A frame in its parent."""
    x, y, z, w = map(float, turn)
    return TransformStamped(
        header=Header(stamp=to_stamp(time_s), frame_id=parent),
        child_frame_id=child,
        transform=Transform(
            translation=Vector3(**dict(zip("xyz", map(float, at), strict=True))),
            rotation=Quaternion(x=x, y=y, z=z, w=w),
        ),
    )


def bundle(*transforms: TransformStamped) -> Any:
    """One message of them."""
    from tf2_msgs.msg import TFMessage

    return TFMessage(transforms=list(transforms))


def tf_publisher(rig: Any, topic: str = "/tf", qos: QoSProfile | int = 100) -> Any:
    """A broadcaster as tf2_ros makes it: reliable."""
    from tf2_msgs.msg import TFMessage

    return rig.publisher(TFMessage, topic, qos)


def openni(rig: Any, time_s: float, user: int, positions: np.ndarray) -> list[Any]:
    """What openni_tracker sends of a user: a message for each joint, each stamped when it is sent."""
    return [
        bundle(transform(time_s + 1e-5 * k, "camera_depth_frame", f"{joint}_{user}", at, (0.1, 0.2, -0.3, 0.9)))
        for k, (joint, at) in enumerate(zip(rig.skeleton.joints, positions, strict=True))
    ]


@pytest.fixture
def pose() -> np.ndarray:
    """Twenty joints, shape (20, 3) [m]."""
    return np.random.default_rng(0).normal(size=(20, 3)) + 5.0


def test_perception_makes_the_same_window_of_frames_as_of_clouds(make_rig: Callable[..., Any], throw: Any) -> None:
    """A throw, joint by joint, while a robot's own transforms come on the same topic."""
    rig = make_rig(input="tf")
    rig.add_perception()
    publisher = tf_publisher(rig)
    times = throw.times_s + 100.0
    for count, (time, positions) in enumerate(zip(times, throw.positions, strict=True), 1):
        publisher.publish(bundle(*(transform(time, "base_link", f"arm_{k}_link", (0, 0, k)) for k in range(30))))
        for message in openni(rig, time, 4, positions):
            publisher.publish(message)
        # Which joints come is known when the first comes again; from then on each frame is out with its last joint.
        rig.until(
            lambda k=count: (
                rig.tracker.counts["frames"] == k or (k == 1 and len(rig.tracker._source._round.arrived) == 20)
            )
        )
    clouds = rig.clouds_after(len(times))
    for cloud, time, positions in zip(clouds, times, throw.positions, strict=True):
        assert (cloud.frame_id, cloud.body_ids.tolist()) == ("camera_depth_frame", [4])
        assert abs(cloud.time_s - time - 19e-5) < 1e-6
        np.testing.assert_allclose(cloud.positions[0], positions, atol=1e-6)
        rig.send_direct(cloud.time_s, positions, 4)
    rig.compare_windows(len(times))
    assert rig.tracker.dropped == {}


def test_frames_of_a_pattern_with_prefix_and_other_names(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Any prefix and suffix, the id before the joint, and names of the tracker's own."""
    rig = make_rig(input="tf", frame_pattern="user{id}/{joint}_frame", joint_names="head=Kopf, left_hand = Hand_L")
    publisher = tf_publisher(rig)
    names = {"head": "Kopf", "left_hand": "Hand_L"}
    for k in (1, 2):
        frames = [f"user7/{names.get(joint, joint)}_frame" for joint in rig.skeleton.joints]
        publisher.publish(bundle(*(transform(k, "/world", "/" + f, at) for f, at in zip(frames, pose, strict=True))))
    first, second = rig.clouds_after(2)
    assert (first.time_s, second.time_s, second.frame_id, second.body_ids.tolist()) == (1.0, 2.0, "world", [7])
    np.testing.assert_allclose(second.positions[0], pose, atol=1e-6)


def test_one_person_without_an_id(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Trackers of one person name frames after joints alone."""
    rig = make_rig(input="tf", frame_pattern="{joint}")
    publisher = tf_publisher(rig)
    for k in (1, 2):
        joints = zip(rig.skeleton.joints, pose, strict=True)
        publisher.publish(bundle(*(transform(k, "camera_link", joint, at) for joint, at in joints)))
    _, cloud = rig.clouds_after(2)
    assert (cloud.frame_id, cloud.body_ids.tolist()) == ("camera_link", [0])
    np.testing.assert_allclose(cloud.positions[0], pose, atol=1e-6)


def test_transforms_are_composed_up_to_the_frame(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Joints that hang on joints, on a camera that a robot moves, on a static mount: all turned and moved rightly."""
    rig = make_rig(input="tf", frame="map")
    static, publisher = tf_publisher(rig, "/tf_static", LATCHED), tf_publisher(rig)
    quarter = (0.0, 0.0, math.sqrt(0.5), math.sqrt(0.5))  # about z: x becomes y
    static.publish(bundle(transform(0, "neck_link", "camera", (0, 0, 1), quarter)))
    rig.until(lambda: rig.tracker._source._tree.get("camera"))
    joints = rig.skeleton.joints
    for k in (1, 2):
        publisher.publish(bundle(transform(k, "map", "neck_link", (10, 0, 0), quarter)))
        chain = [transform(k, "camera", f"{joints[0]}_1", pose[0], quarter)]
        chain += [
            transform(k, f"{joints[0]}_1", f"{joint}_1", at) for joint, at in zip(joints[1:], pose[1:], strict=True)
        ]
        publisher.publish(bundle(*chain))
    _, cloud = rig.clouds_after(2)
    half, three = np.diag([-1.0, -1.0, 1.0]), np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    root = half @ pose[0] + (10, 0, 1)
    np.testing.assert_allclose(cloud.positions[0][0], root, atol=1e-5)
    np.testing.assert_allclose(cloud.positions[0][1:], root + pose[1:] @ three.T, atol=1e-5)
    assert cloud.frame_id == "map"


def test_a_frame_that_nothing_leads_to_is_named(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """People stay unknown, and the reason says which frame is missing."""
    rig = make_rig(input="tf", frame="map")
    publisher = tf_publisher(rig)
    for k in (1, 2, 3):
        for message in openni(rig, k, 1, pose):
            publisher.publish(message)
    rig.until(lambda: rig.tracker.dropped["tf: no transforms lead from a person's joints to 'map'"] == 3)
    assert rig.clouds == []


def test_people_come_and_go(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Two people share a cloud; one leaves; the last one's end is told after the timeout."""
    rig = make_rig(input="tf", timeout=0.3)
    publisher = tf_publisher(rig)

    def send(time_s: float, *users: int) -> None:
        for user in users:
            for message in openni(rig, time_s + 0.001 * user, user, pose + user):
                publisher.publish(message)

    send(1.0, 1, 2)
    send(1.1, 1, 2)
    two = rig.clouds_after(2)[1]
    assert two.body_ids.tolist() == [1, 2]
    np.testing.assert_allclose(two.positions, [pose + 1, pose + 2], atol=1e-6)
    send(1.2, 2)
    send(1.3, 2)
    assert [cloud.body_ids.tolist() for cloud in rig.clouds_after(4)[2:]] == [[2], [2]]
    gone = rig.clouds_after(5)[4]
    assert (gone.body_ids.tolist(), gone.frame_id) == ([], "camera_depth_frame")
    assert gone.time_s == pytest.approx(1.3 + 0.3, abs=0.01)


def test_who_is_gone_makes_room(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """One person is followed at once; another one is, when the first has been gone for the timeout."""
    rig = make_rig(input="tf", timeout=0.3, max_people=1)
    publisher = tf_publisher(rig)
    for time_s, users in ((1.0, (1, 2)), (1.1, (1, 2)), (1.2, (2,)), (1.3, (2,))):
        for user in users:
            for message in openni(rig, time_s, user, pose):
                publisher.publish(message)
    assert [cloud.body_ids.tolist() for cloud in rig.clouds_after(3)] == [[1], [1], []]
    for time_s in (1.7, 1.8):
        for message in openni(rig, time_s, 2, pose):
            publisher.publish(message)
    assert [cloud.body_ids.tolist() for cloud in rig.clouds_after(5)[3:]] == [[2], [2]]
    assert rig.tracker.dropped == {"tf: transform of one person too many": 80}


def test_of_two_who_are_followed_one_leaves_and_makes_room(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Stamps of those who stay tell that the other one is gone."""
    rig = make_rig(input="tf", timeout=0.3, max_people=2)
    publisher, tree = tf_publisher(rig), rig.tracker._source._tree
    for k in range(12):
        for user in (1, 2) if k < 3 else (3, 2):
            for message in openni(rig, 1.0 + 0.1 * k, user, pose):
                publisher.publish(message)
        taken_ns = 10**9 * message.transforms[0].header.stamp.sec + message.transforms[0].header.stamp.nanosec
        rig.until(lambda ns=taken_ns: (link := tree.get("right_foot_2")) is not None and link.stamp_ns == ns)
    clouds = [cloud.body_ids.tolist() for cloud in rig.clouds_after(12)]
    assert clouds[:7] == [[1, 2]] * 3 + [[2]] * 4
    assert clouds[8:] == [[3, 2]] * 4


@pytest.mark.parametrize(("lost", "missed"), [(7, (4, 5, 6)), (19, (4, 5, 6, 7))])
def test_a_joint_that_vanishes_and_comes_back(
    make_rig: Callable[..., Any], pose: np.ndarray, lost: int, missed: tuple[int, ...]
) -> None:
    """Nobody waits for it for ever; back again, it is never shown where it was a frame ago.

    The joint that is sent last comes back after the cloud that did not wait for it, so it is in the next one.
    """
    rig = make_rig(input="tf")
    publisher = tf_publisher(rig)
    for k in range(1, 10):
        messages = openni(rig, 0.1 * k, 1, pose + k)
        for message in messages[:lost] + messages[lost + (k in (4, 5, 6)) :]:
            publisher.publish(message)
        expected = k - (k in (1, 4))  # the first, and the first without it, wait for a joint to come again
        rig.until(lambda n=expected: rig.tracker.counts["frames"] == n)
    for k, cloud in enumerate(rig.clouds_after(9), 1):
        tracked = np.ones(20, bool)
        tracked[lost] = k not in missed
        np.testing.assert_allclose(cloud.positions[0][tracked], (pose + k)[tracked], atol=1e-6)
        assert np.isnan(cloud.positions[0][~tracked]).all()


@pytest.mark.parametrize(("every", "clouds_of_both"), [(2, 19), (3, 13), (4, 9), (6, 6)])
def test_somebody_who_comes_less_often_is_seen(
    make_rig: Callable[..., Any], pose: np.ndarray, every: int, clouds_of_both: int
) -> None:
    """Two people at 30 Hz and at less, always after the other: down to nine times a second they share each cloud."""
    rig = make_rig(input="tf")
    publisher = tf_publisher(rig)
    for k in range(40):
        time_s = 1.0 + k / 30
        for user in (1, 2) if k % every == 0 else (1,):
            messages = openni(rig, time_s, user, pose + user)
            for message in messages:
                publisher.publish(message)
            last = messages[-1].transforms[0]
            rig.until(
                lambda last=last: (
                    (link := rig.tracker._source._tree.get(last.child_frame_id))
                    and link.stamp_ns == last.header.stamp.sec * 10**9 + last.header.stamp.nanosec
                )
            )
    rig.until(lambda: len(rig.clouds) == rig.tracker.counts["frames"])
    clouds = rig.clouds_after(len(rig.clouds))
    both = [cloud for cloud in clouds if cloud.body_ids.tolist() in ([1, 2], [2, 1])]
    assert len(both) == clouds_of_both
    for cloud in both:
        np.testing.assert_allclose(cloud.positions, pose + cloud.body_ids[:, None, None], atol=1e-6)


def test_doubled_and_late_transforms_are_counted(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """The same again, or an older one, changes nothing; a clock that was set back is a new beginning."""
    rig = make_rig(input="tf")
    publisher = tf_publisher(rig)
    for time_s, moved in ((10.0, 0), (10.1, 1), (10.1, 5), (10.05, 7), (10.2, 2)):
        for message in openni(rig, time_s, 1, pose + moved):
            publisher.publish(message)
    clouds = rig.clouds_after(3)
    for moved, cloud in enumerate(clouds):
        np.testing.assert_allclose(cloud.positions[0], pose + moved, atol=1e-6)
    assert rig.tracker.dropped == {"tf: transform not newer": 40}
    for time_s in (2.0, 2.1):
        for message in openni(rig, time_s, 1, pose):
            publisher.publish(message)
    assert [round(cloud.time_s, 3) for cloud in rig.clouds_after(5)[3:]] == [2.0, 2.1]
    assert rig.tracker.dropped["tf: clock jumped back"] == 1


def test_what_cannot_be_read_is_counted_and_named(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """NaN, quaternions without a length, frames in themselves and in a circle hurt nobody else."""
    rig = make_rig(input="tf")
    publisher = tf_publisher(rig)
    bad = [
        transform(1.0, "camera", "head_1", (math.nan, 0, 0)),
        transform(1.0, "camera", "head_1", (0, 0, 0), (0, 0, 0, 0)),
        transform(1.0, "head_1", "head_1", (0, 0, 0)),
        transform(1.0, "", "head_1", (0, 0, 0)),
    ]
    for k in (1, 2):
        publisher.publish(
            bundle(
                *bad,
                transform(k, "left_foot_1", "left_foot_2", (1, 1, 1)),
                transform(k, "left_foot_2", "left_foot_1", (1, 1, 1)),
            )
        )
        for message in openni(rig, k, 3, pose):
            publisher.publish(message)
    for cloud in rig.clouds_after(2):
        assert cloud.body_ids.tolist() == [3]
        np.testing.assert_allclose(cloud.positions[0], pose, atol=1e-6)
    dropped = rig.tracker.dropped
    assert dropped["tf: unusable transform from 'camera' to 'head_1'"] == 4
    assert dropped["tf: unusable transform from 'head_1' to 'head_1'"] == 2
    assert dropped["tf: unusable transform from '' to 'head_1'"] == 2
    assert any("go round in a circle" in reason for reason in dropped)


def test_frames_in_a_circle_have_no_place() -> None:
    """Asked where a frame of it lies, the tree says so; it neither looks for ever nor fills the memory."""
    tree = FrameTree()
    for child, parent in (("head_1", "mast"), ("mast", "boom"), ("boom", "mast"), ("hand_1", "map")):
        tree.put(child, Link(parent, 1, False, transform(1.0, parent, child, (0.0, 0.0, 1.0)).transform))
    placer = tree.placer("map")
    with pytest.raises(MessageError, match="frames above 'head_1' go round in a circle"):
        placer.position("head_1")
    assert placer.position("hand_1").tolist() == [0.0, 0.0, 1.0]


def test_ids_without_end_fill_no_memory(make_rig: Callable[..., Any]) -> None:
    """Two people are followed of thousands; frames that nobody ends are forgotten, the oldest first."""
    rig = make_rig(input="tf", max_people=2)
    publisher = tf_publisher(rig)
    for k in range(120):
        publisher.publish(bundle(*(transform(1.0 + k, "camera", f"head_{k}x{i}", (0, 0, 1)) for i in range(100))))
        rig.until(lambda k=k: rig.tracker._source._tree.get(f"head_{k}x99"))
    source = rig.tracker._source
    assert len(source._people) == 2
    assert len(source._tree._moving) == 10_000
    assert rig.tracker.dropped["tf: transform of one person too many"] > 1000
