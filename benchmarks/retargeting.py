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
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))  # the package beside this folder, installed or not

from benchmarks.inverse_kinematics import Solver, with_mink, with_pink
from iat_ros.data.opening import MADE_UP, open_source
from iat_ros.errors import IatError
from iat_ros.resources import find_config
from iat_ros.robot.description import load_robot_config
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget
from iat_ros.skeleton.motion import Motion

FRAMES = 32


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
