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

"""Bags of skeletons: what is written comes back, and what is damaged says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iat_ros.data.bag import read_bag, write_bag
from iat_ros.data.made_up import make_clips
from iat_ros.data.recording import from_clips, with_noise
from iat_ros.errors import DataError
from iat_ros.resources import share_directory

FRAMES = list(from_clips(make_clips(1, 1, actions=("knock", "wave")), still_s=0.2))


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """A bag with two clips."""
    assert write_bag(tmp_path / "bag", FRAMES) == len(FRAMES)
    return tmp_path / "bag"


def test_what_is_written_comes_back(bag: Path) -> None:
    """Positions (to float32), ids, times and frame survive."""
    read = list(read_bag(bag))
    assert len(read) == len(FRAMES)
    for ours, theirs in zip(FRAMES, read, strict=True):
        assert theirs.time_s == pytest.approx(ours.time_s, abs=1e-6)
        np.testing.assert_allclose(theirs.positions, ours.positions, atol=1e-6)
        assert theirs.body_ids.tolist() == ours.body_ids.tolist()
        assert theirs.frame_id == "camera"


def test_a_bag_is_not_overwritten(bag: Path) -> None:
    """Nothing recorded is lost."""
    with pytest.raises(DataError, match="exists already"):
        write_bag(bag, FRAMES)


def test_a_missing_topic_lists_what_there_is(bag: Path) -> None:
    """A bag without skeletons tells what it holds."""
    with pytest.raises(DataError, match=r"no topic 'people' .* it holds /skeletons"):
        list(read_bag(bag, "people"))


@pytest.mark.parametrize("keep", [0, 40, 2000])
def test_a_damaged_bag_says_so(bag: Path, keep: int) -> None:
    """A file cut off anywhere gives one line with its name."""
    file = next(bag.glob("*.mcap"))
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"`record --mend .* --out NEW` saves what is whole in it") as caught:
        list(read_bag(bag))
    assert str(bag) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_bag_and_no_bag_at_all(tmp_path: Path) -> None:
    """A path that isn't there, and a directory that is no bag."""
    with pytest.raises(DataError, match="no such bag"):
        list(read_bag(tmp_path / "nothing"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="an empty directory; expected a bag"):
        list(read_bag(tmp_path / "empty"))


def test_the_recording_that_ships_is_the_generators(tmp_path: Path) -> None:
    """The bag of the demonstration is what `make_up` writes today."""
    from iat_ros.commands.make_up import main

    assert main(["--out", str(tmp_path / "made_up")]) == 0
    shipped = list(read_bag(share_directory() / "recordings" / "made_up"))
    again = list(read_bag(tmp_path / "made_up"))
    assert len(shipped) == len(again) > 1000
    for ours, theirs in zip(shipped, again, strict=True):
        np.testing.assert_allclose(ours.positions, theirs.positions, atol=1e-5)


def test_clips_are_strung_with_stillness_between() -> None:
    """Each clip is a person of their own; time runs on evenly through the joint."""
    times = np.array([frame.time_s for frame in FRAMES])
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=1e-9)
    assert {int(frame.body_ids[0]) for frame in FRAMES} == {0, 1}
    np.testing.assert_array_equal(FRAMES[0].positions, FRAMES[5].positions)


def test_noise_moves_every_joint_a_little_and_is_the_seeds() -> None:
    """Nobody whom a tracker sees stands in one place for a second."""
    noisy, again, other = (list(with_noise(FRAMES, 0.001, seed)) for seed in (3, 3, 4))
    off = np.array([theirs.positions - ours.positions for ours, theirs in zip(FRAMES, noisy, strict=True)])
    assert 0.0009 < off.std() < 0.0011
    assert np.abs(np.diff(off, axis=0)).min() > 0.0
    assert [frame.time_s for frame in noisy] == [frame.time_s for frame in FRAMES]
    np.testing.assert_array_equal(noisy[7].positions, again[7].positions)
    assert not np.array_equal(noisy[7].positions, other[7].positions)
