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

"""evaluate_bag: the nodes over a recording, the same each time; comparison; bags that cannot be used."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rclpy
from rclpy.context import Context

from iat_ros.commands import evaluate_bag
from iat_ros.data.bag import write_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.made_up_session import make_answered_session
from iat_ros.data.recording import from_clips
from iat_ros.data.source import RULES

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, one after the other."""
    path = tmp_path_factory.mktemp("bags") / "two"
    write_bag(path, from_clips(make_clips(people=1, trials=1, actions=("throw", "knock"))))
    return path


def replay(path: Path, out: Path, *words: str) -> dict[str, Any]:
    """Run the verb; return its figures."""
    assert evaluate_bag.main([str(path), "--json", str(out), *words]) == 0
    figures: dict[str, Any] = json.loads(out.read_text())
    return figures


def test_a_recording_is_answered_the_same_way_each_time(bag: Path, tmp_path: Path, ros_domain: int) -> None:
    """Two actions, two answers, no limit broken; but for wall times, a second run is the same; other noise isn't."""
    first = replay(bag, tmp_path / "1.json", "--out", str(tmp_path / "page"))
    assert (first["windows"], first["answers"], first["violations"]) == (2, 2, {})
    assert 90.0 < first["end_of_action_ms"]["p50"] < 180.0
    assert 20.0 < first["trajectory"]["velocity_percent"] <= 100.0
    assert 20.0 < first["trajectory"]["acceleration_percent"] <= 100.0
    assert first["follows_rules_percent"] is None
    assert [each["body"] for each in first["timeline"]["answers"]] == [0, 1]
    page = (tmp_path / "page" / "index.html").read_text()
    assert "not judged" in page
    for picture in ("timeline", "stages", "joints"):
        assert (tmp_path / "page" / "figures" / f"{picture}.svg").stat().st_size > 5000
    second = replay(bag, tmp_path / "2.json")
    other = replay(bag, tmp_path / "3.json", "--seed", "9")
    for each in (first, second, other):
        del each["wall"]
    assert first == second
    assert first["trajectory"] != other["trajectory"]


def test_people_before_a_live_tracker_do_not_come_between(bag: Path, tmp_path: Path, ros_domain: int) -> None:
    """Nodes take what waits in their subscriptions, and ROS_DOMAIN_ID may be that of a robot at work."""
    context = Context()
    rclpy.init(context=context, domain_id=ros_domain)
    listener = rclpy.create_node("listener", context=context)
    with subprocess.Popen([sys.executable, "-m", "iat_ros", "play", "--loop", "--wait", "0"]) as tracker:
        try:
            deadline_s = time.monotonic() + 60.0
            while not listener.count_publishers("/skeletons"):
                assert time.monotonic() < deadline_s
                time.sleep(0.1)
            beside = replay(bag, tmp_path / "beside.json")
            assert listener.count_publishers("/skeletons")
        finally:
            tracker.terminate()
            rclpy.shutdown(context=context)
    alone = replay(bag, tmp_path / "alone.json")
    del alone["wall"], beside["wall"]
    assert beside == alone


def test_against_itself_nothing_differs(
    bag: Path, tmp_path: Path, attending_model: Path, ros_domain: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every difference is zero; against another recording or another model, some are not."""
    model = ("--model", str(attending_model))
    same = replay(bag, tmp_path / "same.json", *model, "--against", str(bag))
    assert same["differences"]
    assert set(same["differences"].values()) == {0.0}
    shipped = replay(bag, tmp_path / "shipped.json", *model, "--against", "utd_mhad")
    assert shipped["differences"]["diversity"] != 0.0
    assert evaluate_bag.main([str(bag), "--against", "nowhere"]) == 1
    assert "--against nowhere: there is neither a bag nor a model" in capsys.readouterr().err
    longer = tmp_path / "longer"
    write_bag(longer, from_clips(make_clips(people=2, trials=1, actions=("throw", "knock"))))
    apart = replay(bag, tmp_path / "apart.json", *model, "--against", str(longer), "--out", str(tmp_path / "page"))
    assert apart["differences"]["windows"] == 2
    assert "difference" in (tmp_path / "page" / "index.html").read_text()


def test_only_who_acts_is_shown(tmp_path: Path, ros_domain: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two people of whom one answers, only the other one gets answers; a body id of nobody is one line."""
    path = tmp_path / "pair"
    session, done = make_answered_session(1, RULES, 0)
    write_bag(path, session)
    assert sorted(one.body for one in done) == [1, 2]
    figures = replay(path, tmp_path / "1.json", "--stimulus", "1", "--out", str(tmp_path / "page"))
    assert [each["body"] for each in figures["timeline"]["answers"]] == [1]
    assert figures["windows"] == 1
    assert "only the people of these body ids: 1." in (tmp_path / "page" / "index.html").read_text()
    assert replay(path, tmp_path / "all.json")["windows"] == 2
    capsys.readouterr()
    assert evaluate_bag.main([str(path), "--stimulus", "1", "7"]) == 1
    assert f"{path}: --stimulus 7: nobody of that body id is in it; seen: 1, 2\n" in capsys.readouterr().err
    other = tmp_path / "other"
    write_bag(other, [replace(frame, body_ids=frame.body_ids + 1) for frame in session])
    assert evaluate_bag.main([str(path), "--stimulus", "1", "--against", str(other)]) == 1
    assert f"{other}: --stimulus 1: nobody of that body id is in it; seen: 2, 3\n" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["missing", "cut", "empty", "topic"])
def test_what_cannot_be_read_is_one_line(
    damage: str, bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ros_domain: int
) -> None:
    """It names the bag; exit code 1."""
    path, words = tmp_path / "damaged", []
    if damage != "missing":
        shutil.copytree(bag, path)
    for file in path.glob("*.mcap"):
        if damage == "cut":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        if damage == "empty":
            file.write_bytes(b"")
    if damage == "topic":
        words = ["--topic", "bodies"]
    assert evaluate_bag.main([str(path), *words]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1
    assert str(path) in told[0]


def test_another_skeleton_is_one_line(bag: Path, capsys: pytest.CaptureFixture[str], ros_domain: int) -> None:
    """The number of joints tells."""
    assert evaluate_bag.main([str(bag), "--skeleton", "kinect_v2"]) == 1
    assert "20 joints, the skeleton 'kinect_v2' has 25" in capsys.readouterr().err


def test_people_in_millimetres_are_one_line_and_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ros_domain: int
) -> None:
    """Nobody in it could be used, so that there is nothing to report."""
    frames = from_clips(make_clips(people=1, trials=1, actions=("knock",)))
    write_bag(tmp_path / "mm", [replace(frame, positions=1000.0 * frame.positions) for frame in frames])
    assert evaluate_bag.main([str(tmp_path / "mm"), "--out", str(tmp_path / "page")]) == 1
    (told,) = capsys.readouterr().err.strip().splitlines()
    assert f"{tmp_path / 'mm'}: its people are" in told
    assert "millimetres?" in told
    assert not (tmp_path / "page").exists()
