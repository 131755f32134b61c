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

"""Watches commands for what breaks a robot's limits."""

from __future__ import annotations

from collections import Counter

import numpy as np

from iat_ros.robot.joint_path import Array, RobotState
from iat_ros.robot.model import RobotModel

ROUNDING = 1e-4
"""Share of a limit by which velocity and acceleration may exceed it."""
ROUNDING_RAD = 1e-6
_UNITS = {
    "position": "rad",
    "velocity": "rad/s",
    "acceleration": "rad/s^2",
    "position step": "rad",
    "velocity step": "rad/s",
}


class LimitWatch:
    """Watches what a controller commands; it is the only one who does, the controller itself lets all pass.

    A step is a change between two updates that exceeds what the limits could explain; the first update follows the rest
    pose.

    Attributes:
        violations: How many updates broke what: ``position``, ``velocity``, ``acceleration``, ``position step``,
            ``velocity step``, ``not finite``.
        largest: By how much at most [rad], [rad/s], [rad/s^2], [rad], [rad/s].
        words: What the last update broke, which joint and by how much; empty if nothing.
    """

    def __init__(self, model: RobotModel) -> None:
        self._model = model
        self._last: RobotState | None = RobotState(model.rest)
        self.violations: Counter[str] = Counter()
        self.largest: dict[str, float] = {}
        self.words = ""

    def look(self, state: RobotState, period_s: float) -> tuple[str, ...]:
        """Judge a state that follows the last one after a period [s]; return what it breaks."""
        broken = self._judge(state, period_s)
        for kind, excess in broken.items():
            self.violations[kind] += 1
            self.largest[kind] = max(float(excess.max()), self.largest.get(kind, 0.0))
        self.words = ", ".join(self._say(kind, excess) for kind, excess in broken.items())
        return tuple(broken)

    def forget(self) -> None:
        """Forget the last state: what comes next does not follow it, as after a controller was activated."""
        self._last = None

    def _say(self, kind: str, excess: Array) -> str:
        if kind not in _UNITS:
            return kind
        worst = int(excess.argmax())
        return f"{kind} of {self._model.joint_names[worst]} by {excess[worst]:.3g} {_UNITS[kind]}"

    def _judge(self, state: RobotState, period_s: float) -> dict[str, Array]:
        """Return by how much each joint breaks what, of that which one joint at least breaks."""
        model, (q, v, a) = self._model, _filled(state)
        if not np.isfinite(np.concatenate([q, v, a])).all():
            self._last = None
            return {"not finite": np.full(1, np.inf)}
        over = {
            "position": np.maximum(model.lower - q, q - model.upper) - ROUNDING_RAD,
            "velocity": np.abs(v) - (1 + ROUNDING) * model.max_velocity,
            "acceleration": np.abs(a) - (1 + ROUNDING) * model.max_acceleration,
        }
        if self._last is not None:
            q0, v0, _ = _filled(self._last)
            gain = (1 + ROUNDING) * model.max_acceleration * period_s
            over["position step"] = (
                np.abs(q - q0) - (np.maximum(np.abs(v), np.abs(v0)) + gain) * period_s - ROUNDING_RAD
            )
            over["velocity step"] = np.abs(v - v0) - gain - ROUNDING
        self._last = state
        return {kind: excess for kind, excess in over.items() if excess.max() > 0.0}


def _filled(state: RobotState) -> tuple[Array, Array, Array]:
    still = np.zeros_like(state.positions)
    v, a = state.velocities, state.accelerations
    return state.positions, still if v is None else v, still if a is None else a
