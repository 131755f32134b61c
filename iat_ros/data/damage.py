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

"""What is wrong with a recording, told from the recording alone: mirrored, frozen, jumping, untracked, of odd times.

Thresholds leave every clip of UTD-MHAD's set A and all made-up motions in peace, with a margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.data.clip import Clip
from iat_ros.data.joint_clip import JointClip
from iat_ros.data.oddities import odd_times
from iat_ros.errors import SkeletonError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limbs import limbs_in_body

KINDS = {
    "mirrored": "left and right are swapped, or the positions come from a left-handed frame",
    "frozen": "the tracker repeated its last values",
    "jumping": "a joint or the whole body jumps: an outlier, or two people mixed up",
    "untracked": "joints that are needed are missing too often",
    "gap": "no frame at all for a time: the tracker sent nothing, or frames were lost",
    "not seconds": "frames lie further apart, or nearer together, than any tracker sends them: are times in ms?",
    "too short": "far shorter than the others, or too short for an action",
    "too long": "far longer than the others, or too long for an action",
    "not one action": "the clip does not hold exactly one action from rest to rest",
    "mislabelled": "it looks like what others call by another name",
    "doubled": "the same motion twice",
    "misnamed joints": "bones change their length or differ too much: joints come in another order than their names",
    "not metres": "far larger or smaller than any person",
    "not radians": "a robot's joints go further or faster than radians explain: are they in degrees?",
    "rule without clips": "a rule names an action that no clip has, so it gives no pair",
    "action without rule": "clips whose action is in no rule, by a slip of the pen as it seems, are in no pair",
    "too few pairs": "fewer than training accepts",
    "unanswered": "most of what was done is in no pair, so it teaches nothing",
    "unreadable": "the file cannot be read",
}
"""What can be wrong, by name."""

_FORWARD = 0.0
"""Forearms point ahead of the body more than behind it; the least in UTD-MHAD and in made-up motions is 0.3."""
_FORWARD_MATTERS = 0.05
_FROZEN_S = 0.5
_STILL_M = 1e-6
_OUTLIER_M = 0.5
_TORSO_M, _TORSO_M_S = 0.25, 6.0
_MISSING, _HOLE_S = 0.1, 0.5
_SHORT_S, _LONG_S = 0.5, 10.0
_FACTOR = 3.0
_FEWEST_TO_COMPARE = 8


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong.

    Attributes:
        clip: Name of the clip.
        kind: A key of `KINDS`.
        why: What was seen, with figures.
    """

    clip: str
    kind: str
    why: str


def find_damage(definition: SkeletonDefinition, clips: Sequence[Clip], cut: bool = True) -> list[Damage]:
    """Look at every clip by itself, and at its length among the others'.

    Where times are no seconds, nothing else is told of them: what is long, far apart or still would follow from that.

    Args:
        definition: The skeleton.
        clips: Clips, or whole people of uncut recordings.
        cut: Whether each clip is to hold one action, so that its length says something.
    """
    needed = definition.needed_joints
    still = _always_still(needed, clips)
    found = find_odd_times(clips)
    odd = {one.clip for one in found}
    for clip in clips:
        positions = clip.positions[:, needed]
        there = np.isfinite(positions).all(axis=(1, 2))
        looks = [_untracked(definition, clip, there)]
        if clip.name not in odd:
            looks += [_gap(clip), _frozen(definition, clip, still)]
        if there.sum() >= 3:
            whole = Clip(clip.name, clip.times_s[there], clip.positions[there], clip.person, clip.action)
            looks += [_jumping(definition, whole), _mirrored(definition, whole)]
        found += [Damage(clip.name, kind, why) for kind, why in filter(None, looks)]
    return found + (_lengths([clip for clip in clips if clip.name not in odd]) if cut else [])


def find_odd_times(clips: Sequence[Clip | JointClip]) -> list[Damage]:
    """Name clips, of people or of a robot, whose times are no seconds."""
    odd = ((clip.name, odd_times(clip.times_s)) for clip in clips)
    return [Damage(name, "not seconds", why) for name, why in odd if why]


def _always_still(needed: np.ndarray, clips: Sequence[Clip]) -> np.ndarray:
    """Needed joints that never move in any clip: the origin of positions that count from the body, shape (K,)."""
    return np.array(
        [all(np.nanmax(np.ptp(clip.positions[:, joint], axis=0), initial=0.0) < _STILL_M for clip in clips)
         for joint in needed], dtype=bool,
    )  # fmt: skip


