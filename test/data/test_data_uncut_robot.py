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

"""Uncut recordings of a person and a robot that somebody steered: who answered what is found without a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iat_ros.data.actions import find_segments
from iat_ros.data.bag import read_bag, read_joint_states, write_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.made_up_session import Done, Take, Turn, make_session
from iat_ros.data.opening import open_source
from iat_ros.data.recording import JointFrame, StreamFrame
from iat_ros.data.uncut_robot import to_clip
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")
NAMES = ("shoulder", "elbow", "wheel")
BEGIN_S = 1000.0
"""When the tracker began [s]."""


def take(action: str, person: int, seed: int = 0) -> Take:
    """One made-up action of one made-up person."""
    clip = make_clips(person + 1, 1, seed, (action,))[person]
    (segment,), _ = find_segments(UTD, clip)
    return Take(clip, float(segment.times_s[0]), float(segment.times_s[-1]))


def steered(done: Sequence[Done], until_s: float, seed: int = 0) -> list[JointFrame]:
    """A robot that moves its shoulder or its elbow whenever body 2 acted, with sway and noise, at 100 Hz."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(-0.3, until_s, 0.01)  # its clock began before the tracker's
    positions = np.stack([0.02 * np.sin(times_s), 0.02 * np.cos(0.7 * times_s), np.zeros(len(times_s))], axis=1)
    for number, one in enumerate(each for each in done if each.body == 2):
        phase = np.clip((times_s - one.start_s) / (one.end_s - one.start_s), 0.0, 1.0)
        positions[:, number % 2] += 0.9 * np.sin(np.pi * phase) ** 2
    positions += 0.0005 * rng.standard_normal(positions.shape)
    return [JointFrame(BEGIN_S + float(time_s), NAMES, pose) for time_s, pose in zip(times_s, positions, strict=True)]


Session = tuple[list[StreamFrame], list[JointFrame], list[Done]]


@pytest.fixture(scope="module")
def session() -> Session:
    """Ten actions that a robot answers, one that it does not, and one movement of it that answers nothing."""
    turns = [
        Turn(take(act, 0, seed), take(answer, 1, seed))
        for seed in range(5)
        for act, answer in (("knock", "wave"), ("throw", "catch"))
    ]
    turns[4:4] = [Turn(take("boxing", 0), None)]
    turns[8:8] = [Turn(None, take("clap", 1))]
    frames, done = make_session(turns, seed=3)
    alone = []
    for frame in frames:
        mine = frame.body_ids == 1
        alone.append(StreamFrame(BEGIN_S + frame.time_s, frame.frame_id, frame.body_ids[mine], frame.positions[mine]))
    return alone, steered(done, frames[-1].time_s), done


