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

"""The fault suite itself: its figures, its runner, and a short version of each part."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.faults.acting import DEFINITION, Person
from benchmarks.faults.figures import merge, read_parts, shortfalls
from benchmarks.faults.nodes_soak import run_nodes_soak
from benchmarks.faults.scenarios import SCENARIOS, steady
from benchmarks.faults.sensor import Frame, Scenario, play, run_sensor
from benchmarks.faults.soak import Soak, run_soak
from iat_ros.errors import DataError, IatError
from iat_ros.robot.joint_path import JointPath
from iat_ros.stream.segment import LIVE
from iat_ros.stream.segmenter import ActionSegmenter

ROOT = Path(__file__).parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the suite as a user does."""
    command = [sys.executable, str(ROOT / "benchmarks" / "faults" / "__main__.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_parts_run_apart_end_in_one_file(tmp_path: Path) -> None:
    """Totals are sums over all parts that ran so far; a part that runs again replaces its figures."""
    path = tmp_path / "build" / "faults.json"
    merge(path, "soak", {"answers": 5, "limit_violations": 2, "crashes": 1})
    merge(path, "kills", {"kills": 3, "recovered": 3, "recovery_s": {"p50": 1.0}, "limit_violations": 4})
    total = merge(path, "soak", {"answers": 7, "limit_violations": 1, "crashes": 0})
    assert total == json.loads(path.read_text())
    assert {key: total[key] for key in ("kills", "answers", "limit_violations", "crashes", "wrong_outputs")} == {
        "kills": 3,
        "answers": 7,
        "limit_violations": 5,
        "crashes": 0,
        "wrong_outputs": 0,
    }
    assert set(read_parts(path)) == {"soak", "kills"}


@pytest.mark.parametrize("text", ["[", "[]", "{}", '{"parts": {"else": {}}}', '{"parts": 3}'])
def test_a_file_of_something_else_is_not_overwritten(tmp_path: Path, text: str) -> None:
    """Figures go beside those of earlier runs only."""
    path = tmp_path / "faults.json"
    path.write_text(text)
    with pytest.raises(DataError, match="earlier run"):
        merge(path, "soak", {})
    assert path.read_text() == text


def test_parts_of_one_run_keep_to_this_machine_from_the_first_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fast DDS reads its profile once: a part that makes nodes before would leave the later ones to the network."""
    seen = []

    def part(name: str, _: object) -> dict[str, int]:
        seen.append((name, os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"], os.environ["FASTRTPS_DEFAULT_PROFILES_FILE"]))
        return {"crashes": 0}

    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "")
    suite = importlib.import_module("benchmarks.faults.__main__")
    monkeypatch.setattr(suite, "run_part", part)
    monkeypatch.setattr(suite.signal, "signal", lambda *_: None)
    assert suite.main(["--parts", "sensor,fuzz", "--json", str(tmp_path / "faults.json")]) == 0
    loopback = str(ROOT / "config" / "fastdds" / "loopback.xml")
    assert seen == [(name, "SYSTEM_DEFAULT", loopback) for name in ("sensor", "fuzz")]


def test_what_failed_is_said() -> None:
    """Whatever must be 0 and isn't, and what a part says itself."""
    assert shortfalls({"crashes": 0, "wrong_outputs": 2, "failures": ["late"]}) == ["2 wrong outputs", "late"]
    assert shortfalls({"crashes": 0}) == []


def test_a_short_soak() -> None:
    """Two minutes of answers break no limit, and the time that is told is that of the stream."""
    figures = run_soak(2 / 60, 20)
    assert figures["failures"] == []
    assert figures["answers"] >= 20
    assert figures["counts"]["performed"] >= 20
    assert figures["soak_hours"] + 0.005 >= 2 / 60
    assert figures["limit_violations"] == figures["wrong_outputs"] == 0


def test_the_soak_sees_what_breaks_limits() -> None:
    """A trajectory that makes the robot step is counted."""
    soak = Soak()
    soak.run(4.0)
    assert soak.robot.watch.violations == {}
    names, rest = soak.robot.joint_names, soak.robot.joints.positions
    step = JointPath.from_points(names, [1_000_000], [rest + 0.3], [np.zeros(len(names))], [[]])
    soak.robot.accept(step, 0, soak.now_ns)
    soak.run(0.1)
    assert soak.robot.watch.violations["position step"] > 0


@pytest.mark.ros
def test_a_short_soak_through_the_nodes(ros_domain: int) -> None:
    """A minute: each window becomes an answer and a trajectory, no limit is broken, nothing is dropped."""
    figures = run_nodes_soak(1 / 60)
    assert figures["failures"] == []
    assert figures["answers"] == figures["windows"] >= 15
    assert figures["trajectories"] >= figures["answers"]
    assert figures["crashes"] == figures["wrong_outputs"] == figures["limit_violations"] == 0


@pytest.mark.ros
def test_a_short_scenario(ros_domain: int) -> None:
    """Swapped numbers: windows are of actions, limits hold, the robot rests."""
    figures = run_sensor(["bodies swap numbers"])
    assert figures["failures"] == []
    assert figures["windows"] >= 10
    assert figures["crashes"] == figures["wrong_outputs"] == figures["limit_violations"] == 0
    with pytest.raises(IatError, match="no scenario 'x'"):
        run_sensor(["x"])


@pytest.mark.ros
def test_a_scenario_that_goes_wrong_is_seen(ros_domain: int) -> None:
    """Another person's motion is no action of this one, and a robot that hears of nobody answers nothing."""

    def of_another(ends_s: float, rng: np.random.Generator) -> list[Frame]:
        return [Frame(each.comes_s, 0.0, (0,), each.comes_s + 4.0) for each in steady(ends_s, rng)]

    figures = play(Scenario(of_another, [Person(3)]))
    assert figures["wrong"]
    figures = play(Scenario(lambda *_: [], [Person(2)]))
    assert figures["failures"] == ["0 of 2 undisturbed actions gave a window"]


def test_each_kind_of_fault_is_played() -> None:
    """Rates, jitter, bursts, late and doubled frames, unplugged, swapped, clocks, simulated time, a looping bag."""
    names = " ".join(SCENARIOS)
    for word in (
        "5 Hz",
        "120 Hz",
        "jitter",
        "bursts",
        "late",
        "doubled",
        "second",
        "minute",
        "swap",
        "simulated",
        "bag",
    ):
        assert word in names


@pytest.mark.ros
def test_a_short_flood(tmp_path: Path) -> None:
    """The runner writes what the flood measured."""
    path = tmp_path / "faults.json"
    done = run("--parts", "flood", "--flood-seconds", "5", "--json", str(path))
    assert done.returncode == 0, done.stderr
    figures = read_parts(path)["flood"]
    assert figures["windows"] > 0
    assert figures["dropped"]["dropped: frame overtaken by newer ones"] > 0


def test_the_runner_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """One line, and nothing is written."""
    done = run("--parts", "soak,sleep", "--json", str(tmp_path / "faults.json"))
    assert done.returncode == 2
    assert "unknown part 'sleep'" in done.stderr
    done = run("--victims", "robot,rviz", "--json", str(tmp_path / "faults.json"))
    assert "unknown victim 'rviz'" in done.stderr
    (tmp_path / "faults.json").write_text("{}")
    done = run("--parts", "soak", "--json", str(tmp_path / "faults.json"))
    assert done.returncode == 1
    assert "earlier run" in done.stderr


def test_who_is_lost_in_mid_action_rests_where_they_rested_before() -> None:
    """Unplugged at 20.4 s for a second, the person pauses in mid-action: no half action, and the next one is found."""
    person, segmenter = Person(10), ActionSegmenter(DEFINITION, LIVE)
    found = []
    for now in np.arange(0.0, person.duration_s + 2.0, 1 / 30).tolist():
        if not 20.4 <= now < 21.4:
            segment = segmenter.push(now, person.pose(now))
            found += [] if segment is None else [segment]
    begins = [float(segment.times_s[0]) for segment in found]
    expected = [known.begins_s for known in person.known if not known.begins_s < 21.4 < known.told_s]
    assert begins == pytest.approx(expected, abs=0.1)
