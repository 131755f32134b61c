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

"""Streams as they come: any rate, jitter, bursts, late and doubled frames, jumping clocks, swaps, unplugging."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from iat_ros.data.actions import with_stillness
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import make_clips
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.resampling import resample
from iat_ros.stream.people import People
from iat_ros.stream.segment import Segment, SegmenterConfig
from iat_ros.stream.segmenter import ActionSegmenter

DEFINITION = load_skeleton("utd_mhad")
CLIPS = [with_stillness(clip, 1.0, 1.2) for clip in make_clips(2, 1, actions=("throw", "knock", "clap", "boxing"))]
THROW = CLIPS[0]


def at_rate(clip: Clip, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Times [s] from 0 on and positions [m] of a clip, as a tracker of that rate would send them."""
    count = round((clip.times_s[-1] - clip.times_s[0]) * rate_hz)
    positions = resample(clip.times_s, clip.positions, count + 1)
    return np.linspace(0.0, clip.times_s[-1] - clip.times_s[0], count + 1), positions


def segments_of(times_s: np.ndarray, positions: np.ndarray) -> tuple[list[Segment], Counter[str]]:
    """What one person's stream gives, and what was dropped."""
    segmenter = ActionSegmenter(DEFINITION, SegmenterConfig())
    pushed = [segmenter.push(time, pose) for time, pose in zip(times_s.tolist(), positions, strict=True)]
    return [segment for segment in pushed if segment is not None], segmenter.dropped


def ends_of(segment: Segment) -> np.ndarray:
    """Start and end of an action [s]."""
    return segment.times_s[[0, -1]]


def middle(clip: Clip) -> int:
    """Index of the frame in the middle of a clip's action."""
    (segment,), _ = segments_of(clip.times_s, clip.positions)
    return int(np.searchsorted(clip.times_s, ends_of(segment).mean()))


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
@pytest.mark.parametrize("rate_hz", [5.0, 10.0, 15.0, 25.0, 30.0, 60.0, 120.0])
def test_every_rate_gives_the_same_action(clip: Clip, rate_hz: float) -> None:
    """From 5 to 120 Hz one action is found, cut within two frames, of 30 Hz at least, of where 120 Hz cuts it."""
    (reference,), _ = segments_of(*at_rate(clip, 120.0))
    (segment,), dropped = segments_of(*at_rate(clip, rate_hz))
    assert np.abs(ends_of(segment) - ends_of(reference)).max() <= 2.0 / min(rate_hz, 30.0) + 0.01
    assert +dropped == {}


@pytest.mark.parametrize("seed", range(5))
def test_jitter_and_lost_frames_do_not_matter(seed: int) -> None:
    """Stamps that are 10 ms off and every tenth frame lost move the ends of an action by two frames at most."""
    rng = np.random.default_rng(seed)
    (reference,), _ = segments_of(THROW.times_s, THROW.positions)
    kept = rng.uniform(size=len(THROW.times_s)) > 0.1
    times_s = THROW.times_s + rng.uniform(-0.01, 0.01, len(THROW.times_s))
    (segment,), dropped = segments_of(times_s[kept], THROW.positions[kept])
    assert np.abs(ends_of(segment) - ends_of(reference)).max() < 2.5 / 30
    assert +dropped == {}


