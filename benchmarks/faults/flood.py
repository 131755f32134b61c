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

"""Flood: 200 people at 1 kHz, far more than the chain can answer."""

from __future__ import annotations

from typing import Any

from benchmarks.perception import measure_flood

_TOLD = ("dropped: frame overtaken by newer ones", "dropped: frame lost before it was taken")
_SHARE_TOLD = 0.99
"""So many of the frames must be used or counted as dropped."""
BOUND_MS = 150.0
"""Half of the windows must come so soon after their action was told to be over [ms], or old frames wait somewhere."""


def run_flood(seconds: float) -> dict[str, Any]:
    """Flood the whole chain in one process.

    Args:
        seconds: How long [s].

    Returns:
        What `measure_flood` counts, and failures. There is no robot here whose limits could be watched.

    Raises:
        IatError: The chain does not come up or ends, or not one window came.
    """
    figures = measure_flood(seconds)
    failures = []
    told = figures["used"] + sum(figures["dropped"].get(reason, 0) for reason in _TOLD)
    if told < _SHARE_TOLD * figures["sent"]:
        failures.append(f"{figures['sent'] - told} of {figures['sent']} frames are lost and nobody says so")
    half_ms = figures["window_latency_ms"]["p50"]
    if half_ms > BOUND_MS:
        failures.append(f"half of the windows come {half_ms} ms late or more, expected at most {BOUND_MS:g}")
    if not figures["trajectories"]:
        failures.append("windows are answered, and the robot is never told")
    return {**figures, "failures": failures}
