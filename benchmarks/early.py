"""How often an answer given before the action ends follows the rules: set B, each stimulus cut to its first part.

For 50, 70, 90 and 100 % of the time of each stimulus: how many were sure enough to be answered, how many of these
answers E judges to follow the rules, and how many it would be if all were answered. Beside them the answers to the
whole stimuli, as without early mode, and what a live person meets: windows of the action so far every 0.1 s, of which
the first that is sure enough is answered.

    python benchmarks/early.py --data DIR --json FILE
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from iat_ros.data.actions import find_segments, stack
from iat_ros.data.source import Source, open_source
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.model.early import SURE
from iat_ros.model.model_file import load_card
from iat_ros.model.responder import Responder
from iat_ros.resources import find_model
from iat_ros.skeleton.motion import MotionArray
from iat_ros.stream.segmenter import Segment, SegmenterConfig
from iat_ros.stream.window import make_window

SHARES = (0.5, 0.7, 0.9, 1.0)
EVERY_S = 0.1


def measure(
    data: str, model: str = "utd_mhad", threshold: float = SURE, rounds: int = 5, seed: int | None = None
) -> dict[str, Any]:
    """Measure early answers to the stimuli of B.

    Args:
        data: Data set.
        model: Model directory, or the name of one that ships.
        threshold: Confidence above which an answer comes early.
        rounds: Answers to each stimulus, with noise of their own.
        seed: Of the division, of E and of the noise; the model's by default.

    Returns:
        By share ("0.5", ...): "sure_percent", "right_percent" (of those that were sure), "right_percent_of_all". Then
        "full", the answers to whole stimuli, and "live", with how long before the action's end answers come [s].
    """
    torch.set_num_threads(1)
    directory = find_model(model)
    card = load_card(directory)
    seed = card.seed if seed is None else seed
    source = open_source(data)
    division = source.divide(card.dimensions.frames, "subject", seed)
    responder = Responder.load(directory, "cpu")
    evaluation = IatEvaluation(division, seed=seed)
    stimuli, count = stack(division.stimuli), len(division.stimuli)
    segments = [segment_of(source, action.name) for action in division.stimuli]
    rng = np.random.default_rng(seed)

    def judge(index: np.ndarray, answers: MotionArray) -> np.ndarray:
        return evaluation.follows_rules(index, answers)

    everyone = np.arange(count)
    report: dict[str, Any] = {}
    for share in SHARES:
        windows = cut_all(source, segments, card.dimensions.frames, share)
        right = np.zeros((rounds, count), dtype=bool)
        for k in range(rounds):
            answers, confidence = responder.answer_early(windows, responder.sample_noise(count, rng))
            right[k] = judge(everyone, answers)
        sure = confidence > threshold
        report[str(share)] = {
            "stimuli": count,
            "sure_percent": percent(sure),
            "right_percent": percent(right[:, sure]),
            "right_percent_of_all": percent(right),
        }
    full = [judge(everyone, responder.answer(stimuli, responder.sample_noise(count, rng))) for _ in range(rounds)]
    report["full"] = {"stimuli": count, "right_percent": percent(np.array(full))}
    report["live"] = _live(source, segments, responder, threshold, judge, rng, rounds)
    report["threshold"] = threshold
    return report


def _live(
    source: Source,
    segments: list[Segment],
    responder: Responder,
    threshold: float,
    judge: Any,
    rng: np.random.Generator,
    rounds: int,
) -> dict[str, Any]:
    """Answer the first window of each action so far that is sure enough."""
    frames = responder.card.dimensions.frames
    first: list[int] = []
    windows, before_s, shares = [], [], []
    for index, segment in enumerate(segments):
        lasts = float(segment.times_s[-1] - segment.times_s[0])
        for so_far_s in np.arange(SegmenterConfig().min_action_s, lasts, EVERY_S):
            window = cut(source, segment, frames, so_far_s / lasts)
            alone = MotionArray(window.limbs_in_body, window.durations_s)
            if responder.answer_early(alone, responder.sample_noise(1, rng))[1][0] > threshold:
                first.append(index)
                windows.append(window)
                before_s.append(lasts - so_far_s)
                shares.append(so_far_s / lasts)
                break
    right = np.zeros((rounds, len(first)), dtype=bool)
    if first:
        together = MotionArray(
            np.concatenate([window.limbs_in_body for window in windows]),
            np.concatenate([window.durations_s for window in windows]),
        )
        for k in range(rounds):
            right[k] = judge(
                np.array(first), responder.answer_early(together, responder.sample_noise(len(first), rng))[0]
            )
    return {
        "stimuli": len(segments),
        "answered_early_percent": round(100.0 * len(first) / len(segments), 1),
        "right_percent": percent(right),
        "share_of_action_p50": round(float(np.median(shares)), 2) if shares else None,
        "before_end_s_p50": round(float(np.median(before_s)), 2) if before_s else None,
    }


def segment_of(source: Source, name: str) -> Segment:
    """Find the action of a clip, as live perception does."""
    clip = next(clip for clip in source.clips if clip.name == name)
    return find_segments(source.definition, clip)[0][0]


def cut(source: Source, segment: Segment, frames: int, share: float) -> MotionArray:
    """Make a window of the first share of an action's time: one motion."""
    times = segment.times_s
    seen = times <= times[0] + share * (times[-1] - times[0]) + 1e-6
    motion = make_window(source.definition, times[seen], segment.positions[seen], frames)
    return MotionArray(motion.limbs_in_body[None], np.array([motion.duration_s]))


def cut_all(source: Source, segments: list[Segment], frames: int, share: float) -> MotionArray:
    """Make windows of the first share of each action's time."""
    windows = [cut(source, segment, frames, share) for segment in segments]
    return MotionArray(
        np.concatenate([window.limbs_in_body for window in windows]),
        np.concatenate([window.durations_s for window in windows]),
    )


def percent(values: np.ndarray) -> float | None:
    """Return the share of true values; None of nothing."""
    return round(100.0 * float(values.mean()), 1) if values.size else None


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="data set with labels")
    parser.add_argument("--model", default="utd_mhad", help="model directory, or the name of one that ships")
    parser.add_argument("--threshold", type=float, default=SURE, help="confidence above which an answer comes early")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    args = parser.parse_args()
    report = measure(args.data, args.model, args.threshold)
    for name, values in report.items():
        print(f"{name:10s} {values}")
    if args.json is not None:
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
