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

"""Bad values at configure time: one clear line, the node stays alive and unconfigured, and can be set right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lifecycle_msgs.msg import State, Transition

from iat_ros.resources import find_config
from iat_ros.robot.description import find_urdf, load_robot_config

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def nodes(rig: Any, start: Callable[..., subprocess.Popen[str]]) -> Any:
    """The three nodes in one process, left unconfigured."""
    rig.process = start("interact", "--no-autostart")
    for name in ("perception", "act2act", "trajectory"):
        assert rig.state(name) == State.PRIMARY_STATE_UNCONFIGURED
    assert rig.until(lambda: rig.node.count_publishers("/rosout") >= 4)
    return rig


def refuse(rig: Any, name: str, parameter: str, value: str, says: str) -> None:
    """Set a value, configure, and expect one line that says why not."""
    rig.log.clear()
    assert rig.set_text(name, parameter, value).successful
    assert not rig.change(name, Transition.TRANSITION_CONFIGURE)
    assert rig.until(lambda: any(says in line for line in rig.log), 5.0), rig.log
    line = next(line for line in rig.log if says in line)
    assert line.startswith("refused to configure: ")
    assert "\n" not in line
    assert rig.state(name) == State.PRIMARY_STATE_UNCONFIGURED
    assert rig.process.poll() is None


def test_models_that_cannot_be_used(nodes: Any, random_model: Callable[..., Path], tmp_path: Path) -> None:
    """Missing, damaged, cut off, and made for other limbs; then a good one is accepted."""
    good = random_model()
    refuse(nodes, "act2act", "model", "/nowhere/model", "no model directory '/nowhere/model'")
    refuse(nodes, "act2act", "model", str(tmp_path), "no model.json here")
    (tmp_path / "model.json").write_bytes((good / "model.json").read_bytes())
    refuse(nodes, "act2act", "model", str(tmp_path), "no model.safetensors here")
    (tmp_path / "model.safetensors").write_bytes((good / "model.safetensors").read_bytes()[:5000])
    refuse(nodes, "act2act", "model", str(tmp_path), "model.safetensors: damaged")
    (tmp_path / "model.json").write_text('{"format_version": 1, ')
    refuse(nodes, "act2act", "model", str(tmp_path), "model.json: damaged")
    names = tuple(f"limb{i}" for i in range(8))
    refuse(nodes, "act2act", "model", str(random_model(names)), "cannot give limb limb0, limb1")
    refuse(nodes, "act2act", "skeleton", "octopus", "skeleton 'octopus': none that ships is named so")
    assert nodes.set_text("act2act", "skeleton", "utd_mhad").successful
    assert nodes.set_text("act2act", "model", str(good)).successful
    assert nodes.change("act2act", Transition.TRANSITION_CONFIGURE)
    locked = nodes.set_text("act2act", "model", "other")
    assert not locked.successful
    assert "read on configure" in locked.reason


def test_no_node_changes_its_clock_while_it_works(nodes: Any) -> None:
    """What is sent in the times of another clock is never on time: a stop would stop nothing."""
    if nodes.state("act2act") == State.PRIMARY_STATE_UNCONFIGURED:
        assert nodes.change("act2act", Transition.TRANSITION_CONFIGURE)
    locked = nodes.set_flag("act2act", "use_sim_time", value=True)
    assert not locked.successful
    assert locked.reason == "'use_sim_time' is read on configure; clean up the node, or start it anew, to change it"
    assert nodes.change("act2act", Transition.TRANSITION_CLEANUP)
    for value in (True, False):
        assert nodes.set_flag("act2act", "use_sim_time", value).successful


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_cuda_on_a_machine_without_one(nodes: Any) -> None:
    """device: cuda is refused where there is none; an unknown device lists the known ones."""
    if nodes.state("act2act") == State.PRIMARY_STATE_INACTIVE:
        assert nodes.change("act2act", Transition.TRANSITION_CLEANUP)
    refuse(nodes, "act2act", "device", "cuda", "device 'cuda' is not available on this machine")
    wrong = nodes.set_text("act2act", "device", "abacus")
    assert not wrong.successful
    assert "must be one of auto, cpu, cuda" in wrong.reason


def test_models_that_lie_about_themselves(nodes: Any, random_model: Callable[..., Path], tmp_path: Path) -> None:
    """Absurd sizes, wrong types and impossible durations are refused before anything is allocated."""
    if nodes.state("act2act") == State.PRIMARY_STATE_INACTIVE:
        assert nodes.change("act2act", Transition.TRANSITION_CLEANUP)
    assert nodes.set_text("act2act", "device", "cpu").successful
    good = random_model()
    card = json.loads((good / "model.json").read_text())
    (tmp_path / "model.safetensors").write_bytes((good / "model.safetensors").read_bytes())
    for changes, says in (
        ({"dimensions": {**card["dimensions"], "width": 10**9}}, "dimension 'width' must be whole, from 1 to 1024"),
        ({"dimensions": {**card["dimensions"], "noise": 10**30}}, "dimension 'noise' must be whole"),
        ({"dimensions": {**card["dimensions"], "width": 16}}, "should have shape"),
        ({"limb_names": list(range(8))}, "'limb_names' must be a list of names"),
        ({"data_set": []}, "'data_set' must be of type dict, got list"),
        ({"response_durations": {**card["response_durations"], "longest_s": 1e300}}, "durations need numbers"),
    ):
        (tmp_path / "model.json").write_text(json.dumps({**card, **changes}))
        refuse(nodes, "act2act", "model", str(tmp_path), says)
    (tmp_path / "model.json").write_text("[" * 100_000)
    refuse(nodes, "act2act", "model", str(tmp_path), "model.json: damaged or unreadable: RecursionError")


def test_robots_that_cannot_be_used(nodes: Any, tmp_path: Path) -> None:
    """An unknown robot, a URDF without the named joint, a mapping to no link, a missing and a damaged URDF."""
    shipped = find_config("robots", "g1")
    config = yaml.safe_load(shipped.read_text())
    urdf = find_urdf(load_robot_config(shipped))

    def write(**changes: Any) -> str:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump({**config, **changes}))
        return str(path)

    (tmp_path / "damaged.urdf").write_bytes(urdf.read_bytes()[:3000])
    refuse(
        nodes,
        "trajectory",
        "robot",
        "nope",
        "robot 'nope': none that ships is named so; expected a .yaml file or one of: g1",
    )
    bare = tmp_path / "bare.urdf"
    bare.write_bytes(urdf.read_bytes())
    refuse(nodes, "trajectory", "robot", str(bare), f"robot check {bare} --out my_robot.yaml")
    refuse(nodes, "trajectory", "robot", "/nowhere/x.urdf", "/nowhere/x.urdf: no such file")
    refuse(nodes, "trajectory", "robot", write(joints=["tail_joint"]), "'tail_joint'")
    arms = {"left": {**config["arms"]["left"], "wrist": "left_tentacle"}}
    refuse(nodes, "trajectory", "robot", write(arms=arms), "'left_tentacle'")
    refuse(nodes, "trajectory", "robot", write(urdf="/nowhere/robot.urdf"), "/nowhere/robot.urdf")
    refuse(nodes, "trajectory", "robot", write(urdf=str(tmp_path / "damaged.urdf")), "damaged.urdf")
    assert nodes.set_text("trajectory", "robot", "g1").successful
    assert nodes.change("trajectory", Transition.TRANSITION_CONFIGURE)


def test_skeletons_that_cannot_be_used(nodes: Any, tmp_path: Path) -> None:
    """A skeleton file that is missing or contradicts itself."""
    refuse(nodes, "perception", "skeleton", "/nowhere/x.yaml", "/nowhere/x.yaml: no such file")
    refuse(nodes, "perception", "skeleton", "~nosuchuser/x.yaml", "no usable path")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: 2001-99-99\n")
    refuse(nodes, "perception", "skeleton", str(wrong), "holds a value that YAML cannot read: ValueError")
    wrong.write_text(
        "name: w\njoints: [a, b]\nlimbs: {up: [a, c]}\nbody_frame: {left: a, right: b, bottom: a, top: b}\n"
    )
    refuse(nodes, "perception", "skeleton", str(wrong), "joint 'c'; valid joints: a, b")
    assert nodes.set_text("perception", "skeleton", "utd_mhad").successful
    assert nodes.change("perception", Transition.TRANSITION_CONFIGURE)
