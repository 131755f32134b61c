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

"""Where the robot was measured last, and what may be concluded from it."""

from __future__ import annotations

import math

import numpy as np

from iat_ros.robot.drivers import Mask
from iat_ros.robot.joint_path import Array
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import Held, State

_MOVES_RAD_S = 0.05
STANDS_S = 0.3
"""So long a robot must be seen to stand [s]; where it turns round, it stands for a moment, and moves on."""
ASTRAY_RAD = 0.35
"""A robot that is measured farther than this from where it is held, or where its last plan ended, is not there."""
_SETTLES_S = 1.0
"""So long after its plan a robot may still come to where its controller holds it [s]; what moves later, others move."""
_HANGS_RAD = 0.1
"""So far from there its weight may keep it."""
_OLDEST_S = 0.02
"""So old may joint states be when they come [s]."""


class Measurement:
    """Where the robot was measured last.

    Attributes:
        state: Positions (J,) [rad] and velocities [rad/s]; None before the first.
        received_s: When that came, by the clock that all times here are of [s].
    """

    def __init__(self) -> None:
        self.state: State | None = None
        self.received_s = -math.inf
        self._unsure = False  # whether it was away, or unseen for a while, and was not seen to stand since
        self._unseen_s = -math.inf  # when it was seen again after such a while
        self._moved_s = np.array(-math.inf)  # when each joint was last not known to stand (J,)
        self._stood_at: Array | None = None  # since then

    def take(self, state: State, now_s: float, unseen: bool = False) -> None:
        """Take note of a state that came now [s], maybe after a while in which nobody told where the robot was.

        Positions alone tell whether the robot moves: velocities may be missing, and of many joints one is always noisy.
        """
        if unseen or self._stood_at is None:
            self._moved_s, self._stood_at = np.full(len(state.position), now_s), state.position
        moved = np.abs(state.position - self._stood_at) > _MOVES_RAD_S * STANDS_S
        if moved.any():
            self._moved_s = np.where(moved, now_s, self._moved_s)
            self._stood_at = np.where(moved, state.position, self._stood_at)
        self._unseen_s = now_s if unseen else self._unseen_s
        self._unsure = unseen or (self._unsure and now_s - self._last_moved_s < STANDS_S)
        self.state, self.received_s = state, now_s

    def shift(self, by_s: float) -> None:
        """Go along with a clock that was set by so much [s]."""
        self.received_s += by_s
        self._unseen_s += by_s
        self._moved_s = self._moved_s + by_s

    def moves(self, now_s: float) -> Mask:
        """Tell which joints (J,) were not seen to stand for a while before a time [s]."""
        return now_s - self._moved_s < STANDS_S

    @property
    def _last_moved_s(self) -> float:
        return float(self._moved_s.max())

    def standing(self, performer: Performer) -> State | None:
        """Return where the robot stands, or how it moves by a plan that was not made here; else None.

        None means that it is held where its last plan ended, or will be: nobody told since then, or it was not seen to
        stand for long enough, or it has stood near there ever since. A robot that trails its command still moves then,
        and its weight may keep it beside it for good; so a plan must not begin where it is seen. What was sent nothing
        since the robot was unseen for a while may have been started anew, and is held where it is; so is what was left
        alone by the last plan.
        """
        ended_s = performer.timeline.ends_s
        if self.state is None or self.received_s < ended_s + _OLDEST_S:
            return None
        if self.received_s - self._last_moved_s >= STANDS_S:
            timeline = performer.timeline
            apart = (self._unseen_s > timeline.sent_s) | (timeline.given_up & timeline.left_alone)
            settled = (self._moved_s <= ended_s + _SETTLES_S) & (self._off(performer) <= _HANGS_RAD)
            if apart.all() or not settled[~apart].all():
                return State.at_rest(self.state.position)
            if not apart.any():
                return None
            return Held.at_rest(np.where(apart, self.state.position, timeline.commanded(ended_s).position))
        return self.state if self._astray(performer) else None

    def moves_strangely(self, performer: Performer, now_s: float) -> bool:
        """Tell whether the robot moves by a plan that was not made here, as after a restart in mid-answer.

        Such a motion cannot be taken over without a step: its acceleration is not measured. Until the robot was seen to
        stand for a while, it counts as moving; so it does after nobody told where it is, as when its driver restarted.
        """
        if self.state is None or now_s - self._last_moved_s >= STANDS_S or performer.timeline.moving(now_s):
            return False
        return self.received_s >= performer.timeline.ends_s + _OLDEST_S and self._astray(performer)

    def compare(self, performer: Performer, now_s: float) -> None:
        """Keep in mind that others move the robot, until it stands: on their way it may pass where its plan left it."""
        self._unsure = self._unsure or self.moves_strangely(performer, now_s)

    def _astray(self, performer: Performer) -> bool:
        """Tell whether the robot that does not stand yet may be elsewhere than where the last plan left it.

        While it settles it may trail its command by much; what moves later, and farther than noise, others move.
        """
        near_rad = _HANGS_RAD if self._last_moved_s > performer.timeline.ends_s + _SETTLES_S else ASTRAY_RAD
        return self._unsure or float(self._off(performer).max()) > near_rad

    def _off(self, performer: Performer) -> Array:
        """Return how far each joint is from where the last plan left it (J,) [rad]; infinite where none did."""
        if self.state is None or not math.isfinite(performer.timeline.ends_s):
            return np.full(len(performer.model.joint_names), math.inf)
        return np.abs(self.state.position - performer.timeline.commanded(self.received_s).position)
