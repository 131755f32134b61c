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

"""A made-up session: two people's clips strung into one long recording, with all that people do between two actions.

Between clips people go from pose to pose, breathe, sway, shift their weight and let their arms dangle, and the tracker
adds jitter. What they did and when is known, so whatever finds actions and pairs in recordings can be judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from iat_ros.data.actions import find_segments
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.data.protocol import Rule
from iat_ros.data.recording import StreamFrame
from iat_ros.skeleton.definition import load_skeleton

RATE_HZ = 30.0
OVERLAPPING = 0.2
"""Share of the answers that begin before their stimulus has ended."""
_SWAY_M, _ARM_M, _BREATH_M, _SHIFT_M, _JITTER_M = 0.010, 0.022, 0.004, 0.040, 0.006
_HOLE_EVERY_S = 15.0
_FIDGET_M = 0.18


@dataclass(frozen=True)
class Take:
    """A clip, and when the action in it starts and ends.

    Attributes:
        clip: In UTD-MHAD's joint order and camera frame.
        start_s: On the clip's clock [s].
        end_s: On the clip's clock [s].
    """

    clip: Clip
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Turn:
    """A stimulus and its answer, or one of them alone."""

    stimulus: Take | None
    response: Take | None


@dataclass(frozen=True)
class Done:
    """What somebody did.

    Attributes:
        body: 1 acts, 2 answers.
        start_s: On the session's clock [s].
        end_s: On the session's clock [s].
        turn: Number of the turn; a stimulus and its answer share it.
        take: What was done.
    """

    body: int
    start_s: float
    end_s: float
    turn: int
    take: Take


def make_session(
    turns: Sequence[Turn], seed: int, fidgets_per_min: float = 0.0, apart_m: float = 1.3
) -> tuple[list[StreamFrame], list[Done]]:
    """String turns into a recording.

    Answers start 0.3 to 1.5 s after the end of their stimulus, some before it has ended. Between turns both stand for
    0.8 to 4 s. Now and then the tracker loses a person for a few frames.

    Args:
        turns: In order; each of the two bodies has at least one take.
        seed: Decides times and idle motion.
        fidgets_per_min: How often a hand goes up a little and down again between actions, which is no action [1/min].
        apart_m: How far the second body stands beside the first [m].

    Returns:
        The frames, and everything that was done, in order of time.
    """
    rng = np.random.default_rng(seed)
    placed, end_s = _place(turns, rng)
    times_s = np.arange(round(end_s * RATE_HZ)) / RATE_HZ
    bodies = [_body(times_s, [one for one in placed if one.body == body], fidgets_per_min, rng) for body in (1, 2)]
    both = np.stack([bodies[0], bodies[1] + np.array([apart_m, 0.0, 0.0])], axis=1)  # (F, 2, J, 3)
    ids = np.array([1, 2])
    frames = [StreamFrame(float(time), "camera", ids, pose) for time, pose in zip(times_s, both, strict=True)]
    return frames, placed


def make_answered_session(pairs: int, rules: Sequence[Rule], seed: int) -> tuple[list[StreamFrame], list[Done]]:
    """Make up a recording in which one person acts and the other answers as the rules say.

    Args:
        pairs: How many actions are answered; the rules take turns.
        rules: At least one.
        seed: Decides everything that is drawn.

    Returns:
        As `make_session`.
    """
    definition = load_skeleton("utd_mhad")
    actions = tuple(dict.fromkeys(action for rule in rules for action in (rule.stimulus, rule.response)))
    clips = make_clips(2, -(-pairs // len(rules)), seed, actions)
    takes = {}
    for clip in clips:
        segments, _ = find_segments(definition, clip)
        takes[clip.name] = Take(clip, float(segments[0].times_s[0]), float(segments[0].times_s[-1]))
    turns = []
    for number in range(pairs):
        trial, rule = 1 + number // len(rules), rules[number % len(rules)]
        turns.append(Turn(takes[f"{rule.stimulus}_s1_t{trial}"], takes[f"{rule.response}_s2_t{trial}"]))
    return make_session(turns, seed)


def _place(turns: Sequence[Turn], rng: np.random.Generator) -> tuple[list[Done], float]:
    """Give every take its time; returns what is done, and when the session ends [s]."""
    placed: list[Done] = []
    free_s = [1.5, 1.5]  # until when each of the two is busy

    def put(body: int, take: Take, start_s: float, turn: int) -> Done:
        """Let a person begin at a time [s], or as soon after it as they are free."""
        lead_s = take.start_s - float(take.clip.times_s[0])
        start_s = max(start_s, free_s[body - 1] + 0.6 + lead_s)
        done = Done(body, start_s, start_s + take.end_s - take.start_s, turn, take)
        free_s[body - 1] = done.end_s + float(take.clip.times_s[-1]) - take.end_s
        placed.append(done)
        return done

    for number, turn in enumerate(turns):
        begin_s = max(free_s) + rng.uniform(0.8, 4.0)
        if turn.stimulus is None:
            if turn.response is not None:
                put(2, turn.response, begin_s, number)
            continue
        stimulus = put(1, turn.stimulus, begin_s, number)
        if turn.response is not None:
            wait_s = rng.uniform(-0.6, 0.0) if rng.random() < OVERLAPPING else rng.uniform(0.3, 1.5)
            put(2, turn.response, max(stimulus.end_s + wait_s, stimulus.start_s + 0.5), number)
    return sorted(placed, key=lambda done: done.start_s), max(free_s) + 2.5


def _body(times_s: np.ndarray, done: Sequence[Done], fidgets_per_min: float, rng: np.random.Generator) -> np.ndarray:
    """Joint positions of one person over the session [m], shape (F, J, 3)."""
    key_times: list[float] = []
    keys: list[np.ndarray] = []
    idle = np.ones(len(times_s))
    inside: list[tuple[np.ndarray, np.ndarray]] = []
    for one in done:
        clip = one.take.clip
        clock_s = clip.times_s + one.start_s - one.take.start_s
        here = (times_s >= clock_s[0]) & (times_s <= clock_s[-1])
        flat = clip.positions.reshape(len(clock_s), -1)
        moved = np.stack([np.interp(times_s[here], clock_s, column) for column in flat.T], axis=1)
        inside.append((here, moved))
        idle[here] = 0.0
        if key_times:  # from the last pose to this one's first in a second or less, somewhere in the pause
            pause_s = clock_s[0] - key_times[-1]
            way_s = min(pause_s, rng.uniform(0.9, 1.6))
            leave_s = key_times[-1] + rng.uniform(0.0, 1.0) * (pause_s - way_s)
            key_times += [leave_s, leave_s + way_s]
            keys += [keys[-1], flat[0]]
        key_times += [clock_s[0], clock_s[-1]]
        keys += [flat[0], flat[-1]]
    result = _through(times_s, np.array(key_times), np.array(keys))
    for here, moved in inside:
        result[here] = moved
    calm = gaussian_filter1d(idle, 0.15 * RATE_HZ)[:, None, None] * idle[:, None, None]
    idle_motion = _idle_motion(len(times_s), rng) + _fidgets(times_s, fidgets_per_min, rng)
    positions = np.asarray(result.reshape(len(times_s), -1, 3) + calm * idle_motion)
    for _ in range(rng.poisson(times_s[-1] / _HOLE_EVERY_S)):
        start = rng.integers(len(times_s))
        positions[start : start + rng.integers(1, 10)] = np.nan
    return positions


def _through(times_s: np.ndarray, key_times: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Go from key to key, starting and ending each way at rest, shape (F, 3 J)."""
    after = np.clip(np.searchsorted(key_times, times_s, side="right"), 1, len(key_times) - 1)
    span = np.maximum(key_times[after] - key_times[after - 1], 1e-9)
    share = np.clip((times_s - key_times[after - 1]) / span, 0.0, 1.0)
    share = (share**3 * (10.0 - 15.0 * share + 6.0 * share**2))[:, None]
    return np.asarray((1.0 - share) * keys[after - 1] + share * keys[after])


