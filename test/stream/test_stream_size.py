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

"""People larger than any: a tracker that sends millimetres."""

from __future__ import annotations

import numpy as np
import pytest

from iat_ros.data.actions import with_stillness
from iat_ros.data.made_up import make_clips
from iat_ros.skeleton.definition import load_skeleton
from iat_ros.stream.cleaning import CleaningConfig
from iat_ros.stream.identity import IdentityConfig
from iat_ros.stream.people import People
from iat_ros.stream.segment import SegmenterConfig
from iat_ros.stream.size import TOO_LARGE, too_large

DEFINITION = load_skeleton("utd_mhad")
CLIP = with_stillness(make_clips(1, 1, actions=("throw",))[0], 1.0, 1.2)


@pytest.mark.parametrize(("factor", "giants"), [(1.0, False), (1.5, False), (100.0, True), (1000.0, True)])
def test_other_units_are_told_from_metres(factor: float, giants: bool) -> None:
    """Whoever is as large as people passes; centimetres and millimetres don't."""
    assert (too_large(factor * CLIP.positions) == giants).all()


def test_joints_that_are_gone_or_jump_away_make_nobody_large() -> None:
    """A third of the joints may be anywhere; of whom nothing is tracked nothing is said."""
    pose = CLIP.positions[0].copy()
    astray, partly, giant, nobody = pose.copy(), pose.copy(), 1000 * pose, np.full_like(pose, np.nan)
    astray[: len(pose) // 3] = 50.0
    astray[0] = np.inf
    partly[3:] = np.nan
    giant[: len(pose) // 3] = np.nan
    assert too_large(np.stack([astray, partly, giant, nobody])).tolist() == [False, False, True, False]
    assert too_large(np.zeros((0, len(pose), 3))).shape == (0,)


def test_people_of_all_sizes_against_plain_loops() -> None:
    """Half of the joints beyond 2 m of the middle of all: by medians, with some joints that are not tracked."""
    rng = np.random.default_rng(3)
    people = rng.uniform(0.3, 4.0, (300, 1, 1)) * rng.standard_normal((300, 9, 3))
    people[rng.random((300, 9)) < 0.1] = np.nan
    expected = []
    for pose in people:
        tracked = sorted(joint.tolist() for joint in pose if np.isfinite(joint).all())
        middle = [sorted(column)[(len(tracked) - 1) // 2] for column in zip(*tracked, strict=True)]
        far = sorted(float(np.linalg.norm(np.subtract(joint, middle))) for joint in tracked)
        expected.append(far[(len(far) - 1) // 2] > 2.0)
    assert 50 < sum(expected) < 250
    assert [bool(too_large(pose[None])[0]) for pose in people] == expected
    assert too_large(people).tolist() == expected


def test_giants_are_nobody() -> None:
    """In millimetres an action is not found, and the count says why; what else is in view goes on."""
    people = People(DEFINITION, SegmenterConfig(), cleaning=CleaningConfig(), identity=IdentityConfig())
    ended = []
    for time_s, pose in zip(CLIP.times_s.tolist(), CLIP.positions, strict=True):
        ended += people.push(time_s, np.array([1, 2]), np.stack([1000 * pose, pose]))
    assert [body_id for body_id, _ in ended] == [2]
    assert +people.dropped == {TOO_LARGE: len(CLIP.times_s)}
