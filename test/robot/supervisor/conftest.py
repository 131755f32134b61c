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

"""A supervisor, and what stands for the robot and its controller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.resources import find_config
from iat_ros.robot.given_up import HeldJoints
from iat_ros.robot.guard import Guard, GuardConfig
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performance import Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S, Make, Means, Supervisor, TooLateError
from iat_ros.robot.timeline import Timeline
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion


class Stage:
    """A supervisor, and what stands for clock, controller and joint states: the robot is where it is told to be."""

    ANSWER = cut_action(load_skeleton("utd_mhad"), make_clips(people=1, trials=1, actions=("throw",))[0], 32).motion
    FAR_M, SLOW_M, NEAR_M = 3.0, 0.8, 0.3

    def __init__(self, model: RobotModel) -> None:
        self.now_s = 100.0
        self.begun: list[Performance] = []
        self.left_out: list[tuple[int, ...]] = []  # of each of those, the joints whose controllers got nothing
        self.ready: list[Performance] = []
        self.dropped: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.late = 0  # how many performances will be worked out too late
        self.awake = False
        self.performer = Performer(model, load_skeleton("utd_mhad").limb_names, None, Timing())
        self.guard = Guard(GuardConfig())
        self.held: np.ndarray | None = None  # where controllers say that they hold the robot
        self.cancelled: list[tuple[int, ...]] = []  # the joints of goals that were to end, by number
        observer = Observer(self.performer, self.guard, lambda: self.now_s, lambda: None, self.tell_held)
        means = Means(lambda: self.now_s, self.begin, self.cancel, self.ready.append, self.wake, self.drop, self.counts)
        self.supervisor = Supervisor(self.performer, observer, means, slow_tempo=0.3)
        self.distance_m = self.FAR_M

    def tell_held(self, _: float) -> HeldJoints:
        """Say where controllers hold the robot, just now."""
        unknown = np.full(len(self.performer.model.joint_names), np.nan)
        held = unknown if self.held is None else self.held
        return HeldJoints(held, np.where(np.isfinite(held), self.now_s, np.nan))

    def begin(self, performer: Performer, make: Make) -> bool:
        """Begin a performance."""
        performance = make(self.now_s, performer.timing.delivery_s)
        if performance is None:
            return False
        if self.late:
            self.late -= 1
            raise TooLateError("too late")
        begun = performer.perform(performance, self.now_s)
        assert begun is not None
        self.begun.append(begun)
        self.left_out.append(tuple(np.flatnonzero(performer.timeline.left_out(self.now_s))))
        return True

    def cancel(self, joints: np.ndarray) -> None:
        """Count requests to end goals."""
        self.cancelled.append(tuple(np.flatnonzero(joints)))

    def wake(self) -> None:
        """Have the supervisor watch from now on."""
        self.awake = True

    def drop(self, reason: str) -> None:
        """Count what is not used."""
        self.dropped[reason] += 1

    def measure(self, away_rad: float = 0.0) -> None:
        """Tell where the robot is, and how near a person."""
        state = self.performer.timeline.commanded(self.now_s)
        measured = State(state.position + away_rad, state.velocity, state.acceleration)
        self.tell(measured)

    def tell(self, measured: State) -> None:
        """Tell where the robot is, whatever it was sent."""
        self.hear(np.arange(len(measured.position)), measured.position)
        self.supervisor.observer.knew(0.0, self.now_s)
        self.supervisor.observer.saw_joints(measured, self.now_s)
        self.guard.saw_people(self.now_s, self.distance_m)

    def hear(self, joints: np.ndarray, position: np.ndarray) -> None:
        """Let a driver tell where the joints of it are, by number."""
        self.supervisor.observer.heard(self.now_s, joints, position[joints])

    def stay(self, seconds: float, silent_s: float = 0.0, at: np.ndarray | None = None) -> None:
        """Let time pass while the robot stands, where it should be now or elsewhere; nobody tells of it at first."""
        where = State.at_rest(self.performer.timeline.commanded(self.now_s).position if at is None else at)
        ends_s = self.now_s + seconds
        self.now_s += silent_s
        while self.now_s < ends_s:
            self.now_s += WATCH_S
            self.tell(where)
            self.awake = self.awake and self.supervisor.watch()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / WATCH_S)):
            self.now_s += WATCH_S
            self.measure()
            if self.awake:
                self.awake = self.supervisor.watch()

    def follow(self, ran: Timeline, seconds: float, lag_s: float = 0.0) -> None:
        """Let time pass while the robot does what ran, whatever it was sent since."""
        for _ in range(round(seconds / WATCH_S)):
            self.now_s += WATCH_S
            self.tell(ran.commanded(self.now_s - lag_s))
            self.awake = self.awake and self.supervisor.watch()

    @property
    def at_rest(self) -> bool:
        """Whether the robot stands in its rest pose."""
        state = self.performer.timeline.commanded(self.now_s)
        return not state.moves and bool(np.abs(state.position - self.performer.model.rest).max() < 1e-6)


@pytest.fixture
def stage(g1: RobotModel) -> Stage:
    """A robot that was seen to stand."""
    stage = Stage(g1)
    stage.wait(STANDS_S + 0.1)
    return stage


@pytest.fixture
def unseen(g1: RobotModel) -> Stage:
    """A robot that was not seen to stand yet."""
    return Stage(g1)


@pytest.fixture
def make_supervised() -> Callable[[str], Stage]:
    """Make a robot, by its name, that was seen to stand."""

    def make(robot: str) -> Stage:
        stage = Stage(RobotModel.load(find_config("robots", robot)))
        stage.wait(STANDS_S + 0.1)
        return stage

    return make


def with_left_arm(motion: Motion, right: bool) -> Motion:
    """The left arm does what the right one does, as in a mirror; the right one does it too, or hangs down."""
    names = load_skeleton("utd_mhad").limb_names
    from_right = [names.index(name.replace("left_", "right_")) for name in names]
    mirror = np.where([[name.startswith("left_")] for name in names], [1.0, -1.0, 1.0], 1.0)
    limbs = motion.limbs_in_body[:, from_right] * mirror
    if not right:
        limbs[:, [name.startswith("right_") for name in names]] = [0.0, 0.0, -1.0]
    return Motion(limbs, motion.duration_s)


class Arms:
    """A robot in the midst of an answer with both arms; one that stands follows nothing of what it is sent."""

    LEFT, RIGHT = np.arange(7), np.arange(7, 14)

    def __init__(self, stage: Stage, wait_s: float = 0.5, right: bool = True) -> None:
        self.stage = stage
        self.answer = with_left_arm(stage.ANSWER, right)
        stage.supervisor.answer(self.answer)
        stage.wait(wait_s)
        self.ran: Timeline = stage.performer.timeline.copy()
        self.stood = self.ran.commanded(stage.now_s).position
        self.stands = np.isin(np.arange(14), self.LEFT)

    def led(self, joints: np.ndarray) -> State:
        """Where those that follow should be by what they were sent, whatever the supervisor takes them for."""
        stage = self.stage
        sent = [each for each, left_out in zip(stage.begun, stage.left_out, strict=True) if joints[0] not in left_out]
        running = [each for each in sent if each.began_s <= stage.now_s][-1]
        return running.plan.state(running.plan_time(stage.now_s))

    def go_on(
        self,
        seconds: float,
        silent_s: float = 0.0,
        sag_rad: float = 0.0,
        tell: Sequence[np.ndarray] = (LEFT, RIGHT),
        right_silent_s: float = 0.0,
    ) -> None:
        """Let time pass; nobody tells of an arm at first. Each message tells of some joints."""
        stage = self.stage
        begins_s = stage.now_s
        while stage.now_s < begins_s + seconds - 1e-9:
            stage.now_s += WATCH_S
            position, velocity = self.stood.copy(), np.zeros(14)
            for arm in (self.LEFT, self.RIGHT):
                led = self.led(arm)
                on = arm[~self.stands[arm]]
                position[on], velocity[on] = led.position[on] - sag_rad, led.velocity[on]
            for joints in tell:
                if stage.now_s >= begins_s + (right_silent_s if joints[0] in self.RIGHT else silent_s):
                    stage.hear(joints, position)
            stage.supervisor.observer.knew(0.0, stage.now_s)
            stage.supervisor.observer.saw_joints(State(position, velocity, np.zeros(14)), stage.now_s)
            stage.guard.saw_people(stage.now_s, stage.distance_m)
            stage.awake = stage.awake and stage.supervisor.watch()

    def restart(self, sag_rad: float = 0.0, **how: Any) -> None:
        """Start the left arm's driver anew; it is silent for a moment."""
        self.stage.supervisor.observer.driver_came(self.stage.now_s + 0.1)
        self.go_on(0.5, silent_s=0.16, sag_rad=sag_rad, **how)

    def follow_after_all(self) -> None:
        """Let the left arm be on its way, as it was all the time."""
        self.stands = np.zeros(14, bool)
        self.go_on(0.12)

    def right_was_stopped(self) -> None:
        """Make sure that the left one was to stand where it is, and the stop of the right one began in its state."""
        stopped = self.stage.begun[1]
        assert np.ptp(stopped.plan.control[:, self.LEFT], axis=0).max() < 1e-12
        np.testing.assert_allclose(stopped.plan.end[self.LEFT], self.stood[self.LEFT], atol=1e-12)
        then = self.ran.commanded(stopped.began_s)
        np.testing.assert_allclose(stopped.plan.start.position[self.RIGHT], then.position[self.RIGHT], atol=1e-9)
        np.testing.assert_allclose(stopped.plan.start.velocity[self.RIGHT], then.velocity[self.RIGHT], atol=1e-9)
        assert np.abs(then.velocity[self.RIGHT]).max() > 0.1
        assert stopped.ends_s < self.ran.ends_s - 1.0


@pytest.fixture
def make_arms(make_supervised: Callable[[str], Stage]) -> Callable[..., Arms]:
    """Make a robot, by its name, in the midst of an answer; its left arm stands from now on."""
    return lambda robot, *how, **named: Arms(make_supervised(robot), *how, **named)


@pytest.fixture
def talos(make_arms: Callable[..., Arms]) -> Arms:
    """One with a controller for each arm."""
    return make_arms("talos")
