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

"""Inverse kinematics frame by frame with mink and with pink, for the same limbs and limits as our retargeting.

Per frame they take five iterations (daqp) from the frame before, on a model that holds nothing but the joints that turn
a limb. Their tasks are the limbs' directions themselves; a weak posture task and a little damping keep straight arms
quiet. For the first frame they may walk there from rest, which isn't timed: the robot has a way into an answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin

from iat_ros.robot.description import find_urdf
from iat_ros.robot.model import RobotModel

ITERATIONS, FIRST_ITERATIONS = 5, 300
POSTURE, DAMPING = 1e-2, 1e-4
"""Cost of the posture task of mink and pink [1/rad], and damping of their quadratic programs."""

FromPose = Callable[[Any], np.ndarray]
Solver = Callable[[np.ndarray, float], tuple[np.ndarray, float]]
"""From targets (T, L, 3) in the body frame and the time between frames [s] to angles (T, J) [rad] and seconds spent."""


def moving_joints(model: RobotModel) -> list[str]:
    """Name the joints that turn a limb; the others stay at rest in all methods."""
    return [model.joint_names[j] for chains in model.chains for j in np.sort(chains.joint_columns.ravel())]


def direction_task(base: type, span_of: FromPose, derivative_of: FromPose, target: np.ndarray) -> Any:
    """Make a task of mink or pink: unit vector between two points equal to ``target`` (3,), which is kept by reference.

    Args:
        base: `mink.Task` or `pink.tasks.Task`.
        span_of: From a configuration to the way between the points (3,) [m] in the world.
        derivative_of: And to its derivative by the joints (3, nv).
        target: (3,) in the world.
    """

    class LimbTask(base):  # type: ignore[misc, valid-type]
        def compute_error(self, configuration: Any) -> np.ndarray:
            span = span_of(configuration)
            return span / math.sqrt(span @ span) - target

        def compute_jacobian(self, configuration: Any) -> np.ndarray:
            span, derivative = span_of(configuration), derivative_of(configuration)
            inverse = 1.0 / math.sqrt(span @ span)
            direction = span * inverse
            return (derivative - direction[:, None] * (direction @ derivative)) * inverse

        def __repr__(self) -> str:
            return f"LimbTask({target})"

    return LimbTask(cost=np.ones(3), gain=1.0, lm_damping=0.0)


def with_mink(model: RobotModel) -> Solver:
    """Build the robot for mink; the returned function solves frame by frame."""
    import mink
    import mujoco

    joints = moving_joints(model)
    root = ElementTree.fromstring(find_urdf(model.config).read_text(encoding="utf-8"))
    for link in root.findall("link"):
        for geometry in link.findall("visual") + link.findall("collision"):
            link.remove(geometry)
    for joint in root.findall("joint"):
        if joint.get("name") not in joints:
            joint.set("type", "fixed")
    safe = {n: (lo, hi) for n, lo, hi in zip(model.joint_names, model.safe_lower, model.safe_upper, strict=True)}
    for joint in root.findall("joint"):
        if joint.get("name") in joints:
            limit = joint.find("limit")
            assert limit is not None
            limit.set("lower", repr(float(safe[joint.get("name", "")][0])))
            limit.set("upper", repr(float(safe[joint.get("name", "")][1])))
    option = ElementTree.SubElement(ElementTree.SubElement(root, "mujoco"), "compiler")
    option.attrib.update(fusestatic="false", balanceinertia="true", boundmass="1e-3", boundinertia="1e-6")
    mj_model = mujoco.MjModel.from_xml_string(ElementTree.tostring(root, encoding="unicode"))
    configuration = mink.Configuration(mj_model)
    names = [mj_model.joint(i).name for i in range(mj_model.njnt)]
    columns = [model.joint_names.index(name) for name in names]
    torso = mj_model.body(model.config.torso).id
    body = configuration.data.xmat[torso].reshape(3, 3) @ pin.rpy.rpyToMatrix(*model.config.torso_rpy)
    start_jacobian, end_jacobian = np.zeros((3, mj_model.nv)), np.zeros((3, mj_model.nv))

    def limb_task(start: int, end: int, target: np.ndarray) -> Any:
        def span(configuration: Any) -> np.ndarray:
            places = configuration.data.xpos
            return np.asarray(places[end] - places[start])

        def derivative(configuration: Any) -> np.ndarray:
            mujoco.mj_jacBody(mj_model, configuration.data, start_jacobian, None, start)
            mujoco.mj_jacBody(mj_model, configuration.data, end_jacobian, None, end)
            return end_jacobian - start_jacobian

        return direction_task(mink.Task, span, derivative, target)

    targets = np.zeros((len(model.limb_names), 3))
    tasks = [
        limb_task(mj_model.body(start).id, mj_model.body(end).id, targets[k])
        for k, (start, end) in enumerate(model.config.limbs.values())
    ]
    posture = mink.PostureTask(mj_model, cost=POSTURE)
    posture.set_target(model.rest[columns])
    position = mink.ConfigurationLimit(mj_model, gain=1.0)
    velocity = mink.VelocityLimit(mj_model, {n: model.max_velocity[c] for n, c in zip(names, columns, strict=True)})
    tasks.append(posture)
    limits = [position, velocity]

    def step(dt_s: float) -> None:
        change = mink.solve_ik(configuration, tasks, dt_s, "daqp", damping=DAMPING, limits=limits)
        configuration.integrate_inplace(change, dt_s)

    return _FrameByFrame(model, columns, targets, body, configuration, step)


def with_pink(model: RobotModel) -> Solver:
    """Build the robot for pink; the returned function solves frame by frame."""
    import pink
    from pink.limits import ConfigurationLimit, VelocityLimit
    from pink.tasks import PostureTask, Task

    joints = moving_joints(model)
    full = model.pinocchio
    rest = np.array([model.rest[model.joint_names.index(name)] for name in full.names[1:]])
    locked = [full.getJointId(name) for name in full.names[1:] if name not in joints]
    robot = pin.buildReducedModel(full, locked, rest)
    columns = [model.joint_names.index(name) for name in robot.names[1:]]
    robot.lowerPositionLimit[:], robot.upperPositionLimit[:] = model.safe_lower[columns], model.safe_upper[columns]
    robot.velocityLimit[:] = model.max_velocity[columns]
    configuration = pink.Configuration(robot, robot.createData(), model.rest[columns])
    torso = configuration.get_transform_frame_to_world(model.config.torso)
    body = torso.rotation @ pin.rpy.rpyToMatrix(*model.config.torso_rpy)
    aligned = pin.ReferenceFrame.LOCAL_WORLD_ALIGNED

    def limb_task(start: int, end: int, target: np.ndarray) -> Any:
        def span(configuration: Any) -> np.ndarray:
            places = configuration.data.oMf
            return np.asarray(places[end].translation - places[start].translation)

        def derivative(configuration: Any) -> np.ndarray:
            end_jacobian = pin.getFrameJacobian(robot, configuration.data, end, aligned)[:3]
            return np.asarray(end_jacobian - pin.getFrameJacobian(robot, configuration.data, start, aligned)[:3])

        return direction_task(Task, span, derivative, target)

    targets = np.zeros((len(model.limb_names), 3))
    tasks = [
        limb_task(robot.getFrameId(start), robot.getFrameId(end), targets[k])
        for k, (start, end) in enumerate(model.config.limbs.values())
    ]
    posture = PostureTask(cost=POSTURE)
    posture.set_target(model.rest[columns])
    position, velocity = ConfigurationLimit(robot, config_limit_gain=1.0), VelocityLimit(robot)
    tasks.append(posture)
    limits = [position, velocity]

    def step(dt_s: float) -> None:
        change = pink.solve_ik(configuration, tasks, dt_s, "daqp", damping=DAMPING, limits=limits, safety_break=False)
        configuration.integrate_inplace(change, dt_s)

    return _FrameByFrame(model, columns, targets, body, configuration, step)


@dataclass(frozen=True)
class _FrameByFrame:
    """The loop over the frames.

    Attributes:
        model: The robot.
        columns: Where the library's joints are among the robot's.
        targets: (L, 3) directions in the world that the library's tasks hold; written in place.
        body: (3, 3) turns directions from the body frame to the world.
        configuration: The library's own, with `update` and `q`.
        step: Takes one iteration over a time [s].
    """

    model: RobotModel
    columns: list[int]
    targets: np.ndarray
    body: np.ndarray
    configuration: Any
    step: Callable[[float], None]

    def __call__(self, wanted: np.ndarray, frame_s: float) -> tuple[np.ndarray, float]:
        in_world, rest = wanted @ self.body.T, self.model.rest
        positions = np.tile(rest, (len(wanted), 1))
        self.configuration.update(rest[self.columns].copy())
        self.targets[:] = in_world[0]
        for _ in range(FIRST_ITERATIONS):
            self.step(0.01)
        positions[0, self.columns] = self.configuration.q
        started = time.perf_counter()
        for t in range(len(wanted)):
            self.targets[:] = in_world[t]
            for _ in range(ITERATIONS):
                self.step(frame_s / ITERATIONS)
            if t > 0:
                positions[t, self.columns] = self.configuration.q
        return positions, time.perf_counter() - started
