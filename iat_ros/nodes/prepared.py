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

"""Answers that are ready before their windows come."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_msgs.msg import PointCloud2

from iat_ros.nodes.answer_message import AnswerMessage
from iat_ros.nodes.clouds import same_cloud
from iat_ros.skeleton.motion import Motion

_MOST = 256  # bodies; trackers give new numbers for ever


@dataclass(frozen=True)
class PreparedAnswer:
    """What answers a window, should it come.

    Attributes:
        window: The window as it was foreseen.
        motion: What is in it.
        start_s: When its action started [s].
        response: The answer, ready to be sent.
    """

    window: PointCloud2
    motion: Motion
    start_s: float
    response: AnswerMessage


class PreparedAnswers:
    """Keeps one answer a body."""

    def __init__(self) -> None:
        self._ready: dict[str, PreparedAnswer] = {}

    def put(self, prepared: PreparedAnswer) -> None:
        """Keep an answer in place of what was kept for that body."""
        body = prepared.window.header.frame_id
        self._ready.pop(body, None)
        self._ready[body] = prepared
        if len(self._ready) > _MOST:
            del self._ready[next(iter(self._ready))]

    def take(self, window: PointCloud2) -> PreparedAnswer | None:
        """Return what was made for this very window, to the bit, and keep it no longer; None if there is nothing."""
        prepared = self._ready.pop(window.header.frame_id, None)
        return prepared if prepared is not None and same_cloud(prepared.window, window) else None
