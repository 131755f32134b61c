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

"""How often an answer given before the action ends follows the rules: set B, each stimulus cut to its first part.

For 50, 70, 90 and 100 % of the time of each stimulus: how many were sure enough to be answered, how many of these
answers E judges to follow the rules, and how many it would be if all were answered. Beside them the answers to the
whole stimuli, as without early mode, and what a live person meets: windows of the action so far every 0.1 s, of which
the first that is sure enough is answered.

The threshold comes from set A alone, without labels (``--choose``): the people of A are left out one at a time, the
actions of each are compared with those of the others, and an answer counts as right when its code lies among pairs of
the interaction that the joint embedding puts that action in.

    python benchmarks/early.py --data DIR --json FILE
    python benchmarks/early.py --data DIR --choose
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from selection import categories_of

from benchmarks.reporting import report_lines
from iat_ros.data.actions import find_segments, stack
from iat_ros.data.opening import open_source
from iat_ros.data.source import Source
from iat_ros.evaluation.iat import IatEvaluation
from iat_ros.model.early import SURE, EarlyEncoder
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.model_file import load_card, load_generator
from iat_ros.model.normalisation import to_tensor
from iat_ros.model.responder import Responder
from iat_ros.resources import find_model
from iat_ros.skeleton.motion import MotionArray
from iat_ros.stream.segment import Segment, SegmenterConfig
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
    found, before_s, at_share = [], [], []
    for index, segment in enumerate(segments):
        shares, windows = so_far(source, segment, frames)
        confidence = responder.answer_early(windows, responder.sample_noise(len(windows), rng))[1]
        if confidence.max() > threshold:
            k = int(np.argmax(confidence > threshold))
            first.append(index)
            found.append(windows[k : k + 1])
            at_share.append(shares[k])
            before_s.append((1.0 - shares[k]) * (segment.times_s[-1] - segment.times_s[0]))
    right = np.zeros((rounds, len(first)), dtype=bool)
    for k in range(rounds if first else 0):
        answers = responder.answer_early(together(found), responder.sample_noise(len(first), rng))[0]
        right[k] = judge(np.array(first), answers)
    return {
        "stimuli": len(segments),
        "answered_early_percent": round(100.0 * len(first) / len(segments), 1),
        "right_percent": percent(right),
        "share_of_action_p50": round(float(np.median(at_share)), 2) if first else None,
        "before_end_s_p50": round(float(np.median(before_s)), 2) if first else None,
    }


def choose(data: str, model: str = "utd_mhad", interactions: int = 5) -> dict[str, Any]:
    """Try thresholds on set A, each person left out in turn.

    Returns:
        By threshold: how many actions would be answered early, how many of these rightly, and at which share of them.
    """
    directory = find_model(model)
    card = load_card(directory)
    source = open_source(data)
    frames = card.dimensions.frames
    pairs = source.divide(frames, "subject", card.seed).pairs
    categories = categories_of(pairs, interactions)
    names = {action.motion.limbs_in_body.tobytes(): action.name for action in source.actions(frames)}
    segments = [segment_of(source, names[motion.tobytes()]) for motion in pairs.stimuli.limbs_in_body]
    generator = load_generator(directory, card)
    stimuli = AttentionEncoder.limb_vectors(to_tensor(pairs.stimuli, card.stimulus_durations))
    number = torch.cdist(generator.encoder.keys, stimuli).argmin(dim=1).numpy()  # which pair each key comes from
    keys, values = generator.encoder.keys, generator.encoder.values
    found = []  # of each action: (share, confidence, right) of its windows, in order
    for person in np.unique(pairs.people):
        kept = pairs.people[number] != person
        generator.encoder.keys, generator.encoder.values = keys[kept], values[kept]
        encoder = EarlyEncoder(generator.encoder, generator.decoder, frames, card.stimulus_durations.log_std)
        for index in np.flatnonzero(pairs.people == person):
            shares, windows = so_far(source, segments[index], frames)
            tensor = torch.from_numpy(windows.limbs_in_body.astype(np.float32))
            duration = torch.from_numpy(card.stimulus_durations.normalise(windows.durations_s).astype(np.float32))
            code, confidence = encoder(tensor, duration)
            near = torch.exp(-0.5 * torch.cdist(code / encoder.widths, encoder.places).square()).numpy()
            votes = np.stack([near[:, categories[number][kept] == c].sum(axis=1) for c in range(interactions)])
            found.append((shares, confidence.numpy(), votes.argmax(axis=0) == categories[index]))
    report = {}
    for threshold in np.arange(0.1, 0.85, 0.1).round(2).tolist():
        first = [(int(np.argmax(sure > threshold)), item) for item in found if (sure := item[1]).max() > threshold]
        report[str(threshold)] = {
            "answered_early_percent": round(100.0 * len(first) / len(found), 1),
            "right_percent": percent(np.array([item[2][k] for k, item in first])),
            "share_of_action_p50": round(float(np.median([item[0][k] for k, item in first])), 2) if first else None,
        }
    return report


def so_far(source: Source, segment: Segment, frames: int) -> tuple[np.ndarray, MotionArray]:
    """Make the windows that perception publishes while an action goes on, and tell which share of it each holds."""
    lasts_s = float(segment.times_s[-1] - segment.times_s[0])
    shares = np.arange(SegmenterConfig().min_action_s, lasts_s, EVERY_S) / lasts_s
    return shares, together([cut(source, segment, frames, share) for share in shares])


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
    return together([cut(source, segment, frames, share) for segment in segments])


def together(windows: list[MotionArray]) -> MotionArray:
    """Put windows behind each other."""
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
    parser.add_argument("--choose", action="store_true", help="try thresholds on set A instead")
    args = parser.parse_args()
    report = choose(args.data, args.model) if args.choose else measure(args.data, args.model, args.threshold)
    report_lines(report, args.json)


if __name__ == "__main__":
    main()
