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

"""The simulated robot as a process, over DDS: what goes in, what comes out, what it counts."""

from __future__ import annotations

import array
import re
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from lifecycle_msgs.msg import State, Transition
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import stamp_s, to_stamp
from iat_ros.nodes.trajectory_message import to_message
from iat_ros.resources import find_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Performance
from iat_ros.robot.plan import JointPlan
from iat_ros.robot.trajectory import plan

G1 = RobotModel.load(find_config("robots", "g1"))

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def robot(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> Any:
    """The robot, active, and a publisher of trajectories."""
    start("robot")
    rig.states = rig.listen(JointState, "joint_states")
    rig.publisher = rig.node.create_publisher(JointTrajectory, "joint_trajectory", RESULT_QOS)
    rig.wait_active("robot")
    assert rig.until(lambda: rig.publisher.get_subscription_count() == 1)
    assert rig.until(lambda: rig.states)
    return rig


def answer(duration_s: float = 1.5) -> JointPlan:
    """An answer as the trajectory node plans it, from rest to rest."""
    bend = np.sin(np.linspace(0.0, np.pi, 32))[:, None] * 0.4
    return plan(G1, G1.rest + bend * ((G1.safe_lower + G1.safe_upper) / 2 - G1.rest), duration_s)


def message_of(planned: JointPlan, stamp_at_s: float = 0.0) -> JointTrajectory:
    """A plan as a message with a stamp; 0: at once."""
    message = to_message(Performance(planned, 1.0), 1.0)
    message.header.stamp = to_stamp(stamp_at_s)
    return message


def now_s(rig: Any) -> float:
    """The time [s]."""
    return float(rig.node.get_clock().now().nanoseconds * 1e-9)


def count(rig: Any, key: str) -> int:
    """A figure of the robot's diagnostics."""
    return int(rig.counts.get("/robot", {}).get(key, "0"))


def test_it_rests_and_publishes_at_100_hz_or_more(robot: Any) -> None:
    """All joints by name, with positions and velocities, from the rest pose on."""
    robot.states.clear()
    assert robot.until(lambda: len(robot.states) > 250)
    stamps = np.array([stamp_s(state.header.stamp) for state in robot.states])
    assert (len(stamps) - 1) / (stamps[-1] - stamps[0]) >= 100.0
    for state in robot.states:
        assert tuple(state.name) == G1.joint_names
        np.testing.assert_array_equal(state.position, G1.rest)
        np.testing.assert_array_equal(state.velocity, 0.0)


def test_joint_states_follow_the_trajectory(robot: Any) -> None:
    """From the first point on the robot is on the planned spline at every stamp, and rests inside the limits."""
    planned, accepted = answer(), count(robot, "accepted")
    robot.states.clear()
    message = message_of(planned, now_s(robot))
    start_s = stamp_s(message.header.stamp)
    robot.publisher.publish(message)
    assert robot.until(
        lambda: robot.states and stamp_s(robot.states[-1].header.stamp) > start_s + planned.duration_s + 0.1
    )
    times = np.array([stamp_s(state.header.stamp) for state in robot.states]) - start_s
    after = times > planned.points().times_s[0]
    assert after.sum() > 100 * planned.duration_s
    positions, velocities, _ = planned.sample(times)
    np.testing.assert_allclose(
        [state.position for state in robot.states][after.argmax() :], positions[after], atol=2e-3
    )
    np.testing.assert_allclose(
        [state.velocity for state in robot.states][after.argmax() :], velocities[after], atol=2e-2
    )
    np.testing.assert_array_equal(robot.states[-1].velocity, 0.0)
    assert robot.until(lambda: count(robot, "accepted") == accepted + 1, 5.0)
    assert not [key for key in robot.counts["/robot"] if "violations" in key], robot.counts


def test_what_a_controller_refuses_is_named_in_diagnostics(robot: Any) -> None:
    """One of each: the robot stays where it is, and each reason is a counted drop."""
    planned = answer()

    def message(change: Callable[[JointTrajectory], Any]) -> JointTrajectory:
        made = message_of(planned)
        change(made)
        return made

    def stand_still(made: JointTrajectory) -> None:
        made.points[3].time_from_start = made.points[2].time_from_start

    refused = {
        "has no points": lambda made: made.points.clear(),
        "expected strictly increasing times": stand_still,
        "the velocity of the last point is not zero": lambda made: made.points[-1].velocities.__setitem__(0, 0.5),
        "expected 14 positions in every point, got 13": lambda made: made.points[5].positions.pop(),
        "joint 'left_hip' is not of this robot": lambda made: made.joint_names.__setitem__(0, "left_hip"),
        "ends in the past": lambda made: setattr(made.header, "stamp", to_stamp(now_s(robot) - 60.0)),
        "expected no effort, this robot takes positions": lambda made: made.points[0].effort.append(1.0),
    }
    accepted = count(robot, "accepted")
    robot.states.clear()
    for change in refused.values():
        robot.publisher.publish(message(change))
    for reason in refused:
        key = f"dropped: joint_trajectory: {reason}"
        assert robot.until(lambda key=key: count(robot, key) == 1, 5.0), (key, robot.counts)
    assert count(robot, "accepted") == accepted
    assert all(np.array_equal(state.position, G1.rest) for state in robot.states)


def test_what_a_controller_lets_pass_is_a_counted_violation(robot: Any) -> None:
    """A single point at time 0 is jumped to, as the real one does; the step is named, and so is the way back."""
    far = G1.rest + 0.2
    for pose in (far, G1.rest):
        before = count(robot, "violations: position step")
        point = JointTrajectoryPoint(positions=array.array("d", pose.tobytes()))
        robot.publisher.publish(JointTrajectory(joint_names=list(G1.joint_names), points=[point]))
        assert robot.until(lambda pose=pose: np.array_equal(robot.states[-1].position, pose), 5.0)
        assert robot.until(lambda before=before: count(robot, "violations: position step") == before + 1, 5.0)
    words = rf"command breaks limits: position step of ({'|'.join(G1.joint_names)}) by 0\.(19|2)\d* rad"
    assert any(re.search(words, line) for line in robot.log)


def test_a_trajectory_that_comes_late_is_counted(robot: Any) -> None:
    """Whoever sees the robot step is told why; one that begins in the future or at once is not late."""
    planned, accepted = answer(), count(robot, "accepted")
    for stamp_at_s in (0.0, now_s(robot) + 1.0):
        robot.publisher.publish(message_of(planned, stamp_at_s))
    assert robot.until(lambda: count(robot, "accepted") == accepted + 2)
    assert count(robot, "came late") == 0
    robot.publisher.publish(message_of(planned, now_s(robot) - 0.5))
    assert robot.until(lambda: count(robot, "came late") == 1)


def test_inactive_it_is_silent_and_active_again_it_stands_still(robot: Any) -> None:
    """A trajectory that ran when the node was deactivated does not go on later."""
    planned = answer(10.0)  # still under way when the call has gone through, however busy the machine
    robot.publisher.publish(message_of(planned))
    assert robot.until(lambda: np.abs(robot.states[-1].position - G1.rest).max() > 0.1)
    assert robot.change("robot", Transition.TRANSITION_DEACTIVATE)
    robot.until(lambda: False, 0.1)
    robot.states.clear()
    robot.until(lambda: False, 0.3)
    assert robot.states == []
    assert robot.change("robot", Transition.TRANSITION_ACTIVATE)
    assert robot.until(lambda: len(robot.states) > 30)
    places = np.array([state.position for state in robot.states])
    assert np.abs(places[0] - G1.rest).max() > 0.05
    np.testing.assert_array_equal(places, np.tile(places[0], (len(places), 1)))


def test_a_second_robot_is_trouble(robot: Any) -> None:
    """Whoever starts it beside a real one reads so; when that is gone, all is well."""

    def told() -> str:
        return str(robot.counts.get("/robot", {}).get("trouble", ""))

    real = robot.node.create_publisher(JointState, "joint_states", 10)
    assert robot.until(lambda: told().startswith("joint_states come from 1 more"), 10.0)
    robot.node.destroy_publisher(real)
    assert robot.until(lambda: told() == "", 10.0), told()


def test_a_frozen_joint_must_be_one_of_the_robot(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """A wrong name leaves the node unconfigured, alive, with one line that tells a name near it."""
    start("robot", "--no-autostart", "--ros-args", "-r", "__node:=stuck", "-p", "frozen_joint:=left_elbow")
    assert rig.state("stuck") == State.PRIMARY_STATE_UNCONFIGURED
    assert not rig.change("stuck", Transition.TRANSITION_CONFIGURE)
    assert rig.until(lambda: any("did you mean 'left_elbow_joint'" in line for line in rig.log), 5.0)


def test_simulated_time_drives_it(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> None:
    """It moves while /clock does, at the pace of /clock, and stands still when that stands still."""
    start("robot", "--ros-args", "-r", "__ns:=/sim", "-p", "use_sim_time:=true", "-p", "rate:=100.0")
    states = rig.listen(JointState, "/sim/joint_states")
    clock = rig.node.create_publisher(Clock, "/clock", 10)
    publisher = rig.node.create_publisher(JointTrajectory, "/sim/joint_trajectory", RESULT_QOS)
    rig.wait_active("sim/robot")
    assert rig.until(lambda: clock.get_subscription_count() >= 1 and publisher.get_subscription_count() == 1)
    time = 1000.0

    def tick(seconds: float) -> None:
        nonlocal time
        time += seconds
        clock.publish(Clock(clock=to_stamp(time)))
        rig.until(lambda: False, 0.004)

    assert rig.until(lambda: tick(0.01) or states)
    end = G1.rest + 0.3
    still = np.zeros(len(end))
    point = JointTrajectoryPoint(positions=end.tolist(), velocities=still.tolist(), time_from_start=Duration(sec=2))
    begin = time
    publisher.publish(
        JointTrajectory(joint_names=list(G1.joint_names), points=[point]),
    )
    rig.until(lambda: False, 0.2)
    while time < begin + 1.0:
        tick(0.01)
    assert rig.until(lambda: stamp_s(states[-1].header.stamp) >= begin + 0.95, 5.0)
    halfway = np.array(states[-1].position)
    np.testing.assert_allclose(halfway, G1.rest + 0.15, atol=0.02)
    heard = len(states)
    rig.until(lambda: False, 0.3)
    assert len(states) <= heard + 1
    while time < begin + 2.2:
        tick(0.01)
    assert rig.until(lambda: np.allclose(states[-1].position, end, atol=1e-9), 5.0)
