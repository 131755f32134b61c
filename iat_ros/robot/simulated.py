"""A simulated robot: a controller, joints that follow it well or badly, and a watch over the limits."""

from __future__ import annotations

import numpy as np

from iat_ros.errors import RobotError
from iat_ros.robot.controller import TrajectoryController
from iat_ros.robot.description import closest
from iat_ros.robot.joint_path import Array, JointPath, RobotState
from iat_ros.robot.limit_watch import LimitWatch
from iat_ros.robot.model import RobotModel


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
        """Move for a period [s] to where the joints should be."""
        gap = desired.positions - self.positions
        share = -np.expm1(-period_s / self._lag_s) if self._lag_s else 1.0
        self.positions = np.where(self._free, self.positions + share * gap, self.positions)
        rate = (1.0 - share) * gap / self._lag_s if self._lag_s else desired.velocities
        self.velocities = np.where(self._free, 0.0 if rate is None else rate, 0.0)

    def measure(self) -> RobotState:
        """Return positions, with noise, and velocities, as encoders tell them; accelerations are not measured."""
        if not self._noise_rad:
            return RobotState(self.positions, self.velocities)
        noise = self._random.normal(0.0, self._noise_rad, len(self.positions))
        return RobotState(self.positions + noise, self.velocities)


class SimulatedRobot:
    """A robot at rest that follows trajectories as a real one does.

    Attributes:
        controller: Says where the joints should be.
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
        names = model.joint_names
        self.joints = Joints(names, model.rest, lag_s=lag_s, noise_rad=noise_rad, frozen=frozen)
        self.controller = TrajectoryController(
            names, model.rest, interpolate_from_desired_state=interpolate_from_desired_state
        )
        self.watch = LimitWatch(model)

    def accept(self, path: JointPath, stamp_ns: int, now_ns: int) -> None:
        """Take a trajectory; see `TrajectoryController.accept`.

        Raises:
            MessageError: The controller refuses it.
        """
        self.controller.accept(path, stamp_ns, now_ns)

    def hold(self) -> None:
        """Forget all trajectories and stay where the joints are."""
        self.controller.hold(self.joints.positions)

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
            desired = self.controller.advance(period_ns)
            self.joints.follow(desired, period_s)
            if self.controller.waiting:
                desired = self.controller.take_over(now_ns, self.joints.measure())
                self.joints.follow(desired, 0.0)
            broken = self.watch.look(desired, period_s)
        return self.joints.measure().positions, self.joints.velocities, broken
