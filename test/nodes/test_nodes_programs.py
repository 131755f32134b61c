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

"""play, demo and evaluate --live as programs, as a user starts them."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iat_ros.data.bag import write_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import from_clips
from iat_ros.resources import share_directory
from iat_ros.skeleton.definition import load_skeleton

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("IAT_UTD_MHAD", ROOT.parent / "shared" / "data" / "utd_mhad"))
SHIPPED = share_directory() / "models" / "utd_mhad"

pytestmark = pytest.mark.ros


def run(domain: int, *words: str, timeout_s: float = 120.0) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end."""
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    return subprocess.run(
        [sys.executable, "-m", "iat_ros", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def started(domain: int, *words: str, stderr: int | None = subprocess.STDOUT) -> subprocess.Popen[str]:
    """Start a verb in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "iat_ros", *words],
        cwd=ROOT,
        env={**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )


def test_demo_runs_headless_and_ends_with_a_summary(ros_domain: int, tmp_path: Path) -> None:
    """The demonstration answers every action it saw to its end, and writes its figures."""
    out = tmp_path / "demo.json"
    done = run(ros_domain, "demo", "--headless", "--duration", "14", "--json", str(out))
    assert done.returncode == 0, done.stderr
    summary = json.loads(out.read_text())
    assert summary["actions"] >= 2
    assert summary["actions"] >= summary["answers"] >= summary["actions"] - 1
    assert summary["trajectories"] >= summary["answers"] - 1
    assert summary["latency_ms"]["p99"] >= summary["latency_ms"]["p50"] > 100.0
    assert summary["reaction_ms"]["p50"] < summary["latency_ms"]["p50"]
    assert f"{summary['actions']} actions" in done.stdout
    assert summary["violations"] == {}
    assert summary["dropped"].get("robot") is None


def test_a_demo_that_could_read_no_frame_is_no_success(ros_domain: int, tmp_path: Path) -> None:
    """A recorder that gave two people one number: one line with the reason after the summary, exit code 1."""
    frames = from_clips(make_clips(1, 1, actions=("knock",)), 0.5)
    two = [replace(one, body_ids=np.array([4, 4]), positions=one.positions.repeat(2, axis=0)) for one in frames]
    write_bag(tmp_path / "doubled", two)
    done = run(ros_domain, "demo", "--headless", "--bag", str(tmp_path / "doubled"), "--duration", "4")
    assert done.returncode == 1
    assert "0 actions, 0 answers" in done.stdout
    assert [line for line in done.stderr.splitlines() if "frames were dropped, most of them for: " in line]


def test_a_demo_of_a_model_and_a_recording_of_another_skeleton(ros_domain: int, tmp_path: Path) -> None:
    """Neither UTD-MHAD's: the model says which skeleton the nodes are told, and perception reads every frame."""
    model = shutil.copytree(ROOT / "models" / "utd_mhad", tmp_path / "model")
    card = (model / "model.json").read_text()
    (model / "model.json").write_text(card.replace('"skeleton": "utd_mhad"', '"skeleton": "azure_kinect"'))
    clip = make_clips(1, 1, actions=("knock",))[0]
    ours, theirs = load_skeleton("utd_mhad"), load_skeleton("azure_kinect")
    alike = [ours.joints.index(name) if name in ours.joints else 0 for name in theirs.sent]
    write_bag(tmp_path / "bag", from_clips([replace(clip, positions=clip.positions[:, alike])]))
    out = tmp_path / "demo.json"
    words = ("--model", str(model), "--bag", str(tmp_path / "bag"), "--json", str(out))
    done = run(ros_domain, "demo", "--headless", "--duration", "4", *words)
    assert done.returncode == 0, done.stderr
    summary = json.loads(out.read_text())
    assert summary["frames"] > 50
    assert "another skeleton" not in str(summary["dropped"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("demo", "--headless", "--model", "/nowhere"), "no model directory '/nowhere'"),
        (("demo", "--headless", "--robot", "nope"), "robot 'nope': none that ships is named so"),
        (("demo", "--headless", "--ros-args", "-p", "lead_time:=99"), "the node trajectory refused to start"),
        (("demo", "--headless", "--ros-args", "-p", "trajectroy:lead_time:=1.0"), "did you mean 'trajectory'?"),
        (("demo", "--headless", "--bag", "/nowhere"), "/nowhere: no such bag"),
        (("demo", "--headless", "--data", "/nowhere"), "/nowhere: no such directory"),
        (("play", "--data", "made_up", "--people", "s99"), "--people s99: none of them in made_up"),
        (("play", "--wait", "1", "--ros-args", "-p", "use_sim_time:=true"), "nothing comes on /clock"),
        (("evaluate", "--data", "/nowhere"), "/nowhere: no such directory"),
    ],
)
def test_mistakes_end_with_one_line_and_exit_code_1(ros_domain: int, words: tuple[str, ...], says: str) -> None:
    """A wrong option gives a line that names it, no traceback."""
    done = run(ros_domain, *words)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("play", "--speed", "0"),
        ("play", "--speed", "nan"),
        ("play", "--still", "inf", "--data", "made_up"),
        ("demo", "--duration", "-1"),
        ("demo", "--port", "70000"),
        ("train", "--data", "made_up", "--out", "x", "--seed", "-1"),
        ("evaluate", "--data", "made_up", "--clips", "-3"),
        ("make_up", "--out", "x", "--people", "0"),
    ],
)
def test_values_out_of_range_end_with_exit_code_2(ros_domain: int, words: tuple[str, ...]) -> None:
    """A value out of range is refused before anything is done, with the range."""
    done = run(ros_domain, *words)
    assert done.returncode == 2
    assert "must lie between" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("play", "--clips", "a1_s1_t1"), "--clips needs --data"),
        (("play", "--people", "s2"), "--people needs --data"),
        (("play", "--data", "made_up", "--clips", "a1_s1_t1"), "made_up has no clips by name"),
    ],
)
def test_options_that_do_not_go_together_end_with_exit_code_2(
    ros_domain: int, words: tuple[str, ...], says: str
) -> None:
    """One line says which."""
    done = run(ros_domain, *words)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert says in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-p", "broken"), "-p broken: expected NAME:=VALUE"),
        (("-p", "model:="), "-p model:=: expected NAME:=VALUE; an empty text is NAME:='"),
        (("--params-file", "nowhere.yaml"), "--params-file nowhere.yaml: no such file"),
        (("--remap", "broken"), "ROS refuses '--ros-args --remap broken'"),
    ],
)
def test_ros_arguments_that_ros_cannot_read_are_named(ros_domain: int, words: tuple[str, ...], says: str) -> None:
    """A broken argument is one line, not a traceback."""
    done = run(ros_domain, "perception", "--ros-args", *words)
    assert done.returncode == 1
    assert [says in line for line in done.stderr.splitlines() if line.startswith("iat_ros")] == [True]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("    window: [1, 2\n  x: 3\n", "line 4 is not plain YAML: "),
        ("    window: 16\n    window: 32\n", "line 4: 'window' stands twice, first in line 3; keep one of them"),
        ("    window:\n", "No value at line 3"),
        ("    window: [1, a]\n", "Sequence should be of same type. Value type 'string' do not belong at line_num 3"),
    ],
)
def test_a_parameter_file_that_cannot_be_used_is_one_line(
    ros_domain: int, tmp_path: Path, parameters: str, says: str
) -> None:
    """It names the file and the line; ROS's own parser has two lines for most, and none for what stands twice."""
    file = tmp_path / "broken.yaml"
    file.write_text(f"perception:\n  ros__parameters:\n{parameters}")
    done = run(ros_domain, "perception", "--ros-args", "--params-file", str(file))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"iat_ros perception: {file}: {says}")


