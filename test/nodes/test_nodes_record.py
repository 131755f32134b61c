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

"""record as a program, beside a tracker that it hears over DDS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message

from iat_ros.data.bag import read_bag
from iat_ros.data.made_up import make_clips
from iat_ros.nodes.clouds import encode_skeletons
from iat_ros.nodes.record import RecordNode

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.ros


def start(domain: int, *words: str) -> subprocess.Popen[str]:
    """Start a verb."""
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    return subprocess.Popen(
        [sys.executable, "-m", "iat_ros", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(true: Callable[[], bool], limit_s: float = 30.0) -> None:
    """Wait for something, with a limit."""
    deadline = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def size(bag: Path) -> int:
    """Bytes of a bag so far."""
    return sum(file.stat().st_size for file in bag.glob("*")) if bag.is_dir() else 0


def test_ctrl_c_closes_the_bag_and_a_kill_leaves_one_that_can_be_mended(ros_domain: int, tmp_path: Path) -> None:
    """Two recorders hear the same tracker; one is asked to end, the other killed."""
    ended, killed = tmp_path / "ended", tmp_path / "killed"
    words = ["--topics", "joint_states", "--json", str(tmp_path / "r.json")]
    recorders = [start(ros_domain, "record", "--out", str(ended), *words)]
    recorders += [start(ros_domain, "record", "--out", str(killed), "--storage", "sqlite3")]
    until(lambda: ended.is_dir() and killed.is_dir())
    empty = size(killed)
    player = start(ros_domain, "play", "--loop")
    try:
        until(lambda: size(ended) > 20_000 and size(killed) > empty + 20_000)
        recorders[0].send_signal(signal.SIGINT)
        recorders[1].kill()
        said = [recorder.communicate(timeout=20)[0] for recorder in recorders]
    finally:
        player.send_signal(signal.SIGINT)
        player.communicate(timeout=20)
    assert recorders[0].returncode == 0, said[0]
    assert f"{ended}: " in said[0]
    figures = json.loads((tmp_path / "r.json").read_text())
    frames = list(read_bag(ended))
    assert figures["messages"] == {"/skeletons": len(frames), "/joint_states": 0}
    assert figures["frames_with_people"] == len(frames) > 30
    assert figures["people"] == sorted({int(body) for frame in frames for body in frame.body_ids})
    mended = start(ros_domain, "record", "--mend", str(killed), "--out", str(tmp_path / "mended"))
    told = mended.communicate(timeout=30)[0]
    assert mended.returncode == 0, told
    saved = len(list(read_bag(tmp_path / "mended")))
    assert saved > 10
    assert f"saved {saved} messages of /skeletons" in told


def test_an_existing_bag_is_not_overwritten(ros_domain: int, tmp_path: Path) -> None:
    """One line, exit code 1, and what was there stays."""
    (tmp_path / "bag").mkdir()
    recorder = start(ros_domain, "record", "--out", str(tmp_path / "bag"))
    said, _ = recorder.communicate(timeout=30)
    assert recorder.returncode == 1
    assert f"iat_ros record: {tmp_path / 'bag'}: exists already" in said
    assert "Traceback" not in said


def test_nobody_in_view_is_an_error(ros_domain: int, tmp_path: Path) -> None:
    """The bag is there, and a script that records learns that there is nothing in it."""
    recorder = start(ros_domain, "record", "--out", str(tmp_path / "bag"), "--duration", "1")
    said, _ = recorder.communicate(timeout=30)
    assert recorder.returncode == 1
    assert f"iat_ros record: {tmp_path / 'bag'}: nobody was seen on /skeletons" in said
    assert list(read_bag(tmp_path / "bag")) == []


def test_people_in_millimetres_are_recorded_counted_and_told_once(
    ros_domain: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What came is never lost."""
    rclpy.init(domain_id=ros_domain)
    try:
        node = RecordNode(tmp_path / "bag")
        clip = make_clips(1, 1)[0]
        for number, pose in enumerate(1000.0 * clip.positions[:3]):
            cloud = encode_skeletons(Time(sec=number + 1), "camera", np.array([7]), pose[None])
            node._taker(node.skeletons, True)(serialize_message(cloud))
        node.bag.close()
        figures = node.figures()
        node.destroy_node()
    finally:
        rclpy.shutdown()
    assert (figures["too_large"], figures["frames_with_people"], figures["messages"]) == (3, 3, {"/skeletons": 3})
    assert capfd.readouterr().err.count("skeletons must be in metres") == 1
