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

"""Where the robot is, as its joint states tell while they are read together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iat_ros.errors import MessageError
from iat_ros.nodes.joint_states import JointStatesReader
from iat_ros.nodes.joint_states_decoder import JointStatesDecoder
from iat_ros.robot.observer import Observer
from iat_ros.robot.spline import State


class RobotWatch:
    """Tells an observer what joint states say.

    Args:
        joint_names: The robot's.
        observer: Is told.
        now_s: Tells the time [s].
        drop: Told why a message is not used.
    """

    def __init__(
        self,
        joint_names: tuple[str, ...],
        observer: Observer,
        now_s: Callable[[], float],
        drop: Callable[[str], None],
    ) -> None:
        self._decode = JointStatesDecoder().decode
        self._reader = JointStatesReader(joint_names)
        self._observer, self._now_s, self._drop = observer, now_s, drop

    def hear(self, waiting: Sequence[tuple[bytes, float]]) -> None:
        """Take note of joint states, the oldest first, each as it was sent and with how long it has waited [s].

        Each tells how busy the machines are; where the robot is, the newest does.
        """
        newest = None
        now_s = self._now_s()  # of all, since what reading them takes is no delay of theirs
        for serialised, waited_s in waiting:
            received_s = now_s - waited_s
            state = self._read(serialised, received_s)
            newest = newest if state is None else (state, received_s)
        if newest is not None:
            self._observer.saw_joints(*newest)

    def _read(self, serialised: bytes, received_s: float) -> State | None:
        """Read a message that came at a time [s]; return where all joints are, None if it does not tell."""
        try:
            told = self._decode(serialised)
        except MessageError as error:
            self._refuse(error, received_s)
            return None
        state = None
        try:
            state = self._reader.read(told, received_s)
        except MessageError as error:
            self._refuse(error, received_s)
        else:
            if state is None:
                self._observer.could_not_read_joints(received_s, self._reader.why)
        if self._reader.told is not None:
            self._observer.heard(received_s, *self._reader.told)
        if state is not None:
            self._observer.knew(told.stamp_s, received_s)
        return state

    def _refuse(self, error: MessageError, received_s: float) -> None:
        self._drop(str(error))
        self._observer.could_not_read_joints(received_s, str(error))
