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

"""Observing the robot while it performs: where it stands, whether others move it, and whether it may move."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from iat_ros.robot.drivers import Joints, Mask
from iat_ros.robot.following import Following, Lost
from iat_ros.robot.given_up import HeldJoints
from iat_ros.robot.guard import Guard, Leave, Verdict
from iat_ros.robot.joint_path import Array
from iat_ros.robot.measurement import ASTRAY_RAD, Measurement
from iat_ros.robot.performer import Performer
from iat_ros.robot.punctuality import Punctuality
from iat_ros.robot.spline import Held, State
from iat_ros.robot.timeline import Timeline
from iat_ros.robot.unheard import Unheard


class Observer:
    """Compares where a robot is measured with what it performs; what was measured too long ago counts for nothing.

    Args:
        performer: Knows what the robot performs.
        guard: Judges whether it may move.
        now_s: Tells the time [s].
        look: Takes in what has come and was not read yet: joint states, by `heard` and `saw_joints`, and people, by the
            guard's `saw_people`.
        held: Tells where controllers have held joints since a time [s]; None: they never say.

    Attributes:
        measured: Where the robot was measured.
        look: As above.
    """

    def __init__(
        self,
        performer: Performer,
        guard: Guard,
        now_s: Callable[[], float],
        look: Callable[[], None],
        held: Callable[[float], HeldJoints] | None = None,
    ) -> None:
        unknown = np.full(len(performer.model.joint_names), np.nan)
        held = held or (lambda _: HeldJoints(unknown, unknown))
        self.measured = Measurement()
        self._punctuality = Punctuality()
        self._following = Following(performer, held)
        self._unheard = Unheard(performer)
        self._known_s = -math.inf  # when all joints were known last [s]
        self._unseen = False  # for longer than is allowed, or by a driver of before, until the newest of those
        self._performer, self._guard = performer, guard
        self._now_s, self.look, self._held = now_s, look, held

    def driver_came(self, now_s: float) -> None:
        """Take note that somebody new tells where the joints are from now on [s]."""
        self._unseen = self._following.driver_came(now_s) or self._unseen

    def given_up(self, now_s: float, sending: bool = False) -> Mask | None:
        """Tell which joints' controllers (J,) do not follow what runs, and hold them; if any, the robot is halted.

        Where something is about to be sent, less must do: there is no time to see more.
        """
        lost = self._following.given_up(now_s, self._guard.config.following_lag_s, sending)
        if lost is None:
            return None
        self._guard.halt(lost.why)
        return lost.joints

    def halt(self, reason: str) -> None:
        """Have the guard halt the robot, until somebody lets it go on."""
        self._guard.halt(reason)

    def followed_after_all(self, now_s: float, sending: bool) -> Lost | None:
        """Return what was taken to be given up, or was to be left, still runs and is followed; None: nothing is.

        Where something is about to be sent, less must do: there is no time to see more.
        """
        return self._following.followed_after_all(now_s) or self._unheard.followed(now_s, sending)

    def began(self, before: Timeline, now_s: float) -> None:
        """Take note that something was sent now [s], and what would have gone on without it."""
        self._unheard.began(before, now_s)

    def may_go_on(self, now_s: float) -> bool:
        """Tell whether what was to be left would still go on, if its controller did not hear of that."""
        return self._unheard.pending(now_s)

    def heard(self, received_s: float, joints: Joints, position: Array) -> None:
        """Take note of a message that came at a time [s] and tells where some joints (K,) are (K,) [rad]."""
        anew = self._following.heard(received_s, joints, position, self._guard.config.following_lag_s)
        self._unseen = self._unseen or anew

    def knew(self, stamp_s: float, received_s: float) -> None:
        """Take note that where all joints were is known, of when, 0 if nobody tells, and since when [s].

        The performer reckons with machines that are as busy as this shows them to be.
        """
        self._punctuality.take(stamp_s, received_s)
        self._guard.saw_stamp(received_s, stamp_s)
        self._unseen = self._unseen or 0.0 < self._guard.config.joint_states_timeout_s < received_s - self._known_s
        self._known_s = received_s

    def saw_joints(self, state: State, received_s: float) -> None:
        """Take note of where the joints were in what came at a time [s]."""
        performer = self._performer
        self.measured.take(state, received_s, self._unseen)
        self.measured.compare(performer, received_s)
        self._unseen = False
        performer.late_s = self._punctuality.delay_s
        lag_s = self._guard.config.following_lag_s
        moving = performer.timeline.moving(received_s) or performer.timeline.moving(received_s - lag_s)
        band = performer.timeline.band(received_s, lag_s) if moving else None
        self._following.saw(state.position, band)
        self._unheard.saw(state.position, band, self.measured.moves(received_s), received_s, lag_s)
        self._guard.saw_joints(received_s, state.position, band, performer.model.joint_names)

    def could_not_read_joints(self, received_s: float, why: str) -> None:
        """Take note of what came at a time [s] and does not tell where the joints are."""
        self._guard.could_not_read_joints(received_s, why)

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self.measured.shift(by_s)
        self._known_s += by_s
        self._following.shift(by_s)
        self._unheard.shift(by_s)
        self._punctuality.forget()

    def verdict(self, now_s: float) -> Verdict:
        """Tell what the robot may do now [s]; one whose controllers do not follow what runs is halted."""
        self.given_up(now_s)
        if not self._guard.measured_lately(now_s):
            # On a busy machine this process may have been held up, not the robot.
            self.look()
            now_s = self._now_s()
        verdict = self._guard.verdict(now_s, self._performer.timeline.moving(now_s))
        if verdict.leave is Leave.HOLD:  # whoever was too near, or not there, may be elsewhere in the newest frame
            self.look()
            now_s = self._now_s()
            verdict = self._guard.verdict(now_s, self._performer.timeline.moving(now_s))
        return verdict

    def told_at(self) -> Array:
        """Return where each joint was told to be last (J,) [rad]; of one that is silent that is where it was before."""
        return self._following.told_at

    def last(self, now_s: float) -> State | None:
        """Return where the robot was measured last; None if nobody tells."""
        return self.measured.state if self._guard.measured_lately(now_s) else None

    def standing(self, now_s: float) -> State | None:
        """Return where the robot stands since its last plan ended; None if nobody tells.

        That is where its controllers say that they hold it, unless it is measured far from there: motors may be off.
        """
        seen = self.last(now_s)
        measured = None if seen is None else self.measured.standing(self._performer)
        if seen is not None and self.measured.moves_strangely(self._performer, now_s):
            return measured
        held = self._held(self._performer.timeline.ends_s).position
        if np.isnan(held).any() or (seen is not None and np.abs(held - seen.position).max() > ASTRAY_RAD):
            return measured
        return Held.at_rest(held)

    def unsettled(self, now_s: float) -> bool:
        """Tell whether nothing may begin yet from where the robot should stand: it may not have heard of its stop."""
        return self.moves_strangely(now_s) or (
            self._unheard.pending(now_s)
            and not self._performer.timeline.moving(now_s)
            and self._guard.measured_lately(now_s)
            and bool(self.measured.moves(now_s).any())
        )

    def moves_strangely(self, now_s: float) -> bool:
        """Tell whether the robot is seen to move by a plan that was never made here."""
        return self._guard.measured_lately(now_s) and self.measured.moves_strangely(self._performer, now_s)
