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


"""Whom the robot answers: who is chosen, when another is, and that no action is taken from anybody."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.errors import ConfigError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.stream.choice import ChoiceConfig, PersonChoice, looks_along
from iat_ros.stream.people import People
from iat_ros.stream.segment import SegmenterConfig

DEFINITION = load_skeleton("utd_mhad")
CLIP = with_stillness(make_clips(1, 1, actions=("throw",))[0], 1.0, 1.2)


class Watched:
    """A choice that is shown frames at 30 Hz."""

    def __init__(self, person: str, **config: float | str) -> None:
        self.mended: Counter[str] = Counter()
        self.choice = PersonChoice(ChoiceConfig(person=person, **config), self.mended)  # type: ignore[arg-type]
        self.now_s = 5.0

    def show(
        self, seconds: float, places: dict[int, list[float]], acting: bool = False, frame: str = "camera"
    ) -> int | None:
        """Show people for so long; return who is chosen then."""
        for _ in range(round(seconds * 30)):
            self.now_s += 1 / 30
            self.choice.push(self.now_s, {who: np.array(at) for who, at in places.items()}, acting, frame)
        return self.choice.chosen


NEAR, FAR, SIDE = [0.0, 0.0, 1.5], [0.0, 0.0, 3.0], [1.5, 0.0, 1.5]


def test_everybody_is_answered_by_default() -> None:
    """`all`: nobody is chosen, and everybody's actions count."""
    watched = Watched("all")
    assert watched.show(1.0, {1: NEAR, 2: FAR}) is None
    assert watched.choice.answers(1)
    assert watched.choice.answers(2)


@pytest.mark.parametrize(
    ("person", "places", "chosen"),
    [
        ("nearest", {1: FAR, 2: NEAR}, 2),
        ("nearest", {1: [0.0, 0.0, -1.0], 2: NEAR}, 1),
        ("central", {1: SIDE, 2: FAR}, 2),
        ("central", {1: [0.0, 0.0, -1.0], 2: SIDE}, 2),
    ],
)
def test_who_is_chosen(person: str, places: dict[int, list[float]], chosen: int) -> None:
    """Of all in view at once, by distance or by angle; who stands behind the sensor is not central."""
    watched = Watched(person)
    assert watched.show(0.1, places) == chosen
    assert watched.choice.answers(chosen)
    assert not watched.choice.answers(3 - chosen)


def test_the_first_stays_until_gone_then_the_next_who_came() -> None:
    """Others come nearer in vain; when the first has left, it is who came second."""
    watched = Watched("first")
    assert watched.show(0.5, {7: FAR}) == 7
    assert watched.show(0.5, {7: FAR, 3: FAR}) == 7
    assert watched.show(5.0, {7: FAR, 3: FAR, 1: NEAR}) == 7
    assert watched.show(0.9, {3: FAR, 1: NEAR}) == 7
    assert watched.show(0.2, {3: FAR, 1: NEAR}) == 3
    assert watched.mended == {"handovers": 1}


@pytest.mark.parametrize(
    ("person", "a_little", "clearly"),
    [("nearest", [0.0, 0.0, 2.6], NEAR), ("central", [0.6, 0.0, 3.0], FAR)],
)
def test_another_is_chosen_when_clearly_better_for_a_while(
    person: str, a_little: list[float], clearly: list[float]
) -> None:
    """Neither a little better for long, nor clearly for a moment, makes a hand-over; clearly for a second does."""
    start = FAR if person == "nearest" else [1.0, 0.0, 3.0]
    watched = Watched(person)
    assert watched.show(0.1, {1: start}) == 1
    assert watched.show(5.0, {1: start, 2: a_little}) == 1
    for _ in range(5):
        assert watched.show(0.8, {1: start, 2: clearly}) == 1
        assert watched.show(0.1, {1: start, 2: start}) == 1
    assert watched.show(1.2, {1: start, 2: clearly}) == 2
    assert watched.mended == {"handovers": 1}


def test_no_hand_over_in_the_midst_of_an_action() -> None:
    """While the chosen one acts, another may come as near as they like; afterwards the second starts anew."""
    watched = Watched("nearest")
    watched.show(0.1, {1: FAR})
    assert watched.show(5.0, {1: FAR, 2: NEAR}, acting=True) == 1
    assert watched.show(0.9, {1: FAR, 2: NEAR}) == 1
    assert watched.show(0.2, {1: FAR, 2: NEAR}) == 2


def test_who_comes_back_in_time_is_still_chosen() -> None:
    """Gone for half a second: no hand-over. Gone for good: nobody is chosen, until somebody comes."""
    watched = Watched("nearest")
    watched.show(0.1, {1: NEAR})
    assert watched.show(0.5, {2: FAR}) == 1
    assert watched.show(0.5, {1: NEAR, 2: FAR}) == 1
    assert watched.show(1.1, {}) is None
    assert watched.show(0.1, {1: NEAR}) == 1
    assert +watched.mended == {}


def test_a_clock_that_is_set_leaves_somebody_chosen() -> None:
    """Time jumps back by an hour: the choice goes on."""
    watched = Watched("nearest")
    watched.show(1.0, {1: NEAR, 2: FAR})
    watched.now_s -= 3600.0
    assert watched.show(0.1, {1: NEAR, 2: FAR}) == 1


@pytest.mark.parametrize(
    ("frame", "axis", "expected"),
    [
        ("camera_depth_optical_frame", "auto", "z"),
        ("zed_left_camera_optical", "auto", "z"),
        ("camera", "auto", "z"),
        ("robot/depth_camera_link", "auto", "z"),
        ("camera_link", "auto", "x"),
        ("zed_left_camera_frame", "auto", "x"),
        ("/base_link", "auto", "x"),
        ("map", "auto", "x"),
        ("base_link", "z", "z"),
        ("camera", "x", "x"),
    ],
)
def test_where_the_sensor_looks(frame: str, axis: str, expected: str) -> None:
    """REP-103: x forward, but z in optical frames; a parameter overrules."""
    assert looks_along(frame, axis) == expected


def test_the_axis_decides_who_is_central() -> None:
    """Straight ahead in an optical frame is sideways in a link's."""
    places = {1: [0.0, 0.1, 2.0], 2: [2.0, 0.1, 0.0]}
    assert Watched("central").show(0.1, places, frame="camera_optical_frame") == 1
    assert Watched("central").show(0.1, places, frame="camera_link") == 2


@pytest.mark.parametrize("config", [{"person": "tallest"}, {"forward_axis": "y"}])
def test_bad_configs_are_refused(config: dict[str, str]) -> None:
    """The message names the choices."""
    with pytest.raises(ConfigError, match="must be one of"):
        ChoiceConfig(**config)  # type: ignore[arg-type]


def test_only_the_chosen_persons_action_is_found() -> None:
    """Two people throw at once: one action and one told of before, both the nearest one's; the other is counted."""
    people = People(DEFINITION, SegmenterConfig(), choice=ChoiceConfig(person="nearest"))
    ended, coming, under_way, behind = [], set(), set(), np.array([0.0, 0.0, 2.0])
    for time_s, pose in zip(CLIP.times_s, CLIP.positions, strict=True):
        ended += people.push(time_s, np.array([1, 2]), np.stack([pose + behind, pose]), "camera")
        coming |= {body for body, _ in people.coming()}
        under_way |= {body for body, _ in people.under_way()}
    assert [body for body, _ in ended] == [2]
    assert coming == under_way == {body for body, _ in people.current()} == {2}
    assert people.chosen == 2
    assert people.mended == {"actions_of_others": 1}
