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

"""What a recording gave when it went through the chain: windows, answers, trajectories, and where the robot was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from iat_ros.evaluation.trajectory_quality import Limits
from iat_ros.skeleton.motion import Motion


@dataclass(frozen=True)
class Said:
    """A window or an answer.

    Attributes:
        time_s: When it was published, from the start of the recording [s].
        action_end_s: Stamp of the last frame of its action, from the start of the recording [s].
        body: Whose action.
        motion: What it holds.
    """

    time_s: float
    action_end_s: float
    body: int
    motion: Motion


@dataclass(frozen=True)
class SentTrajectory:
    """A joint trajectory.

    Attributes:
        time_s: When it was sent, from the start of the recording [s].
        times_s: (N,) times of its points from then on [s].
        positions, velocities, accelerations: (N, J) [rad], [rad/s], [rad/s^2]; NaN where none was sent.
    """

    time_s: float
    times_s: np.ndarray
    positions: np.ndarray
    velocities: np.ndarray
    accelerations: np.ndarray


@dataclass
class Replayed:
    """What happened.

    Attributes:
        joint_names: The robot's J joints.
        duration_s: Of the recording [s].
        presence: First and last time at which each body was in view [s].
        windows, answers, trajectories: What was said.
        path: (S, J) where the simulated robot was, every 8 ms [rad].
        dropped: What was not used and why, by node.
        violations: Limits that the simulated robot was told to break.
        took_ms: How long each callback of a stage took, by this machine's clock [ms].
        wall_s: How long the replay took [s].
        limits: Of the robot.
    """

    joint_names: tuple[str, ...]
    duration_s: float = 0.0
    presence: dict[int, tuple[float, float]] = field(default_factory=dict)
    windows: list[Said] = field(default_factory=list)
    answers: list[Said] = field(default_factory=list)
    trajectories: list[SentTrajectory] = field(default_factory=list)
    path: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    dropped: Counter[str] = field(default_factory=Counter)
    violations: dict[str, int] = field(default_factory=dict)
    took_ms: dict[str, list[float]] = field(default_factory=dict)
    wall_s: float = 0.0
    limits: Limits | None = None
