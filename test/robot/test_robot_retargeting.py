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

"""Retargeting: what the robot did comes back, what it can't do comes as near as can be, and nothing jumps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from iat_ros.data.actions import cut_action
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError
from iat_ros.robot.model import RobotModel
from iat_ros.robot.retargeting import retarget
from iat_ros.robot.trajectory import plan
from iat_ros.skeleton.definition import load_skeleton


def unit(vectors: object) -> np.ndarray:
    """Vectors (..., 3) at length one."""
    array = np.asarray(vectors, dtype=float)
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


def chord_cost(error_rad: np.ndarray) -> np.ndarray:
    """Sum over the limbs (last axis) of the squared chord, which retargeting minimises."""
    return (4 * np.sin(error_rad / 2) ** 2).sum(axis=-1)


@pytest.mark.parametrize("seed", range(8))
def test_own_motion_comes_back(robot: RobotModel, make_motion, seed: int) -> None:
    """Directions that the robot itself made are found again within 2 degrees at every frame, without a jump."""
    motion = make_motion(robot, seed)
    result = retarget(robot, robot.limb_directions(motion), robot.limb_names)
    assert np.degrees(result.error_rad).max() < 2.0
    assert np.all(result.positions >= robot.safe_lower - 1e-9)
    assert np.all(result.positions <= robot.safe_upper + 1e-9)
    assert np.abs(np.diff(result.positions, axis=0)).max() < max(0.3, 1.5 * np.abs(np.diff(motion, axis=0)).max())


def test_motions_at_the_robots_own_speed_come_back(robot: RobotModel, make_motion) -> None:
    """Forty motions as fast as the robot may move, 65 ms a frame, are each found again within 2 degrees."""
    worst = []
    for seed in range(40):
        motion = make_motion(robot, 1000 + seed)
        speed = (np.abs(np.diff(motion, axis=0)) / (0.065 * robot.max_velocity)).max()
        centre = motion.mean(axis=0)
        motion = centre + (motion - centre) / max(1.0, speed)
        worst.append(np.degrees(retarget(robot, robot.limb_directions(motion), robot.limb_names).error_rad).max())
    assert max(worst) < 2.0


@pytest.mark.parametrize("clip", make_clips(people=2, trials=1), ids=lambda clip: clip.name)
def test_people_are_imitated_at_their_speed(g1: RobotModel, clip: Clip) -> None:
    """A person's gesture keeps its tempo on a G1, at most half as fast, and points where the person points."""
    definition = load_skeleton("utd_mhad")
    motion = cut_action(definition, clip, 32).motion
    result = retarget(g1, motion.limbs_in_body, definition.limb_names, duration_s=motion.duration_s)
    planned = plan(g1, result.positions, motion.duration_s)
    assert planned.stretch < 2.2
    assert np.degrees(result.error_rad).mean() < 6.0
    assert planned.duration_s < motion.duration_s * planned.stretch + 3.0


def test_error_is_what_the_model_says(g1: RobotModel, make_motion) -> None:
    """The reported errors are the angles between the wanted and the model's directions."""
    wanted = unit(np.random.default_rng(2).normal(size=(5, 4, 3)))
    result = retarget(g1, wanted, g1.limb_names)
    cosine = (g1.limb_directions(result.positions) * wanted).sum(axis=-1)
    np.testing.assert_allclose(np.cos(result.error_rad), cosine, atol=1e-9)


def test_out_of_reach_is_as_near_as_brute_force(robot: RobotModel) -> None:
    """For directions out of reach the error is within a degree of the best of many searches from random starts."""
    rng = np.random.default_rng(5)
    table_q = rng.uniform(robot.safe_lower, robot.safe_upper, (20000, len(robot.rest)))
    table = robot.limb_directions(table_q)
    checked = 0
    for wanted in unit(rng.normal(size=(30, len(robot.limb_names), 3))):
        result = retarget(robot, wanted[None], robot.limb_names)
        for columns, limbs in (
            (c, m) for k in robot.chains for c, m in zip(k.joint_columns, k.limb_columns, strict=True)
        ):
            ours = chord_cost(result.error_rad[:, limbs])[0]
            if ours < 0.01:
                continue

            def residual(x: np.ndarray, columns=columns, limbs=limbs, wanted=wanted) -> np.ndarray:
                q = robot.rest.copy()
                q[columns] = x
                return (robot.limb_directions(q)[0, limbs] - wanted[limbs]).ravel()

            order = np.argsort(((table[:, limbs] - wanted[limbs]) ** 2).sum(axis=(1, 2)))
            starts = table_q[order[[0, 1, 3, 10, 40]]][:, columns]
            bounds = robot.safe_lower[columns], robot.safe_upper[columns]
            best = min(2 * least_squares(residual, s, bounds=bounds, max_nfev=60).cost for s in starts)
            assert np.degrees(np.sqrt(ours)) < np.degrees(np.sqrt(best)) + 1.0
            checked += 1
    assert checked > 3


