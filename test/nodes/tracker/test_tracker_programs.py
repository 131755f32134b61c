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

"""The tracker node as users start it: alone, or with the chain in one process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from geometry_msgs.msg import Point, Pose, PoseArray
from lifecycle_msgs.msg import State
from rcl_interfaces.srv import GetParameters
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

pytestmark = pytest.mark.ros


def parameters(rig: Any, *names: str) -> list[str]:
    """Ask the tracker node for parameters."""
    request = GetParameters.Request(names=list(names))
    return [value.string_value for value in rig.call(GetParameters, "/tracker/get_parameters", request).values]


def test_the_chain_starts_it_for_another_input(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """``interact --input`` has a fourth node, with that input."""
    start("interact", "--no-autostart", "--input", "pose_array", "--ros-args", "-p", "input:=markers")
    for name in ("tracker", "perception", "act2act", "trajectory"):
        assert rig.state(name) == State.PRIMARY_STATE_UNCONFIGURED
    assert parameters(rig, "input") == ["pose_array"]


def test_alone_it_turns_poses_into_skeletons(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """A program of its own, its settings as people type them."""
    words = ("-p", "frame_pattern:='user{id}/{joint}'", "-p", "joint_names:='head=Head, left_hand=HandL'")
    start("tracker", "--ros-args", "-r", "__ns:=/alone", "-p", "input:=pose_array", "-p", "topic:=/person", *words)
    heard = rig.listen(PointCloud2, "/alone/skeletons")
    publisher = rig.node.create_publisher(PoseArray, "/person", 1)
    message = PoseArray(header=Header(frame_id="map"), poses=[Pose(position=Point(x=1.0, y=2.0, z=3.0))] * 20)

    def heard_it() -> bool:
        publisher.publish(message)
        return bool(heard)

    assert rig.until(heard_it, 40.0)
    assert (heard[0].height, heard[0].width, heard[0].header.frame_id) == (1, 20, "map")
    request = GetParameters.Request(names=["frame_pattern", "joint_names"])
    values = rig.call(GetParameters, "/alone/tracker/get_parameters", request).values
    assert [value.string_value for value in values] == ["user{id}/{joint}", "head=Head, left_hand=HandL"]
