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

"""Messages that wait for somebody to take them, and how long they have waited."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from rclpy.publisher import Publisher
from rclpy.subscription import Subscription
from sensor_msgs.msg import JointState

from iat_ros.nodes.base import SENSOR_QOS, IatNode
from iat_ros.nodes.waiting import WaitingMessages

pytestmark = pytest.mark.ros


@pytest.fixture
def polled(rig: Any) -> Iterator[tuple[Publisher, Subscription]]:
    """A publisher, and who polls for what it sends."""
    node = IatNode("polls", context=rig.context)
    subscription = node.create_polled_subscription(JointState, "/polled", SENSOR_QOS, raw=True)
    publisher = rig.node.create_publisher(JointState, "/polled", 10)
    assert rig.until(lambda: publisher.get_subscription_count() == 1)
    yield publisher, subscription
    node.destroy_node()


def test_what_waited_tells_how_long(polled: tuple[Publisher, Subscription], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself; a clock that was set meanwhile makes it no longer than since the queue was empty."""
    publisher, subscription = polled
    waiting = WaitingMessages(subscription)
    sent_s = []
    for _ in range(2):
        sent_s.append(time.monotonic())
        publisher.publish(JointState())
        time.sleep(0.5)
    (_, first_s), (_, second_s) = waiting.take()
    now_s = time.monotonic()
    assert 0.2 < first_s - second_s < first_s <= now_s - sent_s[0]
    assert 0.1 < second_s <= now_s - sent_s[1]
    assert not list(waiting.take())
    true_ns = time.time_ns
    for set_by_s, least_s, most_s in ((3600.0, 0.5, 60.0), (-3600.0, 0.0, 0.0)):
        publisher.publish(JointState())
        time.sleep(0.5)
        monkeypatch.setattr(time, "time_ns", lambda by_s=set_by_s: true_ns() + round(1e9 * by_s))
        ((_, waited_s),) = waiting.take()
        assert least_s <= waited_s <= most_s
        monkeypatch.setattr(time, "time_ns", true_ns)


def test_a_middleware_that_tells_no_time_has_received_it_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken for as new as it may be."""

    class Handle:
        """Stands for rclpy's."""

        def __init__(self) -> None:
            self.left = 1

        def __enter__(self) -> Handle:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def take_message(self, *_: object) -> tuple[bytes, dict[str, int]] | None:
            """Hand one over."""
            self.left -= 1
            return (b"", {"received_timestamp": 0}) if self.left == 0 else None

    subscription: Any = type(
        "Stand", (), {"handle": Handle(), "qos_profile": SENSOR_QOS, "msg_type": None, "raw": True}
    )
    assert list(WaitingMessages(subscription).take()) == [(b"", 0.0)]