@pytest.fixture(scope="module")
def bag(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a bag."""
    path = tmp_path_factory.mktemp("steered") / "monday"
    write_bag(path, session[0], joints=session[1])
    return path


def test_joint_states_come_back_on_the_skeletons_clock(bag: Path, session: Session) -> None:
    """Times count from the first skeletons, names and positions survive."""
    first_s = session[0][0].time_s
    frames = list(read_joint_states(bag))
    assert len(frames) == len(session[1])
    for ours, theirs in zip(session[1][::100], frames[::100], strict=True):
        assert theirs.time_s == pytest.approx(ours.time_s - first_s, abs=1e-6)
        assert theirs.names == NAMES
        np.testing.assert_array_equal(theirs.positions, ours.positions)
    assert len(list(read_bag(bag))) == len(session[0])


def test_what_the_robot_answered_is_found(bag: Path, session: Session) -> None:
    """All ten pairs, and no other; what is alone is counted with its reason; the vectors are the robot's joints."""
    source = open_source(str(bag))
    assert "3 joints of a robot" in source.summary()
    division = source.divide(32, None, 0)
    assert len(division.pairs) == 10
    assert division.pairs.stimuli.limbs_in_body.shape == (10, 32, 8, 3)
    assert division.pairs.responses.limbs_in_body.shape == (10, 32, 3, 3)
    assert source.account.actions == {"monday/1": 11, "monday/robot": 11}
    assert source.account.acts == {"monday/1 and monday/robot": "monday/1"}
    assert sum(source.account.alone.values()) == 2
    answered = [one for one in session[2] if one.body == 2]
    durations_s = [one.end_s - one.start_s for index, one in enumerate(answered) if index != 7]
    assert division.pairs.responses.durations_s == pytest.approx(durations_s, abs=0.35)
    assert source.joint_scale is not None
    moved = source.joint_scale.to_positions(division.pairs.responses.limbs_in_body)
    assert (np.ptp(moved, axis=1).max(axis=1) > 0.7).all()


def test_a_robot_never_acts(tmp_path: Path, session: Session) -> None:
    """A robot that moves before each action of the person is not taken for who acts, however well the times fit."""
    leads = [
        replace(one, body=2, start_s=one.start_s - 2.2, end_s=one.start_s - 0.9) for one in session[2] if one.body == 1
    ]
    write_bag(tmp_path / "leads", session[0], joints=steered(leads, session[0][-1].time_s - BEGIN_S))
    source = open_source(str(tmp_path / "leads"))
    pairs = source.real_pairs(32)
    assert source.account.actions["leads/robot"] == 11
    assert all(pair.stimulus.motion.limbs_in_body.shape == (32, 8, 3) for pair in pairs)
    assert all(pair.response.motion.limbs_in_body.shape == (32, 3, 3) for pair in pairs)
    assert len(pairs) <= 3  # where the next lead comes soon enough after an action


def test_people_can_be_chosen_to_answer(bag: Path) -> None:
    """With --response people the robot is left out: one person alone has nobody to answer."""
    assert len(open_source(str(bag), response="people").real_pairs(32)) == 0


def test_a_robot_answers_only_where_one_person_is_in_view(tmp_path: Path, session: Session) -> None:
    """Two people in view answer each other, whatever a robot does beside them, unless it is told to answer."""
    doubled = [
        StreamFrame(one.time_s, one.frame_id, np.array([1, 5]), np.concatenate([one.positions, one.positions + 1.0]))
        for one in session[0]
        if len(one.body_ids)
    ]
    write_bag(tmp_path / "two", doubled, joints=session[1])
    assert open_source(str(tmp_path / "two")).joint_scale is None
    assert open_source(str(tmp_path / "two"), response="joints").joint_scale is not None


def test_what_is_missing_is_said(tmp_path: Path, session: Session) -> None:
    """Joints that were not recorded, and other joints in another bag, are one line each."""
    frames, joints, _ = session
    write_bag(tmp_path / "a" / "one", frames[:200])
    with pytest.raises(DataError, match="no joint states were recorded in one; record them with `record --topics"):
        open_source(str(tmp_path / "a"), response="joints")
    other = [JointFrame(one.time_s, ("shoulder", "elbow", "wrist"), one.positions) for one in joints]
    write_bag(tmp_path / "b" / "one", frames[:200], joints=joints)
    write_bag(tmp_path / "b" / "two", frames[:200], joints=other)
    with pytest.raises(DataError, match=r"two/robot and one/robot hold different joints.* wheel, wrist"):
        open_source(str(tmp_path / "b"))
    broken = [JointFrame(one.time_s, one.names, one.positions * np.nan) for one in joints]
    write_bag(tmp_path / "c", frames[:200], joints=broken)
    with pytest.raises(DataError, match="c/robot: frame 0, joint 'elbow' is at nan"):
        open_source(str(tmp_path / "c"))


def test_broadcasters_may_each_tell_a_part() -> None:
    """Frames begin when all joints have been told, and hold the newest position of each."""
    frames = [
        JointFrame(0.1 * k, ("a",) if k % 2 else ("b", "c"), np.full(1 if k % 2 else 2, float(k))) for k in range(6)
    ]
    clip = to_clip("r", frames)
    assert clip is not None
    assert clip.joints == ("a", "b", "c")
    np.testing.assert_allclose(clip.times_s, [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(clip.positions[:, 0], [1, 1, 3, 3, 5])
    np.testing.assert_allclose(clip.positions[:, 1], [0, 2, 2, 4, 4])


def test_a_fast_broadcaster_is_thinned_out() -> None:
    """A thousand joint states a second are more than anybody needs."""
    frames = [JointFrame(0.001 * k, ("a",), np.array([0.001 * k])) for k in range(1000)]
    clip = to_clip("r", frames)
    assert clip is not None
    assert 100 <= len(clip.times_s) <= 126
    np.testing.assert_allclose(clip.positions[:, 0], clip.times_s)
