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

"""ROS parameters declared once: name, default, description, range. Bad values are refused at configure time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.lifecycle import LifecycleNode
from rclpy.parameter import Parameter as RosParameter

from iat_ros.errors import ConfigError

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Attributes:
        name: Its name.
        default: Its only default; also tells the type.
        description: What it means, with unit.
        low: Smallest value allowed.
        high: Largest value allowed.
        choices: The only values allowed.
        live: Whether it may change while the node is configured.
    """

    name: str
    default: bool | int | float | str
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False

    def check(self, value: Any) -> Any:
        """Return the value in the parameter's type.

        Raises:
            ConfigError: Wrong type, out of range, or none of the choices.
        """
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if kind is str and type(value) is int:  # what ROS makes of source:=0 on a command line
            value = str(value)
        if type(value) is not kind:
            raise ConfigError(f"parameter '{self.name}' must be {_KINDS[kind]}, got {value!r}")
        if self.choices and value not in self.choices:
            raise ConfigError(f"parameter '{self.name}' must be one of {', '.join(self.choices)}, got '{value}'")
        if self.low is not None and self.high is not None and not self.low <= float(value) <= self.high:
            raise ConfigError(f"parameter '{self.name}' must lie between {self.low} and {self.high}, got {value}")
        return value

    def descriptor(self) -> ParameterDescriptor:
        """Describe the parameter to ROS tools."""
        text = self.description + (f" One of: {', '.join(self.choices)}." if self.choices else "")
        text += " May change while the node runs." if self.live else ""
        descriptor = ParameterDescriptor(description=text)
        if self.low is not None and self.high is not None:
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(self.low), to_value=int(self.high))]
            else:
                descriptor.floating_point_range = [FloatingPointRange(from_value=self.low, to_value=self.high)]
        return descriptor


class ParameterTable:
    """The parameters of one node.

    A value that does not fit its declaration must neither kill the node when it is made nor go unnoticed: the
    parameter then holds its default, and `read` refuses until a right value was set.

    Args:
        node: The node.
        parameters: What to declare.
        changed: Told the new values by name when parameters that are live change while the node is configured.
    """

    def __init__(
        self, node: LifecycleNode, parameters: Sequence[Parameter], changed: Callable[[dict[str, Any]], None]
    ) -> None:
        self._node = node
        self._changed = changed
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._refused: dict[str, ConfigError] = {}
        self.locked = False
        for parameter in parameters:
            self._declare(parameter)
        node.add_on_set_parameters_callback(self._on_set)

    def _declare(self, parameter: Parameter) -> None:
        descriptor = parameter.descriptor()
        try:
            self._node.declare_parameter(parameter.name, parameter.default, descriptor)
        except (InvalidParameterTypeException, InvalidParameterValueException):
            given = self._node._parameter_overrides[parameter.name].value
            value = parameter.default
            try:
                value = parameter.check(given)
            except ConfigError as refusal:
                self._refused[parameter.name] = refusal
            self._node.declare_parameter(parameter.name, value, descriptor, ignore_override=True)

    def read(self) -> dict[str, Any]:
        """Return all values by name.

        Raises:
            ConfigError: A value is of the wrong type, out of range, or none of the choices.
        """
        for refusal in self._refused.values():
            raise refusal
        return {
            name: parameter.check(self._node.get_parameter(name).value) for name, parameter in self._parameters.items()
        }

    def _on_set(self, changes: list[RosParameter]) -> SetParametersResult:
        live = {}
        for change in changes:
            parameter = self._parameters.get(change.name)
            if self.locked and change.name == "use_sim_time":  # times of two clocks: what is sent then is never on time
                reason = "'use_sim_time' is read on configure; clean up the node, or start it anew, to change it"
                return SetParametersResult(successful=False, reason=reason)
            if parameter is None:
                continue
            if self.locked and not parameter.live:
                reason = f"'{change.name}' is read on configure; deactivate and clean up the node to change it"
                return SetParametersResult(successful=False, reason=reason)
            try:
                live[change.name] = parameter.check(change.value)
            except ConfigError as error:
                return SetParametersResult(successful=False, reason=str(error))
        for change in changes:  # only now: a change that is refused as a whole changes nothing
            self._refused.pop(change.name, None)
        if self.locked and live:
            self._changed(live)
        return SetParametersResult(successful=True)
