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

"""Trying a robot's mapping: made-up people act, the robot imitates them, and what it cannot do is measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError
from iat_ros.robot.clearance import mirror
from iat_ros.robot.collision import TOUCHES, CollisionChecker
from iat_ros.robot.model import RobotModel
from iat_ros.robot.performer import Performer
from iat_ros.robot.retargeting import retarget
from iat_ros.robot.trajectory import Timing
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

Array = NDArray[np.float64]

FRAMES = 32
SKELETON = "utd_mhad"
SHOWN = "tennis_serve"
"""The motion that is drawn: it uses both arms, above the head too."""
FOLLOWED_DEG = 20.0
"""A limb whose mean error is larger cannot be followed."""


@dataclass(frozen=True)
class LimbTrial:
    """How well a limb of the robot follows.

    Attributes:
        person: The limb of the person that it follows.
        mean_deg, worst_deg: Angle between the two, over all motions, at any speed: mean and 95th percentile [deg].
        hurried_deg: The mean [deg] when the robot shall be as fast as the person, inside its limits.
    """

    person: str
    mean_deg: float
    worst_deg: float
    hurried_deg: float

    @property
    def followed(self) -> bool:
        """Whether it follows well enough."""
        return self.mean_deg <= FOLLOWED_DEG


@dataclass(frozen=True)
class Trial:
    """What became of the test motions.

    Attributes:
        limbs: By the robot's limb.
        lacking: Limbs of the person that the robot does not have.
        motions: How many there were.
        answered: How many the robot can perform inside its limits.
        touching: In how many links would touch, if nothing were done about it; None if that isn't known.
        bent: How many of these are bent to keep clear; the others are refused.
        slowed: How many are slower than the person, to keep limits.
        refused: What is not performed, and why.
        unchecked: Why collisions could not be looked for; empty if they were.
        frames: The motion that is drawn: the person's limbs (T, L, 3) in the body frame.
        limb_names: The L names.
        poses: The robot's joint angles (T, J) [rad] as it performs that motion.
        lowest_m: How low its links come, over all motions, in the root link's frame [m].
        stands_m: How low those are that do not move [m].
    """

    limbs: dict[str, LimbTrial]
    lacking: tuple[str, ...]
    motions: int
    answered: int
    touching: int | None
    bent: int
    slowed: int
    refused: dict[str, str]
    unchecked: str
    frames: Array
    limb_names: tuple[str, ...]
    poses: Array
    lowest_m: float
    stands_m: float


def _motions() -> Iterator[tuple[str, Motion]]:
    definition = load_skeleton(SKELETON)
    for clip in make_clips(people=1, trials=1):
        yield clip.name.partition("_s1")[0], cut_action(definition, clip, FRAMES).motion


def try_out(model: RobotModel) -> Trial:
    """Let a robot imitate the ten made-up gestures."""
    names = load_skeleton(SKELETON).limb_names
    checker, unchecked = _checker(model)
    mirrored = model.config.mirrored()
    errors: list[Array] = []
    hurried: list[Array] = []
    refused: dict[str, str] = {}
    bent = slowed = 0
    lowest_m, stands_m = model.heights(model.rest)
    shown: tuple[Array, Array]
    for name, motion in _motions():
        limbs = mirror(motion.limbs_in_body, names, mirrored)
        result = retarget(model, limbs, names)
        errors.append(np.degrees(result.error_rad))
        hurried.append(np.degrees(retarget(model, limbs, names, duration_s=motion.duration_s).error_rad))
        poses = result.positions
        try:
            outcome = Performer(model, names, checker, Timing()).answer(motion, 0.0, None)
            plan = outcome.performance.plan
            bent += outcome.bent
            slowed += plan.stretch > 1.001
            poses, _, _ = plan.sample(np.linspace(plan.answer_start_s, plan.answer_end_s, FRAMES))
            lowest_m = min(lowest_m, model.heights(poses)[0])
        except RobotError as error:
            refused[name] = str(error)
        if name == SHOWN:
            shown = motion.limbs_in_body, poses
    used = result.limb_names
    columns = zip(used, np.concatenate(errors).T, np.concatenate(hurried).T, strict=True)
    return Trial(
        limbs={
            limb: LimbTrial(
                mirrored.get(limb, limb),
                round(float(free.mean()), 1),
                round(float(np.percentile(free, 95)), 1),
                round(float(fast.mean()), 1),
            )
            for limb, free, fast in columns
        },
        lacking=tuple(name for name in names if name not in {mirrored.get(limb, limb) for limb in used}),
        motions=len(errors),
        answered=len(errors) - len(refused),
        touching=None if checker is None else bent + sum(TOUCHES in reason for reason in refused.values()),
        bent=bent,
        slowed=slowed,
        refused=refused,
        unchecked=unchecked,
        frames=shown[0],
        limb_names=tuple(names),
        poses=shown[1],
        lowest_m=round(lowest_m, 3),
        stands_m=round(stands_m, 3),
    )


def _checker(model: RobotModel) -> tuple[CollisionChecker | None, str]:
    try:
        return CollisionChecker(model), ""
    except RobotError as error:
        return None, re.split("[,;] or set check_collisions", str(error))[0]
