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

"""How long each stage of the last answer took, from what the viewer sees go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_MOST_WINDOWS = 16
_SAME_S = 1e-6  # stamps are copied, not measured again
_LOST_S = 0.2  # a trajectory that came so long before a response belongs to something else
_LONGEST_S = 60.0  # more means that stamps come from another clock
_MOVED = 0.01  # rad, or m: so far from where it stood when the trajectory came, the robot moves


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: What had happened at its end.
        took_ms: Time since the stage before, or None: not known (yet).
        total_ms: Time since the beginning, or None.
    """

    name: str
    took_ms: float | None
    total_ms: float | None


class AnswerStages:
    """Follows one answer: end of the action, window, response, trajectory, robot moving.

    The beginning is the stamp of the action's last frame, or the time of the request for an answer that was asked for.
    All times are in seconds of the clock that stamps messages.
    """

    def __init__(self) -> None:
        self._windows: dict[float, float] = {}  # stamp, receipt
        self._stamp_s: float | None = None
        self._response_s = 0.0
        self._trajectory_s: float | None = None
        self._early_trajectory_s: float | None = None  # of one whose response has not come yet
        self._moving_s: float | None = None
        self._pose: dict[str, float] = {}  # where the robot was when the trajectory came

    def saw_window(self, stamp_s: float, now_s: float) -> None:
        """Take note of a window."""
        self._windows[stamp_s] = now_s
        while len(self._windows) > _MOST_WINDOWS:
            del self._windows[next(iter(self._windows))]

    def saw_response(self, stamp_s: float, now_s: float) -> None:
        """Take note of a response: a new answer begins."""
        self._stamp_s, self._response_s = stamp_s, now_s
        early, self._early_trajectory_s = self._early_trajectory_s, None
        # Topics keep no common order, so a trajectory may come just before its response.
        ours = early is not None and 0.0 <= now_s - early < _LOST_S and early > stamp_s
        self._trajectory_s, self._moving_s = (early if ours else None), None

    def saw_trajectory(self, now_s: float, pose: Mapping[str, float]) -> None:
        """Take note of a trajectory, and of where the robot is."""
        self._pose = dict(pose)
        if self._stamp_s is None or self._trajectory_s is not None:
            self._early_trajectory_s = now_s
        else:
            self._trajectory_s = now_s

    def saw_joints(self, pose: Mapping[str, float], now_s: float) -> None:
        """Take note of where the robot is."""
        if self._trajectory_s is None or self._moving_s is not None:
            return
        if any(abs(angle - self._pose.get(name, angle)) > _MOVED for name, angle in pose.items()):
            self._moving_s = now_s

    @property
    def latency_ms(self) -> float | None:
        """From the beginning to the trajectory [ms]; None: not known."""
        return next(stage.total_ms for stage in self.stages if stage.name == "trajectory")

    @property
    def stages(self) -> list[Stage]:
        """The stages in their order; without an answer, and where stamps come from another clock, nothing is known."""
        start_s = self._stamp_s
        names = ("window", "response", "trajectory", "robot moves")
        if start_s is None:
            return [Stage(name, None, None) for name in names]
        window_s = next((at for stamp, at in self._windows.items() if abs(stamp - start_s) < _SAME_S), None)
        ends = (window_s, self._response_s, self._trajectory_s, self._moving_s)
        stages, before_s = [], start_s
        for name, end_s in zip(names, ends, strict=True):
            if end_s is None or not 0.0 <= end_s - start_s < _LONGEST_S:
                stages.append(Stage(name, None, None))
                continue
            stages.append(Stage(name, 1e3 * max(0.0, end_s - before_s), 1e3 * (end_s - start_s)))
            before_s = max(before_s, end_s)
        return stages
