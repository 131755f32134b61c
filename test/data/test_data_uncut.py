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

"""Uncut recordings: what two people did is found, and who answered whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iat_ros.data.actions import Action, find_segments
from iat_ros.data.bag import write_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.made_up_session import Done, Take, Turn, make_session
from iat_ros.data.opening import open_source
from iat_ros.data.pairing import PairingAccount, pair_up
from iat_ros.data.plausibility import Plausibility
from iat_ros.data.recording import StreamFrame
from iat_ros.data.uncut import FoundAction, find_actions, read_recording, to_tracks
from iat_ros.data.uncut_pairs import find_pairs
from iat_ros.errors import DataError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.motion import Motion

UTD = load_skeleton("utd_mhad")


def take(action: str, person: int, seed: int = 0) -> Take:
    """One made-up action of one made-up person."""
    clip = make_clips(person + 1, 1, seed, (action,))[person]
    (segment,), _ = find_segments(UTD, clip)
    return Take(clip, float(segment.times_s[0]), float(segment.times_s[-1]))


@pytest.fixture(scope="module")
def session() -> tuple[list[StreamFrame], list[Done]]:
    """Ten answered actions, one that nobody answers, and one that answers nothing."""
    turns = [
        Turn(take(act, 0, seed), take(answer, 1, seed))
        for seed in range(5)
        for act, answer in (("knock", "wave"), ("throw", "catch"))
    ]
    turns[4:4] = [Turn(take("boxing", 0), None)]
    turns[8:8] = [Turn(None, take("clap", 1))]
    return make_session(turns, seed=3)


def test_all_actions_of_a_session_are_found_where_they_were(session: tuple[list[StreamFrame], list[Done]]) -> None:
    """Idle motion gives no action, and each action is cut within a fifth of a second of where it was done."""
    frames, done = session
    recording = to_tracks("s", frames, UTD)
    dropped: Counter[str] = Counter()
    for body, track in zip((1, 2), recording.tracks, strict=True):
        found = find_actions(UTD, track, 32, dropped)
        wanted = [one for one in done if one.body == body]
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert one.start_s == pytest.approx(other.start_s, abs=0.2)
            assert one.end_s == pytest.approx(other.end_s, abs=0.3)
    assert not dropped


def test_holes_spikes_and_numbers_that_change_are_mended_as_live(session: tuple[list[StreamFrame], list[Done]]) -> None:
    """A session with all three has the people and, but for a few, the very actions of the clean one; all is told."""
    frames, _ = session
    rng, wrist = np.random.default_rng(0), UTD.joints.index("right_wrist")
    broken = []
    for k, frame in enumerate(frames):
        positions = frame.positions.copy()
        positions[rng.uniform(size=len(positions)) < 0.03, wrist] = np.nan
        positions[rng.uniform(size=len(positions)) < 0.005, wrist] += 1.5
        ids = frame.body_ids + (10 if k > len(frames) // 2 else 0)
        broken.append(replace(frame, positions=positions, body_ids=ids))
    clean, mended = (to_tracks("s", some, UTD) for some in (frames, broken))
    assert [track.name for track in mended.tracks] == [track.name for track in clean.tracks]
    assert mended.mended["ids_changed"] == len(clean.tracks)
    assert mended.mended["joints_bridged"] > 100
    assert mended.mended["outliers"] > 15
    for one, other in zip(clean.tracks, mended.tracks, strict=True):
        assert len(other.times_s) >= 0.99 * len(one.times_s)
        found = [find_actions(UTD, track, 32, Counter()) for track in (one, other)]
        starts = [np.array([action.start_s for action in some]) for some in found]
        assert abs(len(starts[0]) - len(starts[1])) <= 1
        near = np.abs(starts[0][:, None] - starts[1]).min(axis=1) < 0.3
        assert near.mean() > 0.9


def test_pairs_are_those_that_were_made_and_the_others_are_counted(
    session: tuple[list[StreamFrame], list[Done]],
) -> None:
    """Ten pairs, the first person acts, two actions are in none."""
    frames, done = session
    account = PairingAccount()
    _, pairs = find_pairs(UTD, [to_tracks("s", frames, UTD)], 32, account)
    answered = [one for one in done if one.body == 1 and sum(one.turn == other.turn for other in done) == 2]
    assert [stimulus.start_s for stimulus, _ in pairs] == pytest.approx([one.start_s for one in answered], abs=0.2)
    assert all(stimulus.body == "s/1" and response.body == "s/2" for stimulus, response in pairs)
    assert account.acts == {"s/1 and s/2": "s/1"}
    assert (account.pairs, sum(account.alone.values())) == (10, 2)
    assert account.actions == {"s/1": 11, "s/2": 11}
    assert "10 pairs; 2 actions in none" in account.lines()


def test_bags_files_and_directories_of_bags_are_read_alike(
    session: tuple[list[StreamFrame], list[Done]], tmp_path: Path
) -> None:
    """A bag's directory, its file, and a directory of several bags."""
    write_bag(tmp_path / "bags" / "one", session[0])
    write_bag(tmp_path / "bags" / "two", session[0][:900])
    for path, recordings in (("bags/one", 1), ("bags/one/one.mcap", 1), ("bags", 2)):
        source = open_source(str(tmp_path / path))
        assert len(source.recordings) == recordings
        assert len(source.real_pairs(32)) >= 10
        assert not source.labelled
    told = open_source(str(tmp_path / "bags" / "one"), stimulus_bodies=[2])
    assert all(pair.stimulus.person == "one/2" for pair in told.real_pairs(32))
    with pytest.raises(DataError, match=r"--stimulus 7: nobody of that body id is in it; seen: 1, 2"):
        open_source(str(tmp_path / "bags" / "one"), stimulus_bodies=[7])


