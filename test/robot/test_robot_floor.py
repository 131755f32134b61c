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

"""What a robot stands on: an arm on a table does not swing through it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from iat_ros.data.actions import cut_action
from iat_ros.data.made_up import make_clips
from iat_ros.errors import RobotError
from iat_ros.robot.check import RobotCheck, check_mapping, check_urdf
from iat_ros.robot.collision import CollisionChecker
from iat_ros.robot.description import load_robot_config
from iat_ros.robot.mapping_file import to_yaml
from iat_ros.robot.model import RobotModel
from iat_ros.robot.model_source import FLOOR, add_floor
from iat_ros.robot.performer import Performer
from iat_ros.robot.trajectory import Timing
from iat_ros.robot.urdf import locate_urdf
from iat_ros.skeleton.definition import load_skeleton

DEFINITION = load_skeleton("utd_mhad")
UR10 = "package://example-robot-data/robots/ur_description/urdf/ur10_robot.urdf"
TIAGO = "package://example-robot-data/robots/tiago_description/robots/tiago.urdf"


@pytest.fixture(scope="module")
def ur10() -> RobotCheck:
    """An arm on a table, as it is proposed."""
    return check_urdf(locate_urdf(UR10, Path()))


def lowest_m(model: RobotModel) -> float:
    """How low the arm comes in all that it does to answer a gesture, from rest to rest."""
    performer = Performer(model, DEFINITION.limb_names, CollisionChecker(model), Timing())
    lowest = np.inf
    for clip in make_clips(people=1, trials=1)[:4]:
        plan = performer.answer(cut_action(DEFINITION, clip, 32).motion, 0.0, None).performance.plan
        positions, _, _ = plan.sample(np.linspace(0.0, plan.duration_s, 60))
        lowest = min(lowest, model.heights(positions)[0])
    return float(lowest)


def test_an_arm_on_a_table_stays_above_it(ur10: RobotCheck) -> None:
    """Its table is proposed with it; without, it would hang as a person's arm does."""
    assert ur10.config.floor == 0.0
    assert lowest_m(ur10.model) > 0.0
    assert ur10.trial.lowest_m > 0.0
    assert not [line for line in ur10.lines() if "reaches down" in line]
    assert lowest_m(RobotModel(replace(ur10.config, floor=None))) < -0.5


def test_a_lower_table_lets_it_lower(ur10: RobotCheck) -> None:
    """The height is in the root link's frame."""
    assert -0.4 < lowest_m(RobotModel(replace(ur10.config, floor=-0.4))) < 0.0


def test_a_floor_that_is_not_known_is_told(tmp_path: Path) -> None:
    """An arm on wheels reaches below them; what it does is drawn and measured as it is performed."""
    found = check_urdf(locate_urdf(TIAGO, Path()))
    (line,) = [line for line in found.lines() if "reaches down to" in line]
    assert "-0.1" in line
    assert "'base_footprint'" in line
    assert found.trial.bent <= (found.trial.touching or 0) == found.trial.bent + len(found.trial.refused)
    path = tmp_path / "tiago.yaml"
    path.write_text(to_yaml(replace(found.config, floor=0.0), []))
    assert load_robot_config(path).floor == 0.0
    assert "in its rest pose" in check_mapping(path).trial.unchecked, "its hand hangs below its wheels"
    path.write_text(to_yaml(replace(found.config, floor=0.0, rest={**found.config.rest, "torso_lift_joint": 0.3}), []))
    again = check_mapping(path)
    assert not again.trial.unchecked
    assert again.trial.lowest_m > 0.0
    assert not [line for line in again.lines() if "reaches down to" in line]


def test_one_arm_that_follows_the_persons_other_one_is_not_told_so_again(ur10: RobotCheck, tmp_path: Path) -> None:
    """The line is for those who have not chosen."""
    assert [line for line in ur10.missing if "takes the other" in line]
    (side,) = ur10.config.arms
    path = tmp_path / "ur10.yaml"
    text = to_yaml(replace(ur10.config, arms={side: replace(ur10.config.arms[side], person="left")}), [])
    path.write_text(text)
    assert not [line for line in check_mapping(path).missing if "takes the other" in line]


def test_a_floor_is_a_number(tmp_path: Path, ur10: RobotCheck) -> None:
    """The file and the key are named."""
    path = tmp_path / "arm.yaml"
    path.write_text(to_yaml(ur10.config, []).replace("floor: 0", "floor: low"))
    with pytest.raises(RobotError, match=r"arm.yaml: 'floor' must be a finite number, not 'low"):
        load_robot_config(path)


def test_a_link_may_be_called_floor() -> None:
    """What the robot stands on gets another name then."""
    root = ElementTree.fromstring(f"<robot name='r'><link name='{FLOOR}'/></robot>")
    add_floor(root, 0.5, "r.urdf")
    assert [link.get("name") for link in root.iterfind("link")] == [FLOOR, f"{FLOOR}_"]
    parent, origin = root.find("joint/parent"), root.find("link/collision/origin")
    assert parent is not None
    assert parent.get("link") == FLOOR
    assert origin is not None
    assert float(str(origin.get("xyz")).split()[2]) == pytest.approx(0.45)
