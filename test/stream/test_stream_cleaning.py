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


"""Cleaning: what is well goes on untouched and at once; gaps, spikes and wrong bones are mended, and counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.errors import ConfigError
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.skeleton.limbs import limb_vectors
from iat_ros.stream.bones import BoneTree
from iat_ros.stream.cleaning import Cleaner, CleaningConfig
from iat_ros.stream.people import People
from iat_ros.stream.segment import SegmenterConfig
from iat_ros.stream.track import clean_track

DEFINITION = load_skeleton("utd_mhad")
CLIP = with_stillness(make_clips(1, 1, actions=("throw",))[0], 1.0, 1.2)
TIMES, CLEAN = CLIP.times_s, CLIP.positions
WRIST = DEFINITION.joints.index("right_wrist")
ELBOW = DEFINITION.joints.index("right_elbow")
SHOULDER = DEFINITION.joints.index("right_shoulder")
NECK = DEFINITION.joints.index("shoulder_center")
MIDDLE = len(TIMES) // 2


def cleaned(
    positions: np.ndarray, config: CleaningConfig | None = None, times_s: np.ndarray = TIMES
) -> tuple[np.ndarray, np.ndarray, Counter[str], Counter[str]]:
    """Times and positions that can be used, and what was counted."""
    mended, dropped = Counter[str](), Counter[str]()
    return *clean_track(DEFINITION, times_s, positions, mended, dropped, config), +mended, +dropped


def error_deg(positions: np.ndarray) -> float:
    """Largest angle between limbs and those of the clean clip."""
    cosine = np.einsum("tlx,tlx->tl", limb_vectors(DEFINITION, positions), limb_vectors(DEFINITION, CLEAN))
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).max())


def test_what_is_well_goes_on_at_once_and_untouched() -> None:
    """Every frame of a clean clip is ready with its own push, bit by bit, and nothing is counted."""
    mended, dropped = Counter[str](), Counter[str]()
    cleaner = Cleaner(DEFINITION, CleaningConfig(), SegmenterConfig(), mended, dropped)
    for time_s, pose in zip(TIMES.tolist(), CLEAN, strict=True):
        result = cleaner.push(time_s, [4], pose[None])
        assert result.ready.tolist() == [True]
        assert result.late == []
        np.testing.assert_array_equal(result.positions[0], pose)
    assert +mended == +dropped == {}


@pytest.mark.parametrize("frames", [1, 3, 6])
@pytest.mark.parametrize("joint", [WRIST, ELBOW, NECK])
def test_a_joint_that_is_gone_for_a_moment_is_bridged(frames: int, joint: int) -> None:
    """No frame is lost, each keeps its time, the joint moves evenly from where it went to where it is back."""
    broken = CLEAN.copy()
    broken[MIDDLE : MIDDLE + frames, joint] = np.nan
    given = broken.copy()
    times_s, positions, mended, dropped = cleaned(broken)
    np.testing.assert_array_equal(times_s, TIMES)
    share = np.arange(1, frames + 1)[:, None] / (frames + 1)
    bridged = CLEAN[MIDDLE - 1, joint] * (1 - share) + CLEAN[MIDDLE + frames, joint] * share
    np.testing.assert_allclose(positions[MIDDLE : MIDDLE + frames, joint], bridged, atol=1e-9)
    assert mended == {"joints_bridged": frames}
    assert dropped == {}
    np.testing.assert_array_equal(broken, given)


def test_gaps_that_overlap_are_bridged_each_by_itself() -> None:
    """Wrist and elbow go and come at different times: all frames come, in order."""
    broken = CLEAN.copy()
    broken[MIDDLE : MIDDLE + 4, WRIST] = np.nan
    broken[MIDDLE + 2 : MIDDLE + 7, ELBOW] = np.nan
    times_s, _, mended, dropped = cleaned(broken)
    np.testing.assert_array_equal(times_s, TIMES)
    assert mended == {"joints_bridged": 9}
    assert dropped == {}


def test_a_joint_that_stays_away_costs_its_frames_alone() -> None:
    """Longer than bridge_s: those frames are dropped and counted, what comes after them is used at once."""
    broken = CLEAN.copy()
    broken[MIDDLE : MIDDLE + 20, WRIST] = np.nan
    times_s, _, mended, dropped = cleaned(broken)
    np.testing.assert_array_equal(times_s, np.delete(TIMES, np.arange(MIDDLE, MIDDLE + 20)))
    assert mended == {}
    assert dropped == {"joint not tracked: right_wrist": 20}


def test_without_bridging_frames_are_dropped_as_ever() -> None:
    """bridge_s 0: each frame that lacks a joint is counted."""
    broken = CLEAN.copy()
    broken[[MIDDLE, MIDDLE + 2], WRIST] = np.nan
    times_s, _, mended, dropped = cleaned(broken, CleaningConfig(bridge_s=0.0))
    assert len(times_s) == len(TIMES) - 2
    assert (mended, dropped) == ({}, {"joint not tracked: right_wrist": 2})


@pytest.mark.parametrize("spike_m", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("joint", [WRIST, ELBOW, SHOULDER, NECK])
def test_a_spike_is_no_movement(spike_m: float, joint: int) -> None:
    """A joint that is elsewhere for one frame, in any direction, is put between its neighbours; no other joint is."""
    for direction in np.concatenate([np.eye(3), -np.eye(3)]):
        broken = CLEAN.copy()
        broken[MIDDLE, joint] += spike_m * direction
        _, positions, mended, dropped = cleaned(broken)
        assert mended == {"outliers": 1}
        assert dropped == {}
        others = np.delete(np.arange(len(DEFINITION.joints)), joint)
        np.testing.assert_array_equal(positions[:, others], CLEAN[:, others])
        assert error_deg(broken) > 10.0 > error_deg(positions)


def test_a_jump_that_lasts_is_accepted() -> None:
    """Somebody's wrist is 1 m off for good: after a moment it's taken as it is, and no frame is lost."""
    moved = CLEAN.copy()
    moved[MIDDLE:, WRIST] += [1.0, 0.0, 0.0]
    times_s, positions, mended, dropped = cleaned(moved, CleaningConfig(bone_tolerance=0.0))
    np.testing.assert_array_equal(times_s, TIMES)
    np.testing.assert_array_equal(positions[MIDDLE + 8 :], moved[MIDDLE + 8 :])
    assert mended["outliers"] <= 8
    assert dropped == {}


def test_a_body_that_runs_has_no_outliers() -> None:
    """Speed counts relative to the body: 12 m/s past the camera touches nothing."""
    running = CLEAN + 12.0 * TIMES[:, None, None] * np.array([1.0, 0.0, 0.0])
    _, positions, mended, _ = cleaned(running, CleaningConfig(outlier_m_s=10.0, outlier_m=0.1))
    np.testing.assert_array_equal(positions, running)
    assert mended == {}


def test_a_bone_that_stays_off_is_pulled_to_its_length() -> None:
    """An elbow twice as far out as it is for a second: the upper arm keeps its length, the forearm is right."""
    broken = CLEAN.copy()
    off = slice(MIDDLE, MIDDLE + 30)
    broken[off, ELBOW] = CLEAN[off, SHOULDER] + 2.0 * (CLEAN[off, ELBOW] - CLEAN[off, SHOULDER])
    times_s, positions, mended, dropped = cleaned(broken)
    np.testing.assert_array_equal(times_s, TIMES)
    length = np.linalg.norm(positions[:, ELBOW] - positions[:, SHOULDER], axis=1)
    wanted = np.linalg.norm(CLEAN[:, ELBOW] - CLEAN[:, SHOULDER], axis=1).mean()
    assert np.abs(length[MIDDLE + 10 : MIDDLE + 30] / wanted - 1.0).max() < 0.2
    assert error_deg(positions) < 0.5 * error_deg(broken)
    assert mended["bones_mended"] >= 20
    assert dropped == {}


def test_lengths_are_learned_anew() -> None:
    """A tracker that changes its mind about a bone for good is followed: at last nothing is mended any more."""
    times_s = np.arange(1500) / 30
    positions = np.repeat(CLEAN[:1], 1500, axis=0)
    positions[100:, ELBOW] = positions[0, SHOULDER] + 1.7 * (positions[0, ELBOW] - positions[0, SHOULDER])
    _, found, mended, _ = cleaned(positions, times_s=times_s)
    assert 0 < mended["bones_mended"] < 1000
    np.testing.assert_array_equal(found[-300:], positions[-300:])


def test_the_outer_joint_is_blamed_and_the_inner_one_where_several_bones_are_off() -> None:
    """Off bones around the neck tell of the neck, an off upper arm and forearm of the elbow."""
    tree = BoneTree(DEFINITION)
    place = {int(joint): k for k, joint in enumerate(tree.joints)}
    fine = np.zeros(len(place), bool)
    for joint in (NECK, ELBOW, WRIST):
        touched = (tree.inner == place[joint]) | (tree.outer == place[joint])
        assert np.flatnonzero(tree.blame(touched, fine)).tolist() == [place[joint]]


def test_an_action_with_holes_is_the_action() -> None:
    """Joints that flicker all through a throw: People find one action, as of the clean frames."""
    rng = np.random.default_rng(1)
    broken = CLEAN.copy()
    for joint in DEFINITION.needed_joints:
        broken[rng.uniform(size=len(TIMES)) < 0.06, joint] = np.nan
    broken[[0, -1]] = CLEAN[[0, -1]]
    found = {}
    for name, frames in (("clean", CLEAN), ("broken", broken)):
        people = People(DEFINITION, SegmenterConfig(), cleaning=CleaningConfig())
        ended = [people.push(time, np.array([3]), pose[None]) for time, pose in zip(TIMES, frames, strict=True)]
        ((body, found[name]),) = [one for some in ended for one in some]
        assert body == 3
    ends = [segment.times_s[[0, -1]] for segment in found.values()]
    assert np.abs(ends[0] - ends[1]).max() < 2.5 / 30
    assert people.mended["joints_bridged"] > 20
    assert +people.dropped == {}


def test_a_crowd_is_cleaned_as_one_by_one() -> None:
    """Twelve people with holes and spikes: each gets what they would get alone."""
    rng = np.random.default_rng(3)
    crowd = np.stack([np.roll(CLEAN, 5 * body, axis=0) for body in range(12)], axis=1)
    crowd[rng.uniform(size=crowd.shape[:3]) < 0.01] = np.nan
    crowd[rng.uniform(size=crowd.shape[:3]) < 0.005] += 1.0
    cleaner = Cleaner(DEFINITION, CleaningConfig(), SegmenterConfig(), Counter(), Counter())
    together: dict[int, list[tuple[float, np.ndarray]]] = {body: [] for body in range(12)}
    for time_s, poses in zip(TIMES.tolist(), crowd, strict=True):
        result = cleaner.push(time_s, range(12), poses)
        for body, when, whole in result.late:
            together[body].append((when, whole))
        for body in np.flatnonzero(result.ready).tolist():
            together[body].append((time_s, result.positions[body]))
    for body, frames in together.items():
        times_s, positions, _, _ = cleaned(crowd[:, body])
        np.testing.assert_array_equal([when for when, _ in frames], times_s)
        np.testing.assert_array_equal([pose for _, pose in frames], positions)


def test_joints_are_not_bridged_to_another_persons_body() -> None:
    """The body that a joint comes back with stands 3 m away: what waited is dropped, not drawn across the room."""
    broken = CLEAN.copy()
    broken[MIDDLE : MIDDLE + 3, WRIST] = np.nan
    broken[MIDDLE + 3 :] += [3.0, 0.0, 0.0]
    times_s, _, mended, dropped = cleaned(broken)
    assert len(times_s) == len(TIMES) - 3
    assert (mended, dropped) == ({}, {"joint not tracked: right_wrist": 3})


def test_another_persons_body_is_not_judged_by_the_one_before() -> None:
    """A body 3 m away, in another pose and of other lengths, takes over the number: each frame is used as it is."""
    other = CLEAN.copy()
    other[MIDDLE:] = 1.8 * CLEAN[:1] + np.array([3.0, 0.0, 0.0])
    other[MIDDLE:, WRIST] += [0.0, 0.9, 0.0]
    times_s, positions, mended, dropped = cleaned(other)
    np.testing.assert_array_equal(times_s, TIMES)
    np.testing.assert_array_equal(positions, other)
    assert mended == dropped == {}


def test_frames_that_are_not_newer_are_counted_once() -> None:
    """Doubled frames, and late ones while others wait, are dropped; a clock that is set starts anew."""
    broken = CLEAN.copy()
    broken[MIDDLE, WRIST] = np.nan
    order = np.array([0, 0, *range(1, MIDDLE + 1), MIDDLE, MIDDLE - 1, *range(MIDDLE + 1, len(TIMES))])
    times_s, _, mended, dropped = cleaned(broken[order], times_s=TIMES[order])
    np.testing.assert_array_equal(times_s, TIMES)
    assert (mended, dropped) == ({"joints_bridged": 1}, {"stamp not newer": 3})


@pytest.mark.parametrize("config", [{"bridge_s": -1.0}, {"outlier_m_s": np.nan}, {"bone_tolerance": -0.1}])
def test_bad_configs_are_refused(config: dict[str, float]) -> None:
    """Negative or not a number: refused by name."""
    with pytest.raises(ConfigError, match=next(iter(config))):
        CleaningConfig(**config)


def test_joints_cannot_be_bridged_for_longer_than_people_may_be_gone() -> None:
    """The two would contradict each other."""
    with pytest.raises(ConfigError, match=r"bridge_time .1 s. must not exceed max_gap .0.5 s."):
        People(DEFINITION, SegmenterConfig(), cleaning=CleaningConfig(bridge_s=1.0))
