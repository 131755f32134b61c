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


"""Cleaning: what a tracker gets wrong for a moment is mended before anybody looks for actions.

Frames in which all is well go on at once and unchanged, so cleaning costs no time. A frame that lacks a joint waits,
at most `bridge_s`, until the joint is back; then it is filled in between and goes on with its own stamp, and whoever
looks for actions sees what an unbroken stream would have shown. To hold or extrapolate the joint meanwhile would show
a rest that nobody takes, or a movement that nobody made.

A joint is in doubt where it moves too fast relative to the body, or where its bone has suddenly another length. For a
moment such a joint counts as not tracked. What lasts longer is no spike: then the joint is taken as it is read, and
pulled back on its bone's direction to the length that was learned, while that length follows what is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iat_ros.errors import ConfigError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.bones import BoneLengths, BoneTree
from iat_ros.stream.bridge import Bridge
from iat_ros.stream.seen_joints import SeenJoints
from iat_ros.stream.segment import SegmenterConfig

_PATIENCE_S = 0.25  # how long a joint may be in doubt where nothing is bridged


@dataclass(frozen=True)
class CleaningConfig:
    """How much is mended.

    Attributes:
        bridge_s: A joint that is missing or in doubt for so long is interpolated; 0: never.
        outlier_m_s: A joint that moves faster than this relative to the body, and
        outlier_m: further than this from one frame to the next, is in doubt; a speed of 0: never.
        bone_tolerance: A bone that is longer or shorter by more than this share puts its joint in doubt; 0: never.
    """

    bridge_s: float = 0.25
    outlier_m_s: float = 15.0
    outlier_m: float = 0.2
    bone_tolerance: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} must be 0 or above, got {value}")


@dataclass(frozen=True)
class Cleaned:
    """What can be used of one instant.

    Attributes:
        late: Frames from before that can be used only now, in order of time: body id, time [s], positions (J, 3) [m].
        ready: Whose frame of this instant goes on now, shape (N,); the others' waits or is lost.
        positions: This instant's joint positions [m], shape (N, J, 3).
    """

    late: list[tuple[int, float, np.ndarray]]
    ready: np.ndarray
    positions: np.ndarray


class Cleaner:
    """Cleans the frames of everybody in view.

    Args:
        definition: The skeleton.
        config: How much is mended.
        segmenter: From which it takes when a person's frames are no continuation of those before.
        mended: Where to count joints by what was done: joints_bridged, outliers, bones_mended.
        dropped: Where to count frames that cannot be used, by reason.
        most: No more people than this are cleaned; frames of others go on as they are.
        forget_s: Who was not seen for so long is forgotten [s].

    Raises:
        ConfigError: Joints would be bridged for longer than a person may be gone.
    """

    def __init__(
        self,
        definition: SkeletonDefinition,
        config: CleaningConfig,
        segmenter: SegmenterConfig,
        mended: Counter[str],
        dropped: Counter[str],
        most: int = 64,
        forget_s: float = 2.0,
    ) -> None:
        if config.bridge_s > segmenter.max_gap_s:
            raise ConfigError(
                f"bridge_time ({config.bridge_s:g} s) must not exceed max_gap ({segmenter.max_gap_s:g} s), after which "
                "a person is lost"
            )
        self._config, self._limits = config, segmenter
        self._mended, self._dropped = mended, dropped
        self._forget_s = forget_s
        self._tree = BoneTree(definition)
        self._patience_s = config.bridge_s or _PATIENCE_S
        self._seen = SeenJoints(len(self._tree.joints), most)
        self._bridges: list[Bridge] = []
        self._bones = BoneLengths(len(self._tree.outer), 0)

    def give_up(self) -> None:
        """Let go of the frames that wait for a joint, and count them: no more come."""
        for bridge in self._bridges:
            bridge.give_up()

    def push(self, time_s: float, body_ids: Sequence[int], positions: np.ndarray) -> Cleaned:
        """Take everybody's next frame.

        Args:
            time_s: Stamp [s].
            body_ids: Of N people.
            positions: Joint positions [m], shape (N, J, 3); NaN: not tracked. Not changed.
        """
        for place in self._seen.take_gone(time_s, self._forget_s):
            self._bridges[place].give_up()
        joints = positions[:, self._tree.joints]
        tracked = np.isfinite(joints).all(axis=2)
        places = np.array(
            [self._place(body) if seen else -1 for body, seen in zip(body_ids, tracked.any(axis=1), strict=True)], int
        )
        ready = np.full(len(places), True)
        rows = np.flatnonzero(places >= 0)  # the others go on as they are
        rows = rows[self._follows(time_s, places[rows], rows, ready)]
        late: list[tuple[int, float, np.ndarray]] = []
        if len(rows):
            changed = self._clean(time_s, rows, places[rows], joints[rows], tracked[rows], positions, ready)
            if changed:
                positions = positions.copy()
                for row, mended in changed.items():
                    positions[row, self._tree.joints] = mended
            late = self._take_late(body_ids, places)
        return Cleaned(late, ready, positions)

    def _follows(self, time_s: float, places: np.ndarray, rows: np.ndarray, ready: np.ndarray) -> np.ndarray:
        """Tell whose frame is new, shape (N,); forget where somebody's joints were before a gap."""
        passed = time_s - self._seen.last_s[places]
        new = (passed > 0) | (passed < -self._limits.max_gap_s)
        if not new.all():
            self._dropped["stamp not newer"] += int((~new).sum())
            ready[rows[~new]] = False
        for place in places[new & (np.abs(passed) > self._limits.max_gap_s)].tolist():
            self._start_anew(place)
        return new

    def _clean(
        self,
        time_s: float,
        rows: np.ndarray,
        places: np.ndarray,
        joints: np.ndarray,
        tracked: np.ndarray,
        positions: np.ndarray,
        ready: np.ndarray,
    ) -> dict[int, np.ndarray]:
        """Mend the rows that need it; return the joints (K, 3) [m] of those that changed."""
        apart = joints - self._seen.on_body[places]
        body = _median(apart, self._seen.body[places])
        moved = np.sqrt(np.square(body - self._seen.body[places]).sum(axis=1))
        passed = time_s - self._seen.last_s[places]
        for k in np.flatnonzero(moved > np.maximum(self._limits.jump_m, self._limits.jump_m_s * passed)).tolist():
            self._start_anew(int(places[k]))  # another person's body
            self._bones.forget(int(places[k]))
        lengths = self._tree.lengths(joints)
        far = np.zeros(tracked.shape, bool)
        if self._config.outlier_m_s:
            distance = np.sqrt(np.square(apart - body[:, None]).sum(axis=2))
            passed_each = time_s - self._seen.good_s[places]
            far = distance > np.maximum(self._config.outlier_m, self._config.outlier_m_s * passed_each)
        off = self._bones.off(places, lengths, self._config.bone_tolerance or np.inf)
        good = tracked
        changed = {}
        troubled = np.asarray(~tracked.all(axis=1) | far.any(axis=1) | off.any(axis=1))
        if troubled.any():
            good = tracked.copy()
            for k in np.flatnonzero(troubled).tolist():
                good[k] = self._judge(time_s, int(places[k]), joints[k], tracked[k], far[k], off[k])
                if good[k].all():
                    changed[int(rows[k])] = joints[k]
                else:
                    ready[rows[k]] = False
            lengths = np.where(good[:, self._tree.inner] & good[:, self._tree.outer], lengths, np.nan)
        else:
            self._seen.accepted[places] = False
        self._bones.learn(places, lengths)
        for k, place in enumerate(places.tolist()):
            if len(self._bridges[place]) or (troubled[k] and not good[k].all()):
                since_s, since = self._seen.good_s[place], self._seen.good[place]
                self._bridges[place].push(time_s, positions[rows[k]], joints[k], good[k], since_s, since)
        self._seen.remember(places, time_s, body, joints, good)
        return changed

    def _judge(
        self, time_s: float, place: int, joints: np.ndarray, tracked: np.ndarray, far: np.ndarray, off: np.ndarray
    ) -> np.ndarray:
        """Tell which joints (K,) can be used; those in doubt for long are pulled back in place, and can."""
        doubt: np.ndarray = far | self._tree.blame(off, ~tracked | far)
        waited = time_s - self._seen.good_s[place] > self._patience_s + 1e-6
        accepted = doubt & (waited | self._seen.accepted[place])
        if not self._config.bridge_s:
            accepted |= doubt & ~far  # a frame with a wrong bone is better than none
        self._seen.accepted[place] = accepted
        if self._config.bone_tolerance and accepted.any():
            self._mended["bones_mended"] += self._tree.mend(
                joints, accepted, self._config.bone_tolerance, self._bones.learned_m(place)
            )
        usable: np.ndarray = tracked & (~doubt | accepted)
        return usable

    def _take_late(self, body_ids: Sequence[int], places: np.ndarray) -> list[tuple[int, float, np.ndarray]]:
        late = []
        for body, place in zip(body_ids, places.tolist(), strict=True):
            if place >= 0 and len(self._bridges[place]):
                lengths = self._bones.learned_m(place)
                late += [
                    (int(body), when, whole)
                    for when, whole in self._bridges[place].take_whole(self._config.bone_tolerance, lengths)
                ]
        return late

    def _place(self, body: int) -> int:
        """Return the place of a person in the arrays; -1 where there is no room."""
        place = self._seen.find(body)
        if place is None:
            place = self._seen.add(body)
            if place is None:
                return -1
            self._make_room()
            self._bones.forget(place)
        return place

    def _make_room(self) -> None:
        more = self._seen.places - len(self._bridges)
        if more:
            bridge_s = self._config.bridge_s
            self._bridges += [Bridge(self._tree, self._mended, self._dropped, bridge_s) for _ in range(more)]
            self._bones.grow(self._seen.places)

    def _start_anew(self, place: int) -> None:
        """Forget where somebody's joints were; their bones stay as long as they are."""
        self._bridges[place].give_up()
        self._seen.start_anew(place)


def _median(values: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """Return the median over axis 1 of (N, K, 3), NaN left out, shape (N, 3); rows of NaN alone get another value."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    finite = np.isfinite(ordered)
    if finite.all():
        whole: np.ndarray = ordered[:, (ordered.shape[1] - 1) // 2]
        return whole
    count = finite.sum(axis=1, keepdims=True)
    median = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)[:, 0]
    found: np.ndarray = np.where(count[:, 0] > 0, median, otherwise)
    return found
