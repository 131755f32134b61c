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

"""geometry_msgs/PoseArray over DDS: one person, one pose for each joint."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point, Pose, PoseArray
from rclpy.parameter import Parameter
from std_msgs.msg import Header

from iat_ros.nodes.clouds import to_stamp

pytestmark = pytest.mark.ros


def poses(time_s: float, positions: np.ndarray) -> PoseArray:
    """A person as poses."""
    return PoseArray(
        header=Header(stamp=to_stamp(time_s), frame_id="map"),
        poses=[Pose(position=Point(x=x, y=y, z=z)) for x, y, z in positions.tolist()],
    )


def test_perception_makes_the_same_window_of_poses_as_of_clouds(make_rig: Callable[..., Any], throw: Any) -> None:
    """A throw as poses, on a topic of the tracker's own, with the id that the parameter gives."""
    rig = make_rig(input="pose_array", topic="/other/person", body_id=17)
    rig.add_perception()
    publisher = rig.publisher(PoseArray, "/other/person")
    for count, (time, positions) in enumerate(zip(throw.times_s + 100.0, throw.positions, strict=True), 1):
        publisher.publish(poses(time, positions))
        rig.send_direct(time, positions, 17)
        rig.until(lambda k=count: rig.tracker.counts["frames"] == k)
    rig.compare_windows(len(throw.times_s))
    assert rig.windows[0].header.frame_id == "body_17"
    assert rig.tracker.dropped == {}


def test_untracked_joints_nobody_and_wrong_numbers(make_rig: Callable[..., Any]) -> None:
    """Zero and NaN are not tracked, no poses are nobody, too few are refused with both numbers."""
    rig = make_rig(input="pose_array")
    publisher = rig.publisher(PoseArray, "pose_array")
    positions = np.ones((20, 3))
    positions[3], positions[4] = math.nan, 0.0
    publisher.publish(poses(1.0, positions))
    publisher.publish(poses(2.0, positions[:5]))
    publisher.publish(poses(3.0, positions[:0]))
    person, nobody = rig.clouds_after(2)
    assert np.isnan(person.positions[0]).any(axis=-1).nonzero()[0].tolist() == [3, 4]
    assert (nobody.time_s, nobody.frame_id, nobody.body_ids.tolist()) == (3.0, "map", [])
    assert rig.tracker.dropped == {"pose array: expected 20 joints ('utd_mhad'), got 5": 1}


def test_another_source_can_be_chosen_after_a_cleanup(make_rig: Callable[..., Any]) -> None:
    """Subscriptions go with the source that they were for."""
    rig = make_rig(input="markers")
    rig.until(lambda: rig.other.count_subscribers("body_tracking_data") == 1)
    for transition in (rig.tracker.trigger_deactivate, rig.tracker.trigger_cleanup):
        transition()
    assert rig.tracker.set_parameters([Parameter("input", value="pose_array")])[0].successful
    for transition in (rig.tracker.trigger_configure, rig.tracker.trigger_activate):
        transition()
    rig.until(lambda: rig.other.count_subscribers("body_tracking_data") == 0)
    rig.publisher(PoseArray, "pose_array").publish(poses(1.0, np.ones((20, 3))))
    assert rig.clouds_after(1)[0].body_ids.tolist() == [0]
