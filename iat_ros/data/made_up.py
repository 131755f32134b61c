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

"""Made-up motions: ten actions of made-up people, for tests and demonstrations where no data set is.

Each action is a course of arm directions through keyframes, with oscillations where people repeat a gesture. People
differ in limb lengths, tempo, reach and habit; trials differ a little more; a tracker adds jitter. The motions use
UTD-MHAD's joints and camera frame (y up, z away from the camera) and the names of its actions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from iat_ros.data.clip import Clip
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import unit

RATE_HZ = 30.0

# Directions in the body frame (x forward, y left, z up): left upper arm, left forearm, right upper arm, right forearm.
_REST = ((0.0, 0.15, -1.0), (0.2, 0.05, -1.0), (0.0, -0.15, -1.0), (0.2, -0.05, -1.0))
_GUARD = ((0.2, 0.3, -0.9), (0.6, -0.2, 0.7), (0.2, -0.3, -0.9), (0.6, 0.2, 0.7))


@dataclass(frozen=True)
class _Gesture:
    """Keyframes (share of the duration, the four arm directions), duration [s], and a repeated movement.

    ``swing`` is (limb index, direction, cycles): added as a sine between the first and the last keyframe.
    """

    duration_s: float
    keyframes: tuple[tuple[float, Any], ...]
    swing: tuple[tuple[int, tuple[float, float, float], float], ...] = ()


def _right(upper: tuple[float, float, float], fore: tuple[float, float, float]) -> Any:
    return (_REST[0], _REST[1], upper, fore)


def _both(upper: tuple[float, float, float], fore: tuple[float, float, float]) -> Any:
    """Directions of the right arm, and their mirror image for the left one."""
    return ((upper[0], -upper[1], upper[2]), (fore[0], -fore[1], fore[2]), upper, fore)


_LEFT_PUNCH = ((0.9, 0.1, -0.1), (1.0, -0.1, 0.1), _GUARD[2], _GUARD[3])
_RIGHT_PUNCH = (_GUARD[0], _GUARD[1], (0.9, -0.1, -0.1), (1.0, 0.1, 0.1))
_TOSS = ((0.6, 0.1, 0.8), (0.5, 0.0, 0.9), (-0.3, -0.8, 0.2), (-0.5, -0.2, 0.8))

GESTURES: dict[str, _Gesture] = {
    "tennis_serve": _Gesture(
        2.0,
        (
            (0.30, _TOSS),
            (0.50, ((0.4, 0.3, -0.5), (0.6, 0.0, 0.1), (0.2, -0.4, 1.0), (0.3, 0.0, 1.0))),
            (0.68, ((0.1, 0.3, -0.9), (0.4, 0.0, -0.7), (0.9, 0.2, -0.1), (0.8, 0.5, -0.5))),
        ),
    ),
    "throw": _Gesture(
        1.7,
        (
            (0.35, _right((-0.2, -1.0, 0.1), (-0.3, -0.2, 1.0))),
            (0.55, _right((0.8, -0.3, 0.3), (1.0, 0.0, 0.3))),
            (0.68, _right((0.7, 0.1, -0.5), (0.8, 0.3, -0.6))),
        ),
    ),
    "boxing": _Gesture(
        2.1,
        (
            (0.18, _GUARD),
            (0.30, _RIGHT_PUNCH),
            (0.42, _LEFT_PUNCH),
            (0.54, _RIGHT_PUNCH),
            (0.66, _LEFT_PUNCH),
            (0.78, _GUARD),
        ),
    ),
    "knock": _Gesture(
        1.9,
        ((0.25, _right((0.5, -0.2, -0.7), (0.7, 0.1, 0.7))), (0.75, _right((0.5, -0.2, -0.7), (0.7, 0.1, 0.7)))),
        ((3, (0.5, 0.0, -0.6), 3.0),),
    ),
    "basketball_shoot": _Gesture(
        1.8,
        (
            (0.30, _both((0.5, -0.3, -0.7), (0.4, 0.2, 0.8))),
            (0.52, _both((0.6, -0.1, 0.7), (0.5, 0.1, 0.9))),
            (0.68, _both((0.8, -0.1, 0.5), (1.0, 0.1, 0.1))),
        ),
    ),
    "tennis_swing": _Gesture(
        1.8,
        (
            (0.32, _right((-0.5, -0.8, -0.4), (-0.6, -0.8, 0.1))),
            (0.54, _right((0.8, -0.2, -0.3), (0.9, 0.2, 0.1))),
            (0.68, _right((0.7, 0.6, 0.0), (0.1, 0.8, 0.6))),
        ),
    ),
    "catch": _Gesture(
        1.7,
        (
            (0.28, _both((0.7, -0.1, -0.6), (1.0, 0.2, 0.2))),
            (0.50, _both((0.7, -0.1, -0.6), (1.0, 0.2, 0.2))),
            (0.66, _both((0.1, -0.3, -0.9), (0.6, 0.3, 0.6))),
        ),
    ),
    "arm_cross": _Gesture(
        2.0, ((0.28, _both((0.5, -0.1, -0.8), (0.5, 0.8, 0.4))), (0.72, _both((0.5, -0.1, -0.8), (0.5, 0.8, 0.4))))
    ),
    "wave": _Gesture(
        2.1,
        ((0.25, _right((0.1, -0.9, -0.2), (0.1, -0.1, 1.0))), (0.75, _right((0.1, -0.9, -0.2), (0.1, -0.1, 1.0)))),
        ((3, (0.0, 0.6, 0.0), 2.5),),
    ),
    "clap": _Gesture(
        2.0,
        ((0.25, _both((0.4, -0.3, -0.8), (0.8, 0.1, 0.4))), (0.75, _both((0.4, -0.3, -0.8), (0.8, 0.1, 0.4)))),
        ((1, (0.0, 0.45, 0.0), 3.0), (3, (0.0, -0.45, 0.0), 3.0)),
    ),
}


def make_clips(
    people: int = 8, trials: int = 4, seed: int = 0, actions: tuple[str, ...] = tuple(GESTURES)
) -> list[Clip]:
    """Make clips of the given actions up, ``people x trials`` of each.

    Args:
        people: How many made-up people.
        trials: How often each does each action.
        seed: The same seed gives the same clips.
        actions: Names from `GESTURES`.

    Returns:
        Clips in UTD-MHAD's joint order and camera frame, at 30 Hz.
    """
    clips = []
    for person in range(people):
        body = _Body(np.random.default_rng([seed, person]))
        for name in actions:
            for trial in range(trials):
                key = [seed, person, list(GESTURES).index(name), trial]
                clips.append(body.perform(name, f"s{person + 1}", trial + 1, np.random.default_rng(key)))
    return clips


class _Body:
    """A made-up person: sizes and habits that stay the same over all their actions."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.height = rng.uniform(0.9, 1.1)
        self.tempo = rng.uniform(0.85, 1.2)
        self.habit = rng.normal(0.0, 0.12, (4, 3))  # how this person's arm directions differ from the gesture's
        self.lean = rng.normal(0.0, 0.03, 2)
        self.yaw = rng.normal(0.0, 0.15)
        self.place = np.array([rng.uniform(-0.4, 0.4), rng.uniform(-0.2, 0.2), rng.uniform(2.2, 3.2)])

    def perform(self, name: str, person: str, trial: int, rng: np.random.Generator) -> Clip:
        """Do a gesture once, seen by a camera."""
        gesture = GESTURES[name]
        duration = gesture.duration_s / self.tempo * rng.uniform(0.9, 1.1)
        count = max(round(duration * RATE_HZ), 20)
        share = np.linspace(0.0, 1.0, count)
        arms = self._arms(gesture, share, rng)
        in_body = self._joints(arms) + rng.normal(0.0, 0.002, (count, 20, 3))
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        turned = in_body @ np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]]).T
        # Body x forward, y left, z up -> camera: the person faces it, their left at smaller x, y up, z away.
        camera = np.stack([-turned[..., 1], turned[..., 2], -turned[..., 0]], axis=-1) + self.place
        return Clip(f"{name}_{person}_t{trial}", np.arange(count) / RATE_HZ, camera, person, name)

    def _arms(self, gesture: _Gesture, share: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Directions of the four arm limbs over the action, shape (count, 4, 3)."""
        rest = np.array(_REST)
        style = self.habit + rng.normal(0.0, 0.06, (4, 3))
        times = np.array([0.0, 0.06, *(time for time, _ in gesture.keyframes), 0.92, 1.0])
        times[2:-2] += rng.normal(0.0, 0.012, len(times) - 4)
        poses = np.array([rest, rest, *(np.array(pose) + style for _, pose in gesture.keyframes), rest, rest])
        course = PchipInterpolator(times, poses)(share)
        begin, end = gesture.keyframes[0][0], gesture.keyframes[-1][0]
        inside = np.clip((share - begin) / (end - begin), 0.0, 1.0)
        envelope = np.sin(np.pi * inside) ** 0.5
        size = rng.uniform(0.85, 1.15)
        for limb, direction, cycles in gesture.swing:
            wave = np.sin(2.0 * np.pi * round(2 * cycles * rng.uniform(0.85, 1.15)) / 2 * inside)
            course[:, limb] += size * (wave * envelope)[:, None] * np.array(direction)
        return unit(course)

    def _joints(self, arms: np.ndarray) -> np.ndarray:
        """Joint positions in the body frame with the hips at the origin [m], shape (count, 20, 3)."""
        h = self.height
        names = load_skeleton("utd_mhad").joints
        joints = dict.fromkeys(names, np.zeros((len(arms), 3)))

        def fixed(x: float, y: float, z: float) -> np.ndarray:
            """Return a joint (T, 3) [m] that only leans with the person; x, y, z are shares of the height."""
            return np.tile(np.array([x + self.lean[0] * z, y + self.lean[1] * z, z]) * h, (len(arms), 1))

        joints["hip_center"] = fixed(0.0, 0.0, 0.0)
        joints["spine"] = fixed(0.0, 0.0, 0.08)
        joints["shoulder_center"] = fixed(0.0, 0.0, 0.44)
        joints["head"] = fixed(0.03, 0.0, 0.62)
        for side, sign, first in (("left", 1.0, 0), ("right", -1.0, 2)):
            shoulder = fixed(0.0, 0.17 * sign, 0.36)
            elbow = shoulder + 0.27 * h * arms[:, first]
            wrist = elbow + 0.24 * h * arms[:, first + 1]
            joints |= {f"{side}_shoulder": shoulder, f"{side}_elbow": elbow, f"{side}_wrist": wrist}
            joints[f"{side}_hand"] = wrist + 0.08 * h * arms[:, first + 1]
            joints[f"{side}_hip"] = fixed(0.0, 0.08 * sign, -0.06)
            joints[f"{side}_knee"] = fixed(0.02, 0.09 * sign, -0.48)
            joints[f"{side}_ankle"] = fixed(-0.02, 0.09 * sign, -0.86)
            joints[f"{side}_foot"] = fixed(0.08, 0.10 * sign, -0.92)
        return np.stack([joints[name] for name in names], axis=1)
