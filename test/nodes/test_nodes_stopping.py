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

"""Ctrl-C while nodes come up, which takes seconds: those that have not yet, do not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from iat_ros.nodes.process import run_nodes

pytestmark = pytest.mark.ros


class SlowNode(LifecycleNode):
    """Is interrupted while it is configured."""

    def __init__(self, name: str, configured: list[str]) -> None:
        super().__init__(name)
        self._configured = configured

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Note it, and press Ctrl-C."""
        self._configured.append(self.get_name())
        os.kill(os.getpid(), signal.SIGINT)
        return TransitionCallbackReturn.SUCCESS


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put back how this process takes signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_who_is_interrupted_while_a_node_comes_up_brings_up_no_other(ros_domain: int) -> None:
    """Launch kills what has not ended ten seconds after Ctrl-C."""
    configured: list[str] = []
    assert run_nodes(lambda: (SlowNode(name, configured) for name in ("first", "second")), []) == 0
    assert configured == ["first"]
