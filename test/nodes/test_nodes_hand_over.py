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

"""Messages that are handed over inside a process: at once, once, and only on the same topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Header

from iat_ros.nodes.base import RESULT_QOS, IatNode
from iat_ros.nodes.clouds import encode_motion, to_stamp
from iat_ros.nodes.hand_over import Inlet, Outlet
from iat_ros.nodes.interact import make_nodes
from iat_ros.nodes.process import bring_up
from iat_ros.skeleton.motion import Motion

pytestmark = pytest.mark.ros

STILL = np.tile(np.array([0.0, 0.0, -1.0]), (32, 8, 1))


class Receiver(IatNode):
    """Keeps what it takes, a list for each call."""

    def __init__(self, topic: str, **options: Any) -> None:
        super().__init__("receiver", **options)
        self.taken: list[list[str]] = []
        self.fails = False
        self.inlet = Inlet(self, PointCloud2, topic, self._take, RESULT_QOS)

    def setup(self, values: dict[str, Any]) -> None:
        """Nothing is needed."""

    def _take(self, messages: Sequence[PointCloud2]) -> None:
        self.taken.append([message.header.frame_id for message in messages])
        if self.fails:
            raise ZeroDivisionError("on purpose")


class Hall:
    """A sender, whose outlet is joined to a receiver in the same process."""

    def __init__(self, context: Context, topic: str) -> None:
        self.sender = rclpy.create_node("sender", context=context)
        self.receiver = Receiver(topic, context=context)
        self.publisher = self.sender.create_publisher(PointCloud2, "windows", RESULT_QOS)
        self.outlet = Outlet()
        self.outlet.join(self.receiver.inlet)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.receiver)

    def until(self, done: Callable[[], bool], rounds: int = 200) -> bool:
        """Spin until something holds; return whether it does."""
        for _ in range(rounds):
            if done():
                return True
            self._executor.spin_once(timeout_sec=0.05)
        return False

    def matched(self) -> bool:
        """Tell whether the middleware has brought the two together."""
        return self.until(lambda: self.publisher.get_subscription_count() > 0)

    def close(self) -> None:
        """Leave."""
        self._executor.shutdown()
        self.sender.destroy_node()
        self.receiver.destroy_node()


@pytest.fixture
def hall(ros_domain: int) -> Iterator[Callable[[str], Hall]]:
    """Make a hall for a topic of the receiver's."""
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    halls = []

    def make(topic: str = "windows") -> Hall:
        halls.append(Hall(context, topic))
        return halls[-1]

    yield make
    for each in halls:
        each.close()
    rclpy.shutdown(context=context)


def window(name: str) -> PointCloud2:
    """A window of somebody."""
    return encode_motion(Header(stamp=to_stamp(1.0), frame_id=name), Motion(STILL, 1.0))


def test_what_is_handed_over_comes_at_once_together_and_only_once(hall: Any) -> None:
    """Both windows of one frame come in one call, before anything is spun; their copies are left out."""
    room = hall()
    assert bring_up(room.receiver)
    assert room.matched()
    room.outlet.publish(room.publisher, [window("a"), window("b")])
    assert room.receiver.taken == [["a", "b"]]
    room.publisher.publish(window("from elsewhere"))  # behind the copies, on the same connection
    assert room.until(lambda: len(room.receiver.taken) > 1)
    assert room.receiver.taken == [["a", "b"], ["from elsewhere"]]


def test_the_same_window_from_elsewhere_is_taken(hall: Any) -> None:
    """One copy is left out for each time that a window was handed over, no more."""
    room = hall()
    assert bring_up(room.receiver)
    assert room.matched()
    room.outlet.publish(room.publisher, [window("a")])
    room.publisher.publish(window("a"))
    assert room.until(lambda: len(room.receiver.taken) > 1)
    assert room.receiver.taken == [["a"], ["a"]]


def test_a_receiver_of_another_topic_is_not_handed_anything(hall: Any) -> None:
    """As where a user remaps one of the two."""
    room = hall("other/windows")
    assert bring_up(room.receiver)
    room.outlet.publish(room.publisher, [window("a")])
    assert not room.until(lambda: bool(room.receiver.taken), rounds=10)


def test_an_inactive_receiver_takes_nothing_not_even_later(hall: Any) -> None:
    """What came while it was inactive is not answered when it wakes up."""
    room = hall()
    assert room.matched()
    room.outlet.publish(room.publisher, [window("a")])
    assert bring_up(room.receiver)
    room.publisher.publish(window("b"))
    assert room.until(lambda: bool(room.receiver.taken))
    assert room.receiver.taken == [["b"]]


def test_one_that_fails_is_counted_and_the_sender_goes_on(hall: Any) -> None:
    """Whoever hands over does not suffer from the receiver's errors, and its copies are left out all the same."""
    room = hall()
    assert bring_up(room.receiver)
    assert room.matched()
    room.receiver.fails = True
    room.outlet.publish(room.publisher, [window("a")])
    room.publisher.publish(window("b"))
    assert room.until(lambda: len(room.receiver.taken) > 1)
    assert room.receiver.taken == [["a"], ["b"]]
    assert room.receiver.dropped == {"message, because of an unexpected ZeroDivisionError: on purpose": 2}


def test_copies_that_come_late_are_known_too(hall: Any) -> None:
    """As where many people end at once, and the middleware brings the first copies only after more than a queue."""
    room = hall()
    assert bring_up(room.receiver)
    for number in range(150):
        room.receiver.inlet.hand([window(f"{number}")])
    for name in ("0", "149", "from elsewhere"):
        room.receiver.inlet._hear(window(name))
    assert room.receiver.taken[149:] == [["149"], ["from elsewhere"]]


def test_the_chain_hands_over_all_that_its_nodes_say_to_each_other(ros_domain: int) -> None:
    """Each outlet is joined to every inlet of the next node, so that no message overtakes another."""
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    trajectory, act2act, perception = make_nodes(context=context)
    for outlet, node in ((perception.outlet, act2act), (act2act.outlet, trajectory)):
        inlets = {each for each in vars(node).values() if isinstance(each, Inlet)}
        assert len(inlets) >= 3
        assert set(outlet._inlets) == inlets
    for node in (trajectory, act2act, perception):
        node.destroy_node()
    rclpy.shutdown(context=context)


def test_what_comes_while_a_node_is_not_active_is_counted(hall: Callable[..., Hall]) -> None:
    """It is handed over in vain, and its copy is not counted again."""
    here = hall("windows")
    assert here.matched()
    here.receiver.active = False
    here.outlet.publish(here.publisher, [window("one"), window("two")])
    here.receiver.active = True
    here.publisher.publish(window("three"))
    assert here.until(lambda: here.receiver.taken)
    assert here.receiver.taken == [["three"]]
    assert here.receiver.dropped == {"/windows that came while this node was not active": 2}
