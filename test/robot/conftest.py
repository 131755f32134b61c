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

"""Robots and made-up motions that the tests of `iat_ros.robot` share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Performance
from iat_ros.robot.performer import Performer
from iat_ros.robot.simulated import SimulatedRobot
from iat_ros.robot.spline import State
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton

MS = 10**6
CONFIG = Path(__file__).parents[2] / "config" / "robots"


@pytest.fixture(scope="session", params=["g1", "talos", "tiago_dual"])
def robot(request: pytest.FixtureRequest) -> RobotModel:
    """Each robot that has a configuration."""
    return RobotModel.load(CONFIG / f"{request.param}.yaml")


@pytest.fixture(scope="session")
def g1() -> RobotModel:
    """The Unitree G1."""
    return RobotModel.load(CONFIG / "g1.yaml")


@pytest.fixture(scope="session")
def make_motion():
    """Return a function (model, seed) -> smooth random joint motion (T, J) [rad] inside the safe limits."""

    def make(model: RobotModel, seed: int, frames: int = 32, size: float = 0.35) -> np.ndarray:
        rng = np.random.default_rng(seed)
        time = np.linspace(0.0, 1.0, frames)[:, None]
        J = len(model.rest)
        waves = sum(
            rng.normal(size=J) * np.sin(2 * np.pi * f * time + rng.uniform(0, 2 * np.pi, J)) / f for f in (0.5, 1, 1.5)
        )
        half = (model.safe_upper - model.safe_lower) / 2
        unit = rng.uniform(-0.7, 0.7, J) + size * waves
        return (model.safe_lower + model.safe_upper) / 2 + half * np.tanh(unit)

    return make


class Stage:
    """A robot and a performer, with a clock of their own."""

    def __init__(self, model: RobotModel, checker: CollisionChecker | None = None) -> None:
        self.model = model
        self.robot = SimulatedRobot(model)
        self.performer = Performer(model, load_skeleton("utd_mhad").limb_names, checker, Timing())
        self.performer.late_s = 0.005  # leaves room for the time in which an answer is worked out
        self.now_ns = 10**9
        self.path: list[np.ndarray] = []

    @property
    def now_s(self) -> float:
        """The time [s]."""
        return 1e-9 * self.now_ns

    def measured(self) -> State:
        """Where the robot is, as joint states tell."""
        state = self.robot.joints.measure()
        assert state.velocities is not None
        return State(state.positions, state.velocities, np.zeros(len(state.positions)))

    def do(self, performance: Performance | None) -> None:
        """Begin a performance; working it out and its transport take 2 ms each."""
        self.wait(0.002)
        sent_ns = self.now_ns
        begun = None if performance is None else self.performer.perform(performance, 1e-9 * sent_ns)
        assert performance is None or begun is not None, "too late"
        self.wait(0.002)
        if begun is not None:
            self.robot.perform(begun, 1e-9 * sent_ns, self.now_ns)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(1000 * seconds)):
            self.now_ns += MS
            self.path.append(self.robot.update(self.now_ns, MS)[0])


@pytest.fixture(scope="session")
def make_stage() -> type[Stage]:
    """Return what makes a stage of a robot."""
    return Stage
