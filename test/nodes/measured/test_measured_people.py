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

"""What the trajectory node believes of people, and which answers it gives beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.serialization import serialize_message
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory

from iat_ros.data.actions import cut_action
from iat_ros.errors import MessageError
from iat_ros.nodes.clouds import encode_motion, to_stamp
from iat_ros.nodes.process import bring_up
from iat_ros.nodes.trajectory import OVERTAKEN, TrajectoryNode
from iat_ros.skeleton.definition import load_skeleton

pytestmark = pytest.mark.ros


@pytest.fixture
def people(stage: Any, rig: Any) -> Publisher:
    """What publishes people, who wait until this node looks for them."""
    publisher = rig.node.create_publisher(PointCloud2, "/measured/skeletons", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    return publisher


def test_a_distance_that_slows_nobody_is_doubted(stage: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """It is allowed, also while the node runs, and said."""
    for slow_m, doubted in ((0.4, True), (0.0, False), (0.9, False)):
        assert stage.node.set_parameters([Parameter("slow_distance", value=slow_m)])[0].successful
        assert ("not above stop_distance 0.5 m" in capfd.readouterr().err) == doubted


def test_people_in_millimetres_hold_the_robot(stage: Any) -> None:
    """How near they are is unknown; in metres it is known again."""
    for factor, held in ((1000.0, True), (1.0, False)):
        stage.stand(stage.rest)
        stage.node._see_people(serialize_message(stage.people_at(3.0, factor)))
        assert ("skeletons must be in metres" in stage.node.trouble()) == held
        stage.answer()
        assert bool(stage.sent) != held


def test_who_held_the_robot_is_looked_for_again(stage: Any, people: Publisher, rig: Any) -> None:
    """An answer is not refused for a person who has gone already."""
    stage.stand(stage.rest)
    stage.node._see_people(serialize_message(stage.people_at(0.3)))
    stage.answer()
    assert not stage.sent
    people.publish(stage.people_at(3.0))
    rig.until(lambda: False, 0.3)  # on its way; this node does not spin
    stage.answer()
    assert len(stage.sent) == 1


def test_who_came_near_meanwhile_stops_the_answer_at_once(stage: Any, people: Publisher, rig: Any) -> None:
    """The newest frame is not read before an answer that may be given, but right after."""
    stage.stand(stage.rest)
    stage.node._see_people(serialize_message(stage.people_at(3.0)))
    people.publish(stage.people_at(0.3))
    rig.until(lambda: False, 0.3)
    stage.answer()
    assert len(stage.sent) == 2
    assert stage.node.dropped["rest of an answer: a person is nearer than 0.5 m"] == 1
    np.testing.assert_allclose(stage.sent[1].points[-1].positions, stage.rest, atol=0.2)  # the throw goes on to 1 rad


def test_a_moving_robot_looks_for_people(stage: Any, people: Publisher, rig: Any) -> None:
    """Each time that the guard watches."""
    stage.stand(stage.rest)
    stage.answer()
    people.publish(stage.people_at(0.3))
    rig.until(lambda: False, 0.3)
    stage.node._watch()
    assert len(stage.sent) == 2


def test_the_guard_watches_on_where_the_clock_is_set_back(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_of_answers_that_come_together_the_last_that_can_be_is_performed(stage: Any) -> None:
    """One that cannot be read is a counted drop, and leaves the one before."""
    stage.stand(stage.rest)
    bad = encode_motion(Header(), stage.MOTION)
    bad.data = bad.data[:100]
    stage.node._on_responses([stage.ANSWER, stage.ANSWER, bad])
    assert (len(stage.sent), stage.node.counts[OVERTAKEN], stage.node.counts["answers"]) == (1, 1, 1)
    assert sum(stage.node.dropped.values()) == 1


def test_an_answer_to_what_ended_long_ago_is_dropped(stage: Any) -> None:
    """By the stamps of people: those of a recording, or of a camera whose clock differs, are none the older for it."""
    stage.at(10_000.0)
    stage.stand(stage.rest)
    stage.at(10_000.1)
    answer = encode_motion(Header(stamp=to_stamp(9_000.0)), stage.MOTION)
    for newest_s, dropped in ((9_996.0, True), (9_005.5, True), (9_004.0, False)):
        people = stage.people_at(3.0)
        people.header.stamp = to_stamp(newest_s)
        stage.node._see_people(serialize_message(people))
        stage.node._on_responses([answer])
        assert bool(stage.sent) != dropped, (stage.node.dropped, stage.node.counts)
    reason = "answer to an action that ended more than 5 s before the newest skeletons (answer_timeout)"
    assert stage.node.dropped[reason] == 2
    people.header.stamp = to_stamp(9_996.0)
    stage.node._see_people(serialize_message(people))
    assert stage.node.set_parameters([Parameter("answer_timeout", value=0.0)])[0].successful
    stage.node._on_responses([answer])
    assert len(stage.sent) == 2


def test_an_answer_of_endless_frames_is_refused(stage: Any) -> None:
    """Nobody could halt the robot while it is planned."""
    stage.stand(stage.rest)
    motion = cut_action(load_skeleton("utd_mhad"), stage.CLIP, 257).motion
    stage.node._on_responses([encode_motion(Header(), motion)])
    assert not stage.sent
    assert stage.node.dropped == {"responses: expected 2 to 256 frames (height), got 257": 1}


def test_an_answer_from_before_the_machine_was_suspended_is_dropped(
    stage: Any, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock goes on by an hour, and everything that was fresh before stays as fresh; the answer does not."""
    node = TrajectoryNode(context=rig.context, namespace="suspended")
    sent: list[JointTrajectory] = []
    node._output.send = lambda message, _: sent.append(message)
    assert bring_up(node)
    clock_ns = [1_000_000_000_000_000_000]
    monkeypatch.setattr(node._now_s.__self__, "_read_ns", lambda: clock_ns[0])  # the clock watch's own clock
    now_s = node._now_s()
    people = stage.people_at(3.0)
    people.header.stamp = to_stamp(now_s)
    node._see_people(serialize_message(people))
    node._intake.refuse_old(now_s - 0.2, 5.0)
    clock_ns[0] += 3600 * 10**9
    with pytest.raises(MessageError, match="answer_timeout"):
        node._intake.refuse_old(now_s - 0.2, 5.0)
    node.destroy_node()


def test_two_trackers_and_a_halt_are_told_in_diagnostics(stage: Any, rig: Any) -> None:
    """Where they number people alike, each has a person elsewhere; a halt is told while the node is not active, too."""
    others = stage.node.count_publishers("/measured/skeletons")  # of other tests
    publishers = [rig.node.create_publisher(PointCloud2, "/measured/skeletons", 10) for _ in range(2)]
    assert rig.until(lambda: stage.node.count_publishers("/measured/skeletons") == others + 2)
    assert stage.node.state()["skeletons"].startswith(f"come from {others + 2}")
    for publisher in publishers:
        rig.node.destroy_publisher(publisher)
    stage.node.count_publishers = lambda topic: int(topic == "/measured/skeletons")
    assert "skeletons" not in stage.node.state()
    stage.node.active = False
    stage.node._guard.halt("on request")
    assert stage.node.state() == {"halted": "on request"}
