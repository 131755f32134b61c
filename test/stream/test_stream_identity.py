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


"""Numbers that change: a person keeps theirs, and two who are both seen never become one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.errors import ConfigError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.stream.identity import Identities, IdentityConfig
from iat_ros.stream.people import People
from iat_ros.stream.segment import SegmenterConfig

DEFINITION = load_skeleton("utd_mhad")
CLIP = with_stillness(make_clips(1, 1, actions=("throw",))[0], 1.0, 1.2)
LEFT, RIGHT, NEAR_LEFT = [0.0, 0.0, 2.0], [1.5, 0.0, 2.0], [0.1, 0.0, 2.0]


class Room:
    """Frames at 30 Hz of people at given places."""

    def __init__(self, config: IdentityConfig | None = None) -> None:
        self.mended: Counter[str] = Counter()
        self._identities = Identities(config or IdentityConfig(), self.mended)
        self.now_s = 10.0

    def show(self, frames: int = 1, **places: list[float]) -> list[int]:
        """Show bodies, `b4=[x, y, z]`, for some frames; return whose they are, in the same order."""
        ids = np.array([int(name[1:]) for name in places], np.int64)
        for _ in range(frames):
            self.now_s += 1 / 30
            found = self._identities.push(self.now_s, ids, np.array(list(places.values())).reshape(-1, 3))
        people: list[int] = found.tolist()
        assert len(set(people)) == len(people)
        return people


def test_a_new_number_at_the_same_place_is_the_same_person() -> None:
    """4 becomes 9, at once or after half a second, then 4 again: it's 4 all the time."""
    room = Room()
    assert room.show(5, b4=LEFT) == [4]
    assert room.show(5, b9=NEAR_LEFT) == [4]
    room.show(15)
    assert room.show(5, b12=LEFT) == [4]
    assert room.show(5, b4=LEFT) == [4]
    assert room.mended == {"ids_changed": 3}


@pytest.mark.parametrize(("place", "pause"), [(RIGHT, 5), (LEFT, 45)])
def test_elsewhere_or_later_it_is_somebody_else(place: list[float], pause: int) -> None:
    """1.5 m away, or after 1.5 s: a new person."""
    room = Room()
    room.show(5, b4=LEFT)
    room.show(pause)
    assert room.show(5, b9=place) == [9]
    assert +room.mended == {}


def test_two_who_are_both_seen_never_become_one() -> None:
    """Somebody new right beside a person who stays is somebody new."""
    room = Room()
    room.show(5, b4=LEFT)
    assert room.show(5, b4=LEFT, b9=NEAR_LEFT) == [4, 9]
    assert +room.mended == {}


def test_with_two_candidates_nobody_is_joined() -> None:
    """Two new bodies where one was, or one where two were: who is who cannot be told."""
    room = Room()
    room.show(5, b4=LEFT)
    assert room.show(5, b8=LEFT, b9=NEAR_LEFT) == [8, 9]
    assert room.show(5, b2=LEFT) == [2]
    assert +room.mended == {}


@pytest.mark.parametrize("apart_m", [0.8, 1.5, 4.0])
def test_people_who_swap_numbers_keep_theirs(apart_m: float) -> None:
    """Numbers go to and fro between two people: each stays who they are."""
    room, there = Room(), [apart_m, 0.0, 2.0]
    assert room.show(5, b1=LEFT, b2=there) == [1, 2]
    assert room.show(5, b1=there, b2=LEFT) == [2, 1]
    assert room.show(5, b1=LEFT, b2=there) == [1, 2]
    assert room.mended == {"ids_changed": 4}


def test_who_takes_over_the_number_of_somebody_who_leaves_stays_who_they_are() -> None:
    """1 leaves, and the tracker calls 2 by that number; when 1 comes back as 3, it's 1 again."""
    room = Room()
    room.show(5, b1=LEFT, b2=RIGHT)
    assert room.show(5, b1=RIGHT) == [2]
    assert room.show(5, b1=RIGHT, b3=LEFT) == [2, 1]
    assert room.mended == {"ids_changed": 2}


def test_a_number_that_somebody_new_has_stays_with_its_person() -> None:
    """At once 1 goes on as 7 and somebody at the other end of the room is called 1: they are no 1."""
    room = Room()
    room.show(5, b1=LEFT)
    assert room.show(5, b1=[5.0, 0.0, 2.0], b7=NEAR_LEFT) == [8, 1]
    assert room.mended == {"ids_changed": 1}


def test_no_number_is_given_twice() -> None:
    """4 goes on as 9; then somebody new gets 4 from the tracker: they are neither."""
    room = Room()
    room.show(5, b4=LEFT)
    assert room.show(5, b9=LEFT) == [4]
    first, other = room.show(5, b9=LEFT, b4=RIGHT)
    assert (first, other) == (4, 10)
    assert room.show(5, b9=LEFT, b4=RIGHT, b10=[3.0, 0.0, 2.0])[:2] == [4, 10]


def test_who_walks_or_has_no_torso_for_a_moment_stays_who_they_are() -> None:
    """3 m/s, and a frame without a torso."""
    room = Room()
    for k in range(20):
        assert room.show(b4=[0.1 * k, 0.0, 2.0] if k != 10 else [np.nan] * 3, b5=RIGHT if k < 3 else [9.0, 0, 2]) == [
            4,
            5,
        ]


def test_a_distance_of_0_takes_numbers_as_they_come() -> None:
    """Switched off: 9 is 9."""
    room = Room(IdentityConfig(rejoin_m=0.0))
    room.show(5, b4=LEFT)
    assert room.show(5, b9=LEFT) == [9]


def test_bad_configs_are_refused() -> None:
    """Negative: refused by name."""
    with pytest.raises(ConfigError, match="rejoin_s"):
        IdentityConfig(rejoin_s=-1.0)


@pytest.mark.parametrize("pause", [0, 6])
def test_an_action_is_not_cut_when_its_number_changes(pause: int) -> None:
    """In mid-action 4 becomes 9, at once or 0.2 s later: one action, of 4, of the same frames."""
    people = People(DEFINITION, SegmenterConfig(), identity=IdentityConfig())
    at = len(CLIP.times_s) // 2
    found = []
    for k, (time_s, pose) in enumerate(zip(CLIP.times_s, CLIP.positions, strict=True)):
        if not at <= k < at + pause:
            found += people.push(time_s, np.array([4 if k < at else 9]), pose[None])
    ((body, segment),) = found
    assert body == 4
    assert segment.times_s[0] < CLIP.times_s[at] < segment.times_s[-1]
    assert people.mended == {"ids_changed": 1}
    assert +people.dropped == {}


def test_an_action_is_not_cut_when_people_swap_numbers() -> None:
    """Two people 1.5 m apart swap in mid-action: the action is one, and its person's."""
    people = People(DEFINITION, SegmenterConfig(), identity=IdentityConfig())
    still = CLIP.positions[0] + np.array(RIGHT) - LEFT
    found = []
    for k, (time_s, pose) in enumerate(zip(CLIP.times_s, CLIP.positions, strict=True)):
        ids = np.array([1, 2] if k < len(CLIP.times_s) // 2 else [2, 1])
        found += people.push(time_s, ids, np.stack([pose, still]))
    assert [body for body, _ in found] == [1]
    assert people.mended == {"ids_changed": 2}
    assert +people.dropped == {}