def test_bursts_stamped_on_arrival_give_one_action() -> None:
    """A network that delivers three frames at once, stamped 1 ms apart: still one action, at the same time."""
    (reference,), _ = segments_of(THROW.times_s, THROW.positions)
    frames = np.arange(len(THROW.times_s))
    arrived_s = THROW.times_s[np.minimum(frames // 3 * 3 + 2, len(frames) - 1)] + 0.001 * (frames % 3)
    (segment,), dropped = segments_of(arrived_s, THROW.positions)
    assert np.abs(ends_of(segment) - ends_of(reference)).max() < 5.5 / 30
    assert +dropped == {}


def test_doubled_and_late_frames_are_counted_and_change_nothing() -> None:
    """Each frame twice, and each third one again after the next one: the very action of the clean stream."""
    (reference,), _ = segments_of(THROW.times_s, THROW.positions)
    count = len(THROW.times_s)
    order = [i for k in range(count) for i in ((k, k, k - 1) if k % 3 == 0 and k else (k, k))]
    (segment,), dropped = segments_of(THROW.times_s[order], THROW.positions[order])
    np.testing.assert_array_equal(segment.times_s, reference.times_s)
    np.testing.assert_array_equal(segment.positions, reference.positions)
    assert dropped == {"stamp not newer": count + (count - 1) // 3}


@pytest.mark.parametrize(
    ("shift_s", "reasons"),
    [
        (100.0, {"action cut by a gap": 1}),
        (-100.0, {"clock jumped back": 1}),
        (1.0, {"action cut by a gap": 1}),
        (-1.0, {"clock jumped back": 1}),
    ],
)
def test_a_clock_that_jumps_cuts_the_action_and_the_next_one_is_found(shift_s: float, reasons: dict[str, int]) -> None:
    """A clock that is set in mid-action costs this action, and gives no false one."""
    at = middle(THROW)
    times_s = THROW.times_s.copy()
    times_s[at:] += shift_s
    again_s = THROW.times_s - THROW.times_s[0] + times_s[-1] + 1 / 30
    segments, dropped = segments_of(np.append(times_s, again_s), np.concatenate([THROW.positions, THROW.positions]))
    assert [segment.times_s[0] > times_s[-1] for segment in segments] == [True]
    assert dropped == reasons


@pytest.mark.parametrize(("shift_s", "reasons"), [(0.3, {}), (-0.3, {"stamp not newer": 9})])
def test_a_small_jump_of_the_clock_is_bridged(shift_s: float, reasons: dict[str, int]) -> None:
    """A clock that is corrected by less than max_gap leaves one action; frames stamped before others are counted."""
    times_s = THROW.times_s.copy()
    times_s[middle(THROW) :] += shift_s
    segments, dropped = segments_of(times_s, THROW.positions)
    assert len(segments) == 1
    assert dropped == reasons


def test_a_looping_bag_gives_one_action_a_round() -> None:
    """A bag that starts anew, with its old stamps, gives its action again in every round."""
    segments, dropped = segments_of(np.tile(THROW.times_s, 4), np.tile(THROW.positions, (4, 1, 1)))
    assert len(segments) == 4
    for segment in segments:
        np.testing.assert_array_equal(segment.times_s, segments[0].times_s)
    assert dropped == {"clock jumped back": 3}


@pytest.mark.parametrize("unplugged_s", [1.0, 60.0])
@pytest.mark.parametrize("where", ["at rest", "acting"])
def test_an_unplugged_sensor_gives_no_false_action(unplugged_s: float, where: str) -> None:
    """A second or a minute without frames: an action that was under way is lost and counted, the next one is found."""
    at = 10 if where == "at rest" else middle(THROW)
    people = People(DEFINITION, SegmenterConfig())
    again_s = THROW.times_s + THROW.times_s[at] - THROW.times_s[0] + unplugged_s
    found = []
    for time, pose in zip(THROW.times_s[:at], THROW.positions[:at], strict=True):
        found += people.push(time, np.array([4]), pose[None])
    for time, pose in zip(again_s, THROW.positions, strict=True):
        found += people.push(time, np.array([4]), pose[None])
    (reference,), _ = segments_of(THROW.times_s, THROW.positions)
    assert [body for body, _ in found] == [4]
    np.testing.assert_allclose(ends_of(found[0][1]), ends_of(reference) + again_s[0] - THROW.times_s[0])
    assert +people.dropped == ({} if where == "at rest" else {"action cut by a gap": 1})


@pytest.mark.parametrize("rate_hz", [10.0, 30.0, 120.0])
def test_swapped_bodies_give_no_false_action(rate_hz: float) -> None:
    """Two people 1.5 m apart swap ids while one acts: nothing is made of it; what they do later is found again."""
    times_s, acting = at_rate(THROW, rate_hz)
    still = np.repeat(acting[:1], len(acting), axis=0) + np.array([1.5, 0.0, 0.0])
    people = People(DEFINITION, SegmenterConfig())
    swap = len(times_s) // 2
    found = []
    for k, time in enumerate(times_s):
        ids = np.array([1, 2] if k < swap else [2, 1])
        found += people.push(time, ids, np.stack([acting[k], still[k]]))
    assert found == []
    assert +people.dropped == {"body jumped": 2}
    for k, time in enumerate(times_s + times_s[-1] + 1 / rate_hz):
        found += people.push(time, np.array([2, 1]), np.stack([acting[k], still[k]]))
    assert [body for body, _ in found] == [2]


@pytest.mark.parametrize("rate_hz", [5.0, 30.0, 120.0])
def test_somebody_who_walks_is_no_other_person(rate_hz: float) -> None:
    """Acting while running past the camera at 5 m/s, with frames lost, is one action."""
    times_s, positions = at_rate(THROW, rate_hz)
    positions = positions + 5.0 * times_s[:, None, None] * np.array([1.0, 0.0, 0.0])
    kept = np.arange(len(times_s)) % 4 != 3 if rate_hz > 5 else np.full(len(times_s), True)
    segments, dropped = segments_of(times_s[kept], positions[kept])
    assert len(segments) == 1
    assert +dropped == {}


def test_a_crowd_gives_what_each_gives_alone() -> None:
    """People who come at once, with untracked joints and zeros among them, are cut as one by one."""
    rng = np.random.default_rng(3)
    bodies = {body: CLIPS[body % len(CLIPS)] for body in range(12)}
    times_s = np.arange(150) / 30 + rng.uniform(-0.01, 0.01, 150)
    frames = np.stack([clip.positions[np.arange(150) % len(clip.positions)] for clip in bodies.values()], axis=1)
    frames[rng.uniform(size=(150, 12)) < 0.02, 5] = np.nan
    frames[rng.uniform(size=(150, 12)) < 0.02] = 0.0
    people, alone = People(DEFINITION, SegmenterConfig()), Counter[str]()
    together: dict[int, list[Segment]] = {body: [] for body in bodies}
    for time, positions in zip(times_s, frames, strict=True):
        for body, segment in people.push(time, np.arange(12), positions):
            together[body].append(segment)
    for body in bodies:
        usable = (frames[:, body] != 0.0).all(axis=(1, 2))
        segments, dropped = segments_of(times_s[usable], frames[usable, body])
        alone += dropped + Counter({"limb 'neck' has no length": int((~usable).sum())})
        assert len(together[body]) == len(segments) > 0
        for one, other in zip(together[body], segments, strict=True):
            np.testing.assert_array_equal(one.times_s, other.times_s)
            np.testing.assert_array_equal(one.positions, other.positions)
    assert +people.dropped == alone


def test_those_who_came_first_are_followed_and_stay() -> None:
    """Of 200 people in view, in an order that changes, the same 64 are followed; who leaves makes room for one."""
    people, rng = People(DEFINITION, SegmenterConfig(), forget_s=1.0), np.random.default_rng(0)
    pose = THROW.positions[0]

    def look(time: float, ids: np.ndarray) -> set[int]:
        people.push(time, ids, np.repeat(pose[None], len(ids), axis=0))
        return set(people._segmenters)

    first = look(0.0, np.arange(200))
    assert first == set(range(64))
    for k in range(1, 30):
        assert look(k / 30, rng.permutation(200)) == first
    assert people.dropped == {"too many people": 30 * 136}
    for k in range(30, 65):
        followed = look(k / 30, np.arange(1, 200))
    assert followed == set(range(1, 65))
