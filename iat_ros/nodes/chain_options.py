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

"""What the nodes of a chain in one process are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.parameter import Parameter


@dataclass(frozen=True)
class ChainOptions:
    """What perception, act2act, trajectory and robot are told.

    Attributes:
        skeleton: Skeleton definition.
        model: Of act2act.
        robot: Of trajectory and robot.
        noise_seed: Of act2act's noise; -1: new noise each time.
        simulated: Whether they are told that time is simulated.
        limbs: Limbs of the skeleton that the model needs, separated by commas; empty: those that it lists first.
        own_pace: Work takes no time by any clock that the nodes see, so that the same input gives the same output;
            else they see how long it really takes.
    """

    skeleton: str = "utd_mhad"
    model: str = "utd_mhad"
    robot: str = "g1"
    noise_seed: int = -1
    simulated: bool = False
    limbs: str = ""
    own_pace: bool = False

    def of(self, node: str) -> list[Parameter]:
        """Return the parameters of a node."""
        values: dict[str, Any] = {"use_sim_time": self.simulated}
        if node != "robot":
            values |= {"skeleton": self.skeleton, "limbs": self.limbs}
        if node == "act2act":
            values |= {"model": self.model, "device": "cpu", "noise_seed": self.noise_seed}
        if node in {"trajectory", "robot"}:
            values["robot"] = self.robot
        return [Parameter(name, value=value) for name, value in values.items()]
