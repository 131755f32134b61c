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

"""URDFs that are no robot's: too large, too deep, of too many parts, with geometry that cannot be read."""

from __future__ import annotations

import pytest

from iat_ros.errors import RobotError
from iat_ros.robot.collision_geometry import read_collision_geometry
from iat_ros.robot.model_source import build_pinocchio
from iat_ros.robot.urdf import parse_urdf


def _row(count: int, kind: str) -> str:
    """Return the links of a robot, one below the other."""
    links = "".join(f'<link name="link_{number}"/>' for number in range(count))
    joints = "".join(
        f'<joint name="joint_{number}" type="{kind}"><parent link="link_{number - 1}"/><child link="link_{number}"/>'
        '<limit lower="-1" upper="1" velocity="1" effort="1"/></joint>'
        for number in range(1, count)
    )
    return f'<robot name="it">{links}{joints}</robot>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'<robot name="it">{"<a>" * 5000}{"</a>" * 5000}</robot>', "elements lie over 100 deep"),
        (_row(12_000, "fixed"), "has 12000 links; expected one robot, with at most 2000"),
        (_row(302, "revolute"), "has 301 joints that move; expected one robot, with at most 300"),
        (f'<robot name="it"><!--{"x" * 2**24}--></robot>', "characters; expected at most 16777216"),
    ],
    ids=["deep", "links", "joints", "characters"],
)
def test_what_is_larger_than_any_robot_is_refused(text: str, why: str) -> None:
    """Pinocchio would end the process at some, take all memory or minutes for others."""
    with pytest.raises(RobotError, match=why):
        parse_urdf(text, "it")


def test_what_is_as_large_as_may_be_is_taken() -> None:
    """In a moment, and the process goes on."""
    for count, kind in ((2000, "fixed"), (300, "revolute")):
        model, _ = build_pinocchio(parse_urdf(_row(count, kind), "it"), "it", ())
        assert len(model.frames) > count


@pytest.mark.parametrize(
    "shape", ['<sphere radius="nan"/>', "<sphere/>", '<box size="1 1"/>', '<capsule radius="1" length="1"/>']
)
def test_a_collision_geometry_that_cannot_be_read_is_not_left_out(shape: str) -> None:
    """Nothing would keep the robot from that part of it, and nobody would know."""
    good = '<collision><geometry><sphere radius="0.1"/></geometry></collision>'
    bad = f"<collision><geometry>{shape}</geometry></collision>"
    for parts, count in ((bad, 1), (good + bad, 2), (f"{good}<collision/>", 1)):
        text = f'<robot name="it"><link name="base">{parts}</link></robot>'
        model, _ = build_pinocchio(parse_urdf(text, "it"), "it", ())
        with pytest.raises(RobotError, match=f"link 'base': only 0 of {count} collision geometries can be read"):
            read_collision_geometry(model, text, "it", None)
    text = f'<robot name="it"><link name="base">{good}{good}</link><link name="empty"><collision/></link></robot>'
    text = text.replace(
        "</robot>", '<joint name="j" type="fixed"><parent link="base"/><child link="empty"/></joint></robot>'
    )
    model, _ = build_pinocchio(parse_urdf(text, "it"), "it", ())
    assert len(read_collision_geometry(model, text, "it", None).geometryObjects) == 2
