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

"""What the trajectory node believes of joint states, in this process and on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rclpy.clock import ClockType
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.serialization import serialize_message
from rclpy.time import Time
from sensor_msgs.msg import JointState, PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import MessageError
from iat_ros.nodes.clouds import encode_motion, encode_skeletons, to_stamp
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import OVERTAKEN, TrajectoryNode
from iat_ros.robot.measurement import STANDS_S
from iat_ros.skeleton.definition import load_skeleton

CLIP = make_clips(people=1, trials=1, actions=("throw",))[0]
ANSWER = encode_motion(Header(), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)

pytestmark = pytest.mark.ros


class Stage:
    """A trajectory node whose callbacks are called directly."""

    def __init__(self, context: Any) -> None:
        self.node = TrajectoryNode(
            context=context,
            namespace="measured",
            parameter_overrides=[Parameter("use_sim_time", value=True), Parameter("stream_timeout", value=0.0)],
        )
        self.sent: list[JointTrajectory] = []
        self.node._output.send = self.sent.append
        self.at(1.0)
        assert bring_up(self.node)
        self.rest = self.node._supervisor.performer.model.rest
        self._take = {each.topic_name.rsplit("/", 1)[-1]: each.callback for each in self.node.subscriptions}

    def at(self, time_s: float) -> None:
        """Set the clock."""
        clock = self.node.get_clock()
        clock.set_ros_time_override(Time(nanoseconds=round(time_s * 1e9), clock_type=ClockType.ROS_TIME))

    def measure(self, position: np.ndarray, velocity: np.ndarray, more: int = 0) -> None:
        """Tell where the robot is, some joints twice."""
        names = list(self.node._supervisor.performer.model.joint_names)
        values = [[*each, *each[:more]] for each in (position.tolist(), velocity.tolist())]
        message = JointState(name=names + names[:more], position=values[0], velocity=values[1])
        self.node._see_joints([(serialize_message(message), 0.0)])

    def stand(self, position: np.ndarray) -> None:
        """Tell that the robot stands there, and has done so for long enough."""
        self.measure(position, np.zeros(len(position)))
        self.node._supervisor.observer.measured.shift(-STANDS_S)
        self.measure(position, np.zeros(len(position)))

    def answer(self) -> None:
        """Ask for an answer."""
        self._take["responses"](ANSWER)


@pytest.fixture
def stage(rig: Any) -> Iterator[Stage]:
    """A node that nothing was told yet."""
    stage = Stage(rig.context)
    yield stage
    stage.node.destroy_node()


def test_joint_states_that_nobody_can_use_are_counted_drops(stage: Stage) -> None:
    """Infinite speeds, joints named twice and positions missing are named, none of them as unexpected."""
    still = np.zeros(len(stage.rest))
    for speed in (np.inf, 3e38, -1e4):
        stage.measure(stage.rest, still + speed)
    stage.measure(stage.rest, still, more=1)
    stage.measure(stage.rest[:-1], still)
    stage.answer()
    assert not stage.sent
    assert stage.node.dropped["joint_states hold a speed above 100 rad/s"] == 3
    assert stage.node.dropped["joint_states name a joint twice, or have another number of positions than names"] == 2
    assert not [reason for reason in stage.node.dropped if "unexpected" in reason]
    stage.measure(stage.rest, still * np.nan)
    stage.at(1.0 + STANDS_S)
    stage.measure(stage.rest, still * np.nan)
    stage.answer()
    assert len(stage.sent) == 1


def test_a_distance_that_slows_nobody_is_doubted(stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    """It is allowed, also while the node runs, and said."""
    for slow_m, doubted in ((0.4, True), (0.0, False), (0.9, False)):
        assert stage.node.set_parameters([Parameter("slow_distance", value=slow_m)])[0].successful
        assert ("not above stop_distance 0.5 m" in capfd.readouterr().err) == doubted


def people_at(distance_m: float, factor: float = 1.0) -> PointCloud2:
    """Somebody whose hands are about that far from the robot."""
    pose = CLIP.positions[0] - CLIP.positions[0].mean(axis=0) + (distance_m, 0.0, 0.0)
    return encode_skeletons(to_stamp(1.0), "camera", np.array([1]), factor * pose[None])


def test_people_in_millimetres_hold_the_robot(stage: Stage) -> None:
    """How near they are is unknown; in metres it is known again."""
    for factor, held in ((1000.0, True), (1.0, False)):
        stage.stand(stage.rest)
        stage.node._see_people(people_at(3.0, factor))
        assert ("skeletons must be in metres" in stage.node.trouble()) == held
        stage.answer()
        assert bool(stage.sent) != held


@pytest.fixture
def people(stage: Stage, rig: Any) -> Publisher:
    """What publishes people, who wait until this node looks for them."""
    publisher = rig.node.create_publisher(PointCloud2, "/measured/skeletons", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    return publisher


def test_who_held_the_robot_is_looked_for_again(stage: Stage, people: Publisher, rig: Any) -> None:
    """An answer is not refused for a person who has gone already."""
    stage.stand(stage.rest)
    stage.node._see_people(people_at(0.3))
    stage.answer()
    assert not stage.sent
    people.publish(people_at(3.0))
    rig.until(lambda: False, 0.3)  # on its way; this node does not spin
    stage.answer()
    assert len(stage.sent) == 1


def test_who_came_near_meanwhile_stops_the_answer_at_once(stage: Stage, people: Publisher, rig: Any) -> None:
    """The newest frame is not read before an answer that may be given, but right after."""
    stage.stand(stage.rest)
    stage.node._see_people(people_at(3.0))
    people.publish(people_at(0.3))
    rig.until(lambda: False, 0.3)
    stage.answer()
    assert len(stage.sent) == 2
    assert stage.node.dropped["rest of an answer: a person is nearer than 0.5 m"] == 1
    np.testing.assert_allclose(stage.sent[1].points[-1].positions, stage.rest, atol=0.2)  # the throw goes on to 1 rad


def test_a_moving_robot_looks_for_people(stage: Stage, people: Publisher, rig: Any) -> None:
    """Each time that the guard watches."""
    stage.stand(stage.rest)
    stage.answer()
    people.publish(people_at(0.3))
    rig.until(lambda: False, 0.3)
    stage.node._watch()
    assert len(stage.sent) == 2


def test_the_guard_watches_on_where_the_clock_is_set_back(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its timer, which would be due only then, begins anew; answers leave it alone."""
    stage.stand(stage.rest)
    stage.answer()
    resets: list[int] = []
    monkeypatch.setattr(stage.node._watching, "reset", lambda: resets.append(1))
    stage.answer()
    assert (len(stage.sent), len(resets)) == (2, 0)
    stage.at(0.2)
    stage.node._watch()
    assert len(resets) == 1


