"""Finding when one person's action starts and ends, frame by frame.

A person stands at rest, acts, and comes back to rest. An action starts when a limb leaves its rest direction while
it moves, and ends when all limbs are back near rest and quiet. A pose held elsewhere for long ends it too; the way
back from such a held pose is then no action of its own.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum

import numpy as np

from iat_ros.errors import ConfigError
from iat_ros.skeleton.definition import SkeletonDefinition
from iat_ros.skeleton.limbs import limb_vectors


@dataclass(frozen=True)
class SegmenterConfig:
    """When an action counts as started and ended.

    Attributes:
        start_angle_rad: A limb this far from rest, while moving, starts an action.
        rest_angle_rad: All limbs within this angle of rest may end it.
        moving_rad_s: Angular speed of the fastest limb above which the person moves.
        quiet_s: How long the person must be near rest without moving before an action has ended.
        hold_s: How long a pose away from rest must be held before an action has ended.
        lead_s: How much of the time before the start belongs to the action.
        speed_span_s: Time over which speed is measured.
        min_action_s: Shorter actions are dropped.
        max_action_s: Longer actions are dropped.
        max_gap_s: A longer gap between frames loses the person.
    """

    start_angle_rad: float = 0.40
    rest_angle_rad: float = 0.55
    moving_rad_s: float = 1.2
    quiet_s: float = 0.15
    hold_s: float = 1.5
    lead_s: float = 0.25
    speed_span_s: float = 0.1
    min_action_s: float = 0.5
    max_action_s: float = 10.0
    max_gap_s: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ConfigError(f"{name} must be above 0, got {value}")
        if self.min_action_s >= self.max_action_s:
            raise ConfigError(f"min_action_s ({self.min_action_s}) must be below max_action_s ({self.max_action_s})")


@dataclass(frozen=True)
class Segment:
    """The frames of one action.

    Attributes:
        times_s: Shape (F,), strictly increasing.
        positions: Joint positions [m], shape (F, J, 3).
    """

    times_s: np.ndarray
    positions: np.ndarray


class _State(Enum):
    UNKNOWN = "waiting for the person to be quiet for the first time"
    REST = "at rest"
    ACTING = "acting"
    HOLDING = "holding a pose that ended an action"
    RETURNING = "moving out of a held pose"


class ActionSegmenter:
    """Finds the actions of one person in a stream of frames.

    Attributes:
        dropped: How many frames or actions were not used, by reason.
    """

    def __init__(self, definition: SkeletonDefinition, config: SegmenterConfig) -> None:
        self.dropped: Counter[str] = Counter()
        self._definition = definition
        self._config = config
        self._reset()

    def _reset(self) -> None:
        self._state = _State.UNKNOWN
        self._frames: deque[tuple[float, np.ndarray, np.ndarray]] = deque()  # time [s], positions, limbs
        self._rest: np.ndarray | None = None  # (L, 3)
        self._quiet_since: float | None = None
        self._started_at = 0.0

    @property
    def last_time_s(self) -> float | None:
        """Time of the newest frame [s]."""
        return self._frames[-1][0] if self._frames else None

    @property
    def acting(self) -> bool:
        """Whether an action is under way."""
        return self._state is _State.ACTING

    def push(self, time_s: float, positions: np.ndarray) -> Segment | None:
        """Take the next frame.

        Args:
            time_s: Its stamp [s].
            positions: Joint positions [m], shape (J, 3). A frame that lacks a needed joint (NaN) is dropped.

        Returns:
            The action that this frame ended, or None.

        Raises:
            SkeletonError: The shape does not fit the definition.
        """
        needed = positions[self._definition.needed_joints] if len(positions) == len(self._definition.joints) else None
        if needed is not None and not np.isfinite(needed).all():
            self.dropped["joint not tracked"] += 1
            return None
        last = self.last_time_s
        if last is not None and time_s <= last:
            if last - time_s <= self._config.max_gap_s:
                self.dropped["stamp not newer"] += 1
                return None
            self.dropped["clock jumped back"] += 1
            self._reset()
        elif last is not None and time_s - last > self._config.max_gap_s:
            if self.acting:
                self.dropped["action cut by a gap"] += 1
            self._reset()
        limbs = limb_vectors(self._definition, positions[None])[0]
        self._frames.append((time_s, np.array(positions, dtype=float), limbs))
        return self._step(time_s, limbs)

    def current(self) -> Segment | None:
        """Return the action so far, or the last moments before now when nobody acts; None without two frames."""
        start = self._started_at if self.acting else -np.inf
        frames = [frame for frame in self._frames if frame[0] >= start - self._config.lead_s]
        return _segment(frames) if len(frames) >= 2 else None

    def _step(self, now: float, limbs: np.ndarray) -> Segment | None:
        config = self._config
        if self._speed(now, limbs) > config.moving_rad_s:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        quiet_s = 0.0 if self._quiet_since is None else now - self._quiet_since
        if self._rest is None or self._state is _State.UNKNOWN:
            self._forget_before(now - config.lead_s - config.speed_span_s)
            if quiet_s >= config.quiet_s:
                self._rest, self._state = limbs, _State.REST
            return None
        away = _angle(limbs, self._rest)
        moving = self._quiet_since is None
        if self._state is _State.REST:
            self._forget_before(now - config.lead_s - config.speed_span_s)
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
            if now - self._started_at > config.max_action_s:
                self.dropped["action too long"] += 1
                self._reset()
            return None
        self._forget_before(now - config.lead_s - config.speed_span_s)
        if at_rest:  # back from a held pose: that was no action
            self._state = _State.REST
        elif self._state is _State.HOLDING and moving:
            self._state, self._started_at = _State.RETURNING, now
        elif self._state is _State.RETURNING and (held or now - self._started_at > config.hold_s):
            self._rest, self._state = limbs, _State.UNKNOWN
        return None

    def _finish(self, now: float) -> Segment | None:
        """Cut the action out: from shortly before it started to the first quiet frame after it."""
        start = self._started_at - self._config.lead_s
        end = now if self._quiet_since is None else self._quiet_since
        frames = [frame for frame in self._frames if start <= frame[0] <= end]
        self._forget_before(now - self._config.lead_s - self._config.speed_span_s)
        if len(frames) < 2 or frames[-1][0] - frames[0][0] < self._config.min_action_s:
            self.dropped["action too short"] += 1
            return None
        return _segment(frames)

    def _speed(self, now: float, limbs: np.ndarray) -> float:
        """Angular speed of the fastest limb over the last moments [rad/s]."""
        earlier = self._frames[0]
        for frame in reversed(self._frames):
            earlier = frame
            if now - frame[0] >= self._config.speed_span_s * 0.999:
                break
        passed = now - earlier[0]
        return _angle(limbs, earlier[2]) / passed if passed > 0 else 0.0

    def _follow_rest(self, now: float, limbs: np.ndarray) -> None:
        """Let the rest pose follow slowly, since nobody stands like a statue."""
        if self._rest is not None and len(self._frames) >= 2:
            share = min(1.0, (now - self._frames[-2][0]) / 1.0)
            mixed = (1.0 - share) * self._rest + share * limbs
            self._rest = mixed / np.linalg.norm(mixed, axis=-1, keepdims=True).clip(1e-6)

    def _forget_before(self, time_s: float) -> None:
        while len(self._frames) > 2 and self._frames[0][0] < time_s:
            self._frames.popleft()


def _segment(frames: list[tuple[float, np.ndarray, np.ndarray]]) -> Segment:
    return Segment(np.array([frame[0] for frame in frames]), np.stack([frame[1] for frame in frames]))


def _angle(limbs: np.ndarray, others: np.ndarray) -> float:
    """Largest angle between limbs of two poses [rad]."""
    return float(np.arccos(np.clip((limbs * others).sum(axis=-1), -1.0, 1.0)).max())