def _idle_motion(count: int, rng: np.random.Generator) -> np.ndarray:
    """How far each joint is from where a statue would have it [m], shape (F, J, 3); y is up."""
    names = load_skeleton("utd_mhad").joints
    motion = rng.normal(0.0, _JITTER_M, (count, len(names), 3))
    sway = _slow(count, 0.8, rng, 3) * _SWAY_M
    shift = gaussian_filter1d((_slow(count, 4.0, rng, 1)[:, 0] > 0).astype(float), 0.4 * RATE_HZ) - 0.5
    breath = np.sin(2.0 * np.pi * (np.arange(count) / RATE_HZ * rng.uniform(0.2, 0.3) + rng.random())) * _BREATH_M
    for index, name in enumerate(names):
        if any(part in name for part in ("ankle", "foot")):
            continue
        height = 0.5 if "knee" in name else 1.0
        motion[:, index] += height * sway
        motion[:, index, 0] += height * shift * _SHIFT_M
        if any(part in name for part in ("shoulder", "elbow", "wrist", "hand", "head")):
            motion[:, index, 1] += breath
    for side in ("left", "right"):
        dangle = _slow(count, 0.5, rng, 3) * _ARM_M
        for name, share in (("elbow", 0.4), ("wrist", 0.8), ("hand", 1.0)):
            motion[:, names.index(f"{side}_{name}")] += share * dangle
    return motion


def _fidgets(times_s: np.ndarray, per_min: float, rng: np.random.Generator) -> np.ndarray:
    """How far small movements of a hand carry each joint [m], shape (F, J, 3)."""
    names = load_skeleton("utd_mhad").joints
    motion = np.zeros((len(times_s), len(names), 3))
    for _ in range(rng.poisson(times_s[-1] / 60.0 * per_min)):
        middle_s, length_s, side = rng.uniform(0.0, times_s[-1]), rng.uniform(0.8, 1.5), rng.choice(["left", "right"])
        share = np.cos(np.pi * np.clip((times_s - middle_s) / length_s, -0.5, 0.5)) ** 2
        to = _FIDGET_M * np.array([rng.normal(0.0, 0.3), 1.0, -0.8])  # up, and towards the camera
        for name, part in (("elbow", 0.25), ("wrist", 0.85), ("hand", 1.0)):
            motion[:, names.index(f"{side}_{name}")] += part * share[:, None] * to
    return motion


def _slow(count: int, width_s: float, rng: np.random.Generator, columns: int) -> np.ndarray:
    """Noise of standard deviation 1 without anything faster than a width in time [s], shape (F, columns)."""
    noise = gaussian_filter1d(rng.normal(size=(count, columns)), width_s * RATE_HZ, axis=0, mode="wrap")
    return np.asarray(noise / noise.std(axis=0).clip(1e-9))
