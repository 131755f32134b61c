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

"""Play: streams recorded frames as a live skeleton tracker would."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import rclpy
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from iat_ros.data.recording import StreamFrame
from iat_ros.nodes.base import RESULT_QOS
from iat_ros.nodes.clouds import encode_skeletons, to_stamp

_UNKNOWN = "_NODE_NAME_UNKNOWN_"
"""What rmw calls a node whose subscription was discovered before its name."""


class PlayNode(Node):
    """Publishes ``skeletons``, reliably, so that every kind of subscription gets them."""

    def __init__(self) -> None:
        super().__init__("play")
        self._publisher = self.create_publisher(PointCloud2, "skeletons", RESULT_QOS)
        self._next_start_s = 0.0

    @property
    def topic(self) -> str:
        """Where it publishes, namespace and remappings included."""
        return str(self._publisher.topic_name)

    def wait_for_subscriber(self, timeout_s: float, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Wait until somebody listens, so that the first frames are not lost.

        The trajectory node listens before perception is there, to know that people are: where it does, perception is
        waited for.

        Returns:
            Whether somebody does.
        """
        deadline = time.monotonic() + timeout_s
        while not self._is_heard():
            if stopped() or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _is_heard(self) -> bool:
        listeners = {each.node_name for each in self.get_subscriptions_info_by_topic(self._publisher.topic_name)}
        listeners.discard(_UNKNOWN)
        return bool(listeners) and ("perception" in listeners or "trajectory" not in listeners)

    def wait_for_clock(self, timeout_s: float, stopped: Callable[[], bool] = lambda: False) -> bool:
        """Wait until simulated time has come, where it is used; stamps go by it.

        Returns:
            Whether the time is known.
        """
        deadline = time.monotonic() + timeout_s
        while self.get_clock().now().nanoseconds == 0:
            if stopped() or time.monotonic() > deadline:
                return False
            rclpy.spin_once(self, timeout_sec=0.05)
        return True

    def play(
        self, frames: Iterable[StreamFrame], speed: float = 1.0, stopped: Callable[[], bool] = lambda: False
    ) -> int:
        """Publish frames at the times at which they were recorded.

        Stamps keep the recorded spacing; at true speed they are the times of publishing. Faster play shortens the
        waits and leaves the motion as it was, as ``ros2 bag play --rate`` does.

        Args:
            frames: What to publish.
            speed: 1 is true speed.
            stopped: Asked before each frame; True ends the playing.

        Returns:
            How many frames were published.
        """
        # Stamps never run backwards, even when a faster round before this one ran ahead of the clock.
        now_s = self.get_clock().now().nanoseconds * 1e-9
        start_s = max(now_s, self._next_start_s)
        begin = time.monotonic() + (start_s - now_s) / speed
        count = 0
        for frame in frames:
            while (wait := begin + frame.time_s / speed - time.monotonic()) > 0 and not stopped():
                time.sleep(min(wait, 0.1))
            if stopped():
                break
            stamp_s = start_s + frame.time_s
            self._publisher.publish(
                encode_skeletons(to_stamp(stamp_s), frame.frame_id, frame.body_ids, frame.positions)
            )
            self._next_start_s = stamp_s + 0.03
            count += 1
        return count
