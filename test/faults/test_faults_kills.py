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

"""Kills: how they are counted, and a real one of each kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.faults.kill_figures import VICTIMS, Kill, of_all, of_earlier_run, of_victim
from benchmarks.faults.kills import run_kills
from iat_ros.errors import DataError


def test_kills_that_fail_are_counted() -> None:
    """No recovery, no rest, violations, a crash of another node: each is told."""
    good = Kill("trajectory", True, 2.0, 4.0, 1.0, {}, 0.0)
    bad = Kill("trajectory", False, 2.0, np.nan, np.nan, {"violations: velocity": 3}, 0.0, "trajectory: halted")
    figures = of_victim([good, bad], 3, ["robot ended by itself with 1"])
    assert (figures["kills"], figures["recovered"], figures["rested"]) == (2, 1, 1)
    assert (figures["crashes"], figures["limit_violations"]) == (1, 3)
    assert figures["recovery_s"] == {"p50": 4.0, "p99": 4.0}
    assert len(figures["failures"]) == 4
    assert figures["failures"][0] == "trajectory: not recovered in 60 s: trajectory: halted"
    json.dumps(figures, allow_nan=False)


def test_what_is_asked_of_one_victim_only_is_counted() -> None:
    """A trajectory node that does not halt when its robot is gone, an action without an answer when the viewer is."""
    robot = [Kill("robot", True, 2.0, 4.0, 1.0, {}, 0.0, halt_s=halt_s) for halt_s in (1.5, np.nan)]
    viewer = [Kill("viewer", True, 2.0, 4.0, 1.0, {}, 0.0, answered=(True, False, True))]
    figures = of_all({"robot": of_victim(robot, 2, []), "viewer": of_victim(viewer, 1, [])})
    assert (figures["kills"], figures["recovered"], figures["halted"]) == (3, 3, 1)
    assert figures["halt_s"] == {"p50": 1.5, "p99": 1.5}
    assert (figures["actions_without_viewer"], figures["answered_without_viewer"]) == (3, 2)
    assert figures["failures"] == [
        "robot: no halt within 5 s",
        "viewer: 1 actions without an answer meanwhile",
    ]


def test_victims_killed_in_different_runs_end_in_one_count() -> None:
    """Percentiles are over the kills of both runs; a victim that is killed again replaces its kills."""
    first = of_all(
        {
            "act2act": of_victim([Kill("act2act", True, 2.0, 4.0, 1.0, {}, 0.0)], 1, []),
            "robot": of_victim([], 1, ["robot ended by itself with 1"]),
        }
    )
    assert (first["crashes"], len(first["failures"])) == (1, 2)
    others = of_earlier_run(json.loads(json.dumps(first)), ["robot"])
    robot = of_victim([Kill("robot", True, 2.0, 6.0, 1.0, {"violations: velocity": 1}, 0.0, halt_s=1.0)], 1, [])
    both = of_all({**others, "robot": robot})
    assert (both["kills"], both["recovered"], both["limit_violations"], both["crashes"]) == (2, 2, 1, 0)
    assert both["recovery_s"] == {"p50": 5.0, "p99": 5.98}
    assert list(both["by_node"]) == ["act2act", "robot"]
    assert both["failures"] == []
    with pytest.raises(DataError, match="kills of act2act are of an older version"):
        of_earlier_run({"by_node": {"act2act": {"recovered": 50}}}, ["robot"])
    assert of_earlier_run({"by_node": {"act2act": {"recovered": 50}}}, VICTIMS) == {}


def test_figures_are_told_after_each_victim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killing all of them takes more than an hour; what was measured is kept should it end early."""

    def kill_often(name: str, times: int, logs: Path) -> dict[str, Any]:
        """Kill nobody."""
        return of_victim([Kill(name, True, 2.0, 4.0, 1.0, {}, 0.0, halt_s=1.0, answered=(True,))] * times, times, [])

    monkeypatch.setattr("benchmarks.faults.kills.kill_often", kill_often)
    told: list[dict[str, Any]] = []
    earlier = {"act2act": kill_often("act2act", 1, tmp_path)}
    last = run_kills(2, tmp_path, ("robot", "perception"), earlier, told.append)
    assert [list(figures["by_node"]) for figures in told] == [["act2act", "robot"], ["perception", "act2act", "robot"]]
    assert [figures["kills"] for figures in told] == [3, 5]
    assert told[-1] == last


@pytest.mark.ros
@pytest.mark.parametrize("victim", ["trajectory", "interact", "robot"])
def test_each_kind_of_victim_is_killed_once(ros_domain: int, tmp_path: Path, victim: str) -> None:
    """The chain comes back, by itself or, where the robot was away, after a halt; what its nodes print is kept."""
    figures = run_kills(1, tmp_path, (victim,))
    assert figures["failures"] == []
    assert (figures["kills"], figures["recovered"], figures["limit_violations"]) == (1, 1, 0)
    assert figures.get("halted") == (1 if victim == "robot" else None)
    node = "trajectory" if victim == "interact" else victim
    assert (tmp_path / victim / f"{victim}.log").read_text().count(f"[{node}]: active") == 2
