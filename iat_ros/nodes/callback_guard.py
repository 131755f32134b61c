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

"""Callbacks of rclpy's own that outlive their errors: no request and no time, whoever sends it, may end a node.

rclpy lets them raise for a transition that does not lead on from the present state, for a value of a type that there is
none of, and for a time before zero; an error that nobody catches ends the process. A time that no stamp can hold it
takes, and the stamps that a node writes then lie before 1970.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.service import Service

from iat_ros.errors import describe

Drop = Callable[[str], None]

LAST_S = 2**31 - 86_400
"""Times are before this [s]: a stamp holds no more than 2^31 s, and one that a node writes lies ahead of its time."""


def guard_service(service: Service, drop: Drop) -> None:
    """Let requests that fail be answered as refused, and told.

    Args:
        service: Its callback is replaced, unless it is guarded already.
        drop: Is told why a request was refused.
    """
    if not isinstance(service.callback, _Guarded):
        service.callback = _Guarded(service.callback, f"request to {service.srv_name}", drop)


def guard_clock(callback: Callable[[Any], None], topic: str, drop: Drop) -> Callable[[Any], None]:
    """Return a callback of the time's topic that refuses what is no time, tells what fails, and goes on."""

    def call(message: Any) -> None:
        """Hand a time on, and tell what is none and what fails."""
        sec, nanosec = message.clock.sec, message.clock.nanosec
        if not (0 <= sec < LAST_S and nanosec < 10**9):
            drop(f"message on {topic}: {sec} s, {nanosec} ns is no time; expected 0 to {LAST_S} s and under 10^9 ns")
            return
        try:
            callback(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was this message's
            drop(f"message on {topic}, because of {describe(error)}")

    return call


class _Guarded:
    """A service's callback that answers in any case."""

    def __init__(self, callback: Callable[[Any, Any], Any], name: str, drop: Drop) -> None:
        self._callback, self._name, self._drop = callback, name, drop

    def __call__(self, request: Any, response: Any) -> Any:
        try:
            return self._callback(request, response)
        except Exception as error:  # noqa: BLE001 - whatever it is, it was this request's
            self._drop(f"{self._name}, because of {describe(error)}")
            return response  # as it was made: no success, nothing found
