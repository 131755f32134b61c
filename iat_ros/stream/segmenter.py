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

"""Finding when one person's action starts and ends, frame by frame.

A person stands at rest, acts, and comes back to rest. An action starts when a limb leaves its rest direction while
it moves, and ends when all limbs are back near rest and quiet. A pose held elsewhere for long ends it too; the way
back from such a held pose is then no action of its own.

Silence and speed are measured in time, not in frames, so any rate will do: 160 actions of UTD-MHAD are each found once
at any rate from 5 to 120 Hz, and 95 % of them are cut within 0.25 s (5 Hz), 0.11 s (15 Hz) or 0.04 s (30 Hz) of where
120 Hz cuts them. Below 10 Hz, speed is that between two frames: what goes there and back between them is not seen.
"""

from __future__ import annotations

import math
from collections import Counter
from enum import Enum

import numpy as np

from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.stream.frames import FrameBuffer
from iat_ros.stream.pose import Pose, make_pose
from iat_ros.stream.segment import Segment, SegmenterConfig
from iat_ros.stream.untracked import untracked_of


class _State(Enum):
    UNKNOWN = "waiting for the person to be quiet for the first time"
    REST = "at rest"
    ACTING = "acting"
    HOLDING = "holding a pose that ended an action"
    RETURNING = "moving out of a held pose"


