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

"""Markers as the Azure Kinect's driver sends them, over DDS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point, Pose
from std_msgs.msg import Header
from visualization_msgs.msg import Marker, MarkerArray

from iat_ros.nodes.clouds import stamp_s, to_stamp

pytestmark = pytest.mark.ros


def joints(time_s: float, body: int, positions: np.ndarray, **more: Any) -> list[Marker]:
    """What the driver makes of a body: a sphere for each joint."""
    header = Header(stamp=to_stamp(time_s), frame_id="depth_camera_link")
    return [
        Marker(
            header=header,
            id=100 * body + joint,
            type=Marker.SPHERE,
            pose=Pose(position=Point(x=x, y=y, z=z)),
            **more,
        )
        for joint, (x, y, z) in enumerate(positions.tolist())
    ]


@pytest.fixture
def pose() -> np.ndarray:
    """Twenty joints, none of them at the origin."""
    return np.random.default_rng(0).normal(size=(20, 3)) + 5.0


def test_perception_makes_the_same_window_of_markers_as_of_clouds(make_rig: Callable[..., Any], throw: Any) -> None:
    """A throw as markers: same stamps, same person, same window to the last bit of what the cloud holds."""
    rig = make_rig(input="markers")
    rig.add_perception()
    publisher = rig.publisher(MarkerArray, "body_tracking_data", 1)  # reliable, as the driver's
    for count, (time, positions) in enumerate(zip(throw.times_s + 100.0, throw.positions, strict=True), 1):
        publisher.publish(MarkerArray(markers=joints(time, 3, positions)))
        rig.send_direct(time, positions, 3)
        rig.until(lambda count=count: rig.tracker.counts["frames"] == count)
    rig.compare_windows(len(throw.times_s))
    assert rig.windows[0].header.frame_id == "body_3"
    assert rig.tracker.dropped == {}


def test_people_come_and_go(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Two bodies, then one, then an empty array: nobody, told at once and in the same frame."""
    rig = make_rig(input="markers")
    publisher = rig.publisher(MarkerArray, "body_tracking_data")
    publisher.publish(MarkerArray(markers=[*joints(7.5, 1, pose), *joints(7.5, 12, pose + 1.0)]))
    publisher.publish(MarkerArray(markers=joints(7.7, 12, pose)))
    publisher.publish(MarkerArray())
    two, one, none = rig.clouds_after(3)
    assert [cloud.body_ids.tolist() for cloud in (two, one, none)] == [[1, 12], [12], []]
    np.testing.assert_allclose(two.positions, [pose, pose + 1.0], atol=1e-6)
    assert {cloud.frame_id for cloud in (two, one, none)} == {"depth_camera_link"}
    assert (two.time_s, one.time_s) == (7.5, 7.7)
    assert abs(none.time_s - stamp_s(rig.other.get_clock().now().to_msg())) < 10.0


def test_deleted_markers_are_not_tracked(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """DELETE takes one joint away, DELETEALL everything before it in the array."""
    rig = make_rig(input="markers")
    publisher = rig.publisher(MarkerArray, "body_tracking_data")
    first, second = joints(1.0, 1, pose), joints(1.0, 2, pose)
    publisher.publish(
        MarkerArray(markers=[*first, Marker(action=Marker.DELETEALL), *second, Marker(action=Marker.DELETE, id=204)])
    )
    (cloud,) = rig.clouds_after(1)
    assert cloud.body_ids.tolist() == [2]
    assert np.isnan(cloud.positions[0]).all(axis=-1).nonzero()[0].tolist() == [4]
    assert rig.tracker.dropped == {}


def test_joints_that_are_nowhere_are_not_tracked(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """NaN, infinity and the very origin; somebody of whom nothing is left is nobody."""
    rig = make_rig(input="markers")
    pose[2], pose[5], pose[6] = np.nan, (np.inf, 0.0, 0.0), 0.0
    publisher = rig.publisher(MarkerArray, "body_tracking_data")
    publisher.publish(MarkerArray(markers=[*joints(1.0, 1, pose), *joints(1.0, 2, np.zeros_like(pose))]))
    (cloud,) = rig.clouds_after(1)
    assert cloud.body_ids.tolist() == [1]
    assert np.isnan(cloud.positions[0]).any(axis=-1).nonzero()[0].tolist() == [2, 5, 6]


def test_what_cannot_be_read_is_counted_and_named(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Other skeletons, doubled joints, two instants in one array, unknown actions, lines, crowds."""
    rig = make_rig(input="markers", max_people=2)
    publisher = rig.publisher(MarkerArray, "body_tracking_data")
    good = joints(1.0, 1, pose)
    for markers in (
        [*good, Marker(header=good[0].header, id=120, type=Marker.SPHERE)],
        [*good, Marker(header=good[0].header, id=-5, type=Marker.SPHERE)],
        [*good, good[0]],
        [*good, *joints(2.0, 2, pose)],
        [Marker(action=1234)],
    ):
        publisher.publish(MarkerArray(markers=markers))
    rig.until(lambda: sum(rig.tracker.dropped.values()) == 5)
    publisher.publish(MarkerArray(markers=[*good, Marker(header=good[0].header, type=Marker.LINE_LIST, id=99)]))
    publisher.publish(MarkerArray(markers=[one for body in range(4) for one in joints(3.0, body, pose)]))
    lines, crowd = rig.clouds_after(2)
    assert lines.body_ids.tolist() == [1]
    assert crowd.body_ids.tolist() == [0, 1]
    assert rig.tracker.dropped == {
        "markers: id … is joint … of body …, but skeleton 'utd_mhad' has joints 0 to 19": 2,
        "markers: joint 0 of body 1 comes twice in a message": 1,
        "markers: two stamps or frames in one message": 1,
        "markers: unknown action 1234": 1,
        "markers: type 5 stands for no joint": 1,
        "marker of one person too many": 40,
    }


def test_markers_without_a_stamp_get_the_time_of_arrival(make_rig: Callable[..., Any], pose: np.ndarray) -> None:
    """Zero is no time: perception would take all frames for the same one."""
    rig = make_rig(input="markers")
    publisher = rig.publisher(MarkerArray, "body_tracking_data")
    publisher.publish(MarkerArray(markers=joints(0.0, 1, pose)))
    (cloud,) = rig.clouds_after(1)
    assert abs(cloud.time_s - stamp_s(rig.other.get_clock().now().to_msg())) < 10.0
    assert rig.tracker.counts["frames without a stamp"] == 1
