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

"""What controllers tell in ``controller_state``; control_msgs is not on PyPI: objects with its fields stand for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from unittest.mock import patch

from rclpy.subscription import Subscription
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from iat_ros.nodes import controller_states

TOPIC = controller_states.STATE_TOPIC


class ToldStates:
    """Hands messages to whoever asks controllers where they hold the robot, while it is entered."""

    def __enter__(self) -> ToldStates:
        package, module = ModuleType("control_msgs"), ModuleType("control_msgs.msg")
        module.JointTrajectoryControllerState = JointTrajectory  # type: ignore[attr-defined]
        self._newest: SimpleNamespace | None = None
        self._real = {name: sys.modules.get(name) for name in (package.__name__, module.__name__)}
        sys.modules |= {each.__name__: each for each in (package, module)}
        self._patch = patch.object(controller_states, "take_waiting", self._take)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()
        for name, module in self._real.items():  # not patch.dict, which forgets what was imported meanwhile
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module

    def tell(self, message: JointTrajectory) -> None:
        """Tell what a trajectory's first point says; it waits until it is asked for, and the newest only."""
        reference = message.points[0] if message.points else JointTrajectoryPoint()
        self._newest = SimpleNamespace(header=message.header, joint_names=message.joint_names, reference=reference)

    def _take(self, _: Subscription) -> Iterator[SimpleNamespace]:
        newest, self._newest = self._newest, None
        if newest is not None:
            yield newest
