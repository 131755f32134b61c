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

"""Bodies that no person has: joints in another order than their names, and other units than metres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iat_ros.data.clip import Clip
from iat_ros.data.first_look import look_at
from iat_ros.data.made_up import make_clips
from iat_ros.data.proportions import find_disproportions
from iat_ros.data.source import RULES, Source
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")
CLIPS = make_clips(2, 1)


def reordered(clip: Clip, order: list[int]) -> Clip:
    """A clip whose joints come in another order than the definition says."""
    return replace(clip, positions=clip.positions[:, order])


def swapped(one: str, other: str) -> list[int]:
    """The order with two kinds of joints swapped on both sides."""
    names = [name.replace(one, "?").replace(other, one).replace("?", other) for name in UTD.joints]
    return [UTD.joints.index(name) for name in names]


def test_people_of_any_usual_size_are_left_in_peace() -> None:
    """Made-up people, at half their size and at one and a half times it; nor is anybody who is not tracked named."""
    for size in (0.6, 1.0, 1.5):
        assert find_disproportions(UTD, [replace(clip, positions=size * clip.positions) for clip in CLIPS]) == []
    lost = replace(CLIPS[0], positions=np.full_like(CLIPS[0].positions, np.nan))
    assert find_disproportions(UTD, [lost]) == []


@pytest.mark.parametrize("seed", range(5))
def test_joints_in_any_other_order_are_named_as_that_and_not_as_mirrored(seed: int) -> None:
    """Nine of ten clips are named, whatever the order, and their hands behind the body are no warning of their own."""
    order = np.random.default_rng(seed).permutation(len(UTD.joints)).tolist()
    clips = [reordered(clip, order) for clip in CLIPS]
    found = look_at(Source("here", UTD, clips, RULES))
    named = [one.clip for one in found if one.kind == "misnamed joints"]
    assert len(named) == len(set(named)) >= 0.9 * len(clips)
    assert not set(named) & {one.clip for one in found if one.kind == "mirrored"}


def test_elbows_named_as_wrists_are_named() -> None:
    """All lengths stay, but an upper arm is twice its forearm."""
    (found,) = find_disproportions(UTD, [reordered(CLIPS[0], swapped("elbow", "wrist"))])
    assert "'left_upper_arm' measures" in found.why
    assert found.why.endswith("joints in another order, or another skeleton?")


@pytest.mark.parametrize(("factor", "height"), [(3.28, "5"), (1 / 3, "0.5"), (0.001, "0.001")])
def test_other_units_give_a_person_of_another_size(factor: float, height: str) -> None:
    """Feet, and metres divided by three or a thousand."""
    (found,) = find_disproportions(UTD, [replace(CLIPS[0], positions=factor * CLIPS[0].positions)])
    assert found.kind == "not metres"
    assert f"so a person of about {height}" in found.why
    assert found.why.endswith("are positions in metres?")
