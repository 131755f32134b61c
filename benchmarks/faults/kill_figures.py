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

"""What became of kills, counted: for each victim, and for all of them together.

Each kill is kept among a victim's figures, so that victims that were killed in different runs can be put together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from iat_ros.errors import DataError

VICTIMS = ("perception", "act2act", "trajectory", "interact", "tracker", "camera", "viewer", "robot")
RECOVERY_WITHIN_S = 60.0
REST_WITHIN_S = 15.0
HALT_WITHIN_S = 5.0


@dataclass(frozen=True)
class Kill:
    """What became of one kill.

    Attributes:
        node: Who was killed.
        acting: Whether the person went on acting.
        active_s: From the restart to being active, and the viewer's page being served [s]; NaN if it never was.
        recovery_s: From the kill, or from when the person acts again, or from the resume, to the next answer; NaN if
            there was none.
        rest_s: From the kill, or from the answer after it where the person went on, to the robot's rest; NaN if none.
        violations: Limits broken meanwhile.
        at_s: When it was, since the epoch, as log lines have it [s].
        state: What the nodes told when the chain had not recovered; empty if it had.
        halt_s: From the robot's kill to the halt that is told [s]; NaN if there was none, or if others were killed.
        answered: Whether each action that ended since the viewer's kill was answered; empty if others were killed.
    """

    node: str
    acting: bool
    active_s: float
    recovery_s: float
    rest_s: float
    violations: dict[str, int]
    at_s: float
    state: str = ""
    halt_s: float = math.nan
    answered: tuple[bool, ...] = ()

    def failures(self) -> list[str]:
        """Say what it failed in."""
        found = []
        if math.isnan(self.recovery_s):
            found.append(f"{self.node}: not recovered in {RECOVERY_WITHIN_S:g} s: {self.state}")
        if math.isnan(self.rest_s):
            found.append(f"{self.node}: no rest within {REST_WITHIN_S:g} s")
        if self.node == "robot" and math.isnan(self.halt_s):
            found.append(f"{self.node}: no halt within {HALT_WITHIN_S:g} s")
        if not all(self.answered):
            found.append(f"{self.node}: {self.answered.count(False)} actions without an answer meanwhile")
        return found

    def figures(self) -> dict[str, Any]:
        """Return it as JSON has it, None for NaN."""
        return {
            key: (None if math.isnan(value) else round(value, 3)) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def of_victim(
    results: Sequence[Kill], wanted: int, crashes: Sequence[str], stuck: Sequence[str] = ()
) -> dict[str, Any]:
    """Count what became of one victim's kills; crashes and stuck say in words what ended them early."""
    failures = [line for each in results for line in each.failures()] + [*crashes, *stuck]
    if len(results) < wanted:
        failures.append(f"only {len(results)} of {wanted} kills were done")
    each = [kill.figures() for kill in results]
    return {**_counts(each), "crashes": len(crashes), "failures": failures, "each": each}


def of_all(by_node: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Put the figures of all victims together."""
    each = [kill for figures in by_node.values() for kill in figures["each"]]
    return {
        **_counts(each),
        "by_node": dict(by_node),
        "crashes": sum(figures["crashes"] for figures in by_node.values()),
        "with_violations": [kill for kill in each if kill["violations"]],
        "failures": [line for figures in by_node.values() for line in figures["failures"]],
    }


def of_earlier_run(figures: Mapping[str, Any], victims: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what an earlier run found of other victims than these.

    Raises:
        DataError: It did not keep each kill, so nothing can be put together with it.
    """
    others = {name: found for name, found in figures.get("by_node", {}).items() if name not in victims}
    bare = [name for name, found in others.items() if "each" not in found]
    if bare:
        raise DataError(
            f"the file's kills of {', '.join(bare)} are of an older version, which kept no single kills; kill these "
            "too (--victims), or give another --json"
        )
    return others


def _counts(kills: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    def spread(key: str, acting: bool | None = None) -> dict[str, float] | None:
        values = [kill[key] for kill in kills if kill[key] is not None and acting in (None, kill["acting"])]
        if not values:
            return None
        return {f"p{percent}": round(float(np.percentile(values, percent)), 2) for percent in (50, 99)}

    counts: dict[str, Any] = {
        "kills": len(kills),
        "recovered": sum(kill["recovery_s"] is not None for kill in kills),
        "rested": sum(kill["rest_s"] is not None for kill in kills),
        "recovery_s": spread("recovery_s", acting=True),
        "recovery_after_rest_s": spread("recovery_s", acting=False),
        "rest_s": spread("rest_s", acting=False),
        "restart_to_active_s": spread("active_s"),
        "limit_violations": sum(sum(kill["violations"].values()) for kill in kills),
    }
    victims = {kill["node"] for kill in kills}
    if "robot" in victims:
        counts |= {"halted": sum(kill["halt_s"] is not None for kill in kills), "halt_s": spread("halt_s")}
    if "viewer" in victims:
        answered = [each for kill in kills for each in kill["answered"]]
        counts |= {"actions_without_viewer": len(answered), "answered_without_viewer": sum(answered)}
    return counts