def test_of_answers_that_come_together_the_last_that_can_be_is_performed(stage: Stage) -> None:
    """One that cannot be read is a counted drop, and leaves the one before."""
    stage.stand(stage.rest)
    bad = encode_motion(Header(), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)
    bad.data = bad.data[:100]
    stage.node._on_responses([ANSWER, ANSWER, bad])
    assert (len(stage.sent), stage.node.counts[OVERTAKEN], stage.node.counts["answers"]) == (1, 1, 1)
    assert sum(stage.node.dropped.values()) == 1


def test_a_robot_that_turns_round_is_not_taken_over(stage: Stage) -> None:
    """After a restart in mid-answer, another trajectory still moves the robot; between two moves it seems to stand."""
    still = np.zeros(len(stage.rest))
    stage.measure(stage.rest, still + 0.5)
    stage.at(1.1)
    stage.measure(stage.rest + 0.02, still)
    stage.answer()
    stage.node._watch()
    assert not stage.sent
    assert stage.node.counts["answers that waited for a stop"] == 1
    for time_s in (1.2, 1.3, 1.38):
        stage.at(time_s)
        stage.measure(stage.rest + 0.02, still)
        stage.node._watch()
    assert not stage.sent
    stage.at(1.41)
    stage.measure(stage.rest + 0.02, still)
    stage.node._watch()
    assert len(stage.sent) == 1
    np.testing.assert_allclose(stage.sent[0].points[0].positions, stage.rest + 0.02, atol=1e-6)


