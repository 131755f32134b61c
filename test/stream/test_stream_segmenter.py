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

"""Finding actions in a stream: one for each that was done, none for standing about, and every loss counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iat_ros.data.actions import cut_action, with_stillness
from iat_ros.data.clip import Clip
from iat_ros.data.made_up import GESTURES, make_clips
from iat_ros.errors import ConfigError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import limb_vectors
from iat_ros.stream.people import People
from iat_ros.stream.segment import Segment, SegmenterConfig
from iat_ros.stream.segmenter import ActionSegmenter
from iat_ros.stream.window import make_window

DEFINITION = load_skeleton("utd_mhad")
CLIPS = make_clips(2, 1)


def stream(segmenter: ActionSegmenter, clip: Clip) -> list[Segment]:
    """Push a clip frame by frame and collect what ended."""
    pushed = [segmenter.push(time, pose) for time, pose in zip(clip.times_s, clip.positions, strict=True)]
    return [segment for segment in pushed if segment is not None]


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
def test_each_action_is_found_once(clip: Clip) -> None:
    """An action between two moments of stillness gives one segment that holds most of it."""
    segments = stream(ActionSegmenter(DEFINITION, SegmenterConfig()), with_stillness(clip, 0.8, 1.0))
    assert len(segments) == 1
    start, end = segments[0].times_s[[0, -1]]
    assert start < 0.3 * clip.times_s[-1]
    assert end > 0.7 * clip.times_s[-1]


def test_two_actions_in_a_row_are_two() -> None:
    """The same person acts twice with a breath between."""
    one = with_stillness(CLIPS[0], 0.8, 0.4)
    times = np.concatenate([one.times_s, one.times_s + one.times_s[-1] - one.times_s[0] + 1 / 30])
    twice = Clip("twice", times, np.concatenate([one.positions, one.positions]), "s1", "throw")
    assert len(stream(ActionSegmenter(DEFINITION, SegmenterConfig()), twice)) == 2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), index=st.integers(0, len(CLIPS) - 1), rate=st.sampled_from([12.0, 30.0, 90.0]))
def test_stream_equals_batch(seed: int, index: int, rate: float) -> None:
    """A window from a stream equals the window that a batch makes of the same frames, at any rate and jitter."""
    clip = with_stillness(CLIPS[index], 0.8, 1.0)
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.uniform(0.7, 1.3, int((clip.times_s[-1] - clip.times_s[0]) * rate)) / rate) + clip.times_s[0]
    times = times[times < clip.times_s[-1]]
    near = np.array([np.argmin(np.abs(clip.times_s - time)) for time in times])
    segments = stream(
        ActionSegmenter(DEFINITION, SegmenterConfig()), Clip("any", times, clip.positions[near], "s1", "any")
    )
    assert len(segments) == 1
    first, last = segments[0].times_s[[0, -1]]
    inside = (times >= first) & (times <= last)
    streamed = make_window(DEFINITION, segments[0].times_s, segments[0].positions, 32)
    batch = make_window(DEFINITION, times[inside], clip.positions[near][inside], 32)
    np.testing.assert_array_equal(streamed.limbs_in_body, batch.limbs_in_body)
    assert streamed.duration_s == batch.duration_s


def test_standing_and_fidgeting_is_no_action() -> None:
    """Tracker noise and small movements for half a minute give nothing."""
    rng = np.random.default_rng(0)
    count = 900
    sway = 0.02 * np.sin(np.linspace(0, 40, count))[:, None, None] * rng.normal(size=(1, 20, 3))
    positions = CLIPS[0].positions[:1] + sway + rng.normal(0, 0.003, (count, 20, 3))
    assert not stream(
        ActionSegmenter(DEFINITION, SegmenterConfig()), Clip("idle", np.arange(count) / 30, positions, "s1", "idle")
    )


def test_a_held_pose_ends_an_action_and_its_way_back_is_none() -> None:
    """Arms kept up end the action after hold_time; lowering them later gives no second answer."""
    clip = next(clip for clip in CLIPS if clip.action == "arm_cross")
    rest = limb_vectors(DEFINITION, clip.positions[:1])
    away = np.arccos(np.clip((limb_vectors(DEFINITION, clip.positions) * rest).sum(-1), -1, 1)).max(1)
    peak = int(np.argmax(away[: len(away) // 2]))
    hold = np.repeat(clip.positions[peak : peak + 1], 90, axis=0)
    positions = np.concatenate([clip.positions[: peak + 1], hold, clip.positions[peak + 1 :]])
    held = with_stillness(Clip("held", np.arange(len(positions)) / 30, positions, "s1", "any"), 0.8, 1.5)
    assert len(stream(ActionSegmenter(DEFINITION, SegmenterConfig()), held)) == 1


def test_frames_that_cannot_be_used_are_counted() -> None:
    """Untracked joints, doubled stamps, a gap and a clock that jumps back are counted; then all is well."""
    clip = with_stillness(CLIPS[0], 0.8, 1.0)
    segmenter = ActionSegmenter(DEFINITION, SegmenterConfig())
    broken = clip.positions[5].copy()
    broken[DEFINITION.joints.index("left_wrist")] = np.nan
    segmenter.push(0.0, clip.positions[0])
    segmenter.push(0.03, broken)
    segmenter.push(0.0, clip.positions[0])
    segmenter.push(-100.0, clip.positions[0])
    middle = len(clip.times_s) // 2
    for time, pose in zip(clip.times_s[:middle] + 10, clip.positions[:middle], strict=True):
        segmenter.push(time, pose)
    assert segmenter.acting
    segmenter.push(clip.times_s[middle] + 12, clip.positions[middle])
    assert not segmenter.acting
    assert segmenter.dropped == {
        "joint not tracked: left_wrist": 1,
        "stamp not newer": 1,
        "clock jumped back": 1,
        "action cut by a gap": 1,
    }
    later = Clip(clip.name, clip.times_s + 50, clip.positions, clip.person, clip.action)
    assert len(stream(segmenter, later)) == 1


def test_too_long_an_action_is_dropped_and_memory_stays_small() -> None:
    """Somebody who never comes to rest gives no window and does not fill the memory."""
    rng = np.random.default_rng(1)
    moving = CLIPS[0].positions[rng.integers(15, 30, 900)]
    positions = np.concatenate([np.repeat(CLIPS[0].positions[:1], 20, axis=0), moving])
    segmenter = ActionSegmenter(DEFINITION, SegmenterConfig(max_action_s=3.0))
    assert not stream(segmenter, Clip("dance", np.arange(len(positions)) / 30, positions, "s1", "dance"))
    assert segmenter.dropped["action too long"] == 1
    assert len(segmenter._frames) < 4 * 30


@pytest.mark.parametrize(("name", "value"), [("quiet_s", 0.0), ("hold_s", float("nan")), ("min_action_s", 99.0)])
def test_bad_settings_are_refused(name: str, value: float) -> None:
    """Settings that make no sense name themselves."""
    with pytest.raises(ConfigError, match=name.removesuffix("_s")):
        SegmenterConfig(**{name: value})


def test_several_people_are_followed_apart() -> None:
    """Two people who act at once give one action each, under their own ids; one who leaves is forgotten."""
    clips = [with_stillness(clip, 0.8, 1.0) for clip in (CLIPS[0], CLIPS[3])]
    people = People(DEFINITION, SegmenterConfig(), forget_s=0.5)
    ended = []
    for k in range(max(len(clip.times_s) for clip in clips)):
        here = [(body, clip) for body, clip in ((7, clips[0]), (3, clips[1])) if k < len(clip.times_s)]
        ids = np.array([body for body, _ in here])
        ended += [body for body, _ in people.push(k / 30, ids, np.stack([clip.positions[k] for _, clip in here]))]
    assert sorted(ended) == [3, 7]
    people.push(100.0, np.array([9]), np.full((1, 20, 3), np.nan))
    assert len(people) == 0


def test_one_persons_bad_frame_does_not_blind_the_others() -> None:
    """A tracker that sends zeros for one person costs that person's frames, and nobody else's action."""
    clip = with_stillness(CLIPS[0], 0.8, 1.0)
    people = People(DEFINITION, SegmenterConfig())
    ended = []
    for time, pose in zip(clip.times_s, clip.positions, strict=True):
        ended += people.push(time, np.array([1, 2, 3]), np.stack([np.zeros_like(pose), pose, np.zeros_like(pose)]))
    assert [body for body, _ in ended] == [2]
    assert people.dropped["limb 'neck' has no length"] == 2 * len(clip.times_s)


def test_more_people_than_allowed_are_counted() -> None:
    """A crowd does not fill the memory: who comes too late is left out and counted."""
    people = People(DEFINITION, SegmenterConfig(), most=2)
    crowd = np.repeat(CLIPS[0].positions[:1], 5, axis=0)
    people.push(0.0, np.arange(5), crowd)
    assert len(people) == 2
    assert people.dropped["too many people"] == 3


def test_clips_are_cut_as_live_perception_cuts_them() -> None:
    """Training sees the very window that a stream gives."""
    config = SegmenterConfig()
    segment = stream(ActionSegmenter(DEFINITION, config), with_stillness(CLIPS[2], 0.8, 2.0))[0]
    window = make_window(DEFINITION, segment.times_s, segment.positions, 32)
    np.testing.assert_allclose(cut_action(DEFINITION, CLIPS[2], 32).motion.limbs_in_body, window.limbs_in_body)
    assert set(GESTURES) >= {clip.action for clip in CLIPS}


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.name)
def test_the_action_that_comes_is_the_one_that_ends(clip: Clip) -> None:
    """It is told as soon as the person is at rest, before the silence that ends it, and holds the same frames."""
    people = People(DEFINITION, SegmenterConfig())
    still = with_stillness(clip, 0.8, 1.0)
    told: list[tuple[float, Segment]] = []
    for time, pose in zip(still.times_s, still.positions, strict=True):
        ended = people.push(time, np.array([4]), pose[None])
        told += [(time, segment) for _, segment in people.coming()]
        if ended:
            break
    told_at, coming = told[-1]
    assert ended[0][0] == 4
    assert told_at < time - 0.1
    np.testing.assert_array_equal(coming.times_s, ended[0][1].times_s)
    np.testing.assert_array_equal(coming.positions, ended[0][1].positions)


def test_who_pauses_at_rest_and_goes_on_has_not_ended() -> None:
    """The pause is too short to end the action: it is told that it may end, once for the pause, and does not."""
    clip = with_stillness(CLIPS[0], 1.5, 0.2)
    again = with_stillness(CLIPS[0], 0.1, 0.1)
    times = np.concatenate([clip.times_s, again.times_s + clip.times_s[-1] - again.times_s[0] + 1 / 30])
    positions = np.concatenate([clip.positions, again.positions])
    segmenter = ActionSegmenter(DEFINITION, SegmenterConfig(quiet_s=1.2))
    told = ended = 0
    for time, pose in zip(times, positions, strict=True):
        ended += segmenter.push(time, pose) is not None
        told += segmenter.comes and segmenter.take_coming() is not None
        assert not segmenter.comes
    assert told == 2
    assert ended == 0