def wait_until_it_catches(number: signal.Signals, process: subprocess.Popen[str], timeout_s: float = 60.0) -> None:
    """Wait until a process has a handler of its own for a signal, as the kernel knows it."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        (caught,) = re.findall(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
        if int(caught, 16) >> (number - 1) & 1:
            return
        time.sleep(0.1)
    pytest.fail(f"does not catch {number.name} within {timeout_s:g} s")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("play", "--loop", "--speed", "0.01", "--wait", "0"), 0),
        (("demo", "--headless"), 0),
        (("evaluate", "--live", "--data", "made_up"), 130),
        (("train", "--data", "made_up", "--no-scores", "--out"), 130),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value),
)
def test_signals_end_every_program(
    ros_domain: int, tmp_path: Path, words: tuple[str, ...], code: int, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM end a program soon, with its exit code, no traceback, and no process left behind."""
    words = (*words, str(tmp_path / "model")) if words[-1] == "--out" else words
    with started(ros_domain, *words) as process:
        wait_until_it_catches(signal.SIGTERM, process)
        time.sleep(5.0)  # in the midst of its work
        assert process.poll() is None
        process.send_signal(number)
        said, _ = process.communicate(timeout=40)  # ends only when nobody holds the output any more
    assert process.returncode == code, said
    assert "Traceback" not in said