def test_another_skeleton_and_a_recording_that_never_ended_say_what_to_do(
    session: tuple[list[StreamFrame], list[Done]], tmp_path: Path
) -> None:
    """One line that names the option, or the command that mends."""
    write_bag(tmp_path / "bag", session[0][:60])
    with pytest.raises(DataError, match=r"people of 20 joints, but skeleton 'sbu' has 15; say with --skeleton"):
        read_recording(tmp_path / "bag", load_skeleton("sbu"))
    (tmp_path / "bag" / "metadata.yaml").unlink()
    file = tmp_path / "bag" / "bag.mcap"
    file.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(DataError, match=r"record --mend .*bag\.mcap --out NEW"):
        read_recording(file, UTD)
    with pytest.raises(DataError, match="nobody is in this recording"):
        to_tracks("empty", [replace(session[0][0], positions=np.full((2, 20, 3), np.nan))], UTD)


def at(body: str, start_s: float, end_s: float, kind: int = 0) -> FoundAction:
    """An action of one of several kinds at a time."""
    limbs = np.zeros((4, 8, 3))
    limbs[..., kind % 3] = 1.0
    return FoundAction(body, start_s, end_s, Action(Motion(limbs, end_s - start_s), body, "", f"{body} {start_s}"))


def times(pairs: list[tuple[FoundAction, FoundAction]]) -> list[tuple[float, float]]:
    """When stimuli and responses of pairs start."""
    return [(stimulus.start_s, response.start_s) for stimulus, response in pairs]


def test_the_best_of_all_ways_is_taken_and_a_late_action_is_no_answer() -> None:
    """An answer that could serve two stimuli goes to the one that leaves nobody out; too late is alone."""
    found = [at("a", 0, 2), at("b", 2.3, 4), at("a", 3.6, 5), at("b", 5.5, 7), at("a", 20, 22), at("b", 24.5, 26)]
    account = PairingAccount()
    assert times(pair_up(found, account)) == [(0, 2.3), (3.6, 5.5)]
    assert account.alone == {"nobody else acted within 2 s": 2}


def test_who_acts_is_learned_told_or_open() -> None:
    """Where both act in turns both ways count; where it is told, only that way."""
    found = [at("a", 0, 2), at("b", 2.5, 4), at("b", 10, 12), at("a", 12.5, 14)]
    account = PairingAccount()
    assert times(pair_up(found, account)) == [(0, 2.5), (10, 12.5)]
    assert account.acts == {"a and b": "either"}
    assert times(pair_up(found, PairingAccount(), frozenset({"b"}))) == [(10, 12.5)]


def test_an_answer_that_nothing_like_it_got_is_implausible() -> None:
    """A scratch that follows by chance does not take the place of the answer, though it comes sooner."""
    known = [(at("a", 10.0 * n, 10.0 * n + 2, 0), at("b", 10.0 * n + 2.5, 10.0 * n + 4, 1)) for n in range(20)]
    noise = np.random.default_rng(0)
    known = [(stimulus, _blurred(response, noise)) for stimulus, response in known]
    plausibility = Plausibility(known)
    found = [at("a", 500, 502, 0), at("b", 502.1, 503, 2), _blurred(at("b", 503.2, 505, 1), noise)]
    assert times(pair_up(found, PairingAccount())) == [(500, 502.1)]
    account = PairingAccount()
    assert times(pair_up(found, account, frozenset({"a"}), plausibility)) == [(500, 503.2)]
    assert account.alone == {"implausible: nothing like it was answered, or answers, so elsewhere": 1}


def _blurred(action: FoundAction, noise: np.random.Generator) -> FoundAction:
    limbs = action.action.motion.limbs_in_body + noise.normal(0.0, 0.05, action.action.motion.limbs_in_body.shape)
    limbs /= np.linalg.norm(limbs, axis=-1, keepdims=True)
    return replace(action, action=replace(action.action, motion=Motion(limbs, action.action.motion.duration_s)))