def test_what_was_measured_before_the_robot_stopped_is_no_start(stage: Stage) -> None:
    """The next answer starts where the robot came to rest, not where it was seen before, nor where it hangs since."""
    still = np.zeros(len(stage.rest))
    stage.stand(stage.rest)
    stage.answer()
    performer = stage.node._supervisor.performer
    ends_s = performer.timeline.ends_s
    for time_s in np.arange(1.2, ends_s, 0.1):
        stage.at(float(time_s))
        stage.measure(performer.timeline.commanded(float(time_s)).position, still)
    stage.at(ends_s - 0.01)
    stage.measure(stage.rest + 0.02, still + 0.1)
    stage.at(ends_s + 0.004)
    stage.measure(stage.rest + 0.02, still + 0.1)  # comes now, and tells of a moment ago
    stage.answer()
    assert len(stage.sent) == 2
    np.testing.assert_allclose(stage.sent[1].points[0].positions, stage.rest, atol=1e-6)
    for time_s in np.arange(ends_s + 0.1, performer.timeline.ends_s + 0.03, 0.1):
        stage.at(float(time_s))
        stage.measure(performer.timeline.commanded(float(time_s)).position, still)
    stage.at(performer.timeline.ends_s + 0.03)
    stage.measure(stage.rest + 0.02, still)
    stage.answer()
    np.testing.assert_allclose(stage.sent[2].points[0].positions, stage.rest, atol=1e-6)
    ends_s = performer.timeline.ends_s
    for time_s in np.arange(stage.node._now_s() + 0.1, ends_s + 1.95, 0.1):
        stage.at(float(time_s))
        others = 0.05 * (time_s > ends_s + 1.45)  # move it meanwhile
        stage.measure(performer.timeline.commanded(float(time_s)).position + others, still)
    stage.answer()
    np.testing.assert_allclose(stage.sent[3].points[0].positions, stage.rest + 0.05, atol=1e-6)


