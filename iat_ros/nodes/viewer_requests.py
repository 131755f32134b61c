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

"""What the buttons of the viewer's page ask of other nodes: one service each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

SERVICES = {
    "answer again": "act2act/again",
    "other noise": "act2act/other_noise",
    "three answers": "act2act/alternatives",
    "halt": "halt",
    "resume": "resume",
}
"""The service that each button calls, relative to the node's namespace."""
_PATIENCE_S = 3.0


class Requests:
    """Calls services without waiting for them, and says what came of it."""

    def __init__(self, node: Node, say: Callable[[str, bool, str], None]) -> None:
        """Make the clients.

        Args:
            node: Whose clients they are.
            say: Is told the button, whether its wish came true, and what the service said.
        """
        self._node, self._say = node, say
        self._clients: dict[str, Client] = {
            button: node.create_client(Trigger, service) for button, service in SERVICES.items()
        }
        self._open: dict[Future, tuple[str, float]] = {}

    def ask(self, button: str, now_s: float) -> None:
        """Call the button's service; where nobody offers it, say so at once.

        Args:
            button: One of `SERVICES`.
            now_s: Now, on a clock that never jumps [s].
        """
        client = self._clients[button]
        if not client.service_is_ready():
            service = self._node.resolve_service_name(SERVICES[button])
            self._say(button, False, f"nobody offers the service {service}")
            return
        future = client.call_async(Trigger.Request())
        self._open[future] = button, now_s + _PATIENCE_S
        future.add_done_callback(self._on_done)

    def give_up(self, now_s: float) -> None:
        """Give up those that have waited too long."""
        for future, (button, until_s) in list(self._open.items()):
            if now_s > until_s:
                del self._open[future]
                self._clients[button].remove_pending_request(future)
                self._say(button, False, f"no answer within {_PATIENCE_S:g} s")

    def _on_done(self, future: Any) -> None:
        asked = self._open.pop(future, None)
        if asked is None or future.cancelled():
            return
        result = future.result()
        self._say(asked[0], bool(result.success), str(result.message))
