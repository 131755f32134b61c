"""Retargeting of whole answers against inverse kinematics frame by frame with mink and with pink.

    python benchmarks/retargeting.py --json FILE

All retarget the same answers of 32 frames to the same robot's arms, and all keep the same position and velocity
limits. Per frame, mink and pink take five iterations (daqp) from the frame before, on a model that holds nothing but
the joints that turn a limb. Their tasks are the limbs' directions themselves, the very error that is reported; a weak
posture task and a little damping keep straight arms quiet (on the made-up answers, ten times as much or none at all
changes the error by less than 0.2 degrees). For the first frame they may walk there from rest, which isn't counted:
the robot has a way into an answer. Only solving is timed, not building models. The error is the angle between wanted
and reached limb direction, mean over answers, frames and limbs. Whatever step exceeds the velocity limit is cut before.
Acceleration limits, which mink doesn't have, are left out; ours with them, as the robot gets it, is reported beside.

mink and pink are optional (requirements/bench.txt); where one is missing, its figures are null.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pinocchio as pin
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package beside this folder, installed or not

from iat_ros.data.source import MADE_UP, open_source
from iat_ros.errors import IatError
from iat_ros.resources import find_config
from iat_ros.robot.description import find_urdf, load_robot_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget
from iat_ros.skeleton.motion import Motion

FRAMES, ITERATIONS, FIRST_ITERATIONS = 32, 5, 300
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

    return frame_by_frame(
        model,
        columns,
        targets,
        body,
        lambda q: configuration.update(q),
        lambda: configuration.q,
        step,
    )


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

    return frame_by_frame(
        model,
        columns,
        targets,
        body,
        lambda q: configuration.update(q),
        lambda: configuration.q,
        step,
    )


def frame_by_frame(
    model: RobotModel,
    columns: list[int],
    targets: np.ndarray,
    body: np.ndarray,
    put: Callable[[np.ndarray], None],
    pose: Callable[[], np.ndarray],
    step: Callable[[float], None],
) -> Solver:
    """Make the loop over the frames: targets are written in place, five iterations a frame."""

    def solve(wanted: np.ndarray, frame_s: float) -> tuple[np.ndarray, float]:
        in_world = wanted @ body.T
        positions = np.tile(model.rest, (len(wanted), 1))
        put(model.rest[columns].copy())
        targets[:] = in_world[0]
        for _ in range(FIRST_ITERATIONS):
            step(0.01)
        positions[0, columns] = pose()
        started = time.perf_counter()
        for t in range(len(wanted)):
            targets[:] = in_world[t]
            for _ in range(ITERATIONS):
                step(frame_s / ITERATIONS)
            if t > 0:
                positions[t, columns] = pose()
        return positions, time.perf_counter() - started

    return solve


def with_ours(model: RobotModel) -> Solver:
    """Return this package's retargeting."""

    def solve(wanted: np.ndarray, frame_s: float) -> tuple[np.ndarray, float]:
        started = time.perf_counter()
        result = retarget(model, wanted, model.limb_names, duration_s=frame_s * (len(wanted) - 1))
        return result.positions, time.perf_counter() - started

    return solve


def hold_limits(model: RobotModel, positions: np.ndarray, frame_s: float) -> np.ndarray:
    """Cut every step (T, J) to the velocity limit, and every pose to the position limits."""
    held = np.clip(positions, model.safe_lower, model.safe_upper)
    most = model.max_velocity * frame_s
    for t in range(1, len(held)):
        held[t] = np.clip(held[t], held[t - 1] - most, held[t - 1] + most)
    return held


def errors_deg(model: RobotModel, positions: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return angles (T, L) [degrees] between wanted and reached directions."""
    chord = np.linalg.norm(model.limb_directions(positions) - wanted, axis=-1)
    return np.degrees(2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)))


def read_answers(data: str, frames: int = FRAMES) -> tuple[list[Motion], tuple[str, ...]]:
    """Cut a data set into motions of so many frames; return them and their limbs."""
    source = open_source(data)
    return [action.motion for action in source.actions(frames)], source.definition.limb_names


def measure(data: str = MADE_UP, robot: str = "g1", answers: int = 60, repeats: int = 3) -> dict[str, Any]:
    """Retarget answers with all methods, one after the other for each answer; return the figures.

    Args:
        data: Data set, or `MADE_UP`.
        robot: Robot whose limbs the data must have.
        answers: How many at most, spread over the data.
        repeats: How often each answer is timed.
    """
    model = RobotModel.load(find_config("robots", robot))
    config = load_robot_config(find_config("robots", robot))
    unlimited = RobotModel(replace(config, max_acceleration=1e6))
    motions, names = read_answers(data)
    motions = motions[:: max(1, len(motions) // answers)][:answers]
    rows = [names.index(limb) for limb in model.limb_names]
    solvers: dict[str, Solver] = {"retarget": with_ours(unlimited), "retarget_accelerating": with_ours(model)}
    missing: dict[str, str] = {}
    for name, make in (("mink", with_mink), ("pink", with_pink)):
        try:
            solvers[name] = make(model)
        except ImportError as error:
            missing[name] = str(error)
    spent: dict[str, list[float]] = {name: [] for name in solvers}
    error: dict[str, list[float]] = {name: [] for name in solvers}
    for number, motion in enumerate(tqdm([motions[0], *motions], desc="answers", disable=None)):
        wanted = motion.limbs_in_body[:, rows].astype(np.float64)
        wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True)
        frame_s = motion.duration_s / (len(wanted) - 1)
        for name, solve in solvers.items():
            for _ in range(repeats):
                positions, seconds = solve(wanted, frame_s)
                if number > 0:  # the first answer warms up
                    spent[name].append(1e3 * seconds)
            if number > 0:
                held = hold_limits(model, positions, frame_s)
                error[name].append(float(errors_deg(model, held, wanted).mean()))
    result: dict[str, Any] = {"answers": len(motions), "frames": FRAMES, "robot": robot, "missing": missing}
    for name in ("retarget", "retarget_accelerating", "mink", "pink"):
        done = name in solvers
        p50, p99 = np.percentile(spent[name], [50, 99]).tolist() if done else (None, None)
        result[f"{name}_ms"] = {"p50": p50, "p99": p99}
        result[f"{name}_error_deg"] = float(np.mean(error[name])) if done else None
    return result


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(
        description="Time retargeting against mink and pink, and compare the errors.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--data", default=MADE_UP, help="data set: a directory, or made_up")
    parser.add_argument("--robot", default="g1", help="robot: the name of one that ships, or a YAML file")
    parser.add_argument("--answers", type=int, default=60, help="how many answers at most")
    parser.add_argument("--repeats", type=int, default=3, help="how often each answer is timed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file, too")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    options = parse(argv)
    try:
        result = measure(options.data, options.robot, options.answers, options.repeats)
    except IatError as error:
        print(f"retargeting: {error}", file=sys.stderr)
        return 1
    for name, reason in result["missing"].items():
        print(f"retargeting: {name} was left out: {reason}; pip install -r requirements/bench.txt", file=sys.stderr)
    print(f"| {result['robot']}, {result['answers']} answers | p50 [ms] | p99 [ms] | mean error [deg] |")
    print("| --- | ---: | ---: | ---: |")
    for name in ("retarget", "retarget_accelerating", "mink", "pink"):
        if result[f"{name}_error_deg"] is not None:
            time_ms = result[f"{name}_ms"]
            print(f"| {name} | {time_ms['p50']:.2f} | {time_ms['p99']:.2f} | {result[f'{name}_error_deg']:.3f} |")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