def test_a_node_that_was_held_up_looks_before_it_halts(stage: Stage, rig: Any) -> None:
    """Joint states that came meanwhile wait to be read: the robot was never unknown. Where none came, it halts."""
    publisher = rig.node.create_publisher(JointState, "/measured/joint_states", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    names, still = list(stage.node._supervisor.performer.model.joint_names), np.zeros(len(stage.rest))
    stage.stand(stage.rest)
    stage.answer()
    performer = stage.node._supervisor.performer
    stage.node._look()
    position = performer.timeline.commanded(1.3).position.tolist()
    publisher.publish(JointState(name=names, position=position, velocity=still.tolist()))
    rig.until(lambda: False, 0.3)  # on its way; this node does not spin
    stage.at(1.6)
    stage.node._watch()
    assert not stage.node._guard.halted
    stage.at(2.2)
    stage.node._watch()
    assert stage.node._guard.halted == "no joint_states for 0.5 s while moving"


def test_what_is_read_late_was_measured_when_it_came(stage: Stage, rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the robot is, the newest tells; that none was read before makes no machine busy."""
    publisher = rig.node.create_publisher(JointState, "/measured/joint_states", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    names, observer = list(stage.node._supervisor.performer.model.joint_names), stage.node._supervisor.observer
    heard: list[tuple[float, float]] = []
    monkeypatch.setattr(observer, "heard", lambda *told: heard.append(told))
    stage.node._look()
    stage.at(5.0)
    for stamp_s, away in ((4.5, 0.1), (4.7, 0.2)):
        position = (stage.rest + away).tolist()
        publisher.publish(JointState(header=Header(stamp=to_stamp(stamp_s)), name=names, position=position))
        rig.until(lambda: False, 0.5)
    stage.node._look()
    assert [stamp_s for stamp_s, _ in heard] == pytest.approx([4.5, 4.7])
    first_s, second_s = (received_s for _, received_s in heard)
    assert first_s + 0.2 < second_s < 4.9
    np.testing.assert_array_equal(observer.measured.state.position, stage.rest + 0.2)
    assert observer.measured.received_s == heard[1][1]


def test_an_answer_to_what_ended_long_ago_is_dropped(stage: Stage) -> None:
    """By the stamps of people: those of a recording, or of a camera whose clock differs, are none the older for it."""
    stage.at(10_000.0)
    stage.stand(stage.rest)
    stage.at(10_000.1)
    answer = encode_motion(Header(stamp=to_stamp(9_000.0)), cut_action(load_skeleton("utd_mhad"), CLIP, 32).motion)
    for newest_s, dropped in ((9_996.0, True), (9_005.5, True), (9_004.0, False)):
        people = people_at(3.0)
        people.header.stamp = to_stamp(newest_s)
        stage.node._see_people(people)
        stage.node._on_responses([answer])
        assert bool(stage.sent) != dropped, (stage.node.dropped, stage.node.counts)
    reason = "answer to an action that ended more than 5 s before the newest skeletons (answer_timeout)"
    assert stage.node.dropped[reason] == 2
    people.header.stamp = to_stamp(9_996.0)
    stage.node._see_people(people)
    assert stage.node.set_parameters([Parameter("answer_timeout", value=0.0)])[0].successful
    stage.node._on_responses([answer])
    assert len(stage.sent) == 2


def test_an_answer_of_endless_frames_is_refused(stage: Stage) -> None:
    """Nobody could halt the robot while it is planned."""
    stage.stand(stage.rest)
    motion = cut_action(load_skeleton("utd_mhad"), CLIP, 257).motion
    stage.node._on_responses([encode_motion(Header(), motion)])
    assert not stage.sent
    assert stage.node.dropped == {"responses: expected 2 to 256 frames (height), got 257": 1}


def test_a_robot_of_which_nothing_was_heard_is_looked_at_first(stage: Stage) -> None:
    """Its driver was restarted: it is near where its last plan ended, and may move; it is not started from there."""
    still, there = np.zeros(len(stage.rest)), stage.rest.copy()
    there[0] += 0.3
    stage.stand(stage.rest)
    stage.answer()
    performer = stage.node._supervisor.performer
    for time_s in np.arange(1.1, performer.timeline.ends_s + 0.5, 0.1):
        stage.at(float(time_s))
        stage.measure(performer.timeline.commanded(float(time_s)).position, still)
    back_s = stage.node._now_s() + 5.0
    for number in range(2):
        stage.at(back_s + 0.1 * number)
        stage.measure(there, still)
    stage.answer()
    stage.node._watch()
    assert len(stage.sent) == 1
    assert stage.node.counts["answers that waited for a stop"] == 1
    for number in range(2, 5):
        stage.at(back_s + 0.1 * number)
        stage.measure(there, still)
        stage.node._watch()
    assert len(stage.sent) == 2
    np.testing.assert_allclose(stage.sent[1].points[0].positions, there, atol=1e-6)


def test_what_waited_for_this_process_is_no_silence_of_the_robot(stage: Stage) -> None:
    """States that came in time, and are read together, leave no gap."""
    still = np.zeros(len(stage.rest))
    stage.stand(stage.rest)
    message = JointState(name=list(stage.node._supervisor.performer.model.joint_names), position=stage.rest.tolist())
    stage.at(3.0)
    stage.node._see_joints([(serialize_message(message), waited_s) for waited_s in np.arange(1.9, 0.0, -0.1)])
    stage.answer()
    assert len(stage.sent) == 1
    stage.measure(stage.rest, still)


def test_an_answer_from_before_the_machine_was_suspended_is_dropped(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on by an hour, and everything that was fresh before stays as fresh; the answer does not."""
    node = TrajectoryNode(context=rig.context, namespace="suspended")
    sent: list[JointTrajectory] = []
    node._output.send = sent.append
    assert bring_up(node)
    clock_ns = [1_000_000_000_000_000_000]
    monkeypatch.setattr(node._now_s.__self__, "_read_ns", lambda: clock_ns[0])  # the clock watch's own clock
    now_s = node._now_s()
    people = people_at(3.0)
    people.header.stamp = to_stamp(now_s)
    node._see_people(people)
    node._refuse_old(now_s - 0.2)
    clock_ns[0] += 3600 * 10**9
    with pytest.raises(MessageError, match="answer_timeout"):
        node._refuse_old(now_s - 0.2)
    node.destroy_node()
