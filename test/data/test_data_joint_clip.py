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

"""A robot's joint recordings as responses: the generic form, what is refused, and where a robot's actions are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from iat_ros.data.clip import Clip
from iat_ros.data.generic_writer import write_set
from iat_ros.data.joint_clip import JointClip, cut_joint_action, find_movements, scale_of
from iat_ros.data.made_up import make_clips
from iat_ros.data.opening import open_source
from iat_ros.data.protocol import Rule
from iat_ros.data.reading import Reading
from iat_ros.errors import DataError
from iat_ros.skeleton.motion import Motion

JOINTS = ("shoulder", "elbow")


def swing(name: str, start_s: float = 0.5, person: str = "r1", action: str = "", seed: int = 0) -> JointClip:
    """The shoulder goes up by 0.8 rad and comes back within 1.6 s; around that it stands still."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(0.0, start_s + 2.4, 0.01)
    phase = np.clip((times_s - start_s) / 1.6, 0.0, 1.0)
    up = (0.8 + 0.1 * rng.standard_normal()) * np.sin(np.pi * phase) ** 2
    positions = np.stack([0.2 + up, -0.5 * up], axis=1) + 0.0005 * rng.standard_normal((len(times_s), 2))
    return JointClip(name, times_s, positions, JOINTS, person, action)


@pytest.fixture
def pairs() -> list[Clip | JointClip]:
    """Two people who throw and knock, each answered by a robot that begins a fifth of a second after the start."""
    clips = make_clips(people=2, trials=1, actions=("throw",))
    made: list[Clip | JointClip] = []
    for number, clip in enumerate(clips):
        made.append(Clip(f"act{number}", clip.times_s - clip.times_s[0], clip.positions, f"p{number}", ""))
        made.append(swing(f"answer{number}", start_s=0.2, seed=number))
    return made


ANSWERS = {"answer0": "act0", "answer1": "act1"}


@pytest.mark.parametrize(("name", "kind"), [("set", "npz"), ("set", "csv"), ("set.npz", "npz")])
def test_what_is_written_comes_back(tmp_path: Path, pairs: list[Any], name: str, kind: str) -> None:
    """Names, times and positions survive in every form, and each answer becomes vectors of the robot's joints."""
    write_set(tmp_path / name, pairs, "utd_mhad", ANSWERS, kind=kind)
    source = open_source(str(tmp_path / name))
    for ours, theirs in zip(pairs[1::2], source.joint_clips, strict=True):
        np.testing.assert_array_equal(theirs.positions, ours.positions)
        np.testing.assert_array_equal(theirs.times_s, ours.times_s)
        assert (theirs.name, theirs.joints, theirs.person) == (ours.name, JOINTS, "r1")
    assert "2 interactions of a person and a robot" in source.summary()
    division = source.divide(32, None, 0)
    assert division.pairs.stimuli.limbs_in_body.shape == (2, 32, 8, 3)
    assert division.pairs.responses.limbs_in_body.shape == (2, 32, 2, 3)
    assert source.joint_scale is not None
    positions = source.joint_scale.to_positions(division.pairs.responses.limbs_in_body)
    peaks = [clip.positions[:, 0].max() for clip in pairs[1::2]]
    assert positions[..., 0].max(axis=1) == pytest.approx(peaks, abs=0.02)
    assert division.pairs.responses.durations_s == pytest.approx([1.6, 1.6], abs=0.05)


def test_rules_may_be_answered_by_a_robot(tmp_path: Path) -> None:
    """Labelled clips of a robot are divided by whose part they are."""
    people = make_clips(people=2, trials=2, actions=("throw",))
    robot = [swing(f"catch{n}", person=("s1", "s2")[n % 2], action="catch", seed=n) for n in range(4)]
    write_set(tmp_path / "set.npz", [*people, *robot], "utd_mhad", rules=[Rule("throw", "catch")])
    division = open_source(str(tmp_path / "set.npz")).divide(32, None, 0)
    assert (len(division.pairs), len(division.stimuli), len(division.responses)) == (2, 2, 2)
    assert division.responses[0].motion.limbs_in_body.shape == (32, 2, 3)