def test_straight_arm_does_not_spin(g1: RobotModel) -> None:
    """An arm that stays straight to the front, with a tracker's noise on it, keeps its joints quiet."""
    rng = np.random.default_rng(0)
    wanted = unit(np.array([1.0, 0.0, -0.2]) + 0.02 * rng.normal(size=(32, 4, 3)))
    result = retarget(g1, wanted, g1.limb_names)
    assert np.abs(np.diff(result.positions, axis=0)).max() < 0.25
    assert np.degrees(result.error_rad).max() < 3.0


def test_arm_passing_the_shoulder_axis_does_not_jump(robot: RobotModel) -> None:
    """Raising straight arms sideways from hanging to above the head passes singular poses without a jump."""
    angle = np.linspace(0.15, 2.2, 32)
    left = np.stack([0.15 + 0 * angle, np.sin(angle), -np.cos(angle)], axis=-1)
    arms = {"left_upper_arm": left, "left_forearm": left, "right_upper_arm": left * [1, -1, 1]}
    arms["right_forearm"] = arms["right_upper_arm"]
    result = retarget(robot, unit(np.stack([arms[n] for n in robot.limb_names], axis=1)), robot.limb_names)
    assert np.abs(np.diff(result.positions, axis=0)).max() < 0.5


def test_no_arm_points_elsewhere_for_long_to_be_right_later(g1: RobotModel) -> None:
    """In a serve the arm rises behind the body: a G1 swings over there, and does not begin with it held sideways."""
    (serve,) = make_clips(people=1, trials=1, actions=("tennis_serve",))
    motion = cut_action(load_skeleton("utd_mhad"), serve, 32).motion
    for duration_s in (None, motion.duration_s):
        error = np.degrees(
            retarget(g1, motion.limbs_in_body, load_skeleton("utd_mhad").limb_names, None, duration_s).error_rad
        )
        assert error[0].max() < 10.0
        assert (error > 45.0).any(axis=1).sum() <= 3


def test_limbs_may_be_more_fewer_and_in_any_order(g1: RobotModel, make_motion) -> None:
    """Limbs the robot lacks are ignored, limbs not given leave their joints at rest, order does not matter."""
    directions = g1.limb_directions(make_motion(g1, 3))
    names = ("neck", "left_forearm", "left_upper_arm")
    some = np.stack([directions[:, 0], directions[:, 1], directions[:, 0]], axis=1)
    result = retarget(g1, some, names)
    assert result.limb_names == ("left_upper_arm", "left_forearm")
    assert np.degrees(result.error_rad).max() < 2.0
    right = [i for i, name in enumerate(g1.joint_names) if name.startswith("right")]
    np.testing.assert_allclose(result.positions[:, right], np.tile(g1.rest[right], (32, 1)), atol=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 5, 70])
def test_any_number_of_frames(g1: RobotModel, make_motion, frames: int) -> None:
    """One frame or many: the same accuracy."""
    result = retarget(g1, g1.limb_directions(make_motion(g1, 4, frames, 0.35 * min(frames, 32) / 32)), g1.limb_names)
    assert result.positions.shape == (frames, len(g1.rest))
    assert np.degrees(result.error_rad).max() < 2.0


def test_same_input_same_output_and_inputs_untouched(g1: RobotModel, make_motion) -> None:
    """Retargeting is deterministic, leaves its inputs alone, and accepts float32 that isn't quite unit."""
    wanted = (0.98 * g1.limb_directions(make_motion(g1, 5))).astype(np.float32)
    wanted.flags.writeable = False
    first = retarget(g1, wanted, g1.limb_names, start=g1.rest)
    np.testing.assert_array_equal(first.positions, retarget(g1, wanted, g1.limb_names, start=g1.rest).positions)
    assert np.degrees(first.error_rad).max() < 2.0


def test_bad_input_is_refused(g1: RobotModel) -> None:
    """NaN, vectors without direction, wrong shapes and unknown limbs each give one clear line."""
    good = np.tile([0.0, 0.0, -1.0], (3, 4, 1))
    broken = good.copy()
    broken[1, 2, 0] = np.nan
    short = good.copy()
    short[2, 0] = 0.0
    cases = [
        (broken, g1.limb_names, {}, "'right_upper_arm' in frame 1"),
        (short, g1.limb_names, {}, "'left_upper_arm' in frame 2"),
        (good[:, :3], g1.limb_names, {}, r"\(3, 3, 3\)"),
        (good[0], g1.limb_names, {}, "expected shape"),
        (good[:0], g1.limb_names, {}, "expected shape"),
        (good, ("a", "b", "c", "d"), {}, "left_upper_arm"),
        (good, ("left_forearm",) * 4, {}, "distinct"),
        (good, g1.limb_names, {"start": np.zeros(3)}, "start"),
    ]
    for limbs, names, options, words in cases:
        with pytest.raises(RobotError, match=words):
            retarget(g1, limbs, names, **options)
