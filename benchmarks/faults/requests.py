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

"""Requests to services that rclpy gives every node: transitions that lead nowhere, parameters of every wrong kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    GetParameterTypes,
    ListParameters,
    SetParameters,
    SetParametersAtomically,
)
from rclpy.service import Service

from benchmarks.faults.malformed import Dice

FORESEEN = ("Transition is not registered", "is not a valid Parameter.Type", "ParameterNotDeclared")
"""Parts of what rclpy raises for such requests, and what the guard of the services is there for."""
_LEADS_NOWHERE = tuple(number for number in range(256) if number not in (4, 7))
"""Transitions that an active node refuses: all but those that deactivate it and shut it down."""
_TEXTS = ("", "fly", "\x00", "\u202e", "name" * 80, "use_sim_time.", "..", "qos_overrides./clock")
_PARAMETERS = ("speed_scale", "lead_time", "person", "host", "robot")


class Requests:
    """Draws wrong requests.

    Args:
        dice: What is drawn with.
    """

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def choose(self, services: Sequence[Service]) -> tuple[Service, Any]:
        """Return a service of a node, and a request to it."""
        known = [service for service in services if service.srv_type in _MAKERS]
        service = self._dice.one(known)
        return service, _MAKERS[service.srv_type](self, service.srv_type)

    def _transition(self, kind: Any) -> Any:
        dice = self._dice
        label = dice.one(_TEXTS) if dice.share() < 0.3 else ""
        return kind.Request(transition=Transition(id=dice.one(_LEADS_NOWHERE), label=label))

    def _names(self, kind: Any) -> Any:
        return kind.Request(names=[self._name() for _ in range(self._dice.below(4))])

    def _prefixes(self, kind: Any) -> Any:
        prefixes = [self._name() for _ in range(self._dice.below(3))]
        return kind.Request(prefixes=prefixes, depth=self._dice.one((0, 1, 2**63, 2**64 - 1)))

    def _values(self, kind: Any) -> Any:
        return kind.Request(parameters=[Parameter(name=self._name(), value=self._value()) for _ in range(2)])

    def _name(self) -> str:
        dice = self._dice
        return (
            str(dice.one(("speed_scale", "lead_time", "person", "host", "robot")))
            if dice.share() < 0.5
            else dice.one(_TEXTS)
        )

    def _value(self) -> ParameterValue:
        """Return a value that no parameter takes: of no type, of another, or of no size."""
        dice = self._dice
        value = ParameterValue(type=dice.one((0, 1, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 99, 255)))
        value.double_value = dice.one((math.nan, math.inf, -math.inf, 1e308, -1e308))
        value.string_value = dice.one(_TEXTS)
        value.double_array_value = [math.nan] * dice.below(3)
        value.string_array_value = [dice.one(_TEXTS)] * dice.below(3)
        return value


_MAKERS = {
    ChangeState: Requests._transition,
    GetParameters: Requests._names,
    GetParameterTypes: Requests._names,
    DescribeParameters: Requests._names,
    ListParameters: Requests._prefixes,
    SetParameters: Requests._values,
    SetParametersAtomically: Requests._values,
}
