"""What the robot performs: the running plan, how an answer takes over from it, and how it is stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.braking import slow_down
from iat_ros.robot.clearance import bend, splay
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.plan import JointPlan
from iat_ros.robot.retargeting import retarget
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing, plan, plan_home
from iat_ros.skeleton.motion import Motion

Array = NDArray[np.float64]

STILL_RAD_S = 0.02
"""A measured speed below this is a sensor's noise."""
NEAR_RAD = 0.05
"""A robot so near to its rest pose is there."""


@dataclass(frozen=True)
class Outcome:
    """What became of an answer.

    Attributes:
        plan: What to perform now.
        error_rad: Mean angle between the directions asked for and the robot's [rad].
        bent: Whether it was bent to keep clear of the robot itself.
        complete: False if the plan only stops the robot; the answer can begin when it stands.
    """

    plan: JointPlan
    error_rad: float
    bent: bool
    complete: bool


class Performer:
    """Keeps what the robot performs, and turns answers into plans that take over from it.

    Times are in seconds of one clock; the performer never asks for the time itself.

    Args:
        model: The robot.
        limb_names: The limbs of the answers.
        checker: Finds collisions with the robot's own body; None: nothing is checked.

    Attributes:
        timing: How answers are performed from now on.
    """

    def __init__(
        self, model: RobotModel, limb_names: Sequence[str], checker: CollisionChecker | None, timing: Timing
    ) -> None:
        self.model = model
        self.timing = timing
        self._limb_names = tuple(limb_names)
        self._checker = checker
        self._running: JointPlan | None = None
        self._started_s = 0.0

    @property
    def ends_s(self) -> float:
        """When the newest plan ends [s]; -inf before the first."""
        return -np.inf if self._running is None else self._started_s + self._running.duration_s

    def moving(self, now_s: float) -> bool:
        """Tell whether a plan is being performed."""
        return self._running is not None and self._started_s <= now_s < self.ends_s

    def commanded(self, now_s: float) -> State:
        """Return where the newest plan has the robot; before the first the rest pose."""
        if self._running is None:
            return State.at_rest(self.model.rest)
        return self._running.state(now_s - self._started_s)

    def band(self, now_s: float, lag_s: float) -> tuple[Array, Array]:
        """Return the lowest and highest commanded positions (J,), (J,) of the last ``lag_s`` seconds [rad]."""
        if self._running is None:
            return self.model.rest, self.model.rest
        positions = self._running.sample(now_s - self._started_s - np.linspace(0.0, lag_s, 6))[0]
        return positions.min(axis=0), positions.max(axis=0)

    def start(self, now_s: float, measured: State | None) -> State:
        """Return the state from which a plan begins: the command while it moves, else what was measured."""
        if self.moving(now_s) or measured is None:
            return self.commanded(now_s)
        if np.abs(measured.velocity).max() < STILL_RAD_S:
            return State.at_rest(measured.position)
        return measured

    def answer(self, motion: Motion, now_s: float, measured: State | None, tempo: float = 1.0) -> Outcome:
        """Plan an answer that takes over from whatever runs, and perform it from now on.

        Args:
            motion: The answer, limb vectors in the body frame.
            now_s: Time [s].
            measured: Where the robot is; None if nobody tells.
            tempo: Slower than `timing` asks for by this factor, at most 1.

        Raises:
            RobotError: It cannot be performed (a start outside the limits, a collision); what runs goes on.
        """
        start = self.start(now_s, measured)
        timing = replace(self.timing, speed_scale=max(0.05, self.timing.speed_scale * tempo))
        limbs = splay(motion.limbs_in_body, self._limb_names, self.model.config.splay)
        frames = retarget(self.model, limbs, self._limb_names, start.position, motion.duration_s / timing.speed_scale)
        error_rad = float(frames.error_rad.mean())
        try:
            result, bent = self._clear(frames.positions, motion.duration_s, start, timing)
        except RobotError:
            if not start.moves:
                raise
            return Outcome(self._perform(slow_down(self.model, *self._at(now_s)), now_s), error_rad, False, False)
        return Outcome(self._perform(result, now_s), error_rad, bent, True)

    def go_home(self, now_s: float, measured: State | None) -> JointPlan | None:
        """Perform the way to the rest pose from now on; None if the robot is there.

        Raises:
            RobotError: The way there would touch the robot's body.
        """
        start = self.start(now_s, measured)
        if not start.moves and np.abs(start.position - self.model.rest).max() < NEAR_RAD:
            return None
        result = plan_home(self.model, start, self.timing)
        contact = None if self._checker is None else self._checker.first_contact(result)
        if contact is not None:
            raise RobotError(f"way home refused: {contact}")
        return self._perform(result, now_s)

    def slow(self, now_s: float, tempo: float = 0.0) -> JointPlan | None:
        """Slow the running plan down on its path, 0 to a standstill; None if none runs."""
        if not self.moving(now_s):
            return None
        return self._perform(slow_down(self.model, *self._at(now_s), tempo=tempo), now_s)

    def shift(self, by_s: float) -> None:
        """Take note that the clock was set by so much [s]."""
        self._started_s += by_s

    def take_over(self, other: Performer) -> None:
        """Go on with what another performer of the same robot performs."""
        self._running, self._started_s = other._running, other._started_s

    def _clear(self, frames: Array, duration_s: float, start: State, timing: Timing) -> tuple[JointPlan, bool]:
        """Plan frames so that nothing touches; whether they were bent for that."""
        result = plan(self.model, frames, duration_s, start, timing)
        if self._checker is None:
            return result, False
        contact = self._checker.first_contact(result)
        if contact is None:
            return result, False
        result = plan(self.model, bend(self.model, self._checker, frames), duration_s, start, timing)
        contact = self._checker.first_contact(result)
        if contact is not None:
            raise RobotError(f"answer refused: {contact}")
        return result, True

    def _at(self, now_s: float) -> tuple[JointPlan, float]:
        if self._running is None:
            raise RobotError("the robot moves, but by nothing that was planned here; wait until it stands")
        return self._running, now_s - self._started_s

    def _perform(self, result: JointPlan, now_s: float) -> JointPlan:
        self._running, self._started_s = result, now_s
        return result
