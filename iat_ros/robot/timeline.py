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

"""What the robot performs when: each plan runs until the next one begins."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iat_ros.robot import spline
from iat_ros.robot.braking import DT_S
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Performance
from iat_ros.robot.plan import JointPlan
from iat_ros.robot.spline import State

Array = NDArray[np.float64]

_REMEMBERED_S = 5.0
"""So long a plan is remembered after the next one has begun [s]; nobody looks back further than 2 s."""
_BAND_TIMES = 5
_THERE_RAD = 1e-9
"""What is so near to where the last plan ends was planned from there, not from where the robot is measured."""


class Timeline:
    """The newest plans, and when they begin.

    Times are in seconds of one clock; the timeline never asks for the time itself.

    Args:
        model: The robot.
    """

    def __init__(self, model: RobotModel) -> None:
        self._model = model
        self._history: deque[Performance] = deque()
        self._led_until_s = -np.inf
        self._sent_s = np.full(len(model.joint_names), -np.inf)
        self._given_up = np.zeros(len(model.joint_names), bool)
        self._left_alone = np.zeros(len(model.joint_names), bool)
        self._others_until_s = -np.inf  # when what those follow is over [s]

    def copy(self) -> Timeline:
        """Return what runs as it is now."""
        other = Timeline(self._model)
        other._history, other._led_until_s = self._history.copy(), self._led_until_s
        other._sent_s, other._left_alone = self._sent_s.copy(), self._left_alone.copy()
        other._given_up, other._others_until_s = self._given_up.copy(), self._others_until_s
        return other

    @property
    def sent_s(self) -> Array:
        """When each joint's controller was sent something last (J,) [s]; -inf before the first."""
        return self._sent_s

    @property
    def given_up(self) -> NDArray[np.bool_]:
        """Which joints (J,) stand in the newest plan since their controllers did not follow what ran."""
        return self._given_up

    @property
    def left_alone(self) -> NDArray[np.bool_]:
        """Which joints (J,) have controllers that the newest plan is not for: they get nothing before it is over."""
        return self._left_alone

    def left_out(self, now_s: float) -> NDArray[np.bool_]:
        """Tell which joints (J,) get nothing of what takes over now."""
        return self._left_alone & self.moving(now_s)

    @property
    def led_until_s(self) -> float:
        """Until when the robot is led to where a plan begins, from outside its limits [s]; -inf if it never was.

        Where it is on that way only its controller knows, so nothing can take over before.
        """
        return self._led_until_s

    @property
    def others_until_s(self) -> float:
        """When that is over which the joints do that the newest plan is not for [s]; -inf if they do nothing."""
        return self._others_until_s

    @property
    def ends_s(self) -> float:
        """When the newest plan ends [s]; -inf before the first."""
        return max(self._history[-1].ends_s, self._others_until_s) if self._history else -np.inf

    def moving(self, now_s: float) -> bool:
        """Tell whether a plan is being performed."""
        return bool(self._history) and now_s < self.ends_s

    def ends_in(self, pose: Array) -> bool:
        """Tell whether the newest plan ends in just this pose (J,) [rad]: then the controller holds the robot there."""
        return bool(self._history) and bool(np.abs(self._history[-1].plan.end - pose).max() < _THERE_RAD)

    def commanded(self, now_s: float) -> State:
        """Return where the plans have the robot at a time [s]; before the first the rest pose."""
        if not self._history:
            return State.at_rest(self._model.rest)
        running = self.at(now_s)
        return running.plan.state(running.plan_time(now_s))

    def band(self, now_s: float, lag_s: float) -> tuple[Array, Array]:
        """Return the lowest and highest commanded positions (J,), (J,) of the last ``lag_s`` seconds [rad]."""
        times_s = now_s - np.linspace(0.0, lag_s, _BAND_TIMES)
        if not self._history:
            return self._model.rest.copy(), self._model.rest.copy()
        running = [self.at(time_s) for time_s in times_s.tolist()]
        poses = []
        for first, each in enumerate(running):  # asked with every message of the robot, so each plan is sampled once
            if first and each is running[first - 1]:
                continue
            last = first + 1
            while last < len(running) and running[last] is each:
                last += 1
            poses.append(spline.positions(each.plan.control, each.plan.dt_s, times_s[first:last] - each.began_s))
        positions = np.concatenate(poses)
        return positions.min(axis=0), positions.max(axis=0)

    def begin(self, performance: Performance, sent_s: float, delivery_s: float, soonest_s: float) -> Performance | None:
        """Begin a performance that is sent to the controller now.

        What begins at rest begins a little after it is sent, so that the robot is where it begins. Until then the
        robot stands there, wherever the plan before left it: it may have been moved by others since.

        Args:
            performance: It.
            sent_s: The time now [s].
            delivery_s: How long it may take until the controller knows of it [s].
            soonest_s: A moving robot cannot take over sooner than so long from now [s].

        Returns:
            The performance as it is to be sent; None if it comes too late to take over from what runs.
        """
        if not performance.plan.start.moves:
            performance = replace(performance, began_s=max(performance.began_s, sent_s + delivery_s))
        if not self.moving(sent_s):
            self._given_up, self._left_alone = np.zeros_like(self._given_up), np.zeros_like(self._left_alone)
            self._others_until_s = -np.inf
        while len(self._history) > 1 and self._history[1].began_s < sent_s - _REMEMBERED_S:
            self._history.popleft()
        if self.moving(sent_s):  # also where that ends before this begins: its rest is part of what is sent
            if self.moving(performance.began_s) and performance.began_s < sent_s + soonest_s:
                return None
            before = self.at(performance.began_s)
            if before.began_s <= sent_s:
                before = replace(before, after=None)
            performance = replace(performance, after=before)
        elif performance.began_s > sent_s:
            self._history.append(self._stands(performance.plan.start.position, sent_s))
        while self._history and self._history[-1].began_s >= performance.began_s:
            self._history.pop()
        self._history.append(performance)
        self._sent_s[~self._left_alone] = sent_s
        if performance.way_s:
            self._led_until_s = performance.began_s
        return performance

    def held(self, now_s: float, measured: State | None) -> None:
        """Take note that the controller gave up what ran and holds the robot where it is.

        Args:
            now_s: Time [s].
            measured: Where that is; None if nobody tells, then where it should be.
        """
        position = self.commanded(now_s).position if measured is None else measured.position
        self._history.clear()
        self._history.append(self._stands(position, now_s))
        self._led_until_s = self._others_until_s = -np.inf

    def hold(self, joints: NDArray[np.bool_], position: Array) -> None:
        """Take note that controllers gave up what runs, and hold joints, and that it goes on without them.

        Args:
            joints: They (J,).
            position: Where they are held (J,) [rad].
        """
        self._stand(joints, position)
        self.give_up(joints)

    def give_up(self, joints: NDArray[np.bool_]) -> None:
        """Take note that controllers do not follow what runs for some joints (J,).

        Those that have no other joints are left out of what takes over.
        """
        self._given_up = self._given_up | joints
        self._leave_alone(joints)

    def leave_to(self, other: Timeline, joints: NDArray[np.bool_]) -> None:
        """Take note that some joints (J,) do what another timeline says, at whose end they are taken to be."""
        self._stand(joints, other.commanded(other.ends_s).position)
        self._leave_alone(joints)
        self._given_up = self._given_up | (other.given_up & joints)
        self._sent_s[joints] = other.sent_s[joints]
        if joints.any():
            self._others_until_s = other.ends_s

    def _stand(self, joints: NDArray[np.bool_], position: Array) -> None:
        inside = np.clip(position, self._model.lower, self._model.upper)  # a plan of the others must keep the limits
        self._history = deque(each.holding(joints, inside) for each in self._history)

    def _leave_alone(self, joints: NDArray[np.bool_]) -> None:
        for controlled in self._model.controlled:
            self._left_alone[controlled] |= joints[controlled].all()

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        shifted = [replace(each, began_s=each.began_s + by_s) for each in self._history]
        self._history = deque(shifted)
        self._led_until_s += by_s
        self._others_until_s += by_s
        self._sent_s += by_s

    def at(self, time_s: float) -> Performance:
        """Return what runs at a time [s]: the newest that has begun, or the oldest known."""
        begun = [each for each in self._history if each.began_s <= time_s]
        return begun[-1] if begun else self._history[0]

    def _stands(self, position: Array, now_s: float) -> Performance:
        stands = JointPlan(self._model.joint_names, np.repeat(position[None], 4, axis=0), DT_S)
        return Performance(stands, now_s - stands.duration_s)