def test_joints_are_found_by_name(tmp_path: Path, pairs: list[Any]) -> None:
    """A file with the same joints in another order holds the same motion."""
    other = replace(pairs[3], joints=JOINTS[::-1], positions=pairs[3].positions[:, ::-1])
    write_set(tmp_path / "set", [*pairs[:3], other], "utd_mhad", ANSWERS)
    source = open_source(str(tmp_path / "set"))
    np.testing.assert_array_equal(source.joint_clips[1].positions, pairs[3].positions)


Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda a: {**a, "joint_positions": a["joint_positions"][:, 0]}, "answer1.*shape \\(frames, joints\\)"),
        (lambda a: {**a, "joint_positions": a["joint_positions"].astype(str)}, "answer1.*numbers of shape"),
        (lambda a: {**a, "joint_positions": 1e5 * a["joint_positions"]}, "answer1.*frame 0, joint 'shoulder' is at"),
        (
            lambda a: {**a, "joint_positions": a["joint_positions"] * np.nan},
            "answer1.*frame 0, joint 'shoulder' .* nan",
        ),
        (lambda a: {**a, "joints": a["joints"][:1]}, "answer1.*positions of 2 joints, but 1 names"),
        (lambda a: {**a, "joints": np.array(["elbow", "elbow"])}, "answer1.*distinct names"),
        (lambda a: {**a, "joints": np.array(["elbow", "wrist"])}, "answer1 and answer0 .*only one.*shoulder, wrist"),
        (lambda a: {**a, "times": a["times"][::-1]}, "answer1.*strictly increase"),
        (lambda a: {**a, "times": a["times"][:-1]}, "answer1.*times"),
        (lambda a: {key: a[key] for key in ("joint_positions", "times")}, "answer1.*needs 'joints'"),
        (lambda a: {**a, "positions": np.zeros((3, 20, 3))}, "answer1.*expected an array 'positions' .*or"),
        (lambda a: {**a, "joint_positions": 0.0 * a["joint_positions"]}, "no action that was answered"),
    ],
)
def test_a_damaged_joints_file_is_named(tmp_path: Path, pairs: list[Any], change: Change, problem: str) -> None:
    """The file, what is wrong and what was expected are one line."""
    write_set(tmp_path / "set", pairs, "utd_mhad", ANSWERS)
    file = tmp_path / "set" / "answer1.npz"
    arrays = dict(np.load(file))
    np.savez(file, **change(arrays))
    with pytest.raises(DataError, match=problem) as caught:
        open_source(str(tmp_path / "set")).divide(32, None, 0)
    assert "\n" not in str(caught.value)


def test_only_people_act(tmp_path: Path, pairs: list[Any]) -> None:
    """A robot that is answered, and a set in which robots and people answer, are refused."""
    write_set(tmp_path / "a", pairs, "utd_mhad", {"act0": "answer0", "answer1": "act1"})
    write_set(tmp_path / "b", pairs[:3], "utd_mhad", {"answer0": "act0", "act1": "act0"})
    with pytest.raises(DataError, match="'answer0' holds a robot's joints, but others answer it"):
        open_source(str(tmp_path / "a"))
    with pytest.raises(DataError, match="'answer0' answers with a robot's joints, 'act1' with a skeleton"):
        open_source(str(tmp_path / "b"))


def test_bad_files_are_left_out_on_request(tmp_path: Path, pairs: list[Any]) -> None:
    """The rest of the set is read, and the pair goes with its bad clip."""
    write_set(tmp_path / "set", pairs, "utd_mhad", ANSWERS)
    (tmp_path / "set" / "answer1.npz").write_bytes(b"nonsense")
    source = open_source(str(tmp_path / "set"), reading=Reading("skip"))
    assert [clip.name for clip in source.joint_clips] == ["answer0"]
    assert len(source.interactions) == 1


def test_movements_are_found_in_a_long_recording() -> None:
    """Two swings with a calm second between are two; sway, jitter and a short twitch are none; a held pose belongs."""
    times_s = np.arange(0.0, 14.0, 0.01)
    rng = np.random.default_rng(0)

    def bump(start_s: float, lasts_s: float, height: float) -> np.ndarray:
        return height * np.sin(np.pi * np.clip((times_s - start_s) / lasts_s, 0.0, 1.0)) ** 2

    held = 0.9 * np.clip(np.minimum(times_s - 8.0, 11.0 - times_s) / 0.8, 0.0, 1.0)  # up, 1.4 s still, down
    shoulder = bump(1.0, 1.6, 0.8) + bump(4.0, 1.6, 0.8) + held + bump(12.0, 0.2, 0.05)
    sway = 0.03 * np.sin(2 * np.pi * 0.3 * times_s)
    positions = np.stack([shoulder, sway], axis=1) + 0.0005 * rng.standard_normal((len(times_s), 2))
    clip = JointClip("long", times_s, positions, JOINTS, "r", "")
    found = [(clip.times_s[span.start], clip.times_s[span.stop - 1]) for span in find_movements(clip)]
    np.testing.assert_allclose(found, [(1.0, 2.6), (4.0, 5.6), (8.0, 11.0)], atol=0.2)


def test_stillness_around_an_action_is_cut_off() -> None:
    """An action's window holds its movement, with the time that took; a clip without any is refused."""
    clip = swing("one", start_s=2.0)
    action = cut_joint_action(scale_of([clip]), clip, 32)
    assert isinstance(action.motion, Motion)
    assert action.motion.duration_s == pytest.approx(1.6, abs=0.1)
    still = replace(clip, positions=np.zeros_like(clip.positions))
    with pytest.raises(DataError, match="one: no action in it"):
        cut_joint_action(scale_of([clip]), still, 32)