class ActionSegmenter:
    """Finds the actions of one person in a stream of frames.

    Args:
        definition: The skeleton.
        config: When an action starts and ends.
        dropped: Where to count what is not used; a counter of its own where none is given.

    Attributes:
        dropped: How many frames or actions were not used, by reason.
    """

    def __init__(
        self, definition: SkeletonDefinition, config: SegmenterConfig, dropped: Counter[str] | None = None
    ) -> None:
        self.dropped: Counter[str] = Counter() if dropped is None else dropped
        self._definition = definition
        self._config = config
        self._frames = FrameBuffer(len(definition.joints), len(definition.limbs))
        self._reset()

    def _reset(self) -> None:
        self._state = _State.UNKNOWN
        self._frames.clear()
        self._last_time_s: float | None = None
        self._torso: list[float] = []  # where it was in the newest frame [m]
        self._rest: np.ndarray | None = None  # (L, 3)
        self._rest_before_gap: np.ndarray | None = None  # (L, 3)
        self._quiet_since: float | None = None
        self._started_at = 0.0
        self._comes = False  # the action may be over; nobody was told of it yet
        self._told_of: float | None = None  # the quiet of which somebody was told [s]

    @property
    def last_time_s(self) -> float | None:
        """Time of the newest frame [s]."""
        return self._last_time_s

    @property
    def acting(self) -> bool:
        """Whether an action is under way."""
        return self._state is _State.ACTING

    @property
    def comes(self) -> bool:
        """Whether the person has just come to rest, so that the action ends unless they go on."""
        return self._comes

    def take_coming(self) -> Segment | None:
        """Return the action as it will be if the person stays at rest, once each time that they come to rest."""
        self._comes = False
        return self._action_until(self._frames.times_s[-1]) if self.acting else None

    def push(self, time_s: float, positions: np.ndarray) -> Segment | None:
        """Take the next frame.

        Args:
            time_s: Its stamp [s].
            positions: Joint positions [m], shape (J, 3). A frame that lacks a needed joint (NaN) is dropped.

        Returns:
            The action that this frame ended, or None.

        Raises:
            SkeletonError: The shape does not fit the definition, or a limb has no length.
        """
        if len(positions) == len(self._definition.joints):
            lacking = ~np.isfinite(positions[self._definition.needed_joints]).all(axis=1)
            if lacking.any():
                self.dropped[untracked_of(self._definition).reason(lacking)] += 1
                return None
        return self.push_pose(time_s, make_pose(self._definition, positions))

    def push_pose(self, time_s: float, pose: Pose) -> Segment | None:
        """Take the next frame, as `push` does, where its pose is made already."""
        last = self._last_time_s
        if last is not None and not self._follows(time_s - last, pose.torso):
            return None
        self._frames.append(time_s, pose.positions, pose.limbs)
        self._last_time_s, self._torso = time_s, pose.torso
        return self._step(time_s, pose.limbs)

    def _follows(self, passed_s: float, torso: list[float]) -> bool:
        """Whether a frame may be used; where it is no continuation of those before it, they are forgotten."""
        config = self._config
        if passed_s <= 0:
            if -passed_s <= config.max_gap_s:
                self.dropped["stamp not newer"] += 1
                return False
            self.dropped["clock jumped back"] += 1
            self._reset()
        elif passed_s > config.max_gap_s:
            if self.acting:
                self.dropped["action cut by a gap"] += 1
            rest = self._rest_before_gap if self._rest is None else self._rest
            self._reset()
            self._rest_before_gap = rest
        elif math.dist(torso, self._torso) > max(config.jump_m, config.jump_m_s * passed_s):
            self.dropped["body jumped"] += 1
            self._reset()
        return True

    def current(self) -> Segment | None:
        """Return the action so far, or the last moments before now when nobody acts; None without two frames."""
        start = self._started_at - self._config.lead_s if self.acting else -math.inf
        return self._cut(start, math.inf)

    def _step(self, now: float, limbs: np.ndarray) -> Segment | None:
        config = self._config
        if self._speed(now, limbs) > config.moving_rad_s:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        quiet_s = 0.0 if self._quiet_since is None else now - self._quiet_since
        self._comes = False
        if self._rest is None or self._state is _State.UNKNOWN:
            self._frames.forget_before(now - config.lead_s - config.speed_span_s)
            if quiet_s >= config.quiet_s and (self._may_be_rest(limbs) or quiet_s >= config.hold_s):
                self._rest, self._state = limbs, _State.REST
                self._rest_before_gap = None
            return None
        away = _angle(limbs, self._rest)
        moving = self._quiet_since is None
        if self._state is _State.REST:
            self._frames.forget_before(now - config.lead_s - config.speed_span_s)
            if moving and away > config.start_angle_rad:
                self._state, self._started_at = _State.ACTING, now
            elif not moving:
                self._follow_rest(now, limbs)
            return None
        at_rest = away < config.rest_angle_rad and quiet_s >= config.quiet_s
        held = quiet_s >= config.hold_s
        if self._state is _State.ACTING:
            if at_rest or held:
                segment = self._finish(now)
                self._state = _State.REST if at_rest else _State.HOLDING
                return segment
            if not moving and away < config.rest_angle_rad and self._told_of != self._quiet_since:
                self._comes, self._told_of = True, self._quiet_since
            if now - self._started_at > config.max_action_s:
                self.dropped["action too long"] += 1
                self._reset()
            return None
        self._frames.forget_before(now - config.lead_s - config.speed_span_s)
        if at_rest:  # back from a held pose: that was no action
            self._state = _State.REST
        elif self._state is _State.HOLDING and moving:
            self._state, self._started_at = _State.RETURNING, now
        elif self._state is _State.RETURNING and (held or now - self._started_at > config.hold_s):
            self._rest, self._state = limbs, _State.UNKNOWN
        return None

    def _may_be_rest(self, limbs: np.ndarray) -> bool:
        """Whether somebody may rest in this pose; who was lost in mid-action pauses elsewhere, and that is no rest."""
        known = self._rest_before_gap
        return known is None or _angle(limbs, known) < self._config.rest_angle_rad

    def _finish(self, now: float) -> Segment | None:
        """Cut the action out, and let its frames go."""
        segment = self._action_until(now)
        self._frames.forget_before(now - self._config.lead_s - self._config.speed_span_s)
        if segment is None:
            self.dropped["action too short"] += 1
        return segment

    def _action_until(self, now: float) -> Segment | None:
        """Copy the action: from shortly before it started to the first quiet frame after it; None if too short."""
        end = now if self._quiet_since is None else self._quiet_since
        segment = self._cut(self._started_at - self._config.lead_s, end)
        if segment is None or segment.times_s[-1] - segment.times_s[0] < self._config.min_action_s:
            return None
        return segment

    def _cut(self, start_s: float, end_s: float) -> Segment | None:
        """Copy the frames from one time to another, both included; None when they are fewer than two."""
        times = self._frames.times_s
        first, last = np.searchsorted(times, start_s), np.searchsorted(times, end_s, side="right")
        if last - first < 2:
            return None
        return Segment(times[first:last].copy(), self._frames.positions[first:last].copy())

    def _speed(self, now: float, limbs: np.ndarray) -> float:
        """Angular speed of the fastest limb over the last moments [rad/s]."""
        times, span_s = self._frames.times_s, self._config.speed_span_s * 0.999
        index = len(times) - 1
        while index > 0 and now - times[index] < span_s:
            index -= 1
        passed = now - float(times[index])
        return _angle(limbs, self._frames.limbs[index]) / passed if passed > 0 else 0.0

    def _follow_rest(self, now: float, limbs: np.ndarray) -> None:
        """Let the rest pose follow slowly, since nobody stands like a statue."""
        if self._rest is not None and len(self._frames) >= 2:
            share = min(1.0, (now - float(self._frames.times_s[-2])) / 1.0)
            mixed = (1.0 - share) * self._rest + share * limbs
            self._rest = mixed / np.linalg.norm(mixed, axis=-1, keepdims=True).clip(1e-6)


def _angle(limbs: np.ndarray, others: np.ndarray) -> float:
    """Largest angle between limbs of two poses [rad]."""
    return math.acos(max(-1.0, min(1.0, min(np.einsum("ij,ij->i", limbs, others).tolist()))))