def _untracked(definition: SkeletonDefinition, clip: Clip, there: np.ndarray) -> tuple[str, str] | None:
    missing = 1.0 - float(there.mean())
    seen = np.flatnonzero(there)
    holes_s = np.diff(clip.times_s[seen])[np.diff(seen) > 1]  # frames that merely lie far apart lack no joint
    hole_s = float(holes_s.max(initial=0.0)) if len(seen) else float(np.ptp(clip.times_s))
    known_s = odd_times(clip.times_s) is None
    if missing <= _MISSING and (hole_s <= _HOLE_S or not known_s):
        return None
    share = np.isnan(clip.positions[:, definition.needed_joints]).any(axis=2).mean(axis=0)
    worst = definition.joints[definition.needed_joints[int(share.argmax())]]
    lasts = f", for {hole_s:.1f} s on end" if known_s else ""
    return "untracked", f"{max(1.0, 100 * missing):.0f} % of the frames cannot be used{lasts}; most: {worst}"


def _gap(clip: Clip) -> tuple[str, str] | None:
    steps_s = np.diff(clip.times_s)
    longest = int(steps_s.argmax())
    if steps_s[longest] <= _HOLE_S:
        return None
    return "gap", f"no frame for {steps_s[longest]:.1f} s from {clip.times_s[longest]:.1f} s on"


def _frozen(definition: SkeletonDefinition, clip: Clip, always: np.ndarray) -> tuple[str, str] | None:
    """Find the joint that keeps exactly one place for longest."""
    moved = np.abs(np.diff(clip.positions[:, definition.needed_joints], axis=0)).max(axis=2)  # (F - 1, K)
    longest_s, longest, at_s = 0.0, 0, 0.0
    for column in np.flatnonzero(~always):
        changes = np.concatenate([[0], np.flatnonzero(~(moved[:, column] < _STILL_M)) + 1, [len(clip.times_s) - 1]])
        lasts = clip.times_s[np.maximum(changes[1:] - 1, changes[:-1])] - clip.times_s[changes[:-1]]
        where = int(lasts.argmax())
        if lasts[where] > longest_s:
            longest_s, longest, at_s = float(lasts[where]), int(column), float(clip.times_s[changes[where]])
    if longest_s < _FROZEN_S:
        return None
    joint = definition.joints[definition.needed_joints[longest]]
    return "frozen", f"'{joint}' does not move at all for {longest_s:.1f} s from {at_s:.1f} s on"


def _jumping(definition: SkeletonDefinition, clip: Clip) -> tuple[str, str] | None:
    positions = clip.positions[:, definition.needed_joints]
    steps_s = np.diff(clip.times_s)
    torso = np.linalg.norm(np.diff(clip.positions[:, definition.torso_joints].mean(axis=1), axis=0), axis=1)
    jumps = np.flatnonzero(torso > np.maximum(_TORSO_M, _TORSO_M_S * steps_s))
    if len(jumps):
        at = int(jumps[0])
        return "jumping", f"the body moves {torso[at]:.2f} m in one frame at {clip.times_s[at + 1]:.2f} s"
    even = (steps_s[:-1] < 0.1) & (steps_s[1:] < 0.1)  # what is between frames far apart may well be elsewhere
    off = np.linalg.norm(positions[1:-1] - (positions[:-2] + positions[2:]) / 2, axis=2) * even[:, None]
    frame, column = np.unravel_index(int(off.argmax()), off.shape)
    if off[frame, column] < _OUTLIER_M:
        return None
    joint = definition.joints[definition.needed_joints[column]]
    return "jumping", f"'{joint}' lies {off[frame, column]:.2f} m beside its way at {clip.times_s[frame + 1]:.2f} s"


def _mirrored(definition: SkeletonDefinition, clip: Clip) -> tuple[str, str] | None:
    """Hands act in front of the body; where they act behind it, front and back, hence left and right, are swapped."""
    forearms = [index for index, name in enumerate(definition.limb_names) if "forearm" in name]
    if not forearms:
        return None
    try:
        ahead = limbs_in_body(definition, clip.positions)[:, forearms, 0]
    except SkeletonError:
        return "jumping", "a limb has no length, or the torso no direction, in some frame"
    share = float(ahead.sum() / np.abs(ahead).sum().clip(1e-9))
    if share >= _FORWARD or np.abs(ahead).mean() < _FORWARD_MATTERS:
        return None
    return "mirrored", f"forearms point behind the body {100 * (1 - share) / 2:.0f} % of the way"


def _lengths(clips: Sequence[Clip]) -> list[Damage]:
    lengths_s = np.array([np.ptp(clip.times_s) for clip in clips])
    middle_s = float(np.median(lengths_s)) if len(clips) >= _FEWEST_TO_COMPARE else None
    found = []
    for clip, length_s in zip(clips, lengths_s, strict=True):
        among = "" if middle_s is None else f"; half of all are longer than {middle_s:.1f} s"
        if length_s < max(_SHORT_S, (middle_s or 0.0) / _FACTOR):
            found.append(Damage(clip.name, "too short", f"{length_s:.1f} s{among}"))
        elif length_s > min(_LONG_S, _FACTOR * middle_s if middle_s else _LONG_S):
            found.append(Damage(clip.name, "too long", f"{length_s:.1f} s{among}"))
    return found
