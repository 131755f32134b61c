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

"""No request and no time, whoever sends it, ends a node; over DDS, in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from builtin_interfaces.msg import Time
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters, SetParametersAtomically
from rosgraph_msgs.msg import Clock

pytestmark = pytest.mark.ros

Start = Callable[..., subprocess.Popen[str]]


def test_wrong_requests_are_refused(rig: Any, start: Start) -> None:
    """Transitions that lead nowhere from here, types that there are none of, names that nobody declared."""
    process = start("perception")
    rig.wait_active("perception")
    for transition in (Transition(id=Transition.TRANSITION_CONFIGURE), Transition(id=255), Transition(label="fly")):
        request = ChangeState.Request(transition=transition)
        assert not rig.call(ChangeState, "/perception/change_state", request).success
    odd = [Parameter(name="name", value=ParameterValue(type=99)), Parameter(name="", value=ParameterValue(type=99))]
    for kind, name in ((SetParameters, "set_parameters"), (SetParametersAtomically, "set_parameters_atomically")):
        rig.call(kind, f"/perception/{name}", kind.Request(parameters=odd))
    rig.call(GetParameters, "/perception/get_parameters", GetParameters.Request(names=["", "nobody"]))
    rig.call(DescribeParameters, "/perception/describe_parameters", DescribeParameters.Request(names=["nobody"]))
    assert rig.state("perception") == State.PRIMARY_STATE_ACTIVE
    assert process.poll() is None
    told = "dropped: request to perception/set_parameters, because of ValueError: 99 is not a valid Parameter.Type"
    assert rig.until(lambda: rig.counts.get("/perception", {}).get(told) == "1"), rig.counts


@pytest.mark.parametrize(
    ("none", "name"),
    [(Time(sec=-1), "early"), (Time(sec=2**31 - 1, nanosec=2**32 - 1), "late")],
    ids=["before zero", "beyond what a stamp can tell"],
)
def test_a_time_that_no_stamp_can_tell_is_no_time(rig: Any, start: Start, none: Time, name: str) -> None:
    """On simulated time; the node goes by the times that come after it."""
    process = start("perception", "--ros-args", "-p", "use_sim_time:=true", "-r", f"__node:={name}")
    rig.wait_active(name)
    clock = rig.node.create_publisher(Clock, "/clock", 10)
    assert rig.until(lambda: clock.get_subscription_count() >= 1)
    told = f"dropped: message on /clock: {none.sec} s, {none.nanosec} ns is no time"
    seconds = iter(range(5, 1000))

    def is_told() -> bool:
        for time in (Time(sec=next(seconds)), none):
            clock.publish(Clock(clock=time))
        return any(each.startswith(told) for each in rig.counts.get(f"/{name}", {}))

    assert rig.until(is_told), rig.counts
    assert rig.state(name) == State.PRIMARY_STATE_ACTIVE
    rig.node.destroy_publisher(clock)
    assert process.poll() is None
