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

"""A replayed recording in figures, and how two of them differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.evaluation.realism import mean_distance
from iat_ros.evaluation.replayed import Replayed, Said
from iat_ros.evaluation.trajectory_quality import trajectory_quality
from iat_ros.skeleton.motion import Motion, MotionArray

NOISES = 8
"""Answers to each window, by which diversity is measured."""
WALL, TIMELINE = "wall", "timeline"
"""Keys of what was measured of this machine, and of when everything happened; neither is compared."""

Answering = Callable[[MotionArray, int], MotionArray]
"""Answers N stimuli, each by another noise, drawn from a seed."""


def figures(replayed: Replayed, answering: Answering, seed: int, judge: IatEvaluation | None) -> dict[str, Any]:
    """Work out all figures.

    Args:
        replayed: What happened.
        answering: The model alone, for diversity.
        seed: Of its noise.
        judge: Judges answers; None: they are not judged.

    Returns:
        By name; "follows_rules_percent" and "diversity" are None where there is nothing to tell them by. Diversity is
        that between answers to one window, as a ratio to people's where a judge knows people's, else in the unit of
        limb vectors.
    """
    windows, answers = replayed.windows, replayed.answers
    waits_ms = [1e3 * (window.time_s - window.action_end_s) for window in windows]
    quality = None
    if replayed.limits is not None:
        sent = [(each.times_s, each.positions, each.velocities, each.accelerations) for each in replayed.trajectories]
        quality = trajectory_quality(sent, replayed.limits)
    return {
        "duration_s": round(replayed.duration_s, 3),
        "people": len(replayed.presence),
        "windows": len(windows),
        "answers": len(answers),
        "trajectories": len(replayed.trajectories),
        "end_of_action_ms": percentiles(waits_ms),
        "follows_rules_percent": _follows(windows, answers, judge),
        "diversity": _diversity(windows, answering, seed, judge),
        "diversity_unit": "people" if judge is not None else "limb vectors",
        "trajectory": {} if quality is None else {name: round(value, 4) for name, value in quality.as_dict().items()},
        "violations": dict(sorted(replayed.violations.items())),
        "dropped": dict(sorted(replayed.dropped.items())),
        TIMELINE: {
            "people": {
                str(body): [round(when, 3) for when in seen] for body, seen in sorted(replayed.presence.items())
            },
            "windows": [_when(window) for window in windows],
            "answers": [_when(answer) for answer in answers],
            "trajectories": [round(each.time_s, 3) for each in replayed.trajectories],
        },
        WALL: {
            "took_s": round(replayed.wall_s, 2),
            "times_real_time": round(replayed.duration_s / max(replayed.wall_s, 1e-9), 1),
            "stage_ms": {stage: percentiles(took) for stage, took in replayed.took_ms.items()},
        },
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, float]:
    """Subtract the first figures from the second, by name with dots; what only one of them has is left out."""
    first, second = numbers(one), numbers(other)
    return {name: round(second[name] - value, 6) for name, value in first.items() if name in second}


def numbers(figures: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Return every number that can be compared, by name with dots."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        if name in {WALL, TIMELINE}:
            continue
        if isinstance(value, Mapping):
            found |= numbers(value, f"{before}{name}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[f"{before}{name}"] = float(value)
    return found


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return p50 and p99, or None for both without values."""
    if not values:
        return {"p50": None, "p99": None}
    return {name: round(float(np.percentile(values, share)), 3) for name, share in (("p50", 50), ("p99", 99))}


def _when(said: Said) -> dict[str, float]:
    begin_s = said.action_end_s - said.motion.duration_s
    return {
        "body": said.body,
        "from_s": round(begin_s, 3),
        "to_s": round(said.action_end_s, 3),
        "said_s": round(said.time_s, 3),
    }


def _array(motions: Sequence[Motion]) -> MotionArray:
    return MotionArray(
        np.stack([motion.limbs_in_body for motion in motions]), np.array([motion.duration_s for motion in motions])
    )


def _follows(windows: Sequence[Said], answers: Sequence[Said], judge: IatEvaluation | None) -> float | None:
    """Return the share of answers that the judge takes for answers to their windows [%]."""
    by_action = {(window.body, window.action_end_s): window for window in windows}
    pairs = [(by_action[key], answer) for answer in answers if (key := (answer.body, answer.action_end_s)) in by_action]
    if judge is None or not pairs:
        return None
    stimuli, given = (_array([pair[side].motion for pair in pairs]) for side in (0, 1))
    return round(100.0 * float(judge.judge_strangers(stimuli, given).mean()), 2)


def _diversity(windows: Sequence[Said], answering: Answering, seed: int, judge: IatEvaluation | None) -> float | None:
    if not windows:
        return None
    stimuli = _array([window.motion for window in windows])
    given = [answering(stimuli, seed + round_) for round_ in range(NOISES)]
    answers = MotionArray(
        np.concatenate([each.limbs_in_body for each in given]), np.concatenate([each.durations_s for each in given])
    )
    apart = mean_distance(answers, np.tile(np.arange(len(stimuli)), NOISES))
    return round(apart / (1.0 if judge is None else judge.diversity_of_people), 4)
