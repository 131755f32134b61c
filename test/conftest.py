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

"""What all tests share: a ROS domain of their own, and a model that knows a few made-up actions."""

from __future__ import annotations

import fcntl
import importlib.util
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest
import torch

from iat_ros.data.actions import cut_action, stack
from iat_ros.data.made_up import make_clips
from iat_ros.model.dimensions import Dimensions
from iat_ros.model.encoders import AttentionEncoder
from iat_ros.model.generator import Act2Act
from iat_ros.model.model_file import ModelCard, save_model
from iat_ros.model.normalisation import DurationScale, to_tensor
from iat_ros.skeleton.definition import load_skeleton

if importlib.util.find_spec("rclpy") is not None:
    from iat_ros.nodes.transport import keep_to_this_machine

    keep_to_this_machine()  # before any test makes a node: Fast DDS reads its profile once
os.environ.setdefault("OMP_NUM_THREADS", "1")


def _held_by_another_run(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def ros_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A domain id that nobody else on this machine tests on now, and a place for halts that nobody else reads.

    Both are for this process and those that it starts.
    """
    folder = Path(tempfile.gettempdir())
    for number in itertools.islice(_NUMBERS, 100):  # another one each time: the last test's nodes may linger
        domain = 1 + (os.getpid() + number) % 100
        with open(folder / f"iat_ros_test_domain_{domain}.lock", "w") as lock:
            if _held_by_another_run(lock):
                continue
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("ROS_DOMAIN_ID", str(domain))
                patch.setenv("ROS_HOME", str(tmp_path_factory.mktemp("ros_home")))
                yield domain
            return
    pytest.fail("all ROS domains are taken by other runs of the tests")


@pytest.fixture(scope="session")
def attending_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows made-up throws and knocks of three people, each answered with its own kind of motion."""
    clips = make_clips(people=3, trials=3, actions=("throw", "knock"))
    definition = load_skeleton("utd_mhad")
    stimuli = stack([cut_action(definition, clip, 32) for clip in clips])
    replies = {"throw": "catch", "knock": "wave"}
    answer_clips = {clip.action: clip for clip in make_clips(people=1, trials=1, actions=tuple(replies.values()))}
    answers = stack([cut_action(definition, answer_clips[replies[clip.action]], 32) for clip in clips])
    dims = Dimensions(len(definition.limbs), width=8, landmarks=len(clips))
    scales = [DurationScale.of(motions.durations_s) for motions in (stimuli, answers)]
    torch.manual_seed(0)
    generator = Act2Act(dims, "attention")
    places = torch.zeros(len(clips), dims.code)
    places[:, 0] = torch.tensor([6.0 if clip.action == "throw" else -6.0 for clip in clips])
    state = generator.state_dict()
    state["encoder.keys"] = AttentionEncoder.limb_vectors(to_tensor(stimuli, scales[0]))
    state["encoder.values"] = state["decoder.places"] = places
    state["encoder.width"] = torch.tensor(0.1)
    state["decoder.answers"] = to_tensor(answers, scales[1]).flatten(1)
    generator.load_state_dict(state)
    card = ModelCard("utd_mhad", definition.limb_names, dims, "attention", 0.7, scales[0], scales[1], {}, {}, seed=0)
    directory = tmp_path_factory.mktemp("attending")
    save_model(directory, generator, card)
    return directory


Element = tuple[str, str, str, str, str, str]  # joint, child, type, axis, offset, limits


def _urdf(root: str, joints: list[tuple[str, Element]]) -> str:
    """A URDF of a root link and joints (parent, (joint, child, type, axis, offset, limits))."""
    links = "".join(f'<link name="{name}"/>' for name in (root, *(each[1] for _, each in joints)))
    written = "".join(
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
        f'<origin xyz="{offset}"/><axis xyz="{axis}"/><limit {limits} effort="1"/></joint>'
        for parent, (name, child, kind, axis, offset, limits) in joints
    )
    return f'<robot name="made_up">{links}{written}</robot>'


@pytest.fixture(scope="session")
def robot_urdf() -> Callable[..., str]:
    """Write the URDF of a robot whose arms hang and whose x points to the front when all joints are at 0."""
    limits = 'lower="-2.9" upper="2.9" velocity="4"'

    def turn(name: str, axis: str, offset: str) -> Element:
        return f"{name}_joint", f"{name}_link", "revolute", axis, offset, limits

    def make(
        sides: tuple[str, ...] = ("left", "right"),
        joints: int = 7,
        waist: bool = True,
        head: bool = True,
        lift: bool = False,
        legs: bool = True,
        nameless: bool = False,
    ) -> str:
        body: list[tuple[str, Element]] = []
        carrier = "base_link"
        if legs:
            for side, y in (("left", 0.1), ("right", -0.1)):
                parent = "base_link"
                for part, axis, z in (("hip_pitch", "0 1 0", -0.1), ("hip_roll", "1 0 0", 0), ("hip_yaw", "0 0 1", 0),
                                      ("knee", "0 1 0", -0.4), ("ankle_pitch", "0 1 0", -0.4)):  # fmt: skip
                    offset = f"0 {y if parent == 'base_link' else 0} {z}"
                    body.append((parent, turn(f"{side}_{part}", axis, offset)))
                    parent = f"{side}_{part}_link"
        if waist:
            body.append((carrier, turn("waist_yaw", "0 0 1", "0 0 0.1")))
            carrier = "waist_yaw_link"
        if lift:
            slide = ("torso_lift_joint", "torso_lift_link", "prismatic", "0 0 1", "0 0 0.1")
            body.append((carrier, (*slide, 'lower="0" upper="0.4" velocity="0.1"')))
            carrier = "torso_lift_link"
        if head:
            body.append((carrier, turn("head_yaw", "0 0 1", "0 0 0.5")))
        for side in sides:
            sign = 1 if side == "left" else -1
            steps = [
                ("shoulder_pitch", "0 1 0", f"0 {0.2 * sign} 0.4"), ("shoulder_roll", "1 0 0", "0 0 0"),
                ("shoulder_yaw", "0 0 1", "0 0 -0.1"), ("elbow", "0 1 0", "0 0 -0.2"),
                ("wrist_roll", "0 0 1", "0 0 -0.25" if joints == 5 else "0 0 -0.1"),
                ("wrist_pitch", "0 1 0", "0 0 -0.15"), ("wrist_yaw", "1 0 0", "0 0 0"),
            ][:joints]  # fmt: skip
            parent = carrier
            for part, axis, offset in steps:
                body.append((parent, turn(f"{side}_{part}", axis, offset)))
                parent = f"{side}_{part}_link"
            reach = {4: -0.25}.get(joints, -0.08)
            hand = (f"{side}_hand_joint", f"{side}_hand_link", "fixed", "0 0 1", f"0 0 {reach}", limits)
            finger = (f"{side}_finger_joint", f"{side}_finger_link", "revolute", "1 0 0", "0 0 -0.02", limits)
            body += [(parent, hand)] if nameless else [(parent, hand), (f"{side}_hand_link", finger)]
        urdf = _urdf("base_link", body)
        if nameless:
            names = {
                name: f"part_{k}" for k, name in enumerate(sorted({each[1].rsplit("_", 1)[0] for _, each in body}))
            }
            for name in sorted(names, key=len, reverse=True):
                urdf = urdf.replace(f'"{name}_', f'"{names[name]}_')
        return urdf

    return make


@pytest.fixture(scope="session")
def naoqi_urdf() -> str:
    """An upper body with the names, axes and limits that NAO and Pepper share; its arms point to the front at 0."""
    body: list[tuple[str, Element]] = []
    for side, sign in (("L", 1), ("R", -1)):
        roll, elbow = (
            ("-0.3", "1.3") if sign > 0 else ("-1.3", "0.3"),
            ("-1.54", "-0.03") if sign > 0 else ("0.03", "1.54"),
        )
        parts = [
            ("ShoulderPitch", f"{side}Shoulder", "0 1 0", f"0 {0.098 * sign} 0.1", ("-2.08", "2.08")),
            ("ShoulderRoll", f"{side}Bicep", "0 0 1", "0 0 0", roll),
            ("ElbowYaw", f"{side}Elbow", "1 0 0", f"0.105 {0.015 * sign} 0", ("-2.08", "2.08")),
            ("ElbowRoll", f"{side}ForeArm", "0 0 1", "0 0 0", elbow),
            ("WristYaw", f"{side.lower()}_wrist", "1 0 0", "0.056 0 0", ("-1.82", "1.82")),
            ("Hand", f"{side.lower()}_gripper", "1 0 0", "0.058 0 -0.012", ("0", "1")),
        ]
        parent = "torso"
        for name, child, axis, offset, (low, high) in parts:
            body.append(
                (
                    parent,
                    (f"{side}{name}", child, "revolute", axis, offset, f'lower="{low}" upper="{high}" velocity="7"'),
                )
            )
            parent = child
    body.append(("torso", ("HeadYaw", "Neck", "revolute", "0 0 1", "0 0 0.13", 'lower="-2" upper="2" velocity="8"')))
    return _urdf("torso", body)