def test_play_without_listeners_says_so_and_plays_to_its_end(ros_domain: int) -> None:
    """Nobody listens: a warning, the frames all the same, exit code 0."""
    done = run(ros_domain, "play", "--wait", "0.2", "--speed", "50")
    assert done.returncode == 0
    assert "nobody subscribes" in done.stderr
    assert "played 1200 frames" in done.stdout


def test_play_says_at_once_what_it_plays_to_which_topic(ros_domain: int) -> None:
    """Else a loop says nothing until it is ended."""
    words = ("play", "--loop", "--speed", "50", "--wait", "60", "--ros-args", "-r", "skeletons:=/people")
    with started(ros_domain, *words, stderr=None) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 30.0)
        said = process.stdout.readline() if ready else ""
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert said == "playing the made-up people that ship (0.8 s) to /people, again and again; Ctrl-C ends\n"
    assert process.returncode == 0


@pytest.mark.utd
@pytest.mark.skipif(not REAL.is_dir(), reason="UTD-MHAD is not here (set IAT_UTD_MHAD)")
def test_real_people_are_answered_live(ros_domain: int, tmp_path: Path) -> None:
    """People the model never saw, at true speed, through separate processes: one window, one answer each."""
    out = tmp_path / "live.json"
    done = run(ros_domain, "evaluate", "--live", "--data", str(REAL), "--clips", "5", "--json", str(out), timeout_s=240)
    assert done.returncode == 0, done.stderr
    report = json.loads(out.read_text())
    assert report["stimuli"] == report["windows"] == report["stimuli_with_exactly_one_window"] == 5
    assert report["answers"] == 5
    assert report["trajectory_faults"] == []
    assert report["answers_following_the_rules_percent"] > 20.0
    assert report["latency_ms"]["p50"] < 1000.0


@pytest.mark.parametrize(
    "verb", ["train", "evaluate", "interact", "play", "demo", "viewer", "robot", "make_up", "tracker", "camera"]
)
def test_every_verb_explains_itself(ros_domain: int, verb: str) -> None:
    """--help describes the verb and exits with 0."""
    done = run(ros_domain, verb, "--help")
    assert done.returncode == 0
    assert f"usage: iat_ros {verb}" in done.stdout


@pytest.fixture
def quick(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Train with the quick recipe on made-up motions."""

    def train(*more: str) -> subprocess.CompletedProcess[str]:
        words = ("train", "--data", "made_up", "--config", "quick", "--no-scores", "--out", str(tmp_path / "model"))
        return run(1, *words, *more)

    return train


def test_train_writes_a_model_once(quick: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """From a data directory to a model directory; a second time it refuses to overwrite."""
    done = quick("--json", str(tmp_path / "t.json"))
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    assert card["seed"] == 0
    assert card["data_set"]["pairs"] == 80
    again = quick()
    assert again.returncode == 1
    assert "holds a model already" in again.stderr
