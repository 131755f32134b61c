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
from collections.abc import Callable

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.resources import find_config
from iat_ros.robot.guard import Guard, GuardConfig
from iat_ros.robot.measurement import STANDS_S
from iat_ros.robot.model import RobotModel
from iat_ros.robot.observer import Observer
from iat_ros.robot.performance import Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.spline import State
from iat_ros.robot.supervisor import WATCH_S, Make, Means, Supervisor, TooLateError
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton


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
        unknown = np.full(len(model.joint_names), np.nan)
        held: Callable[[float], np.ndarray] = lambda _: unknown if self.held is None else self.held  # noqa: E731
        observer = Observer(self.performer, self.guard, lambda: self.now_s, lambda: None, held)
        means = Means(lambda: self.now_s, self.begin, self.cancel, self.ready.append, self.wake, self.drop, self.counts)
        self.supervisor = Supervisor(self.performer, observer, means, slow_tempo=0.3)
        self.distance_m = self.FAR_M

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

    def stay(self, seconds: float, silent_s: float = 0.0) -> None:
        """Let time pass while the robot stands where it should be now; nobody tells of it at first."""
        where = State.at_rest(self.performer.timeline.commanded(self.now_s).position)
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
