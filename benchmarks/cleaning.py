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

"""What cleaning wins on damaged recordings, and what it changes in recordings that are well.

Clips are cleaned as live perception cleans what it sees (`iat_ros.stream.cleaning`): as they are, and with joints that
are gone, spikes, bones of a wrong length, and all of these. Reported, before and after cleaning: the mean angle between
limbs of each frame and those of the clip as it was recorded (missing frames are interpolated, as a window would), how
many clips give exactly one window, and the mean angle between limbs of those windows.

    python benchmarks/cleaning.py --data DIR [--every 2] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parents[1]))

from iat_ros.data.actions import with_stillness
from iat_ros.data.clip import Clip
from iat_ros.data.opening import open_source
from iat_ros.data.source import RULES
from iat_ros.errors import SkeletonError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import limb_vectors
from iat_ros.stream.segment import LIVE, Segment
from iat_ros.stream.segmenter import ActionSegmenter
from iat_ros.stream.track import clean_track
from iat_ros.stream.window import make_window

DEFINITION = load_skeleton("utd_mhad")
NEEDED = DEFINITION.needed_joints
FRAMES = 32
GOOD_FRAMES = 40
"""Mean number of frames between two damages of a joint."""
_SETTLED = 20
"""Frames before the first spike or wrong bone: whoever comes into view like that has no length of bones to keep."""
_ARMS = [
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"))
]


def _pieces(first: int, frames: int, longest: int, rng: np.random.Generator) -> Iterator[slice]:
    """Draw pieces of a clip that are damaged."""
    at = first
    while (at := at + int(rng.exponential(GOOD_FRAMES)) + 1) < frames:
        length = int(rng.integers(1, longest + 1))
        yield slice(at, at + length)
        at += length


def drop_out(positions: np.ndarray, rng: np.random.Generator) -> None:
    """Every joint is gone for 1 to 5 frames, again and again."""
    for joint in NEEDED:
        for piece in _pieces(0, len(positions), 5, rng):
            positions[piece, joint] = np.nan


def spike(positions: np.ndarray, rng: np.random.Generator) -> None:
    """One joint in a hundred is 0.5 to 2 m off for a frame."""
    hit = rng.uniform(size=(len(positions), len(NEEDED))) < 0.01
    hit[:_SETTLED] = False
    away = rng.normal(size=(*hit.shape, 3))
    away /= np.linalg.norm(away, axis=-1, keepdims=True)
    positions[:, NEEDED] += np.where(hit[..., None], away * rng.uniform(0.5, 2.0, hit.shape)[..., None], 0.0)


def scale_bones(positions: np.ndarray, rng: np.random.Generator) -> None:
    """Upper arms and forearms have a wrong length for 1 to 29 frames."""
    for start, end in _ARMS:
        a, b = DEFINITION.joints.index(start), DEFINITION.joints.index(end)
        for piece in _pieces(_SETTLED, len(positions), 29, rng):
            bone = positions[piece, b] - positions[piece, a]
            positions[piece, b] = positions[piece, a] + float(rng.choice([0.4, 1.6, 1.9])) * bone


def damage_all(positions: np.ndarray, rng: np.random.Generator) -> None:
    """Do everything at once."""
    scale_bones(positions, rng)
    spike(positions, rng)
    drop_out(positions, rng)


DAMAGES: dict[str, Callable[[np.ndarray, np.random.Generator], None]] = {
    "as they are": lambda *_: None, "dropouts": drop_out, "spikes": spike, "bones": scale_bones, "all": damage_all,
}  # fmt: skip


def measure(clips: list[Clip], damage: Callable[[np.ndarray, np.random.Generator], None]) -> dict[str, Any]:
    """Damage clips, a seed for each, and clean them.

    Returns:
        Before and after cleaning: "limb_error_deg", "clips_with_one_window", "windows" and "window_error_deg"; how
        often something was mended, and the share of limbs [%] that are more than 0.1 deg from what was recorded then.
    """
    mended: Counter[str] = Counter()
    limbs: list[list[np.ndarray]] = [[], []]
    windows: list[list[float]] = [[], []]
    counts = np.zeros((2, len(clips)), int)
    for index, clip in enumerate(tqdm(clips, disable=None)):
        positions = clip.positions.copy()
        damage(positions, np.random.default_rng(index))
        cleaned = clean_track(DEFINITION, clip.times_s, positions, mended, Counter())
        recorded = _segments(clip.times_s, clip.positions)
        for after, (times_s, each) in enumerate(((clip.times_s, positions), cleaned)):
            limbs[after].append(_apart_deg(_limbs_at(clip.times_s, times_s, each), _limbs(clip.positions)))
            segments = _segments(times_s, each)
            counts[after, index] = len(segments)
            if len(segments) == len(recorded) == 1:
                with suppress(SkeletonError):
                    windows[after].append(float(_apart_deg(_window(segments[0]), _window(recorded[0])).mean()))
    errors = [np.concatenate(part) for part in limbs]
    return {
        "limb_error_deg": [round(float(part.mean()), 4) for part in errors],
        "clips_with_one_window": (counts == 1).sum(axis=1).tolist(),
        "windows": counts.sum(axis=1).tolist(),
        "window_error_deg": [round(float(np.mean(part)), 3) for part in windows],
        "changed_percent": round(100.0 * float((errors[1] > 0.1).mean()), 4),
        "mended": dict(mended),
    }


def _segments(times_s: np.ndarray, positions: np.ndarray) -> list[Segment]:
    segmenter = ActionSegmenter(DEFINITION, LIVE)
    found = []
    for time_s, pose in zip(times_s.tolist(), positions, strict=True):
        with suppress(SkeletonError):  # two joints at one place: perception drops such a frame
            if (segment := segmenter.push(time_s, pose)) is not None:
                found.append(segment)
    return found


def _window(segment: Segment) -> np.ndarray:
    return make_window(DEFINITION, segment.times_s, segment.positions, FRAMES).limbs_in_body


def _limbs(positions: np.ndarray) -> np.ndarray:
    return limb_vectors(DEFINITION, np.where(np.isfinite(positions), positions, 0.0))


def _limbs_at(wanted_s: np.ndarray, times_s: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Limbs at other times, between the frames in which every joint that is needed was tracked."""
    good = np.isfinite(positions[:, NEEDED]).all(axis=(1, 2))
    flat = positions[good].reshape(good.sum(), -1)
    between = [np.interp(wanted_s, times_s[good], column) for column in flat.T]
    return _limbs(np.stack(between, axis=1).reshape(len(wanted_s), -1, 3))


def _apart_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip((one * other).sum(axis=-1), -1.0, 1.0)))


def main() -> int:
    """Measure, print, and write the figures to a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="directory of UTD-MHAD, or 'made_up'")
    parser.add_argument("--every", type=int, default=1, help="only every Nth clip")
    parser.add_argument("--json", type=Path, help="the figures go here")
    args = parser.parse_args()
    acts = {label for rule in RULES for label in (rule.stimulus, rule.response)}
    clips = [clip for clip in open_source(args.data).clips if clip.action in acts][:: args.every]
    still = [with_stillness(clip, 0.8, 1.0) for clip in clips]
    report = {name: measure(still, damage) for name, damage in DAMAGES.items()}
    print(json.dumps(report, indent=1))
    if args.json is not None:
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
