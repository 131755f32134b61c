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

"""The first look at a data set: a line for each kind of warning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from iat_ros.data.first_look import by_kind, look_at
from iat_ros.data.made_up import make_clips
from iat_ros.data.source import RULES, Source
from iat_ros.skeleton.definition import load_skeleton

UTD = load_skeleton("utd_mhad")


def test_each_kind_of_warning_is_one_line_with_how_many_clips_it_concerns() -> None:
    """Two mirrored clips and a frozen one: two lines, each with the first clip and where to see the rest."""
    clips = make_clips(4, 3)
    for index in (0, 1):
        clips[index] = replace(clips[index], positions=clips[index].positions * np.array([-1.0, 1.0, 1.0]))
    clips[2].positions[10:40] = clips[2].positions[10]
    lines = by_kind(look_at(Source("here", UTD, clips, RULES)), "`inspect --data here`")
    assert len(lines) == 2
    assert lines[0].startswith(f"mirrored: 2 clips, the first {clips[0].name}: forearms point behind")
    assert lines[1].startswith(f"frozen: 1 clip, the first {clips[2].name}")
    assert all(line.endswith("; see `inspect --data here`") for line in lines)


def test_a_clean_data_set_gives_no_line() -> None:
    """Made-up motions have nothing wrong."""
    assert look_at(Source("here", UTD, make_clips(4, 3), RULES)) == []
