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

"""A simulated robot: a controller, joints that follow it well or badly, and a watch over the limits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iat_ros.errors import RobotError
from iat_ros.robot.controller import TrajectoryController
from iat_ros.robot.description import closest
from iat_ros.robot.joint_path import Array, JointPath, RobotState
from iat_ros.robot.limit_watch import LimitWatch
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performance import Performance, stamp_points


class Joints:
    """Joints that follow where they should be, with a first-order lag where one is asked for.

    Attributes:
        positions: (J,) where they are [rad].
        velocities: (J,) [rad/s].
    """

    def __init__(
        self,
        joint_names: tuple[str, ...],
        pose: Array,
        *,
        lag_s: float = 0.0,
        noise_rad: float = 0.0,
        frozen: tuple[str, ...] = (),
    ) -> None:
        """Rest in a pose.

        Args:
            joint_names: The J joints.
            pose: (J,) [rad].
            lag_s: Time after which 63 % of a step are done [s]; 0: joints are where they should be.
            noise_rad: Standard deviation of what is measured from what is [rad].
            frozen: Joints that are stuck.

        Raises:
            RobotError: A frozen joint is none of the joints.
        """
        for name in frozen:
            if name not in joint_names:
                raise RobotError(f"frozen joint '{name}' is not of this robot; {closest(name, joint_names)}")
        self._free = np.array([name not in frozen for name in joint_names])
        self._lag_s, self._noise_rad = lag_s, noise_rad
        self._random = np.random.default_rng(0)
        self.positions = np.array(pose, dtype=np.float64)
        self.velocities = np.zeros(len(joint_names))

    def follow(self, desired: RobotState, period_s: float) -> None:
        """Move for a period [s] to where the joints should be; a drive that is told no number stays where it is."""
        told = np.isfinite(desired.positions)
        gap = np.where(told, desired.positions, self.positions) - self.positions
        share = -np.expm1(-period_s / self._lag_s) if self._lag_s else 1.0
        self.positions = np.where(self._free, self.positions + share * gap, self.positions)
        rate = (1.0 - share) * gap / self._lag_s if self._lag_s else desired.velocities
        self.velocities = np.where(self._free & told, 0.0 if rate is None else np.nan_to_num(rate), 0.0)

    def measure(self) -> RobotState:
        """Return positions, with noise, and velocities, as encoders tell them; accelerations are not measured."""
        if not self._noise_rad:
            return RobotState(self.positions, self.velocities)
        noise = self._random.normal(0.0, self._noise_rad, len(self.positions))
        return RobotState(self.positions + noise, self.velocities)


class SimulatedRobot:
    """A robot at rest that follows trajectories as a real one does.

    Attributes:
        controllers: Say where the joints should be, by topic; each has joints of its own.
        joint_names: The J joints.
        joints: Where they are.
        watch: What was commanded that breaks the robot's limits.
    """

    def __init__(
        self,
        model: RobotModel,
        *,
        lag_s: float = 0.0,
        noise_rad: float = 0.0,
        frozen: tuple[str, ...] = (),
        interpolate_from_desired_state: bool = False,
    ) -> None:
        """Rest; see `Joints` and `TrajectoryController` for the options.

        Raises:
            RobotError: A frozen joint is none of the joints.
        """
        names = self.joint_names = model.joint_names
        self.joints = Joints(names, model.rest, lag_s=lag_s, noise_rad=noise_rad, frozen=frozen)
        self._columns = {
            topic: np.array([names.index(joint) for joint in joints])
            for topic, joints in model.config.controllers().items()
        }
        self.controllers = {
            topic: TrajectoryController(
                tuple(names[column] for column in columns),
                model.rest[columns],
                interpolate_from_desired_state=interpolate_from_desired_state,
            )
            for topic, columns in self._columns.items()
        }
        self.watch = LimitWatch(model)

    def accept(self, path: JointPath, stamp_ns: int, now_ns: int, topic: str | None = None) -> None:
        """Take a trajectory from a controller's topic; see `TrajectoryController.accept`.

        Args:
            path: Its points.
            stamp_ns: When its time 0 is [ns].
            now_ns: The time [ns].
            topic: The controller; None: each gets the part for its joints.

        Raises:
            MessageError: The controller refuses it.
        """
        for each in self.controllers if topic is None else [topic]:
            whole = topic is not None or len(self.controllers) == 1
            part = path if whole else path.only(self.controllers[each].joint_names)
            self.controllers[each].accept(part, stamp_ns, now_ns)

    def perform(self, performance: Performance, sent_s: float, now_ns: int) -> None:
        """Take a performance that is sent at a time [s] and arrives now [ns], as messages have it (`to_message`)."""
        points = performance.points(sent_s)
        stamp_ns, times_ns = stamp_points(points, sent_s)
        positions, velocities, accelerations = (
            each.tolist() for each in (points.positions, points.velocities, points.accelerations)
        )
        if times_ns[0] > 0:
            accelerations[0] = []
        path = JointPath.from_points(self.joint_names, times_ns, positions, velocities, accelerations)
        self.accept(path, stamp_ns, now_ns)

    @property
    def waiting(self) -> bool:
        """Whether a trajectory was accepted that `update` has not started yet."""
        return any(controller.waiting for controller in self.controllers.values())

    def hold(self) -> None:
        """Forget all trajectories and stay where the joints are, as a controller that is activated."""
        self.watch.forget()
        for topic, controller in self.controllers.items():
            controller.hold(self.joints.positions[self._columns[topic]])

    def update(self, now_ns: int, period_ns: int) -> tuple[Array, Array, tuple[str, ...]]:
        """Let a period pass.

        Args:
            now_ns: The time [ns].
            period_ns: Time since the last update [ns].

        Returns:
            Positions (J,) [rad] and velocities (J,) [rad/s] measured now, and what the command breaks now.
        """
        period_s = 1e-9 * period_ns
        with np.errstate(all="ignore"):  # it follows NaN too, as the real one; the watch names what comes of it
            desired = self._together({topic: each.advance(period_ns) for topic, each in self.controllers.items()})
            self.joints.follow(desired, period_s)
            if self.waiting:
                measured = self.joints.measure()
                taken = {
                    topic: each.take_over(now_ns, _part(measured, self._columns[topic]))
                    for topic, each in self.controllers.items()
                }
                desired = self._together(taken)
                self.joints.follow(desired, 0.0)
            broken = self.watch.look(desired, period_s)
        return self.joints.measure().positions, self.joints.velocities, broken

    def _together(self, states: dict[str, RobotState]) -> RobotState:
        """Put the controllers' states together; what one of them does not say counts as 0 if another says it."""
        if len(states) == 1:
            return next(iter(states.values()))
        count = len(self.joints.positions)
        whole: dict[str, Array | None] = {}
        for name in ("positions", "velocities", "accelerations"):
            parts = {topic: getattr(state, name) for topic, state in states.items()}
            values = np.zeros(count)
            for topic, part in parts.items():
                values[self._columns[topic]] = 0.0 if part is None else part
            whole[name] = None if all(part is None for part in parts.values()) else values
        positions = whole["positions"]
        assert positions is not None
        return RobotState(positions, whole["velocities"], whole["accelerations"])


def _part(state: RobotState, columns: NDArray[np.intp]) -> RobotState:
    fast, hard = state.velocities, state.accelerations
    return RobotState(
        state.positions[columns], None if fast is None else fast[columns], None if hard is None else hard[columns]
    )
