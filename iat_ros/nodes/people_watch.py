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

"""People, as far as the guard of a robot needs to know of them: how near they are, and how new that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from iat_ros.errors import IatError
from iat_ros.nodes.clouds import decode_skeletons
from iat_ros.nodes.serialised_clouds import CloudReader
from iat_ros.robot.guard import Guard
from iat_ros.robot.nearness import Nearness
from iat_ros.stream.size import TOO_LARGE, too_large


class PeopleWatch:
    """Tells the guard how near the nearest joint of anybody is.

    Args:
        guard: Is told.
        now_s: Tells the time [s].

    Attributes:
        newest_s: Stamp of the skeletons that came last [s]; 0 before the first, or where they have none.
    """

    def __init__(self, guard: Guard, now_s: Callable[[], float]) -> None:
        self._guard, self._now_s = guard, now_s
        self._joints = 0
        self._robot = np.zeros(3)
        self._nearness = Nearness()
        self._clouds = CloudReader()
        self.newest_s = 0.0

    def expect(self, joints: int) -> None:
        """Expect skeletons of so many joints from now on."""
        self._joints = joints

    def locate(self, values: Mapping[str, Any]) -> None:
        """Take where the robot is in the frame of the skeletons from the parameters robot_x, robot_y, robot_z [m]."""
        self._robot = np.array([values[f"robot_{axis}"] for axis in "xyz"])

    def see(self, serialised: bytes) -> None:
        """Take note of a message, as it came.

        Raises:
            IatError: It cannot be read, which the guard is told, too.
        """
        try:
            people = decode_skeletons(self._clouds.read(serialised), self._joints)
        except IatError as error:
            self._guard.could_not_read_people(str(error))
            raise
        distances_m = np.linalg.norm(people.positions - self._robot, axis=-1)
        config, now_s = self._guard.config, self._now_s()
        within_m = max(config.stop_distance_m, config.slow_distance_m)
        nearest_m = self._nearness.see(now_s, people.body_ids, distances_m, within_m)
        doubt = TOO_LARGE if too_large(people.positions).any() else ""
        self.newest_s = people.time_s
        self._guard.saw_people(now_s, nearest_m, doubt, self.newest_s)

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s].

        Where it was set forward, as after the machine was suspended, what came before is older by that.
        """
        self._nearness.shift(by_s)
        if self.newest_s:
            self.newest_s += max(by_s, 0.0)
